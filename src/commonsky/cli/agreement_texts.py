"""``commonsky agreement new|check|diff``: the documents of agreements, with no need for a node."""

from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from commonsky.astro.time import tai_s_from_utc, utc_from_tai_s, utc_text_from_tai_s
from commonsky.cli.nodes import opened
from commonsky.cli.render import CommandError, Exit, Report, Table, show
from commonsky.cli.written import written
from commonsky.domain import Agreement, Mode
from commonsky.domain.member import MEMBER_ID, NO_MEMBER_ID
from commonsky.formats.agreement_toml import agreement_faults, read_agreement
from commonsky.formats.canonical import decode
from commonsky.formats.toml_lines import Path as TomlPath
from commonsky.formats.toml_lines import line_of, lines_of
from commonsky.node.node import Node
from commonsky.node.start import wall_clock_tai_s
from commonsky.sharing import Facets
from commonsky.sharing.agreement_changes import changes, verdict
from commonsky.sharing.agreement_warnings import Known, Warned, warnings

DAY_S = 86_400.0
_TEMPLATES = files("commonsky.cli") / "agreement_templates"


class Template(StrEnum):
    """A usual case, to begin from."""

    OPEN_SAFETY_DATA = "open-safety-data"
    BILATERAL_SENSOR_DATA = "bilateral-sensor-data"
    HOSTED_PAYLOAD = "hosted-payload"
    COMMERCIAL_OPERATOR = "commercial-operator"
    EXERCISE = "exercise"


def new(  # noqa: PLR0913  # what an agreement begins with
    template: Template,
    /,
    *,
    giver: str,
    readers: Annotated[list[str], Parameter(consume_multiple=True, negative="")],
    id: str | None = None,  # noqa: A002  # the word of the document
    mode: Mode = Mode.REAL,
    days: float = 365.0,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """Write an agreement to begin from: a usual case, with comments that say what each line does.

    Nothing is released by it before all parties sign. An exercise's is of mode EXERCISE, whatever --mode says.

    Parameters
    ----------
    template
        The usual case.
    giver
        The member that gives.
    readers
        The members that read, one or more.
    id
        The agreement's id (default: of giver, first reader and template).
    mode
        Whether its data is real.
    days
        How long it lasts, from today.
    output
        The file to write (default: ID.v1.toml in this folder); one that is there is never overwritten.
    """
    for member in (giver, *readers):
        if not MEMBER_ID.fullmatch(member):
            raise CommandError(f"member id {member!r} {NO_MEMBER_ID}", Exit.UNUSABLE)
    name = id or f"{giver}-{readers[0]}-{template}"
    today_tai_s = tai_s_from_utc(utc_from_tai_s(wall_clock_tai_s(), digits=0)[:10] + "T00:00:00Z")
    text = (_TEMPLATES / f"{template}.toml").read_text(encoding="utf-8")
    text = text.format(
        id=name,
        giver=giver,
        readers=msgspec.json.encode(sorted(set(readers))).decode(),
        mode=mode,
        from_utc=utc_text_from_tai_s(today_tai_s),
        until_utc=utc_text_from_tai_s(today_tai_s + days * DAY_S),
    )
    file = output or Path(f"{name}.v1.toml")
    agreement = read_agreement(text.encode(), source=str(file))
    if file.exists():
        raise CommandError(f"{file} is there already", Exit.UNUSABLE)
    with written(file) as place:
        place.write_text(text, encoding="utf-8")
    facts = {
        "document": file,
        "gives": agreement.giver,
        "read": ", ".join(sorted(agreement.readers)),
        "next": f"edit it, then `commonsky agreement check {file}`, then `commonsky agreement sign {file}`",
    }
    return show(Report(f"{agreement.reference}: {agreement.title}", facts))


def check(
    file: Path,
    /,
    *,
    node: Annotated[Path | None, Parameter(name=["--node", "-n"])] = None,
    json: bool = False,
) -> int:
    """Check a document: every error with its line, and what is allowed but hardly meant.

    Exit code 0: nothing to say; 3: warnings; 2: it is no agreement.

    Parameters
    ----------
    file
        The document.
    node
        Folder of a node: also names that it does not know, and labels that refuse whatever the agreement says.
    json
        Print one JSON document.
    """
    data = _read(file)
    faults = agreement_faults(data, source=str(file))
    found = [("error", fault.line, fault.field or "", fault.reason) for fault in faults]
    if not faults:
        agreement = read_agreement(data, source=str(file))
        lines = lines_of(data.decode("utf-8-sig"))
        found += [
            ("warning", line_of(one.path, lines), _place(one.path, agreement), one.words)
            for one in _warnings(agreement, node)
        ]
    columns = ("what", "line", "field", "in words")
    words = f"{len(found) or 'nothing'} to look at" if not faults else f"no agreement: {len(faults)} errors"
    report = Report(
        f"{file}: {words}",
        tables=[Table("", columns, found)] if found else [],
        document={"file": str(file), "found": [dict(zip(columns, one, strict=True)) for one in found]},
        exit_code=Exit.UNUSABLE if faults else Exit.SOME_REJECTED if found else Exit.OK,
    )
    return show(report, as_json=json)


def diff(old: Path, new: Path, /, *, json: bool = False) -> int:
    """Compare two documents by what they let out: each change is wider, narrower, other or none.

    Parameters
    ----------
    old
        The document that stands.
    new
        The document that shall take its place.
    json
        Print one JSON document.
    """
    before, after = (read_agreement(_read(file), source=str(file)) for file in (old, new))
    found = changes(before, after)
    columns = ("place", "field", "before", "after", "lets out")
    rows = [(one.place, one.field, one.before, one.after, one.bearing) for one in found]
    title = f"{after.reference}, where {before.reference} stands, {verdict(found)}"
    document = {
        "old": before.reference,
        "new": after.reference,
        "verdict": verdict(found),
        "changes": [dict(zip(columns, row, strict=True)) for row in rows],
    }
    return show(
        Report(title, tables=[Table("", columns, rows)] if rows else [], document=document), as_json=json
    )


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(
            f"{file}: cannot be read: {(error.strerror or str(error)).lower()}", Exit.UNUSABLE
        ) from error


def _place(path: TomlPath, agreement: Agreement) -> str:
    """Say a place in the words in which faults are told: ``clause 1 (tracks), kinds``."""
    table, *rest = path
    if rest and isinstance(number := rest[0], int):
        tables = agreement.clauses if table == "clause" else agreement.declassifications
        return ", ".join([f"{table} {number} ({tables[number - 1].id})", *map(str, rest[1:])])
    return ", ".join(map(str, path))


def _warnings(agreement: Agreement, folder: Path | None) -> list[Warned]:
    if folder is None:
        return warnings(agreement, now_tai_s=wall_clock_tai_s())
    with opened(folder) as node:
        return warnings(agreement, now_tai_s=node.now_tai_s(), known=_known(node))


def _known(node: Node) -> Known:
    members = {node.id, *(peer.member.id for peer in node.config.peers)}
    return Known(
        own=node.id,
        mode=node.config.mode,
        members=frozenset(members),
        sensors={own.sensor.id: own.label for own in node.config.sensors},
        objects=_objects(node),
    )


def _objects(node: Node) -> frozenset[str]:
    """The names of what the node holds orbits of, by the orbits' own word or a claim's."""
    held = [*node.store.element_sets(), *node.store.current_tracks(), *node.store.claims()]
    return frozenset().union(*(Facets(decode(entry.body)).objects for entry in held))
