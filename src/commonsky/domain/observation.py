"""What a sensor saw, as it says it."""

from enum import StrEnum

from msgspec import Struct


class ObservationKind(StrEnum):
    """What was measured. The number of values of each kind is in ``VALUES_PER_KIND``."""

    RANGE = "range"
    RANGE_RATE = "range_rate"
    AZ_EL = "az_el"
    RA_DEC = "ra_dec"


VALUES_PER_KIND = {
    ObservationKind.RANGE: 1,
    ObservationKind.RANGE_RATE: 1,
    ObservationKind.AZ_EL: 2,
    ObservationKind.RA_DEC: 2,
}


class TimeTag(StrEnum):
    """Which end of the signal's way the epoch marks, at the sensor."""

    RECEIVE = "receive"
    TRANSMIT = "transmit"


class SignalPath(StrEnum):
    """One way (object to sensor) or two way (sensor to object and back)."""

    ONE_WAY = "one_way"
    TWO_WAY = "two_way"


class Observation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="observation"):
    """One measurement of one kind at one epoch.

    Attributes
    ----------
    epoch_tai_s
        TAI seconds since 2000-01-01T12:00:00 TAI, at the sensor, for the end that ``time_tag`` names.
    values
        Range in m (for two-way, half of the whole path), range rate in m/s (half of the two-way rate), azimuth
        (from north through east) and elevation in rad, or right ascension and declination in rad (GCRF axes).
    sigmas, biases
        Per value, same units; ``values = truth + bias + noise(sigma)``.
    target
        What the sensor says it looked at: a claim, never an identity. ``None`` for an uncorrelated observation.

    """

    kind: ObservationKind
    epoch_tai_s: float
    sensor: str
    values: tuple[float, ...]
    sigmas: tuple[float, ...]
    biases: tuple[float, ...]
    time_tag: TimeTag = TimeTag.RECEIVE
    path: SignalPath = SignalPath.TWO_WAY
    target: str | None = None

    def __post_init__(self) -> None:
        wanted = VALUES_PER_KIND[self.kind]
        if not len(self.values) == len(self.sigmas) == len(self.biases) == wanted:
            raise ValueError(f"{self.kind} needs {wanted} values, sigmas and biases")
        for sigma in self.sigmas:  # a loop: this is done for each observation that comes from a partner
            if not sigma > 0.0:
                raise ValueError(f"sigmas of {self.kind} must be positive")
