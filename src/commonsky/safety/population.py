"""Whom to screen: one orbit for each object, out of files of element sets and of operators' own ephemerides.

An operator's ephemeris replaces the element set of the same object; of several element sets of one object, the
newest that is not after the start of the screening counts. What is left out is kept with the reason.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np

from commonsky.astro.time import tai_s_from_utc, utc_text_from_tai_s
from commonsky.domain import ElementSet
from commonsky.formats.ccsds.ephemeris import Ephemeris as MessageEphemeris
from commonsky.safety.coarse import why_unfit
from commonsky.safety.screening import (
    Ephemeris,
    EphemerisFrame,
    Interpolation,
    Population,
    ephemeris,
    population,
)

_EARTH = frozenset({"EARTH", "EARTH BARYCENTER", "EARTH CENTER", "GEOCENTER"})
_FRAMES = {
    "TEME": EphemerisFrame.TEME,
    "GCRF": EphemerisFrame.GCRF,
    "ICRF": EphemerisFrame.GCRF,
    "EME2000": EphemerisFrame.EME2000,
    "J2000": EphemerisFrame.EME2000,
}
_USUAL_DEGREE = 7
_DIGEST_BYTES = 16
_DESCRIPTIVE = frozenset(
    {
        "object_name",
        "object_id",
        "classification",
        "epoch_utc",
        "element_set_no",
        "rev_at_epoch",
        "coarsened_to_m",
    }
)
"""Fields of an element set that do not move the satellite."""


@dataclass(frozen=True)
class ScreenedObject:
    """One object with its orbit.

    Attributes
    ----------
    id
        Its catalogue number without leading zeros, or the designator or name in its ephemeris.
    orbit
        The element set, or the segments of its ephemeris: it exists where one of them does.
    digest
        Of all that moves the object: two objects of one digest screen alike.
    begin_tai_s
        Epoch of the element set, or where the ephemeris begins.

    """

    id: str
    name: str
    designator: str
    orbit: ElementSet | tuple[Ephemeris, ...]
    digest: bytes
    begin_tai_s: float


@dataclass(frozen=True)
class SetAside:
    """Something that was read and is not screened."""

    id: str
    reason: str


@dataclass(frozen=True)
class Assembly:
    """The objects by id (numbers before names), what was left out, and ids that came with several element sets."""

    objects: list[ScreenedObject]
    set_aside: list[SetAside] = field(default_factory=list)
    older_sets: dict[str, int] = field(default_factory=dict)
    """How many element sets of an object gave way to a newer one."""
    replaced: list[str] = field(default_factory=list)
    """Objects whose element set gave way to their ephemeris."""


def assemble(
    element_sets: Sequence[ElementSet],
    ephemerides: Sequence[ScreenedObject] = (),
    *,
    start_tai_s: float,
) -> Assembly:
    """Choose one orbit for each object of a screening that begins at ``start_tai_s``."""
    chosen: dict[str, ElementSet] = {}
    older: dict[str, int] = {}
    coarse: list[SetAside] = []
    for one in element_sets:
        key = str(one.norad_cat_id)
        if (reason := why_unfit(one)) is not None:
            coarse.append(SetAside(key, reason))
            continue
        if key in chosen:
            older[key] = older.get(key, 0) + 1
        chosen[key] = _newer(chosen[key], one, start_tai_s) if key in chosen else one
    known = {key: _of_element_set(key, one) for key, one in chosen.items()}
    own, second = _by_known_ids(ephemerides, known)
    ordered = sorted((known | own).values(), key=lambda one: _order(one.id))
    return Assembly(ordered, [*coarse, *second], older, [key for key in own if key in known])


def _by_known_ids(
    ephemerides: Sequence[ScreenedObject], known: Mapping[str, ScreenedObject]
) -> tuple[dict[str, ScreenedObject], list[SetAside]]:
    """Find out whose ephemerides these are, and which are second ones of the same object."""
    by_designator = {name: key for key, one in known.items() if (name := plain_designator(one.designator))}
    own: dict[str, ScreenedObject] = {}
    second = []
    for one in ephemerides:
        key = one.id if one.id in known else by_designator.get(plain_designator(one.designator), one.id)
        if key in own:
            second.append(SetAside(key, "has a second ephemeris; the first is screened"))
            continue
        other = known.get(key, one)
        own[key] = replace(
            one, id=key, name=other.name or one.name, designator=other.designator or one.designator
        )
    return own, second


def of_messages(segments: Sequence[MessageEphemeris], *, number: int | None = None) -> list[ScreenedObject]:
    """Make the objects of one OEM or OCM file; ``number`` says which object it is of, whatever the message says.

    Raises ValueError, in words, for a centre or frame that cannot be screened, and for states that are no path.
    """
    grouped: dict[str, list[MessageEphemeris]] = {}
    for one in segments:
        grouped.setdefault(_id_of(one) if number is None else str(number), []).append(one)
    made = []
    for key, parts in grouped.items():
        digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
        paths: list[Ephemeris] = []
        for part in sorted(parts, key=lambda one: one.useable_start_tai_s):
            path = _path(part, after_tai_s=paths[-1].end_tai_s if paths else -math.inf)
            if path.begin_tai_s < path.end_tai_s:
                paths.append(path)
                digest.update(_bytes_of(part))
        if not paths:
            raise ValueError(f"{key}: no time of its ephemeris is useable")
        first = parts[0]
        begin_tai_s = paths[0].begin_tai_s
        made.append(
            ScreenedObject(
                key, first.object_name, first.object_id, tuple(paths), digest.digest(), begin_tai_s
            )
        )
    return made


def rows(objects: Sequence[ScreenedObject]) -> list[ScreenedObject]:
    """Repeat each object for every path that it has: the rows of its population."""
    return [one for one in objects for _ in range(1 if isinstance(one.orbit, ElementSet) else len(one.orbit))]


def populated(objects: Sequence[ScreenedObject]) -> Population:
    """Make the numeric population of the objects; its rows are those of `rows`."""
    given: list[tuple[str, ElementSet | Ephemeris]] = []
    for one in objects:
        paths = (one.orbit,) if isinstance(one.orbit, ElementSet) else one.orbit
        given += [(one.id, path) for path in paths]
    return population(given)


def usual_start_tai_s(
    element_sets: Sequence[ElementSet], ephemerides: Sequence[ScreenedObject] = ()
) -> float:
    """Give the start of a screening when nobody says one: the full hour after nine in ten of the epochs.

    That is about when a catalogue was published; single epochs may lie days ahead of it. Without element sets it
    is the full hour in which the first ephemeris begins.
    """
    if element_sets:
        epochs = np.sort([one.epoch_tai_s for one in element_sets])
        return _full_hour(float(epochs[math.ceil(0.9 * len(epochs)) - 1]))
    return _full_hour(min(one.begin_tai_s for one in ephemerides))


def _full_hour(tai_s: float) -> float:
    """Return the first full hour of UTC that is not before."""
    hour_tai_s = tai_s_from_utc(f"{utc_text_from_tai_s(tai_s)[:13]}:00:00")
    return hour_tai_s if hour_tai_s >= tai_s else hour_tai_s + 3600.0


def _newer(known: ElementSet, other: ElementSet, start_tai_s: float) -> ElementSet:
    """Of two element sets the newest not after the start; of two after it the earlier."""

    def rank(one: ElementSet) -> tuple[bool, float]:
        late = one.epoch_tai_s > start_tai_s
        return (not late, -one.epoch_tai_s if late else one.epoch_tai_s)

    return other if rank(other) > rank(known) else known


def _of_element_set(key: str, one: ElementSet) -> ScreenedObject:
    moving = {name: value for name, value in msgspec.structs.asdict(one).items() if name not in _DESCRIPTIVE}
    digest = hashlib.blake2b(msgspec.msgpack.encode(moving), digest_size=_DIGEST_BYTES).digest()
    return ScreenedObject(key, one.object_name, one.object_id, one, digest, one.epoch_tai_s)


def _id_of(one: MessageEphemeris) -> str:
    if one.norad_cat_id is not None:
        return str(one.norad_cat_id)
    return one.object_id or one.object_name


def _path(one: MessageEphemeris, *, after_tai_s: float) -> Ephemeris:
    """Return a segment from where it is useable; where segments overlap, the earlier one counts to its end."""
    if one.center.upper() not in _EARTH:
        raise ValueError(f"{_id_of(one)}: its states are about {one.center}, not about the Earth")
    frame = EphemerisFrame.ITRF if one.frame.upper().startswith("ITRF") else _FRAMES.get(one.frame.upper())
    if frame is None:
        raise ValueError(f"{_id_of(one)}: frame {one.frame} is none of {', '.join(_FRAMES)}, ITRF")
    velocity = one.velocities_m_s
    wanted = Interpolation.LAGRANGE if velocity is None else Interpolation.HERMITE
    if one.interpolation.upper() in set(Interpolation) and velocity is not None:
        wanted = Interpolation(one.interpolation.upper())
    return ephemeris(
        one.epochs_tai_s,
        one.positions_m,
        velocity,
        frame=frame,
        interpolation=wanted,
        degree=one.interpolation_degree or _USUAL_DEGREE,
        usable_tai_s=(max(one.useable_start_tai_s, after_tai_s), one.useable_stop_tai_s),
    )


def _bytes_of(one: MessageEphemeris) -> bytes:
    arrays = [one.epochs_tai_s, one.positions_m]
    if one.velocities_m_s is not None:
        arrays.append(one.velocities_m_s)
    span = one.useable_start_tai_s, one.useable_stop_tai_s
    words = repr((one.frame, span, one.interpolation, one.interpolation_degree))
    return b"".join([words.encode(), *(np.ascontiguousarray(each).tobytes() for each in arrays)])


def plain_designator(designator: str) -> str:
    """``1998-067-A``, ``1998-067A`` and ``1998067A`` are the same; words such as ``UNKNOWN`` name nothing."""
    plain = "".join(character for character in designator.upper() if character.isalnum())
    return plain if any(character.isdigit() for character in plain) else ""


def _order(name: str) -> tuple[bool, int, str]:
    return (not name.isdecimal(), int(name) if name.isdecimal() else 0, name)
