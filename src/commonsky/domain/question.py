"""Questions of safety of flight to an owner that does not show its objects, and the small answers that it gives."""

from enum import StrEnum

from msgspec import Struct

from commonsky.domain.orbit import ElementSet, Track

LONGEST_SPAN_S = 7.0 * 86_400.0
LARGEST_RADIUS_M = 1_000.0


class Verdict(StrEnum):
    """What an owner answers; ``CLEAR`` is said alike where nothing is hidden and where nothing comes near."""

    CLEAR = "clear"
    CLOSE = "close"
    REFUSED = "refused"


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Does any object that you do not show me come near this one of mine?

    ``orbit`` is told as well as the asker knows it: the owner needs it in full, and it is used for nothing else.
    ``hard_body_radius_m`` is that of both objects together.
    """

    id: str
    designator: str
    orbit: Track | ElementSet
    begins_tai_s: float
    ends_tai_s: float
    hard_body_radius_m: float = 20.0

    def __post_init__(self) -> None:
        if not (self.id and self.designator):
            raise ValueError("a question has an id and names its object")
        if not 0.0 < self.ends_tai_s - self.begins_tai_s <= LONGEST_SPAN_S:
            raise ValueError(f"a question spans at most {LONGEST_SPAN_S / 86_400.0:g} days")
        if not 0.0 < self.hard_body_radius_m <= LARGEST_RADIUS_M:
            raise ValueError(f"hard_body_radius_m lies above 0 and at most at {LARGEST_RADIUS_M:g}")


class Answer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The owner's answer: enough to act on, too little to draw an orbit from.

    ``probability`` is rounded up to one digit, ``tca_tai_s`` to a whole minute; both only where the verdict is
    ``CLOSE``. ``probability`` stays ``None`` where none can be told, as without a covariance.
    """

    question: str
    verdict: Verdict
    words: str
    probability: float | None = None
    tca_tai_s: float | None = None
