"""What a member asks of the others' means, and what it is answered."""

from enum import StrEnum

from msgspec import Struct


class RequestKind(StrEnum):
    """What can be asked for: support, and support alone.

    There is no kind for effects of weapons, for targeting or for attack, and none may be added: what is asked for
    here is to watch, to warn, to help and to lend.
    """

    TRACK = "track"
    CHARACTERISE = "characterise"
    WATCH_REENTRY = "watch_reentry"
    SEARCH_REGION = "search_region"
    SCREEN = "screen"
    FIND_INTERFERENCE = "find_interference"
    SATCOM_ACCESS = "satcom_access"
    RECOVERY_SUPPORT = "recovery_support"


class Precedence(StrEnum):
    """How urgent a request is, in the words of collection requests everywhere; what each weighs is a plan's term."""

    EMERGENCY = "emergency"
    FLASH = "flash"
    IMMEDIATE = "immediate"
    PRIORITY = "priority"
    ROUTINE = "routine"


class SupportRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request of one member for support; of weapon effects it cannot speak (see `RequestKind`).

    Attributes
    ----------
    objects
        Catalogue numbers; empty with ``whole_catalogue``, which asks for every object of the catalogue.
    tracks
        How many tracks of each object answer the request.
    begins_tai_s, ends_tai_s
        When they are wanted; None leaves that side open.

    """

    id: str
    member: str
    kind: RequestKind
    justification: str
    precedence: Precedence = Precedence.ROUTINE
    objects: tuple[int, ...] = ()
    whole_catalogue: bool = False
    tracks: int = 1
    begins_tai_s: float | None = None
    ends_tai_s: float | None = None

    def __post_init__(self) -> None:
        if not self.justification.strip():
            raise ValueError("a request says why: its justification is empty")
        if self.tracks < 1:
            raise ValueError("tracks must be at least 1")
        if self.whole_catalogue and self.objects:
            raise ValueError("a request names objects or asks for the whole_catalogue, not both")


class RequestState(StrEnum):
    """How a request stands after planning."""

    SCHEDULED = "scheduled"
    PARTLY_SCHEDULED = "partly_scheduled"
    REJECTED = "rejected"


class RequestAnswer(Struct, frozen=True, kw_only=True):
    """What became of a request: of ``objects`` asked for, ``served`` get the tracks that answer it; ``reason`` else."""

    request: str
    state: RequestState
    objects: int = 0
    served: int = 0
    reason: str = ""
