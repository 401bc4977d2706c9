"""The units that messages write in brackets: what they measure, and how many SI units they are.

Grammar of 502.0-B-3 section 7.7 and annex of units: names joined by ``*`` and ``/``, powers by ``**`` (also ``^``),
parentheses. Numbers in texts are decimal, factors here are exact or defined (BIPM SI brochure, 9th edition).
"""

import math
import re
from functools import lru_cache

Dimensions = tuple[float, float, float, float, float]
"""Powers of length, mass, time, angle and all else (currents, temperatures) of a unit."""

_LENGTH, _MASS, _TIME, _ANGLE = (1, 0, 0, 0, 0), (0, 1, 0, 0, 0), (0, 0, 1, 0, 0), (0, 0, 0, 1, 0)
_NONE = (0, 0, 0, 0, 0)
_EARTH_RADIUS_M = 6_378_135.0  # WGS-72, of SGP4 (Hoots and Roehrich, Spacetrack Report 3)
_ASTRONOMICAL_UNIT_M = 149_597_870_700.0  # IAU 2012 resolution B2

_UNITS: dict[str, tuple[float, Dimensions]] = {
    "m": (1.0, _LENGTH), "km": (1e3, _LENGTH), "cm": (1e-2, _LENGTH), "mm": (1e-3, _LENGTH),
    "ER": (_EARTH_RADIUS_M, _LENGTH), "AU": (_ASTRONOMICAL_UNIT_M, _LENGTH),
    "kg": (1.0, _MASS), "g": (1e-3, _MASS),
    "s": (1.0, _TIME), "ms": (1e-3, _TIME), "us": (1e-6, _TIME), "ns": (1e-9, _TIME), "min": (60.0, _TIME),
    "h": (3600.0, _TIME), "d": (86400.0, _TIME), "day": (86400.0, _TIME), "days": (86400.0, _TIME),
    "rad": (1.0, _ANGLE), "deg": (math.pi / 180, _ANGLE), "arcsec": (math.pi / 648000, _ANGLE),
    "yr": (365.25 * 86400, _TIME), "rev": (2 * math.pi, _ANGLE), "as": (math.pi / 648000, _ANGLE),
    "Hz": (1.0, (0, 0, -1, 0, 0)), "kHz": (1e3, (0, 0, -1, 0, 0)), "MHz": (1e6, (0, 0, -1, 0, 0)),
    "GHz": (1e9, (0, 0, -1, 0, 0)),
    "N": (1.0, (1, 1, -2, 0, 0)), "kN": (1e3, (1, 1, -2, 0, 0)), "J": (1.0, (2, 1, -2, 0, 0)),
    "Nm": (1.0, (2, 1, -2, 0, 0)), "W": (1.0, (2, 1, -3, 0, 0)), "Pa": (1.0, (-1, 1, -2, 0, 0)),
    "hPa": (100.0, (-1, 1, -2, 0, 0)),
    "nT": (1e-9, (0, 1, -2, 0, 1)), "T": (1.0, (0, 1, -2, 0, 1)), "K": (1.0, (0, 0, 0, 0, 1)),
    "%": (0.01, _NONE), "n/a": (1.0, _NONE), "1": (1.0, _NONE), "#": (1.0, _NONE), "": (1.0, _NONE),
    "SFU": (1e-22, (0, 1, -2, 0, 0)),
}  # fmt: skip
_SUPERSCRIPT = re.compile("([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_PLAIN = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹\u00d7·°µ", "+-0123456789**du")
_DOT = re.compile(r"\.(?=[A-Za-z(])")
_TOKEN = re.compile(r"n/a|\*\*|[*/^()]|[A-Za-z#%]+|[+-]?\d+(?:\.\d+)?", re.ASCII)
_LONGEST = 64


@lru_cache(maxsize=1024)
def unit(text: str) -> tuple[float, Dimensions] | None:
    """Return how many SI units (radians for angles) one of these is, and its dimensions; None for no unit."""
    if len(text) > _LONGEST:
        return None
    text = _SUPERSCRIPT.sub(r"**\1", text.replace("°", "deg")).translate(_PLAIN)
    text = _DOT.sub("*", text)
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text.replace(" ", ""):
        return None
    parser = _Parser(tokens)
    try:
        found = parser.product()
    except (LookupError, ValueError, OverflowError):
        return None
    return None if parser.tokens else found


def same_kind(written: str, standard: str) -> bool:
    """Whether a unit measures what the standard's unit measures; revolutions and cycles count as angles."""
    one, other = unit(written), unit(standard)
    return one is not None and other is not None and one[1] == other[1]


def scale_to_si(text: str) -> float:
    """Return how many SI units one of these is; raises ValueError for a text that is no unit."""
    found = unit(text)
    if found is None:
        raise ValueError(f"{text!r} is not a unit")
    return found[0]


class _Parser:
    """Recursive descent over the tokens, which are taken from the end of the reversed list."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens[::-1]

    def product(self) -> tuple[float, Dimensions]:
        scale, dimensions = self._power() if self.tokens else (1.0, _NONE)
        while self.tokens and self.tokens[-1] in {"*", "/"}:
            sign = 1 if self.tokens.pop() == "*" else -1
            factor, more = self._power()
            scale *= factor**sign
            dimensions = _sum(dimensions, more, sign)
        return scale, dimensions

    def _power(self) -> tuple[float, Dimensions]:
        scale, dimensions = self._factor()
        if self.tokens and self.tokens[-1] in {"**", "^"}:
            self.tokens.pop()
            power = self._number()
            if abs(power) > 9:
                raise ValueError
            return scale**power, _dimensions([one * power for one in dimensions])
        return scale, dimensions

    def _number(self) -> float:
        token = self.tokens.pop()
        if token != "(":  # noqa: S105  # as below
            return float(token)
        above, slash, below, end = (self.tokens.pop() for _ in range(4))
        if (slash, end) != ("/", ")") or not float(below):
            raise ValueError
        return float(above) / float(below)

    def _factor(self) -> tuple[float, Dimensions]:
        token = self.tokens.pop()
        if token != "(":  # noqa: S105  # a parenthesis, not a password
            return _UNITS[token]
        found = self.product()
        if self.tokens.pop() != ")":
            raise ValueError
        return found


def _sum(left: Dimensions, right: Dimensions, sign: int) -> Dimensions:
    return _dimensions([one + sign * other for one, other in zip(left, right, strict=True)])


def _dimensions(powers: list[float]) -> Dimensions:
    length, mass, time, angle, other = powers
    return length, mass, time, angle, other
