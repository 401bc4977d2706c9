"""Messages made from the tables themselves: every kind, with optional parts there or not, comments and own fields."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from commonsky.formats.ccsds.schema import schema
from commonsky.formats.ccsds.tables import COLUMNS
from commonsky.formats.ccsds.tree import COMMENT, Block, Entry, Message, Row

SECONDS = st.integers(5 * 365 * 86400, 90 * 365 * 86400)
EPOCHS = SECONDS.map(lambda one: datetime.fromtimestamp(one, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.25"))
NUMBERS = st.floats(min_value=0.001, max_value=1e6).map(repr)
TEXTS = st.text("ABCxyz0189 ._-/&<>'\"é", min_size=1, max_size=12).map(str.strip).filter(bool)


def values(field):
    """Give values that a field may have."""
    if field.kind == "choice":
        return st.sampled_from(field.choices)
    if field.most is not None and field.most <= 0:
        return NUMBERS.map(lambda one: f"-{one}")
    simple = {
        "number": NUMBERS,
        "integer": st.integers(1, 10**6).map(str),
        "epoch": EPOCHS,
        "time": EPOCHS | NUMBERS,
        "leap": st.just("2016-12-31T23:59:60"),
        "yesno": st.sampled_from(["YES", "NO"]),
        "system": st.sampled_from(["UTC", "TAI", "GPS"]),
        "units": st.just("[km,km,km,km/s,km/s,km/s]"),
        "numbers": st.just("1.0 0.0 0.0"),
    }
    return simple.get(field.kind, TEXTS)


@st.composite
def blocks(draw, section):
    """Give a block of a section: what is mandatory, and some of what is not."""
    parts = [Entry(COMMENT, draw(TEXTS))] if section.fields and draw(st.booleans()) else []
    for field in section.fields.values():
        if field.mandatory or draw(st.booleans()):
            unit = field.unit if field.unit and draw(st.booleans()) else ""
            parts.append(Entry(field.keyword, draw(values(field)), "" if section.matrix else unit))
    if any(field.keyword == "USER_DEFINED_*" for _, field in section.patterns):
        names = draw(
            st.lists(st.sampled_from(["A", "EARTH_MODEL", "X_1"]), min_size=1, max_size=3, unique=True)
        )
        parts += [Entry(f"USER_DEFINED_{name}", draw(TEXTS)) for name in names]
    if section.row:
        width = len(COLUMNS[section.columns]({}, 7)) - 1 if section.columns else 6
        for _ in range(draw(st.integers(1, 3))):
            numbers = draw(st.lists(NUMBERS, min_size=width, max_size=width))
            parts.append(Row(" ".join([draw(EPOCHS), *numbers])))
    for inner in section.sections.values():
        for _ in range(max(inner.least, draw(st.integers(0, 2 if inner.repeated else 1)))):
            made = draw(blocks(inner))
            if any(not isinstance(one, Entry) or one.keyword != COMMENT for one in made.parts):
                parts.append(made)
    return Block(section.name, parts)


@st.composite
def messages(
    draw,
    kinds=(("OPM", "3.0"), ("OPM", "2.0"), ("OMM", "3.0"), ("OEM", "2.0"), ("OEM", "3.0"), ("OCM", "3.0")),
):
    """Give a message of one of the kinds and versions."""
    kind, version = draw(st.sampled_from(kinds))
    return Message(kind, version, draw(blocks(schema(kind, version).root)))
