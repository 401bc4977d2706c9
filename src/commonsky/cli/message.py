"""``commonsky message``: check, convert and show CCSDS navigation messages."""

import gzip
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import App, Parameter

from commonsky.cli.render import CommandError, Exit, Report, Table, complain, show
from commonsky.cli.written import written
from commonsky.formats.ccsds.any_form import read_any, write_any
from commonsky.formats.ccsds.check import ERROR, Finding, check_document
from commonsky.formats.ccsds.tree import COMMENT, Block, Document, Message
from commonsky.formats.compressed import unpacked
from commonsky.formats.errors import FormatError

app = App(
    name="message",
    help="Check, convert and show CCSDS messages: CDM, OEM, OMM, OPM, OCM, TDM, AEM, APM, ACM and NDM.",
)

Form = Literal["kvn", "xml", "json", "csv"]
Json = Annotated[bool, Parameter(name="--json", negative="")]
_FORM_OF_SUFFIX: dict[str, Form] = {".xml": "xml", ".json": "json", ".csv": "csv"}
_STANDARD_STREAM = "-"
_SHOWN = 50
_COMPLAINTS = 10


@app.command(name="check")
def check_files(
    *files: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    as_json: Json = False,
    from_: Annotated[Form | None, Parameter(name="--from")] = None,
) -> int:
    """Say what is wrong in messages by the standard, with line, keyword and clause.

    Exit code 0: all are valid, warnings or not; 3: a message has errors; 2: a file is no message.

    Parameters
    ----------
    files
        Messages in any form, also in gzip; ``-`` for standard input.
    as_json
        Print one JSON document.
    from_
        Insist on this form; without it, the form is found from what the file holds.
    """
    if not files:
        raise CommandError("name the files to check", Exit.UNUSABLE)
    judged = [_judged(file, from_) for file in files]
    code = max((Exit.UNUSABLE if one["kind"] is None else _code(one) for one in judged), key=_gravity)
    valid = all(one["valid"] for one in judged)
    document: dict[str, Any] = judged[0] if len(judged) == 1 else {"valid": valid, "files": judged}
    return show(
        Report(
            title=_title(judged),
            facts=_facts(judged[0]) if len(judged) == 1 else {},
            tables=[_overview(judged)] * (len(judged) > 1) + _finding_tables(judged),
            document=document,
            exit_code=code,
        ),
        as_json=as_json,
    )


