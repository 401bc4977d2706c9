"""What a node shows of warnings: the lines of a list, and the sheet of one event. No web and no drawing in them."""

from msgspec import Struct

from commonsky.node.console_view import LabelPart, Sight
from commonsky.safety.reconcile import Reconciliation
from commonsky.safety.warning import Dilution

Triple = tuple[float, float, float]


class EventObject(Struct, frozen=True, kw_only=True):
    """One object of an event; ``object`` is its lasting name in the picture, ``owner`` set for assets."""

    name: str
    designator: str
    object: str | None
    own: bool
    owner: str | None


class EventLine(Struct, frozen=True, kw_only=True):
    """One event, with the figures of the warning that speaks for it; object 1 is an asset where there is one."""

    event: str
    kind: str
    object_1: EventObject
    object_2: EventObject
    tca_tai_s: float
    miss_distance_m: float
    relative_speed_m_s: float | None
    radial_m: float | None
    in_track_m: float | None
    cross_track_m: float | None
    sigma_m: float | None
    probability: float | None
    probability_method: str | None
    probability_is_bound: bool
    in_dilution: bool | None
    providers: tuple[str, ...]
    headline_provider: str
    updates: int
    deadline_tai_s: float
    status: str
    severity: str


class HistoryLine(Struct, frozen=True, kw_only=True):
    """One warning of an event."""

    provider: str
    made_tai_s: float
    tca_tai_s: float
    probability: float | None
    probability_method: str | None
    probability_is_bound: bool
    miss_distance_m: float
    radial_m: float | None
    in_track_m: float | None
    cross_track_m: float | None
    sigma_m: float | None
    hard_body_radius_m: float | None
    record: str


class BPlane(Struct, frozen=True, kw_only=True):
    """The encounter plane, its axes named in words."""

    axes: tuple[str, str]
    miss_m: tuple[float, float] | None
    covariance_m2: tuple[tuple[float, float], tuple[float, float]] | None


class Rtn(Struct, frozen=True, kw_only=True):
    """Object 2 from object 1 on object 1's axes, and sigmas: of both together, and of each on its own axes."""

    position_m: Triple | None
    velocity_m_s: Triple | None
    sigma_m: Triple | None
    sigma_1_m: Triple | None
    sigma_2_m: Triple | None


class GeometryLine(Struct, frozen=True, kw_only=True):
    """Where the objects pass, as a provider's newest warning has it."""

    provider: str
    record: str
    hard_body_radius_m: float | None
    hard_body_radius_source: str
    relative_speed_m_s: float | None
    object_1_data_age_s: float | None
    object_2_data_age_s: float | None
    b_plane: BPlane
    rtn: Rtn


class MethodLine(Struct, frozen=True, kw_only=True):
    """What one method gives for the warning that speaks for the event."""

    name: str
    probability: float | None
    low: float | None = None
    high: float | None = None
    valid: bool | None = None
    reason: str = ""


class Recommended(Struct, frozen=True, kw_only=True):
    """The probability to go by, and why."""

    method: str | None
    probability: float | None
    reasons: tuple[str, ...]


class EventSheet(Struct, frozen=True, kw_only=True):
    """Everything on one event; the fields of its line are given beside these."""

    line: EventLine
    deadline_why: str
    history: tuple[HistoryLine, ...]
    geometry: tuple[GeometryLine, ...]
    dilution: Dilution | None
    dilution_provider: str | None
    methods: tuple[MethodLine, ...]
    recommended: Recommended
    reconciliation: Reconciliation
    who_may_see: tuple[Sight, ...]
    seen_record: str | None
    label: tuple[LabelPart, ...]


class AssetLine(Struct, frozen=True, kw_only=True):
    """What the node screens for."""

    designator: str
    name: str
    owner: str


class EventList(Struct, frozen=True, kw_only=True):
    """All events that the node shows, and by what they are judged."""

    revision: int
    now_tai_s: float
    thresholds: dict[str, float]
    assets: tuple[AssetLine, ...]
    screened: dict[str, float | int | str | None]
    events: tuple[EventLine, ...]
