"""From the fields of a conjunction message to its record, and from the record to fields."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain

from commonsky.astro.time import utc_text_from_tai_s
from commonsky.formats.ccsds.cdm_fields import Field, Section
from commonsky.formats.ccsds.cdm_model import (
    COVARIANCE_KEYWORDS,
    COVARIANCE_SIZES,
    Cdm,
    CdmObject,
    ScreeningVolume,
    Vector,
)
from commonsky.formats.ccsds.schema import schema
from commonsky.formats.decimals import km_text
from commonsky.formats.errors import Rejection

STATE_KEYWORDS = ("X", "Y", "Z", "X_DOT", "Y_DOT", "Z_DOT")
RELATIVE_POSITION = tuple(f"RELATIVE_POSITION_{axis}" for axis in "RTN")
RELATIVE_VELOCITY = tuple(f"RELATIVE_VELOCITY_{axis}" for axis in "RTN")
SCREEN_VOLUME = ("SCREEN_VOLUME_X", "SCREEN_VOLUME_Y", "SCREEN_VOLUME_Z")

UNKNOWN_SIGMA_M = 63_781_370.0
"""Ten Earth radii (of 6,378,137 m, WGS 84): the sigma by which the US catalogue's messages say that none is known, and
which CARA's tools take for unknown."""
UNKNOWN_SIGMA_M_S = 10_000.0
_UNKNOWN_COMMENT = "No covariance is known for this object: the values are a default"

_HBR = re.compile(r"HBR\s*(?:=|:)?\s*([0-9][0-9.eE+-]*)\s*(?:\[?\s*(m|km|M|KM)\s*\]?)?\s*", re.ASCII)


def cdm_of(fields: Sequence[Field], findings: list[Rejection], *, line: int | None) -> Cdm | Rejection:
    """Return the record of one message's fields in their order, or why there is none.

    The fields up to the first OBJECT belong to header and encounter, those that follow to the object named.
    """
    encounter, objects = _split(fields)
    missing = {"OBJECT1", "OBJECT2"} - objects.keys()
    if missing:
        return Rejection(line=line, field="OBJECT", reason=f"{' and '.join(sorted(missing))} is missing")
    section = Section(encounter, findings, line=line)
    found = [_object(objects[name], findings) for name in ("OBJECT1", "OBJECT2")]
    message = _encounter(section, found[0], found[1])
    if isinstance(message, str):
        return Rejection(line=line, field=message, reason="is missing or no time")
    return message


def _split(fields: Sequence[Field]) -> tuple[list[Field], dict[str, list[Field]]]:
    encounter: list[Field] = []
    objects: dict[str, list[Field]] = {}
    place = encounter
    for field in fields:
        if field.keyword == "OBJECT":
            place = objects.setdefault(field.value.upper().replace(" ", ""), [])
        place.append(field)
    return encounter, objects


def _encounter(section: Section, object_1: CdmObject, object_2: CdmObject) -> Cdm | str:
    """Return the record, or the keyword without which there is none."""
    tca, creation = section.time("TCA"), section.time("CREATION_DATE")
    if tca is None or creation is None:
        return "TCA" if tca is None else "CREATION_DATE"
    radius, source = _hard_body_radius(section, object_1, object_2)
    return Cdm(
        tca_tai_s=tca,
        creation_tai_s=creation,
        message_id=section.mandatory_text("MESSAGE_ID", "UNKNOWN"),
        originator=section.mandatory_text("ORIGINATOR", "UNKNOWN"),
        message_for=section.text("MESSAGE_FOR"),
        version=section.text("CCSDS_CDM_VERS") or "1.0",
        miss_distance_m=section.number("MISS_DISTANCE", "m"),
        relative_speed_m_s=section.number("RELATIVE_SPEED", "m/s"),
        relative_position_rtn_m=_vector(section, RELATIVE_POSITION, "m"),
        relative_velocity_rtn_m_s=_vector(section, RELATIVE_VELOCITY, "m/s"),
        collision_probability=_probability(section),
        collision_probability_method=section.text("COLLISION_PROBABILITY_METHOD"),
        screening=_screening(section),
        hard_body_radius_m=radius,
        hard_body_radius_source=source,
        object_1=object_1,
        object_2=object_2,
        comments=tuple(comment.value for comment in section.comments),
        more=_rest(section),
    )


