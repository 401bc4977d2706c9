"""The folder of a node and what its ``node.toml`` says.

::

    FOLDER/node.toml        who we are, our sensors and their labels, our partners and their pinned keys,
                            objects that need another estimate than most, objects to screen for and how, people
    FOLDER/node.key         our signing key, readable by the owner alone
    FOLDER/node.bridges.pem our old keys' word on those that followed, once there was another
    FOLDER/orbit.secret     by which orbits below full precision are displaced: never to be lost or changed
    FOLDER/openid.secret    what we prove ourselves by to an OpenID provider, if people log in by one
    FOLDER/node.sqlite      everything the node knows
    FOLDER/agreements/      agreements to which we are a party, and the signatures on them
    FOLDER/*.lock           held by the process that serves, or estimates
    FOLDER/incoming/        sensor files dropped here are taken in and moved to ``ingested/`` or ``rejected/``
"""

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import tomli_w
from msgspec import Struct

from commonsky.domain import Component, Member, Mode, Sensor
from commonsky.domain.address import is_loopback
from commonsky.domain.member import MEMBER_ID, NO_MEMBER_ID, look_alike
from commonsky.federation.keys import verify_key
from commonsky.formats.errors import FormatError
from commonsky.node.agreement_files import write_whole
from commonsky.node.link_config import BY_HAND, VIA_BROKER, BrokerLink, FeedPort
from commonsky.node.people.settings import PeopleSettings
from commonsky.tracking import Estimated, FitSettings

MOST_RADIUS_M = 1_000.0


class OwnSensor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sensor of ours and what its data may be used for; the label's originator is always ourselves."""

    sensor: Sensor
    label: Component = Component()

    def __post_init__(self) -> None:
        site = self.sensor.site
        if not (-90.0 <= site.latitude_deg <= 90.0 and -360.0 <= site.longitude_deg <= 360.0):
            place = f"latitude_deg {site.latitude_deg:g} and longitude_deg {site.longitude_deg:g}"
            raise ValueError(f"sensor {self.sensor.id}: {place} are no place on Earth")


class Peer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A partner as we know it: its key is pinned here, its word about itself is not asked.

    ``url`` says what kind of link there is: ``http`` or ``https``, `VIA_BROKER`, or `BY_HAND` in files.
    Over ``https`` it must show a certificate that its pinned key has signed, unless it is ``proxied``: then a proxy
    with a certificate of a public authority stands before it.
    """

    member: Member
    url: str
    proxied: bool = False

    def __post_init__(self) -> None:
        _check_member(self.member)
        if self.url in {BY_HAND, VIA_BROKER}:
            return
        _check_url(self.url)
        parts = urlsplit(self.url)
        if parts.scheme == "http" and not is_loopback(str(parts.hostname)):
            raise ValueError(
                f"url {self.url!r} would carry records in the clear: use https beyond this machine"
            )


class Estimation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to estimate the track of one object, where what does for most objects does not.

    Attributes
    ----------
    target
        The object, as sensors name it.
    estimate, prior_sigmas
        What is estimated beside the state, and what is known of it beforehand: see `FitSettings`.
    span_s
        Observations that are older than the newest one by more than this no longer count.
    least_new_s
        The track is estimated anew when the newest observation is this much later than those it was made from.
    drag_cd_area_over_mass, radiation_cr_area_over_mass
        Of the force model, in m2/kg.

    """

    target: str
    estimate: frozenset[Estimated] = frozenset()
    prior_sigmas: dict[Estimated, float] = {}
    span_s: float = 86_400.0
    least_new_s: float = 10_800.0
    drag_cd_area_over_mass: float = 0.0
    radiation_cr_area_over_mass: float = 0.0

    def __post_init__(self) -> None:
        if not (self.span_s > 0.0 and self.least_new_s >= 0.0):
            raise ValueError(
                f"estimation of {self.target}: span_s must be positive and least_new_s not negative"
            )
        FitSettings(estimate=self.estimate, prior_sigmas=self.prior_sigmas)  # says what does not go together


