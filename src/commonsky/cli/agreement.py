"""``commonsky agreement``: write, check, compare, sign, suspend, resume, withdraw and list agreements."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.agreement_texts import check, diff, new
from commonsky.cli.nodes import opened
from commonsky.cli.render import CommandError, Exit, Report, Table, complain, show
from commonsky.cli.two_persons import Approval, approved_by_two
from commonsky.domain import ActKind, Agreement, Effect, SignedAgreement
from commonsky.formats.agreement_toml import read_agreement
from commonsky.node.agreeing import (
    CannotAgreeError,
    Signable,
    declarable,
    declare,
    proposals,
    signable,
)
from commonsky.node.agreeing import sign as sign_job
from commonsky.node.agreements import Shelved
from commonsky.node.jobs import share
from commonsky.node.node import Node
from commonsky.node.start import desk_of
from commonsky.sharing.agreement_words import agreement_words, clause_words, duration, rule_words

app = App(
    name="agreement", help="Agreements: write, check, compare, sign, suspend, resume, withdraw and list them."
)
app.command(new)
app.command(check)
app.command(diff)

NodeFolder = Annotated[Path, Parameter(name=["--node", "-n"])]
Yes = Annotated[bool, Parameter(name=["--yes", "-y"])]


@app.command
def sign(document: str, /, *, node: NodeFolder = Path(), yes: Yes = False, json: bool = False) -> int:
    """Show an agreement and sign it for the node's member; the other parties are told.

    It has force when all parties signed. Where the node has accounts, two release authorities approve.

    Parameters
    ----------
    document
        A file, or the reference (ID@VERSION) of what a partner proposes or what lies among the node's agreements.
    node
        Folder of the node (default: this folder).
    yes
        Sign without asking whether this is what you mean.
    json
        Print one JSON document.
    """
    with opened(node) as opened_node:
        try:
            wanted = signable(opened_node, _file_of(opened_node, document))
            if not wanted.signed_before:
                _show_what_is_signed(wanted)
                _confirm(f"{opened_node.id} signs {wanted.agreement.reference}", yes=yes)
                approval = _approved(opened_node, ActKind.SIGN, wanted.document)
            else:
                approval = Approval("signed before; the parties are told again")
            shelved = sign_job(opened_node, wanted, actors=approval.actors)
        except CannotAgreeError as error:
            raise CommandError(str(error), Exit.UNUSABLE) from error
        share(opened_node)
        return show(_outcome(shelved, approval), as_json=json)


@app.command
def suspend(
    reference: str, /, *, reason: str = "", node: NodeFolder = Path(), yes: Yes = False, json: bool = False
) -> int:
    """Suspend an agreement: nothing is released by it until the same party resumes it. Any party may.

    What its clauses withhold stays withheld.

    Parameters
    ----------
    reference
        The agreement, ID@VERSION.
    reason
        Told to the other parties.
    node
        Folder of the node (default: this folder).
    yes
        Do it without asking whether this is what you mean.
    json
        Print one JSON document.
    """
    return _declare(ActKind.SUSPEND, reference, reason, node, yes=yes, json=json)


@app.command
def resume(
    reference: str, /, *, reason: str = "", node: NodeFolder = Path(), yes: Yes = False, json: bool = False
) -> int:
    """Resume an agreement that this node's member suspended.

    Parameters
    ----------
    reference
        The agreement, ID@VERSION.
    reason
        Told to the other parties.
    node
        Folder of the node (default: this folder).
    yes
        Do it without asking whether this is what you mean.
    json
        Print one JSON document.
    """
    return _declare(ActKind.RESUME, reference, reason, node, yes=yes, json=json)


@app.command
def withdraw(
    reference: str, /, *, reason: str = "", node: NodeFolder = Path(), yes: Yes = False, json: bool = False
) -> int:
    """Withdraw from an agreement: it ends for all parties, and for good. Any party may.

    Parameters
    ----------
    reference
        The agreement, ID@VERSION.
    reason
        Told to the other parties.
    node
        Folder of the node (default: this folder).
    yes
        Do it without asking whether this is what you mean.
    json
        Print one JSON document.
    """
    return _declare(ActKind.WITHDRAW, reference, reason, node, yes=yes, json=json)


@app.command(name="list")
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
        entries = [_entry(one) for one in shelf.documents]
        proposed = [_proposal(partner, file) for partner, file in proposals(opened_node)]
    columns = ("agreement", "giver", "readers", "state", "since", "until", "lease", "signed", "awaited")
    rows = [tuple(_cell(entry[name]) for name in columns) for entry in entries]
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


def _declare(  # noqa: PLR0913  # the words of the commands
    kind: ActKind, reference: str, reason: str, folder: Path, *, yes: bool, json: bool
) -> int:
    with opened(folder) as node:
        try:
            document, again = declarable(node, kind, reference)
            approval = Approval("declared before; the parties are told again")
            if not again:
                _warn_of_what_follows(node, kind, document.agreement)
                _confirm(f"{node.id} declares {kind} of {reference}", yes=yes)
                approval = _approved(node, kind, document)
            shelved = declare(node, kind, reference, actors=approval.actors, reason=reason)
        except CannotAgreeError as error:
            raise CommandError(str(error), Exit.UNUSABLE) from error
        share(node)
        return show(_outcome(shelved, approval), as_json=json)


def _approved(node: Node, kind: ActKind, document: SignedAgreement) -> Approval:
    return approved_by_two(desk_of(node), str(kind), document.agreement.reference, document.sha256)


def _file_of(node: Node, document: str) -> Path:
    """Give the file that is meant: by its name, or by the reference of what is held or proposed."""
    file = Path(document)
    if file.is_file():
        return file
    held = node.agreements().shelved(document)
    files = [held.file] if held else [one for _, one in proposals(node) if _reference(one) == document]
    if not files:
        raise CommandError(
            f"{document} is no file, and no agreement of this reference lies here", Exit.UNUSABLE
        )
    if len(files) > 1:
        raise CommandError(
            f"partners propose different texts: name one of {', '.join(map(str, files))}", Exit.UNUSABLE
        )
    return files[0]


def _reference(file: Path) -> str:
    return read_agreement(file.read_bytes(), source=str(file)).reference


def _show_what_is_signed(wanted: Signable) -> None:
    """Say on stderr, where also questions are asked, what the document lets out."""
    agreement = wanted.agreement
    lines = [f"{name}: {words}" for name, words in agreement_words(agreement).items()]
    lines += [f"clause {clause.id}: {clause_words(clause)}" for clause in agreement.clauses]
    lines += [f"declassify {rule.id}: {rule_words(rule)}" for rule in agreement.declassifications]
    lines.append(f"text: {wanted.document.sha256}")
    lines.append(f"state: {wanted.standing.words}")
    for line in lines:
        complain(line)


def _warn_of_what_follows(node: Node, kind: ActKind, agreement: Agreement) -> None:
    withheld = [clause for clause in agreement.clauses if clause.effect is Effect.WITHHOLD]
    if kind is ActKind.WITHDRAW and withheld and agreement.giver == node.id:
        names = ", ".join(clause.id for clause in withheld)
        complain(f"what it withholds ({names}) is then withheld only if another agreement says so")


def _confirm(what: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(f"{what}: say --yes, or run this at a terminal", Exit.UNUSABLE)
    sys.stderr.write(f"{what}? Type yes: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != "yes":
        raise CommandError("nothing was done")


def _outcome(shelved: Shelved, approval: Approval) -> Report:
    facts = {**_entry(shelved), "approval": approval.words}
    shown = {
        name: _cell(facts[name]) for name in ("state", "since", "signed", "awaited", "document", "approval")
    }
    return Report(shelved.words, shown, document=facts)


def _entry(one: Shelved) -> dict[str, object]:
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


def _cell(value: object) -> object:
    return ", ".join(value) if isinstance(value, list) else value