@app.command
def convert(
    source: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    target: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    to: Form | None = None,
    from_: Annotated[Form | None, Parameter(name="--from")] = None,
    force: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Write messages in another form: KVN, XML, JSON, or CSV (OMM and CDM).

    Exit code 0: written; 3: the input has errors and is not converted, or with --force written all the same.

    Parameters
    ----------
    source
        The messages, also in gzip; ``-`` for standard input.
    target
        Where they go; ``-`` for standard output. The suffix gives the form (.xml, .json, .csv, else KVN); with .gz
        it is compressed.
    to
        The form to write, whatever the suffix.
    from_
        Insist on this form of the input.
    force
        Convert a message that is not valid too.
    """
    name = "standard input" if str(source) == _STANDARD_STREAM else str(source)
    document = read_any(_content(source), source=name, form=from_)
    errors = [one for one in check_document(document) if one.severity == ERROR]
    for one in errors[:_COMPLAINTS]:
        complain(f"{name}: {one}")
    if errors and not force:
        complain(f"{name}: not converted: {len(errors)} errors in all (--force converts all the same)")
        return Exit.SOME_REJECTED
    text = write_any(document, to or _form_of(target))
    _write(target, text)
    return Exit.SOME_REJECTED if errors else Exit.OK


@app.command(name="show")
def show_file(
    file: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    as_json: Json = False,
    from_: Annotated[Form | None, Parameter(name="--from")] = None,
) -> int:
    """Say what a file of messages holds: kinds, versions, objects, spans, and how much data.

    Exit code 0, also for messages with errors: their number is shown; 2: the file is no message.

    Parameters
    ----------
    file
        Messages in any form, also in gzip; ``-`` for standard input.
    as_json
        Print one JSON document.
    from_
        Insist on this form.
    """
    name = "standard input" if str(file) == _STANDARD_STREAM else str(file)
    document = read_any(_content(file), source=name, form=from_)
    findings = Counter(one.severity for one in check_document(document))
    segments = [row for number, one in enumerate(document.messages, 1) for row in _segments(number, one)]
    blocks = Counter(block.name for one in document.messages for block in one.root.walk())
    first = document.messages[0] if document.messages else None
    facts: dict[str, object] = {
        "kind": _kind(document),
        "version": _version(document),
        "form": document.form,
        "messages": len(document.messages),
        "originator": first and first.header("ORIGINATOR"),
        "created": first and first.header("CREATION_DATE"),
        "message id": first and (first.header("MESSAGE_ID") or None),
        "lines of data": sum(_lines_of_data(one, one.root) for one in document.messages),
        "errors": findings["error"],
        "warnings": findings["warning"],
    }
    columns = ["message", "object", "id", "frame", "time system", "from", "to", "data"]
    block_rows = [[block, count] for block, count in blocks.items() if block not in {"header", "body"}]
    tables = [Table("Segments", columns, segments[:_SHOWN]), Table("Blocks", ["block", "count"], block_rows)]
    if len(segments) > _SHOWN:
        tables[0] = Table(f"Segments (the first {_SHOWN} of {len(segments)})", columns, segments[:_SHOWN])
    machine = {key.replace(" ", "_"): value for key, value in facts.items()}
    machine |= {"segments": [dict(zip(columns, row, strict=True)) for row in segments], "blocks": blocks}
    return show(
        Report(f"Message {name}", facts, [one for one in tables if one.rows], {"file": name} | machine),
        as_json=as_json,
    )


def _content(file: Path) -> bytes:
    name = str(file)
    try:
        data = sys.stdin.buffer.read() if name == _STANDARD_STREAM else file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {(error.strerror or str(error)).lower()}", Exit.UNUSABLE) from error
    content, damage = unpacked(data, source=name)
    if damage:
        raise FormatError(name, damage.reason)
    return content


def _write(target: Path, text: str) -> None:
    if str(target) == _STANDARD_STREAM:
        sys.stdout.write(text)
        return
    data = text.encode()
    with written(target) as place:
        place.write_bytes(gzip.compress(data, mtime=0) if target.suffix == ".gz" else data)


def _form_of(target: Path) -> Form:
    suffixes = [one.lower() for one in target.suffixes if one.lower() != ".gz"]
    return _FORM_OF_SUFFIX.get(suffixes[-1], "kvn") if suffixes else "kvn"


def _judged(file: Path, form: Form | None) -> dict[str, Any]:
    name = "standard input" if str(file) == _STANDARD_STREAM else str(file)
    try:
        document = read_any(_content(file), source=name, form=form)
    except (FormatError, CommandError) as error:
        line, keyword = getattr(error, "line", None), getattr(error, "field", None)
        text = getattr(error, "reason", str(error).removeprefix(f"{name}: "))
        finding = Finding(severity=ERROR, line=line or 0, keyword=keyword or "", text=text)
        return {"file": name, "valid": False, "kind": None, "version": None, "form": None} | {
            "messages": 0,
            "findings": [msgspec.structs.asdict(finding)],
        }
    findings = check_document(document)
    return {
        "file": name,
        "valid": not any(one.severity == ERROR for one in findings),
        "kind": _kind(document),
        "version": _version(document),
        "form": document.form,
        "messages": len(document.messages),
        "findings": [msgspec.structs.asdict(one) for one in findings],
    }


def _code(judged: dict[str, Any]) -> Exit:
    return Exit.OK if judged["valid"] else Exit.SOME_REJECTED


def _gravity(code: Exit) -> int:
    return [Exit.OK, Exit.SOME_REJECTED, Exit.UNUSABLE].index(code)


def _kind(document: Document) -> str:
    kinds = {one.kind for one in document.messages}
    return kinds.pop() if len(kinds) == 1 else "NDM"


def _version(document: Document) -> str | None:
    versions = sorted({one.version for one in document.messages})
    return ", ".join(versions) or None


def _title(judged: list[dict[str, Any]]) -> str:
    if len(judged) == 1:
        return f"{judged[0]['file']}: {_verdict(judged[0])}"
    return f"{sum(one['valid'] for one in judged)} of {len(judged)} files are valid"


def _verdict(judged: dict[str, Any]) -> str:
    if judged["kind"] is None:
        return "cannot be read"
    return "valid" if judged["valid"] else "not valid"


def _facts(judged: dict[str, Any]) -> dict[str, object]:
    if judged["kind"] is None:
        return {}
    severities = Counter(one["severity"] for one in judged["findings"])
    facts = {key: judged[key] for key in ("kind", "version", "form", "messages")}
    return facts | {"errors": severities["error"], "warnings": severities["warning"]}


def _overview(judged: list[dict[str, Any]]) -> Table:
    rows = []
    for one in judged:
        count = Counter(finding["severity"] for finding in one["findings"])
        rows.append(
            [
                one["file"],
                _verdict(one),
                one["kind"],
                one["version"],
                one["form"],
                count["error"],
                count["warning"],
            ]
        )
    return Table("", ["file", "verdict", "kind", "version", "form", "errors", "warnings"], rows)


def _finding_tables(judged: list[dict[str, Any]]) -> list[Table]:
    tables = []
    for one in judged:
        found = one["findings"]
        rows = [
            [each["severity"], each["line"] or None, each["keyword"], each["text"], each["clause"]]
            for each in found[:_SHOWN]
        ]
        title = "Findings" if len(judged) == 1 else one["file"]
        if len(found) > _SHOWN:
            title += f" (the first {_SHOWN} of {len(found)})"
        if rows:
            tables.append(Table(title, ["severity", "line", "keyword", "what", "clause"], rows))
    return tables


def _segments(number: int, message: Message) -> list[list[object]]:
    """One row for each segment: object, frame, time system, span and lines of data."""
    segments = list(message.root.walk("segment"))
    return [_segment(number, message, one) for one in segments]


def _segment(number: int, message: Message, segment: Block) -> list[object]:
    said: dict[str, str] = {}
    for block in segment.walk():
        said = block.values() | said
    event = next((one.value("TCA") for one in message.root.walk("relativeMetadataData")), "")
    at = event or said.get("EPOCH", "")
    name = said.get("OBJECT_NAME") or ", ".join(
        value for key, value in said.items() if key.startswith("PARTICIPANT_")
    )
    identity = said.get("OBJECT_ID") or said.get("OBJECT_DESIGNATOR") or said.get("INTERNATIONAL_DESIGNATOR")
    frame = next((said[key] for key in ("REF_FRAME", "TRAJ_REF_FRAME", "REF_FRAME_A") if key in said), None)
    start, stop = said.get("START_TIME", at), said.get("STOP_TIME", at)
    lines = _lines_of_data(message, segment) or None
    return [f"{number} {message.kind}", name, identity, frame, said.get("TIME_SYSTEM"), start, stop, lines]


def _lines_of_data(message: Message, around: Block) -> int:
    """Rows, and in tracking data the keywords of data, below a block."""
    count = 0
    for block in around.walk():
        count += sum(1 for _ in block.rows())
        if message.kind == "TDM" and block.name == "data":
            count += sum(1 for one in block.entries() if one.keyword != COMMENT)
    return count