class Asset(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An object that this node screens for: its own, or one that it protects on behalf of a partner.

    Attributes
    ----------
    designator
        Its catalogue number, or the id of a track.
    owner
        The member whose it is; empty for ourselves.
    hard_body_radius_m
        Of this object alone; of objects that are not listed, `Screening.hard_body_radius_m`.

    """

    designator: str
    name: str = ""
    owner: str = ""
    hard_body_radius_m: float | None = None

    def __post_init__(self) -> None:
        if not self.designator:
            raise ValueError("an asset has no designator")
        radius_m = self.hard_body_radius_m
        if radius_m is not None and not 0.0 < radius_m < MOST_RADIUS_M:
            raise ValueError(
                f"asset {self.designator}: hard_body_radius_m {radius_m:g} is not above 0 and under 1 km"
            )


class Screening(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the assets are screened.

    Attributes
    ----------
    days_ahead, within_m
        Approaches under this distance in so many days from now are warned of.
    hard_body_radius_m
        Taken for every object whose radius nobody tells.
    every_s
        Time between two screenings of a node that serves.
    decision_lead_s
        So long before the closest approach a manoeuvre must be decided on.
    amber, red
        From these probabilities on an event needs attention, and action.
    label
        Given to warnings that we take in from files of other providers.

    """

    days_ahead: float = 3.0
    within_m: float = 5_000.0
    hard_body_radius_m: float = 5.0
    every_s: float = 21_600.0
    decision_lead_s: float = 43_200.0
    amber: float = 1e-5
    red: float = 1e-4
    label: Component = Component(readers=frozenset(), onward=False)

    def __post_init__(self) -> None:
        bounds = (
            ("days_ahead", self.days_ahead, 0.0, 30.0),
            ("within_m", self.within_m, 0.0, 200_000.0),
            ("hard_body_radius_m", self.hard_body_radius_m, 0.0, MOST_RADIUS_M),
        )
        for name, value, least, most in bounds:
            if not least < value <= most:
                raise ValueError(f"screening: {name} {value:g} is not above {least:g} and at most {most:g}")
        if not (0.0 < self.every_s < math.inf and 0.0 <= self.decision_lead_s < math.inf):
            raise ValueError("screening: every_s must be positive and decision_lead_s not negative")
        if not 0.0 < self.amber <= self.red <= 1.0:
            raise ValueError("screening: amber and red must be probabilities, amber not above red")


class Audit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a head of the audit tree is signed and shown to all partners: there are decisions since the last one.

    ``every_decisions`` so many of them, or ``every_s`` so much time since.
    """

    every_s: float = 3_600.0
    every_decisions: int = 10_000

    def __post_init__(self) -> None:
        if not (0.0 <= self.every_s < math.inf and self.every_decisions > 0):
            raise ValueError("audit: every_s must not be negative, every_decisions must be positive")


class NodeConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One member's node.

    ``database`` is a PostgreSQL address; without one it is the folder's ``node.sqlite``.
    ``catalogue_label`` is given to element sets that we take in from files. ``exercise_clock`` says that the time
    is that of an exercise: commands then take the latest time that the node has seen, not the machine's. With
    ``keep_traces``, every test of every decision is stored with it: that costs much of the speed of deciding, and
    ``commonsky explain`` tells the same as things stand now. With ``rederive``, partners that may not have a track
    get one that is fitted to what may count for them. ``referee_share`` (0 to 1) of all decisions are decided again
    by Cedar; a feed on which the two differ stops.
    """

    operation: str
    mode: Mode
    member: Member
    url: str
    generation: int = 1
    exercise_clock: bool = False
    sensors: tuple[OwnSensor, ...] = ()
    peers: tuple[Peer, ...] = ()
    estimation: tuple[Estimation, ...] = ()
    catalogue_label: Component = Component(readers=frozenset(), onward=False)
    assets: tuple[Asset, ...] = ()
    screening: Screening = Screening()
    people: PeopleSettings = PeopleSettings()
    rederive: bool = False
    keep_traces: bool = False
    referee_share: float = 0.002
    audit: Audit = Audit()
    database: str = ""
    feed: FeedPort | None = None
    broker: BrokerLink | None = None

    def __post_init__(self) -> None:
        _check_member(self.member)
        _check_url(self.url)
        through = sorted(peer.member.id for peer in self.peers if peer.url == VIA_BROKER)
        if through and self.broker is None:
            raise ValueError(
                f"{', '.join(through)} would be reached through a broker, and none is configured"
            )
        if not 0.0 <= self.referee_share <= 1.0:
            raise ValueError("referee_share is a share of all decisions, 0 to 1")
        if self.generation < 1:
            raise ValueError("generation counts from 1")
        _require_distinct("sensors", [own.sensor.id for own in self.sensors])
        members = [self.member.id, *(peer.member.id for peer in self.peers)]
        _require_distinct("peers", members)
        if pair := look_alike(members):
            raise ValueError(f"peers: {pair[0]} and {pair[1]} look alike: one of them is a slip, or a trick")
        _require_distinct("estimation", [one.target for one in self.estimation])
        _require_distinct("assets", [one.designator for one in self.assets])

    def peer(self, member_id: str) -> Peer | None:
        """The partner of that id, if we know one."""
        return next((peer for peer in self.peers if peer.member.id == member_id), None)

    def asset_of(self, names: Collection[str]) -> Asset | None:
        """The asset that goes by one of these names, if there is one."""
        return next((one for one in self.assets if one.designator in names), None)

    def estimation_of(self, target: str) -> Estimation:
        """How to estimate the track of this object: as configured, or as does for most."""
        configured = (one for one in self.estimation if one.target == target)
        return next(configured, Estimation(target=target))


@dataclass(frozen=True)
class NodeFolder:
    """Where a node keeps its things."""

    path: Path

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.path / "node.toml"

    @property
    def key(self) -> Path:
        """The signing key, PEM."""
        return self.path / "node.key"

    @property
    def orbit_secret(self) -> Path:
        """What displaces orbits that are released below full precision."""
        return self.path / "orbit.secret"

    @property
    def bridges(self) -> Path:
        """Our old keys' word on the keys that followed them, for partners that have pinned an old one; PEM."""
        return self.path / "node.bridges.pem"

    @property
    def next_key(self) -> Path:
        """The key that takes the place of the signing key, while it is being told to partners."""
        return self.path / "node.key.next"

    @property
    def database(self) -> Path:
        """The SQLite database, unless ``node.toml`` names another one."""
        return self.path / "node.sqlite"

    @property
    def agreements(self) -> Path:
        """Agreement documents."""
        return self.path / "agreements"

    @property
    def stopwatch(self) -> Path:
        """Marks of how long files took to reach partners."""
        return self.path / "stopwatch.jsonl"

    @property
    def openid_secret(self) -> Path:
        """What the node proves itself by to its OpenID provider, where that asks for it."""
        return self.path / "openid.secret"

    @property
    def serving_lock(self) -> Path:
        """Held by the process that serves the node."""
        return self.path / "serving.lock"

    @property
    def estimating_lock(self) -> Path:
        """Held while a track is estimated and stored."""
        return self.path / "estimating.lock"

    @property
    def incoming(self) -> Path:
        """Where sensor files land."""
        return self.path / "incoming"


def read_config(file: Path) -> NodeConfig:
    """Read ``node.toml``; raises FormatError naming the file and the field that is wrong."""
    try:
        return msgspec.toml.decode(file.read_bytes(), type=NodeConfig)
    except OSError as error:
        raise FormatError(str(file), f"cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise FormatError(str(file), f"is not a node's configuration: {error}") from error


def _check_member(member: Member) -> None:
    """Raise ValueError for a member without a proper key, or with an id that has no place in an address."""
    if not MEMBER_ID.fullmatch(member.id):
        raise ValueError(f"member id {member.id!r} {NO_MEMBER_ID}")
    verify_key(member.public_key)


def _check_url(url: str) -> None:
    """Raise ValueError for what is no address of a node."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"url {url!r} is not like http://127.0.0.1:8701")
    if parts.port == 0:
        raise ValueError(f"url {url!r} names port 0")


def _require_distinct(field: str, names: Sequence[str]) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ValueError(f"{field} names {', '.join(twice)} more than once")


def write_config(config: NodeConfig, file: Path) -> None:
    """Write ``node.toml``; absent and default values are left out: TOML has no null, and forbids to add to a list."""
    write_whole(file, tomli_w.dumps(_said(config)))


def _said(value: Any) -> Any:  # noqa: ANN401  # plain values of any nesting
    """Return what a value says beyond the defaults, in tables, lists and plain values."""
    match value:
        case Struct():
            defaults = {one.encode_name: _default(one) for one in msgspec.structs.fields(value)}
            given = {one.encode_name: getattr(value, one.name) for one in msgspec.structs.fields(value)}
            return {key: _said(one) for key, one in given.items() if one is not None and one != defaults[key]}
        case list() | tuple():
            return [_said(item) for item in value]
        case set() | frozenset():
            return sorted(value)
        case dict():
            return {key: _said(item) for key, item in value.items() if item is not None}
        case _:
            return msgspec.to_builtins(value)


def _default(field: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401  # of any field
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default
