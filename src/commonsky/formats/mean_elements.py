"""What every catalogue form has in common: element sets with their place in the input, and what they may say."""

from msgspec import Struct, field

from commonsky.domain import ElementSet
from commonsky.formats.errors import Rejection

FIELD_OF_KEYWORD = {
    "OBJECT_NAME": "object_name",
    "OBJECT_ID": "object_id",
    "EPOCH": "epoch_utc",
    "MEAN_MOTION": "mean_motion_rev_day",
    "ECCENTRICITY": "eccentricity",
    "INCLINATION": "inclination_deg",
    "RA_OF_ASC_NODE": "ra_of_asc_node_deg",
    "ARG_OF_PERICENTER": "arg_of_pericenter_deg",
    "MEAN_ANOMALY": "mean_anomaly_deg",
    "EPHEMERIS_TYPE": "ephemeris_type",
    "CLASSIFICATION_TYPE": "classification",
    "NORAD_CAT_ID": "norad_cat_id",
    "ELEMENT_SET_NO": "element_set_no",
    "REV_AT_EPOCH": "rev_at_epoch",
    "BSTAR": "bstar",
    "MEAN_MOTION_DOT": "mean_motion_dot",
    "MEAN_MOTION_DDOT": "mean_motion_ddot",
}
"""The fields of an element set by the keywords of the OMM, in the order of CelesTrak's tables."""

LIMITS = {
    "INCLINATION": (0.0, 180.0, "deg"),
    "ECCENTRICITY": (0.0, 0.999_999_9, ""),
    "RA_OF_ASC_NODE": (-360.0, 360.0, "deg"),
    "ARG_OF_PERICENTER": (-360.0, 360.0, "deg"),
    "MEAN_ANOMALY": (-360.0, 360.0, "deg"),
    "MEAN_MOTION": (1e-4, 20.0, "revolutions a day"),
    "EPHEMERIS_TYPE": (0, 3, "(SGP4 and its kin; 4 is SGP4-XP, another theory)"),
}
"""Least and greatest value by OMM keyword: outside, SGP4 or the ground is in the way. The fastest orbit that
clears the Earth's surface makes 17 revolutions a day."""


class PlacedSets(Struct):
    """Element sets in the order of the input, the line of each (its record's first), and what was left out."""

    form: str
    sets: list[ElementSet] = field(default_factory=list)
    lines: list[int | None] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)

    def without_repeats(self) -> "PlacedSets":
        """Keep the first of sets for the same object and epoch, and list the others."""
        kept = PlacedSets(self.form, rejected=self.rejected)
        seen: dict[tuple[int, float], int | None] = {}
        for one, line in zip(self.sets, self.lines, strict=True):
            key = (one.norad_cat_id, one.epoch_tai_s)
            if key in seen:
                first = "" if seen[key] is None else f" (line {seen[key]})"
                reason = (
                    f"object {one.norad_cat_id} at {one.epoch_utc} is given twice; the first{first} is kept"
                )
                kept.rejected.append(Rejection(line=line, reason=reason))
            else:
                seen[key] = line
                kept.sets.append(one)
                kept.lines.append(line)
        return kept


def out_of_limits(keyword: str, value: float) -> str | None:
    """Say why the value of a keyword cannot be, if so."""
    least, most, unit = LIMITS[keyword]
    if least <= value <= most:
        return None
    return f"{value:g} is not between {least:g} and {most:g} {unit}".rstrip()


def international_designator(tle_text: str) -> str:
    """Return the designator of a TLE (``98067A``) as in messages (``1998-067A``); other text as it is."""
    text = tle_text.strip()
    if not text[:5].isdigit() or len(text) < 5 or not (text[5:].isalpha() or not text[5:]):
        return text
    return f"{year_of_two_digits(int(text[:2]))}-{text[2:]}"


def year_of_two_digits(year: int) -> int:
    """Return 1957 to 2056: the first satellite is the pivot."""
    return 1900 + year if year >= 57 else 2000 + year
