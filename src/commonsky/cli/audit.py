"""``commonsky audit``: check a node's audit, prove one decision of it, give it to an auditor, see who signed it."""

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.nodes import opened
from commonsky.cli.render import CommandError, Exit, Report, Table, show
from commonsky.cli.written import written
from commonsky.federation.audit_proof import AuditProof, verify_proof
from commonsky.federation.checkpoint import KeysOf
from commonsky.federation.keys import VerifyKey, verify_key
from commonsky.node.audit import make_checkpoint
from commonsky.node.audit_check import check_audit
from commonsky.node.audit_export import NotCoveredError, check_export, export, prove
from commonsky.node.jobs import share

SHOWN = 20
NodeFolder = Annotated[Path, Parameter(name=["--node", "-n"])]

app = App(name="audit", help="What a node decided and sent, as a tree that cannot be rewritten unseen.")


@app.command
def verify(  # noqa: PLR0913  # what may be checked, and by what
    *,
    node: NodeFolder = Path(),
    proof: Path | None = None,
    exported: Annotated[Path | None, Parameter(name="--export")] = None,
    checkpoint: tuple[Path, ...] = (),
    key: tuple[str, ...] = (),
    json: bool = False,
) -> int:
    """Check a node's whole audit, or a proof or an exported log from somebody else.

    Exit code 0: whole; 1: damaged, with what and where; 2: it cannot be read.

    Parameters
    ----------
    node
        Folder of the node; with a file, keys of its member and partners are taken from there if it is one.
    proof
        Check this proof of one decision instead.
    exported
        Check this exported log instead.
    checkpoint
        A checkpoint of the node that somebody else kept, as a partner's `audit list --json` shows it: who cuts a log
        short also cuts the checkpoints short that lie beside it.
    key
        ``MEMBER=KEY``: a key to check a file by, 64 hexadecimal digits; may be given again, also for one member that
        has had several.
    json
        Print one JSON document.
    """
    if proof is not None:
        return show(_proof_report(proof, _keys(node, key)), as_json=json)
    if exported is not None:
        return show(_export_report(exported, _keys(node, key)), as_json=json)
    with opened(node) as one:
        keys = {member: tuple(signers) for member, signers in one.signers().items()}
        notes = [_read(file).decode(errors="replace") for file in checkpoint]
        checked = check_audit(one.store, one.id, keys[one.id], keys, held_elsewhere=notes)
    rows = [(found.damage, found.leaf, found.words) for found in checked.found]
    facts = {
        "leaves": checked.leaves,
        "decisions": checked.decisions,
        "envelopes": checked.envelopes,
        "records": checked.records,
        "checkpoints": checked.checkpoints,
        "cosignatures": checked.cosignatures,
    }
    title = "The audit is whole" if not rows else f"The audit is damaged: {len(rows)} findings"
    return show(_report(title, facts, ("damage", "leaf", "what"), rows), as_json=json)


@app.command(name="prove")
def prove_one(
    record: str,
    /,
    *,
    to: str,
    node: NodeFolder = Path(),
    out: Path | None = None,
) -> int:
    """Prove what was decided on a record for a member, by the newest decision that a checkpoint covers.

    The proof is one JSON document that anybody can check by the keys of those who signed the checkpoint; it shows
    nothing of other decisions.

    Parameters
    ----------
    record
        Id of the record.
    to
        The member that it was decided for.
    node
        Folder of the node.
    out
        Write the proof here (default: standard output).
    """
    with opened(node) as one:
        try:
            document = msgspec.json.encode(prove(one.store, one.id, record, to))
        except NotCoveredError as error:
            raise CommandError(str(error), Exit.UNUSABLE) from error
    text = msgspec.json.format(document, indent=2).decode() + "\n"
    if out is None:
        sys.stdout.write(text)
        return Exit.OK
    with written(out) as place:
        place.write_text(text, encoding="utf-8")
    return show(Report(f"Proof written: {out}"))


@app.command(name="export")
def export_log(
    file: Path,
    /,
    *,
    node: NodeFolder = Path(),
    opened_leaves: Annotated[bool, Parameter(name="--open")] = False,
) -> int:
    """Write the whole log for an auditor: leaf hashes and checkpoints, or with --open every decision and trace.

    Parameters
    ----------
    file
        Where to; one JSON object on each line.
    node
        Folder of the node.
    opened_leaves
        Show what the leaves hold. Only for who may know all that was decided.
    """
    with opened(node) as one, written(file) as place, place.open("wb") as out:
        out.writelines(export(one.store, one.id, opened=opened_leaves))
    return show(Report(f"Exported {'openly' if opened_leaves else 'closed'}: {file}"))