def _object(fields: Sequence[Field], findings: list[Rejection]) -> CdmObject:
    section = Section(fields, findings, line=fields[0].line)
    section.text("OBJECT")
    return CdmObject(
        designator=section.mandatory_text("OBJECT_DESIGNATOR", "UNKNOWN"),
        catalogue=section.mandatory_text("CATALOG_NAME", "UNKNOWN"),
        name=section.mandatory_text("OBJECT_NAME", "UNKNOWN"),
        international_designator=section.mandatory_text("INTERNATIONAL_DESIGNATOR", "UNKNOWN"),
        object_type=section.text("OBJECT_TYPE"),
        operator=section.text("OPERATOR_ORGANIZATION"),
        ephemeris_name=section.mandatory_text("EPHEMERIS_NAME", "NONE"),
        covariance_method=section.mandatory_text("COVARIANCE_METHOD", "CALCULATED"),
        maneuverable=section.mandatory_text("MANEUVERABLE", "N/A"),
        orbit_center=section.text("ORBIT_CENTER") or "EARTH",
        reference_frame=section.mandatory_text("REF_FRAME", "UNKNOWN"),
        position_m=_vector(section, STATE_KEYWORDS[:3], "km", mandatory=True),
        velocity_m_s=_vector(section, STATE_KEYWORDS[3:], "km/s", mandatory=True),
        covariance_rtn=_covariance(section),
        hard_body_radius_m=section.number("HBR", "m"),
        comments=tuple(comment.value for comment in section.comments),
        more=_rest(section),
    )


def _vector(
    section: Section, keywords: Sequence[str], unit: str, *, mandatory: bool = False
) -> Vector | None:
    if mandatory and not all(keyword in section for keyword in keywords):
        section.missing(keywords[0], "is missing: no state")
    values = section.numbers(keywords, unit)
    return None if values is None else (values[0], values[1], values[2])


def _covariance(section: Section) -> tuple[float, ...] | None:
    """Return as much of the lower triangle as is complete; None for what says that nothing is known."""
    sizes = [size for size in COVARIANCE_SIZES if all(one in section for one in COVARIANCE_KEYWORDS[:size])]
    if not sizes:
        section.missing("CR_R", "is missing: no covariance")
        return None
    values = [
        section.number(keyword, _covariance_unit(keyword)) for keyword in COVARIANCE_KEYWORDS[: sizes[-1]]
    ]
    known = [size for size in sizes if None not in values[:size]]
    if not known:
        section.missing("CR_R", "the covariance has unknown numbers: left out")
        return None
    triangle = tuple(value for value in values[: known[-1]] if value is not None)
    if all(triangle[place] >= (0.99 * UNKNOWN_SIGMA_M) ** 2 for place in (0, 2, 5)):
        section.missing("CR_R", "sigmas of ten Earth radii say that no covariance is known")
        return None
    return triangle


def _covariance_unit(keyword: str) -> str:
    """Return the unit of an element of position and velocity; the others' are taken as the standard's."""
    row, column = keyword[1:].split("_")
    if {row, column} & {"DRG", "SRP", "THR"}:
        return ""
    return ("m**2", "m**2/s", "m**2/s**2")[row.endswith("DOT") + column.endswith("DOT")]


def _probability(section: Section) -> float | None:
    value = section.number("COLLISION_PROBABILITY")
    if value is not None and not 0.0 <= value <= 1.0:
        section.missing("COLLISION_PROBABILITY", f"{value} is no probability; left out")
        return None
    return value


def _screening(section: Section) -> ScreeningVolume | None:
    x_m, y_m, z_m = (section.number(keyword, "m") for keyword in SCREEN_VOLUME)
    volume = ScreeningVolume(
        frame=section.text("SCREEN_VOLUME_FRAME"),
        shape=section.text("SCREEN_VOLUME_SHAPE"),
        x_m=x_m,
        y_m=y_m,
        z_m=z_m,
        start_tai_s=section.time("START_SCREEN_PERIOD"),
        stop_tai_s=section.time("STOP_SCREEN_PERIOD"),
    )
    return None if volume == ScreeningVolume() else volume


