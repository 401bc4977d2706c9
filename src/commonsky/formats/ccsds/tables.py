"""The language in which the standards' tables are written down here, one text for each kind of message.

Indentation is the nesting of the XML. A line that begins in lower case is a section (an XML element with parts), in
upper case a field (a keyword with a value), and with ``!`` a rule about the fields of its section. ``#`` ends a line
with the clause of the standard. COMMENT may stand in every section and is not listed.

    segment 1..*                                          # 5.2
        metadata 1 META_START..META_STOP
            OBJECT_NAME         M text
            REF_FRAME_EPOCH     O epoch
            INTERPOLATION       O text
            INTERPOLATION_DEGREE O integer >0
            ! with INTERPOLATION INTERPOLATION_DEGREE

Sections: name, how often (``1``, ``0..1``, ``1..*``, ``0..*``, ``2``), then any of the markers around each of it in
KVN (``A..B``); the markers around a run of it (``group=A..B``); its rows (``rows=element:columns``, without
columns where the element's text is the line); ``matrix=NAME`` whose lines of a lower triangle become entries;
``observation`` for entries that XML wraps in that element; ``from=`` and ``until=`` a version.

Fields: keyword (``_n`` at its end: any number, ``*``: any text), ``M`` mandatory, ``P`` preferred (a default
stands in, or practice leaves it out: a warning without it) or ``O`` optional (with ``*`` when it may be repeated),
kind with its unit or choices, then conditions: ``>0``, ``>=0``, ``range=a..b``, ``from=``, ``until=``, ``obsolete``,
and ``leader`` when it begins a new section in KVN, which has no markers there.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct, field

KINDS = frozenset(
    {
        "text",
        "texts",
        "number",
        "numbers",
        "integer",
        "epoch",
        "time",
        "leap",
        "choice",
        "yesno",
        "frame",
        "center",
    }
    | {"system", "datum", "units"}
)
NUMERIC = frozenset({"number", "integer", "datum", "numbers"})

ColumnsOf = Callable[[Mapping[str, str], int], tuple[str, ...]]
COLUMNS: dict[str, ColumnsOf] = {}
"""Names of row layouts: from the metadata and the number of cells, the path of each column in the row's element."""
MATRICES: dict[str, tuple[str, ...]] = {}
"""Names of covariance layouts: the keywords of a lower triangle, row by row."""
COLUMN_UNITS: dict[str, str] = {}
"""Units that the columns of rows are in, by the last part of their path: XML may repeat them."""


class Field(Struct, frozen=True):
    """One keyword of a table."""

    keyword: str
    mandatory: bool
    repeated: bool
    kind: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    above: float | None = None
    leader: bool = False
    obsolete: bool = False
    preferred: bool = False
    place: int = 0
    clause: str = ""


class Rule(Struct, frozen=True):
    """A rule about which fields of a section stand together."""

    name: str
    keywords: tuple[str, ...]
    clause: str = ""


class Section(Struct, frozen=True, dict=True):
    """One section of a table with its fields and sections, by name, in the order of the standard."""

    name: str
    least: int = 1
    most: int | None = 1
    start: str = ""
    stop: str = ""
    grouped: bool = False
    row: str = ""
    columns: str | None = None
    matrix: tuple[str, ...] = ()
    observation: bool = False
    place: int = 0
    clause: str = ""
    fields: dict[str, Field] = field(default_factory=dict)
    patterns: tuple[tuple[re.Pattern[str], Field], ...] = ()
    sections: dict[str, "Section"] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()

    @property
    def repeated(self) -> bool:
        """Whether there may be several."""
        return self.most != 1

    @property
    def marked(self) -> bool:
        """Whether KVN opens it by a marker of its own."""
        return bool(self.start) and not self.grouped

    def field_of(self, keyword: str) -> Field | None:
        """Return the field for a keyword, or None when the section has no such."""
        if (found := self.fields.get(keyword)) is not None:
            return found
        return next((one for pattern, one in self.patterns if pattern.fullmatch(keyword)), None)

    def keywords(self) -> Iterator[str]:
        """Yield the keywords of this section and all within it, in the standard's order."""
        parts: list[Field | Section] = [*self.fields.values(), *self.sections.values()]
        for one in sorted(parts, key=lambda part: part.place):
            yield from (one.keyword,) if isinstance(one, Field) else one.keywords()

    @cached_property
    def takes_rows(self) -> bool:
        """Whether it has lines without keyword."""
        return bool(self.row or self.matrix)

    @cached_property
    def markers(self) -> dict[str, tuple["Section", ...]]:
        """Start markers of this section's own sections, also through those without markers: the way there."""
        found: dict[str, tuple[Section, ...]] = {}
        for one in self.sections.values():
            if one.start:
                found.setdefault(one.start, (one,))
            if not one.start:
                for marker, way in one.markers.items():
                    found.setdefault(marker, (one, *way))
        return found


