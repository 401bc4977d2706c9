"""What is wrong in a message, judged by the standard's tables and the rules between fields.

A finding is an error when the message cannot be taken at its word (something mandatory is missing, a value is none,
a keyword is none of the standard's) and a warning when its meaning is beyond doubt but it is not as the standard
writes it (order of keywords, another unit of the same kind, obsolete keywords).
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Literal

import msgspec
from msgspec import Struct

from commonsky.formats.ccsds.schema import drafts, schema, versions
from commonsky.formats.ccsds.tables import COLUMN_UNITS, COLUMNS, ColumnsOf, Field, Rule, Section
from commonsky.formats.ccsds.tree import COMMENT, Block, Document, Entry, Message, Row, leaves
from commonsky.formats.ccsds.values import Situation, fault_of_unit, fault_of_value

ERROR: Literal["error"] = "error"
WARNING: Literal["warning"] = "warning"

_RULES = {
    "OPM": "rules_odm",
    "OMM": "rules_odm",
    "OEM": "rules_odm",
    "OCM": "rules_ocm",
    "CDM": "rules_cdm",
    "TDM": "rules_tdm",
    "APM": "rules_adm",
    "AEM": "rules_adm",
    "ACM": "rules_adm",
}
_MOST_FINDINGS = 1000
"""More than this in one message say nothing new."""


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that is wrong: where, which keyword, why, and the clause of the standard; ``line`` 0 is unknown."""

    severity: Literal["error", "warning"]
    line: int
    keyword: str
    text: str
    clause: str = ""

    def __str__(self) -> str:
        place = ", ".join(filter(None, [f"line {self.line}" if self.line else "", self.keyword]))
        clause = f" [{self.clause}]" if self.clause else ""
        return f"{self.severity}: {place}: {self.text}{clause}"


MessageRule = Callable[[Message], Iterator[Finding]]


def check_document(document: Document) -> list[Finding]:
    """Return the findings of all messages of a document, in their order."""
    if not document.messages:
        return [warning(1, "ndm", "combines no message", "505.0-B-3")]
    return [finding for message in document.messages for finding in check(message)]


def check(message: Message) -> list[Finding]:
    """Return what is wrong in a message, in the order of its lines; it is valid when none is an error."""
    table = schema(message.kind, message.version)
    found: list[Finding] = []
    known = versions(message.kind)
    if message.version not in known:
        text = f"version {message.version!r} is not one of {', '.join(known)}"
        make = warning if message.version in drafts(message.kind) else error
        found.append(make(message.line, f"CCSDS_{message.kind}_VERS", text, table.standard))
    found += [error(one.line or 0, one.field or "", one.reason, table.standard) for one in message.faults]
    walker = _Walker(table.standard, _situation(message))
    walker.block(message.root, table.root)
    found += walker.findings
    for rule in _rules(message.kind):
        found += rule(message)
    found.sort(key=lambda one: one.line)
    return found[:_MOST_FINDINGS]


def error(line: int, keyword: str, text: str, clause: str = "") -> Finding:
    """Return a finding that makes a message invalid."""
    return Finding(severity=ERROR, line=line, keyword=keyword, text=text, clause=clause)


def warning(line: int, keyword: str, text: str, clause: str = "") -> Finding:
    """Return a finding that leaves a message valid."""
    return Finding(severity=WARNING, line=line, keyword=keyword, text=text, clause=clause)


def _rules(kind: str) -> tuple[MessageRule, ...]:
    module = import_module(f"commonsky.formats.ccsds.{_RULES[kind]}")
    found: tuple[MessageRule, ...] = module.RULES.get(kind, ())
    return found


def _situation(message: Message) -> Situation:
    metadata = message.block("metadata")
    system = metadata.value("TIME_SYSTEM").upper() if metadata else ""
    return Situation(time_system=system or "UTC", relative=message.kind in {"OCM", "ACM"})