def _hard_body_radius(
    section: Section, object_1: CdmObject, object_2: CdmObject
) -> tuple[float | None, str | None]:
    """Return the combined radius and where it was found: a comment as CARA writes it, or CDM 2's HBR of each object."""
    for comment in section.comments:
        found = _HBR.fullmatch(comment.value.strip())
        if found:
            try:
                radius = float(found[1]) * (1000.0 if (found[2] or "m").lower() == "km" else 1.0)
            except ValueError:
                continue
            if 0.0 < radius < 1e6:
                return radius, f"COMMENT {' '.join(comment.value.split())}"
    if object_1.hard_body_radius_m is not None and object_2.hard_body_radius_m is not None:
        return object_1.hard_body_radius_m + object_2.hard_body_radius_m, "HBR of both objects"
    return None, None


def _rest(section: Section) -> dict[str, str]:
    """Return what no field of the record takes; what is there as not known (``NaN``) is reported and left out."""
    rest = {}
    for field in section.rest():
        if field.value.upper() == "NAN":
            section.report(field, f"is {field.value!r}: not known")
        elif field.value:
            rest[field.keyword] = _with_unit(field)
    return rest


def _with_unit(field: Field) -> str:
    return f"{field.value} [{field.unit}]" if field.unit else field.value


def fields_of(message: Cdm) -> tuple[list[Field], list[list[Field]]]:
    """Return the fields of header and encounter, and those of both objects, in the standard's order and units."""
    encounter = list(chain(_header_fields(message), _encounter_fields(message)))
    parts = [encounter, *map(_object_fields, ("OBJECT1", "OBJECT2"), (message.object_1, message.object_2))]
    encounter, *objects = (_in_order(part, _places(message.version)) for part in parts)
    return encounter, objects


@lru_cache(maxsize=8)
def _places(version: str) -> dict[str, int]:
    return {keyword: n for n, keyword in enumerate(schema("CDM", version).root.keywords())}


def _in_order(fields: list[Field], places: Mapping[str, int]) -> list[Field]:
    """Sort fields by their places, those without one last; comments stay before the field that they precede."""
    placed = []
    place = len(places)
    for field in reversed(fields):
        if field.keyword != "COMMENT":
            place = places.get(field.keyword, -1 if field.keyword == "CCSDS_CDM_VERS" else len(places))
        placed.append((place, field))
    placed.reverse()
    placed.sort(key=lambda one: one[0])
    return [field for _, field in placed]


def _header_fields(message: Cdm) -> Iterator[Field]:
    yield Field("CCSDS_CDM_VERS", message.version)
    yield Field("CREATION_DATE", _utc(message.creation_tai_s))
    yield Field("ORIGINATOR", message.originator)
    if message.message_for:
        yield Field("MESSAGE_FOR", message.message_for)
    yield Field("MESSAGE_ID", message.message_id)


def _encounter_fields(message: Cdm) -> Iterator[Field]:
    for comment in _comments(message):
        yield Field("COMMENT", comment)
    yield Field("TCA", _utc(message.tca_tai_s))
    yield from _number("MISS_DISTANCE", message.miss_distance_m, "m")
    yield from _number("RELATIVE_SPEED", message.relative_speed_m_s, "m/s")
    for keywords, vector, unit in (
        (RELATIVE_POSITION, message.relative_position_rtn_m, "m"),
        (RELATIVE_VELOCITY, message.relative_velocity_rtn_m_s, "m/s"),
    ):
        for keyword, value in zip(keywords, vector or (), strict=False):
            yield from _number(keyword, value, unit)
    yield from _screening_fields(message.screening or ScreeningVolume())
    yield from _number("COLLISION_PROBABILITY", message.collision_probability, "")
    if message.collision_probability_method:
        yield Field("COLLISION_PROBABILITY_METHOD", message.collision_probability_method)
    yield from _more(message.more)


def _comments(message: Cdm) -> Iterator[str]:
    """Give the comments, and the radius of both objects as one where no field can carry it."""
    yield from message.comments
    radius_m = message.hard_body_radius_m
    said = any(_HBR.fullmatch(comment.strip()) for comment in message.comments)
    if radius_m is not None and not said and message.hard_body_radius_source != "HBR of both objects":
        yield f"HBR = {radius_m!r} [m]"


def _screening_fields(volume: ScreeningVolume) -> Iterator[Field]:
    for keyword, time in (
        ("START_SCREEN_PERIOD", volume.start_tai_s),
        ("STOP_SCREEN_PERIOD", volume.stop_tai_s),
    ):
        if time is not None:
            yield Field(keyword, _utc(time))
    for keyword, text in (("SCREEN_VOLUME_FRAME", volume.frame), ("SCREEN_VOLUME_SHAPE", volume.shape)):
        if text:
            yield Field(keyword, text)
    for keyword, size in zip(SCREEN_VOLUME, (volume.x_m, volume.y_m, volume.z_m), strict=True):
        yield from _number(keyword, size, "m")