@app.command(name="list")
def list_all(*, node: NodeFolder = Path(), json: bool = False) -> int:
    """List the checkpoints of a node with who cosigned them, and what it saw of the logs of others.

    Parameters
    ----------
    node
        Folder of the node.
    json
        Print one JSON document.
    """
    with opened(node) as one:
        size = one.store.audit_size()
        checkpoints, cosignatures = one.store.checkpoints(), one.store.cosignatures()
        heads = one.store.heads()
    by: dict[tuple[int, int], list[str]] = defaultdict(list)
    for held in cosignatures:
        by[held.gen, held.size].append(held.witness)
    signed = [
        (held.gen, held.size, utc_from_tai_s(held.made_tai_s), ", ".join(by[held.gen, held.size]) or "nobody")
        for held in reversed(checkpoints)
    ]
    seen = [
        (other.head.log, other.head.gen, other.head.size, other.told_by, other.standing)
        for other in reversed(heads)
    ]
    tables = (
        _cut("Checkpoints", ("generation", "leaves", "signed", "cosigned by"), signed, all_rows=json),
        _cut("Logs of others", ("log", "generation", "leaves", "told by", "standing"), seen, all_rows=json),
    )
    facts = {"leaves": size, "under a checkpoint": checkpoints[-1].size if checkpoints else 0}
    document = {
        **facts,
        "checkpoints": _with_notes(tables[0], [held.note for held in reversed(checkpoints)]),
        "heads": _with_notes(tables[1], [other.note for other in reversed(heads)]),
    }
    report = Report("The audit", facts, [table for table in tables if table.rows], document)
    return show(report, as_json=json)


@app.command(name="checkpoint")
def sign_now(*, node: NodeFolder = Path()) -> int:
    """Sign where the audit stands now, and have every partner told with the next exchange.

    Parameters
    ----------
    node
        Folder of the node.
    """
    with opened(node) as one:
        head = make_checkpoint(one)
        if head is None:
            return show(Report("Nothing was decided since the last checkpoint"))
        share(one)
    return show(Report(f"Signed: {head.size} leaves", {"root": head.root.hex()}))


def _proof_report(file: Path, keys: Mapping[str, KeysOf]) -> Report:
    try:
        proof = msgspec.json.decode(_read(file), type=AuditProof)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise CommandError(f"{file}: this is no proof: {error}", Exit.UNUSABLE) from error
    _need(proof.log, keys, file)
    try:
        proven = verify_proof(proof, keys)
    except ValueError as error:
        return Report(
            f"NOT proven: {error}", document={"proven": False, "reason": str(error)}, exit_code=Exit.FAILED
        )
    decision = proven.decision
    facts = {
        "log": proven.head.log,
        "leaf": proof.leaf.index,
        "leaves under the signed root": proven.head.size,
        **{name: value for name, value in decision.items() if name != "type"},
        "cosigned by": ", ".join(f"{one} at {_utc(time)}" for one, time in proven.witnesses.items())
        or "nobody",
    }
    if isinstance(decision.get("decided_tai_s"), float):
        facts["decided"] = utc_from_tai_s(decision["decided_tai_s"])
    document = {"proven": True, **msgspec.to_builtins(proven)}
    return Report("Proven", facts, document=document)


def _export_report(file: Path, keys: Mapping[str, KeysOf]) -> Report:
    try:
        with file.open("rb") as lines:
            checked = check_export(lines, keys)
    except ValueError as error:
        raise CommandError(f"{file}: {error}", Exit.UNUSABLE) from error
    facts = {
        "log": checked.log,
        "leaves": checked.leaves,
        "shown openly": checked.opened,
        "checkpoints": checked.checkpoints,
        "cosignatures": checked.cosignatures,
    }
    rows = [(words,) for words in checked.faults]
    title = (
        "The exported audit is whole" if not rows else f"The exported audit is damaged: {len(rows)} findings"
    )
    return _report(title, facts, ("what",), rows)


def _report(
    title: str, facts: Mapping[str, object], columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]
) -> Report:
    table = _cut("Findings", columns, rows, all_rows=False)
    return Report(
        title,
        facts,
        [table] if rows else [],
        document={
            "whole": not rows,
            **facts,
            "found": [dict(zip(columns, row, strict=True)) for row in rows],
        },
        exit_code=Exit.FAILED if rows else Exit.OK,
    )


def _cut(
    title: str, columns: tuple[str, ...], rows: Sequence[tuple[object, ...]], *, all_rows: bool
) -> Table:
    if all_rows or len(rows) <= SHOWN:
        return Table(title, columns, rows)
    return Table(f"{title} (the first {SHOWN} of {len(rows)}; all with --json)", columns, rows[:SHOWN])


def _with_notes(table: Table, notes: Sequence[str]) -> list[dict[str, object]]:
    """The rows of a table that is not cut, each with the signed note that it is about."""
    rows = zip(table.rows, notes, strict=False)
    return [{**dict(zip(table.columns, row, strict=True)), "note": note} for row, note in rows]


def _keys(node: Path, given: tuple[str, ...]) -> dict[str, tuple[VerifyKey, ...]]:
    """All keys that a node knows, if there is one in the folder, and those that were given."""
    keys: dict[str, tuple[VerifyKey, ...]] = {}
    if (node / "node.toml").exists():
        with opened(node) as one:
            keys = {member: tuple(signers) for member, signers in one.signers().items()}
    for one_key in given:
        member, _, text = one_key.partition("=")
        try:
            keys[member] = (*keys.get(member, ()), verify_key(text))
        except ValueError as error:
            raise CommandError(
                f"--key {one_key}: MEMBER=KEY is wanted, and {error}", Exit.UNUSABLE
            ) from error
    return keys


def _need(log: str, keys: Mapping[str, KeysOf], file: Path) -> None:
    if log not in keys:
        raise CommandError(f"{file}: the key of {log} is needed: --key {log}=...", Exit.UNUSABLE)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: cannot be read: {error.strerror}", Exit.UNUSABLE) from error


def _utc(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
