"""``commonsky agreement list``: who gives what to whom, where it stands, and who has still to sign."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.nodes import opened
from commonsky.cli.render import Exit, Report, Table, show
from commonsky.formats.agreement_toml import read_agreement
from commonsky.node.agreeing import proposals
from commonsky.node.agreements import Shelved
from commonsky.sharing.agreement_words import duration

NodeFolder = Annotated[Path, Parameter(name=["--node", "-n"])]


def list_agreements(*, node: NodeFolder = Path(), json: bool = False) -> int:
    """List a node's agreements: who gives, who reads, where each stands, and who has still to sign.

    Exit code 3 when something is wrong with a document or its signatures: then nothing is released.

    Parameters
    ----------
    node
        Folder of the node (default: this folder).
    json
        Print one JSON document.
    """
    with opened(node) as opened_node:
        shelf = opened_node.agreements()
        entries = [entry(one) for one in shelf.documents]
        proposed = [_proposal(partner, file) for partner, file in proposals(opened_node)]
    columns = ("agreement", "giver", "readers", "state", "since", "until", "lease", "signed", "awaited")
    rows = [tuple(_short(name, one[name]) for name in columns) for one in entries]
    tables = [Table("", columns, rows)] if rows else []
    waiting = [(one["agreement"], one["words"]) for one in entries if one["waits"]]
    if waiting:
        tables.append(Table("Without force", ("agreement", "why"), waiting))
    if proposed:
        names = ("agreement", "from", "title", "document")
        tables.append(
            Table("Proposed by partners", names, [tuple(map(str, one.values())) for one in proposed])
        )
    if shelf.faults:
        tables.append(
            Table("Nothing is released until this is mended", ("fault",), [(f,) for f in shelf.faults])
        )
    title = f"{len(entries) or 'No'} agreement{'' if len(entries) == 1 else 's'}"
    report = Report(
        title,
        tables=tables,
        document={"agreements": entries, "proposed": proposed, "faults": list(shelf.faults)},
        exit_code=Exit.SOME_REJECTED if shelf.faults else Exit.OK,
    )
    return show(report, as_json=json)


def entry(one: Shelved) -> dict[str, object]:
    """Give an agreement and where it stands as it is told in JSON."""
    agreement, stands = one.agreement, one.standing
    return {
        "agreement": agreement.reference,
        "title": agreement.title,
        "giver": agreement.giver,
        "readers": sorted(agreement.readers),
        "state": stands.state,
        "since": utc_from_tai_s(stands.since_tai_s, digits=0),
        "until": utc_from_tai_s(agreement.ends_tai_s, digits=0),
        "lease": None if agreement.lease_s is None else duration(agreement.lease_s),
        "signed": list(stands.signed),
        "awaited": list(stands.awaited),
        "words": one.words,
        "waits": not stands.binding,
        "text_sha256": one.document.sha256,
        "document": str(one.file),
        "acts": [
            {
                "act": act.act,
                "member": act.member,
                "at": utc_from_tai_s(act.at_tai_s, digits=0),
                "actors": list(act.actors),
                "reason": act.reason,
            }
            for act in one.document.acts
        ],
    }


def _proposal(partner: str, file: Path) -> dict[str, object]:
    agreement = read_agreement(file.read_bytes(), source=str(file))
    return {
        "agreement": agreement.reference,
        "from": partner,
        "title": agreement.title,
        "document": str(file),
    }


def _short(name: str, value: object) -> object:
    """A cell of the list: of times the day, so that a line has room."""
    return str(value)[:10] if name in {"since", "until"} else cell_of(value)


def cell_of(value: object) -> object:
    """Give a value of an entry as a cell."""
    return ", ".join(value) if isinstance(value, list) else value