def _object_fields(name: str, one: CdmObject) -> list[Field]:
    unknown = one.covariance_rtn is None
    texts = {
        "OBJECT": name,
        "OBJECT_DESIGNATOR": one.designator,
        "CATALOG_NAME": one.catalogue,
        "OBJECT_NAME": one.name,
        "INTERNATIONAL_DESIGNATOR": one.international_designator,
        "OBJECT_TYPE": one.object_type,
        "OPERATOR_ORGANIZATION": one.operator,
        "EPHEMERIS_NAME": one.ephemeris_name,
        "COVARIANCE_METHOD": "DEFAULT" if unknown else one.covariance_method,
        "MANEUVERABLE": one.maneuverable,
        "ORBIT_CENTER": None if one.orbit_center == "EARTH" else one.orbit_center,
        "REF_FRAME": one.reference_frame,
    }
    comments = [*one.comments]
    if unknown and _UNKNOWN_COMMENT not in comments:
        comments.append(_UNKNOWN_COMMENT)
    fields = [Field(keyword, text) for keyword, text in texts.items() if text]
    fields += _more(one.more)
    fields += _number("HBR", one.hard_body_radius_m, "m")
    # Before the state vector a comment may stand, and cannot be taken for one of the part before.
    fields += [Field("COMMENT", comment) for comment in comments]
    for keyword, metres in zip(
        STATE_KEYWORDS, (*(one.position_m or ()), *(one.velocity_m_s or ())), strict=False
    ):
        fields.append(Field(keyword, km_text(metres), "km/s" if keyword.endswith("DOT") else "km"))
    triangle = _default_covariance() if one.covariance_rtn is None else one.covariance_rtn
    fields += [
        Field(keyword, repr(value), COVARIANCE_UNITS[keyword])
        for keyword, value in zip(COVARIANCE_KEYWORDS, triangle, strict=False)
    ]
    return fields


def _default_covariance() -> tuple[float, ...]:
    """Return the lower triangle that says: nothing is known."""
    diagonal = [UNKNOWN_SIGMA_M**2] * 3 + [UNKNOWN_SIGMA_M_S**2] * 3
    return tuple(diagonal[i] if i == j else 0.0 for i in range(6) for j in range(i + 1))


def _more(more: dict[str, str]) -> list[Field]:
    fields = []
    for keyword, text in more.items():
        value, bracket, unit = text.rpartition(" [")
        fields.append(
            Field(keyword, value, unit[:-1]) if bracket and unit.endswith("]") else Field(keyword, text)
        )
    return fields


def _number(keyword: str, value: float | None, unit: str) -> list[Field]:
    return [] if value is None else [Field(keyword, repr(value), unit)]


def _utc(tai_s: float) -> str:
    return utc_text_from_tai_s(tai_s).removesuffix("Z")


def _units_of_covariance() -> dict[str, str]:
    """Return the units of table 3-4 and of the additional parameters by their dimensions."""
    # metres, kilograms and seconds of R, RDOT and the three parameters (m2/kg, m2/kg, m/s2).
    dimensions = {"DRG": (2, 1, 0), "SRP": (2, 1, 0), "THR": (1, 0, 2)}
    units = {}
    for keyword in COVARIANCE_KEYWORDS:
        parts = [dimensions.get(axis, (1, 0, int(axis.endswith("DOT")))) for axis in keyword[1:].split("_")]
        metres, kilograms, seconds = (sum(column) for column in zip(*parts, strict=True))
        units[keyword] = _unit_text(metres, kilograms, seconds)
    return units


def _unit_text(metres: int, kilograms: int, seconds: int) -> str:
    def power(unit: str, exponent: int) -> str:
        return unit if exponent == 1 else f"{unit}**{exponent}"

    below = [power(unit, n) for unit, n in (("kg", kilograms), ("s", seconds)) if n]
    denominator = f"({'*'.join(below)})" if len(below) > 1 else "".join(below)
    return power("m", metres) + (f"/{denominator}" if denominator else "")


COVARIANCE_UNITS = _units_of_covariance()