class _Walker:
    """Goes through the blocks of a message beside the sections of its table."""

    def __init__(self, standard: str, situation: Situation) -> None:
        self.findings: list[Finding] = []
        self._standard, self._situation = standard, situation
        self._metadata: dict[str, str] = {}

    def block(self, block: Block, section: Section) -> None:
        if there := block.block("metadata"):
            self._metadata = there.values()
            self._situation.time_system = self._metadata.get("TIME_SYSTEM", "UTC").upper()
        clause = self._clause(section.clause)
        seen: dict[str, int] = {}
        last, late = -1, False
        for part in block.parts:
            place = self._part(part, section, clause)
            if isinstance(part, Entry | Block):
                name = part.keyword if isinstance(part, Entry) else part.name
                seen[name] = seen.get(name, 0) + 1
                self._not_too_often(part, block, seen[name], section, clause)
            if place is not None:
                late = late or place < last
                if place < last and isinstance(part, Entry):
                    text = "comes later than the standard's order has it"
                    self.findings.append(warning(part.line, part.keyword, text, clause))
                last = max(last, place)
        self._missing(block, section, seen, clause)
        for rule in section.rules:
            self._rule(rule, block, clause)

    def _part(self, part: Entry | Row | Block, section: Section, clause: str) -> int | None:
        """Check one part and return its place in the standard's order, None where it has none."""
        if isinstance(part, Row):
            self._row(part, section, clause)
            return None
        if isinstance(part, Entry):
            if part.keyword == COMMENT:
                return None
            field = section.field_of(part.keyword)
            if field is None:
                self._unknown(part, section, clause)
                return None
            self._entry(part, field, clause)
            return field.place
        inner = section.sections.get(part.name)
        if inner is not None:
            self.block(part, inner)
            return inner.place
        if part.name == section.row and section.columns:
            self._row_of_elements(part, COLUMNS[section.columns], clause)
        else:
            datum = section.observation and part.name == "observation"
            text = "is not an EPOCH and one keyword" if datum else f"is no part of <{section.name}>"
            self.findings.append(error(part.line, part.name, text, clause))
        return None

    def _unknown(self, part: Entry, section: Section, clause: str) -> None:
        if section.row == part.keyword and section.columns is None:
            return
        known = section.field_of(part.keyword.upper()) is not None
        text = "is not in upper case" if known else f"is no keyword of <{section.name}>"
        self.findings.append(error(part.line, part.keyword, text, clause))

    def _entry(self, entry: Entry, field: Field, clause: str) -> None:
        clause = self._clause(field.clause) or clause
        if field.obsolete:
            self.findings.append(warning(entry.line, entry.keyword, "is obsolete", clause))
        if not entry.value and not field.mandatory:
            self.findings.append(warning(entry.line, entry.keyword, "has no value", clause))
        elif fault := fault_of_value(entry.value, field, self._situation):
            make = error if entry.value or field.mandatory else warning
            self.findings.append(make(entry.line, entry.keyword, fault, clause))
        if entry.unit:
            severity, text = fault_of_unit(entry.unit, field)
            if text:
                make = error if severity == ERROR else warning
                self.findings.append(make(entry.line, entry.keyword, text, clause))

    def _row(self, row: Row, section: Section, clause: str) -> None:
        shown = row.text if len(row.text) <= 40 else f"{row.text[:40]}..."
        if section.matrix:
            text = f"is no line of a lower triangle in its turn: {shown!r}"
            self.findings.append(error(row.line, section.name, text, clause))
        elif not section.row:
            self.findings.append(error(row.line, "", f"is not KEYWORD = value: {shown!r}", clause))
        elif section.columns:
            cells = row.text.split()
            paths = COLUMNS[section.columns](self._metadata, len(cells))
            if len(paths) != len(cells):
                text = f"has {len(cells)} values, not {len(paths)}: {shown!r}"
                self.findings.append(error(row.line, section.row, text, clause))
                return
            for path, cell in zip(paths, cells, strict=True):
                self._cell(Entry(path.rpartition("/")[2], cell, line=row.line), clause)

    def _row_of_elements(self, row: Block, columns: ColumnsOf, clause: str) -> None:
        """Check a row that XML wrote with comments, units or attributes inside, or not all of it."""
        cells = [(path, one) for path, one in leaves(row.parts) if one.keyword != COMMENT]
        given = [path for path, _ in cells]
        paths = columns(self._metadata, len(set(given)))
        if lacking := next((path for path in paths if path not in given), None):
            name = lacking.rpartition("/")[2]
            self.findings.append(error(row.line, name, f"is missing in <{row.name}>", clause))
        elif given != list(paths):
            wrong = next((n for n, one in enumerate(given) if [one] != list(paths[n : n + 1])), 0)
            entry = cells[wrong][1]
            text = f"has no place here in <{row.name}>"
            self.findings.append(error(entry.line, entry.keyword, text, clause))
        for _, entry in cells:
            self._cell(entry, clause)

    def _cell(self, entry: Entry, clause: str) -> None:
        kind = "epoch" if entry.keyword == "EPOCH" else "number"
        if fault := fault_of_value(entry.value, _CELLS[kind], self._situation):
            self.findings.append(error(entry.line, entry.keyword, fault, clause))
        if entry.unit:
            field = msgspec.structs.replace(_CELLS[kind], unit=COLUMN_UNITS.get(entry.keyword, ""))
            severity, text = fault_of_unit(entry.unit, field)
            if text:
                make = error if severity == ERROR else warning
                self.findings.append(make(entry.line, entry.keyword, text, clause))

    def _not_too_often(
        self, part: Entry | Block, block: Block, count: int, section: Section, clause: str
    ) -> None:
        name = part.keyword if isinstance(part, Entry) else part.name
        if isinstance(part, Entry):
            field = section.field_of(name)
            if count == 2 and field and not field.repeated:
                first = block.entry(name)
                same = first is not None and (first.value, first.unit) == (part.value, part.unit)
                make = warning if same else error
                text = "is given twice" + (" with the same value" if same else "")
                self.findings.append(make(part.line, name, text, clause))
            return
        inner = section.sections.get(name)
        if inner and inner.most is not None and count == inner.most + 1:
            self.findings.append(error(part.line, name, f"is given more than {inner.most} times", clause))

    def _missing(self, block: Block, section: Section, seen: dict[str, int], clause: str) -> None:
        for field in section.fields.values():
            if field.mandatory and field.keyword not in seen:
                self.findings.append(
                    error(block.line, field.keyword, f"is missing in <{block.name}>", clause)
                )
            elif field.preferred and field.keyword not in seen:
                text = f"is missing in <{block.name}>"
                self.findings.append(warning(block.line, field.keyword, text, clause))
        for inner in section.sections.values():
            if seen.get(inner.name, 0) < inner.least:
                what = f"{inner.name} ({inner.start})" if inner.start else inner.name
                text = "is missing" if inner.least == 1 else f"is not there {inner.least} times"
                place = self._clause(inner.clause) or clause or self._standard
                self.findings.append(error(block.line, what, text, place))

    def _rule(self, rule: Rule, block: Block, clause: str) -> None:
        clause = self._clause(rule.clause) or clause
        there = [keyword for keyword in rule.keywords if block.value(keyword)]
        count, total = len(there), len(rule.keywords)
        text = ""
        if rule.name == "all" and 0 < count < total:
            text = "is needed beside " + there[0]
            there = [one for one in rule.keywords if one not in there]
        elif rule.name == "one" and count != 1:
            text = f"exactly one of {', '.join(rule.keywords)} is needed, not {count}"
        elif rule.name == "any" and not count:
            text = f"at least one of {', '.join(rule.keywords)} is needed"
        elif rule.name == "most1" and count > 1:
            text = f"only one of {', '.join(rule.keywords)} may be given"
        elif rule.name in {"with", "hint"} and rule.keywords[0] in there and count < total:
            text = f"is needed with {rule.keywords[0]}"
            there = [one for one in rule.keywords if one not in there]
        if text:
            keyword = there[0] if there else rule.keywords[0]
            entry = block.entry(keyword)
            make = warning if rule.name == "hint" else error
            self.findings.append(make(entry.line if entry else block.line, keyword, text, clause))

    def _clause(self, clause: str) -> str:
        return f"{self._standard} {clause}" if clause else ""


_CELLS = {
    "epoch": Field("EPOCH", mandatory=True, repeated=False, kind="epoch"),
    "number": Field("", mandatory=True, repeated=False, kind="number"),
}