class Table(Struct, frozen=True):
    """The table of one kind of message for one version; the root section is the message's element."""

    kind: str
    version: str
    standard: str
    root: Section


class TableSource(Struct, frozen=True):
    """The text of the tables of one kind of message, for all the versions that were published.

    ``drafts`` are version numbers that were in use before there was a standard; they are read as the newest.
    """

    standard: str
    versions: tuple[str, ...]
    text: str
    drafts: tuple[str, ...] = ()


class TableError(Exception):
    """A table that is not in the language: a fault of the house, found by its tests."""


def table(kind: str, *, standard: str, version: str, text: str) -> Table:
    """Return the table of a message kind as of one version."""
    reader = _Reader(float(version))
    lines = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    rows = [(len(line) - len(line.lstrip()), line.strip()) for line in lines]
    parts = reader.parts(rows)
    return Table(kind, version, standard, Section(kind.lower(), **parts))


class _Reader:
    def __init__(self, version: float) -> None:
        self._version = version

    def parts(self, rows: list[tuple[int, str]]) -> dict[str, Any]:
        """Fields, patterns, sections and rules of the rows of one section, those of other versions left out."""
        fields: dict[str, Field] = {}
        patterns: list[tuple[re.Pattern[str], Field]] = []
        sections: dict[str, Section] = {}
        rules: list[Rule] = []
        at = 0
        while at < len(rows):
            indent, line = rows[at]
            end = at + 1
            while end < len(rows) and rows[end][0] > indent:
                end += 1
            words, _, clause = line.partition("# ")
            name, *options = words.split()
            options, exists = self._versions(options)
            if not exists:
                pass
            elif name == "!":
                rules.append(Rule(options[0], tuple(options[1:]), clause.strip()))
            elif name[0].isupper():
                one = _field(name, options, at, clause.strip())
                if name.endswith(("_n", "*")):
                    patterns.append((_pattern(name), one))
                else:
                    fields[name] = one
            else:
                inner = self.parts(rows[at + 1 : end])
                sections[name] = _section(name, options, at, clause.strip(), inner)
            at = end
        return {
            "fields": fields, "patterns": tuple(patterns), "sections": sections, "rules": tuple(rules)
        }  # fmt: skip

    def _versions(self, options: list[str]) -> tuple[list[str], bool]:
        exists = True
        for one in options:
            if one.startswith("from="):
                exists = exists and self._version >= float(one[5:])
            elif one.startswith("until="):
                exists = exists and self._version <= float(one[6:])
        return [one for one in options if not one.startswith(("from=", "until="))], exists


def _pattern(name: str) -> re.Pattern[str]:
    if name.endswith("_n"):
        return re.compile(re.escape(name[:-1]) + r"\d{1,3}", re.ASCII)
    return re.compile(re.escape(name[:-1]) + ".+")


def _field(name: str, options: list[str], place: int, clause: str) -> Field:
    need, kind, *rest = options
    if kind not in KINDS or need.rstrip("*") not in {"M", "P", "O"}:
        raise TableError(f"{name}: {need} {kind}")
    given: dict[str, Any] = {"preferred": need.startswith("P")}
    for one in rest:
        if one in {"leader", "obsolete"}:
            given[one] = True
        elif one.startswith("range="):
            low, high = one[6:].split("..")
            given["least"], given["most"] = float(low), float(high)
        elif one == ">0":
            given["above"] = 0.0
        elif one == ">=0":
            given["least"] = 0.0
        elif kind == "choice":
            given["choices"] = tuple(one.replace("_BLANK_", " ").split("|"))
        else:
            given["unit"] = one
    if kind == "yesno":
        given["choices"] = ("YES", "NO")
    return Field(name, need.startswith("M"), need.endswith("*"), kind, place=place, clause=clause, **given)


def _section(name: str, options: list[str], place: int, clause: str, inner: dict[str, Any]) -> Section:
    often, *rest = options
    low, _, high = often.partition("..")
    given: dict[str, Any] = {
        "least": int(low),
        "most": None if high == "*" else int(high or low),
    }
    for one in rest:
        if one.startswith("rows="):
            given["row"], _, columns = one[5:].partition(":")
            given["columns"] = columns or None
        elif one.startswith("matrix="):
            given["matrix"] = MATRICES[one[7:]]
        elif one == "observation":
            given["observation"] = True
        else:
            given["grouped"] = one.startswith("group=")
            given["start"], given["stop"] = one.removeprefix("group=").split("..")
    return Section(name, place=place, clause=clause, **given, **inner)
