"""Conversions between the units of formats and SI, exact but for one rounding.

Going through decimal arithmetic costs about a microsecond a number. It buys that a value written in another unit
reads back as the very same float, so records keep their digests on the way through a file.
"""

from decimal import Context, Decimal

_EXACT = Context(prec=60)
_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
_C_M_S = Decimal(299_792_458)


def metres_from_km(kilometres: Decimal) -> float:
    """Metres; also m/s from km/s."""
    return float(_EXACT.multiply(kilometres, Decimal(1000)))


def metres_from_light_s(seconds: Decimal) -> float:
    """Metres that light goes in the time given."""
    return float(_EXACT.multiply(seconds, _C_M_S))


def radians_from_degrees(degrees: Decimal) -> float:
    """Radians."""
    return float(_EXACT.divide(_EXACT.multiply(degrees, _PI), Decimal(180)))


def km_text(metres: float) -> str:
    """Kilometres as text from which `metres_from_km` gives ``metres`` back; also km/s from m/s."""
    return str(_EXACT.divide(Decimal(repr(metres)), Decimal(1000)))


def degrees_text(radians: float) -> str:
    """Degrees as text from which `radians_from_degrees` gives ``radians`` back."""
    degrees = _EXACT.divide(_EXACT.multiply(Decimal(radians), Decimal(180)), _PI)
    for digits in (16, 17, 18):
        text = str(Context(prec=digits).plus(degrees))
        if radians_from_degrees(Decimal(text)) == radians:
            return text
    return str(Context(prec=20).plus(degrees))
