"""``commonsky agreement``: write, check, compare, sign, suspend, resume, withdraw, list; expel a member, or leave."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from commonsky.cli.agreement_list import NodeFolder, cell_of, entry, list_agreements
from commonsky.cli.agreement_texts import check, diff, new
from commonsky.cli.agreement_what_if import reach, what_if
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
from commonsky.node.expelling import Ended, end, ending
from commonsky.node.jobs import keep_agreements, share
from commonsky.node.node import Node
from commonsky.node.people.person import Person
from commonsky.node.start import desk_of
from commonsky.sharing.agreement_words import agreement_words, clause_words, rule_words

app = App(
    name="agreement", help="Agreements: write, check, compare, sign, suspend, resume, withdraw and list them."
)
app.command(new)
app.command(check)
app.command(diff)
app.command(list_agreements, name="list")
app.command(what_if)
app.command(reach)

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


@app.command
def expel(  # noqa: PLR0913  # the words of the command
    member: str,
    /,
    *,
    theirs: bool = False,
    reason: str = "",
    node: NodeFolder = Path(),
    yes: Yes = False,
    json: bool = False,
) -> int:
    """Withdraw from every agreement by which we give to a member, at once.

    An agreement ends for its other readers too: the next version without the member is written beside it, to be looked
    at and signed by all (commonsky agreement sign).

    Parameters
    ----------
    member
        The member that goes.
    theirs
        Also withdraw from the agreements by which it gives to us: what it gave is then deleted here.
    reason
        Told to the other parties.
    node
        Folder of the node (default: this folder).
    yes
        Do it without asking whether this is what you mean.
    json
        Print one JSON document.
    """
    return _end(member, reason, node, theirs=theirs, yes=yes, json=json)


@app.command
def leave(*, reason: str = "", node: NodeFolder = Path(), yes: Yes = False, json: bool = False) -> int:
    """Withdraw from every agreement, as giver and as reader: what partners gave is then deleted here.

    What would be left of the picture without one of them: commonsky holdings --without MEMBER.

    Parameters
    ----------
    reason
        Told to the other parties.
    node
        Folder of the node (default: this folder).
    yes
        Do it without asking whether this is what you mean.
    json
        Print one JSON document.
    """
    return _end(None, reason, node, theirs=True, yes=yes, json=json)


def _end(  # noqa: PLR0913  # the words of the commands
    member: str | None, reason: str, folder: Path, *, theirs: bool, yes: bool, json: bool
) -> int:
    with opened(folder) as node:
        if member is not None and member != node.id and node.config.peer(member) is None:
            known = ", ".join(peer.member.id for peer in node.config.peers) or "nobody"
            raise CommandError(f"{member} is no partner of {node.id}; it knows {known}", Exit.UNUSABLE)
        ended: list[Ended] = []
        try:
            documents = [one.document for one in ending(node, member, theirs=theirs)]
            for document in documents:
                _warn_of_what_follows(node, ActKind.WITHDRAW, document.agreement)
            if documents:
                names = ", ".join(one.agreement.reference for one in documents)
                _confirm(f"{node.id} declares withdraw of {names}", yes=yes)
                here: list[Person] = []
                approved = [
                    (one, _approved(node, ActKind.WITHDRAW, one, here=here).actors) for one in documents
                ]
                ended = list(end(node, approved, member, reason=reason))
        except CannotAgreeError as error:
            raise CommandError(str(error), Exit.UNUSABLE) from error
        keep_agreements(node)
        share(node)
        return show(_ended(node, member, ended), as_json=json)


def _ended(node: Node, member: str | None, ended: list[Ended]) -> Report:
    rows = [
        {
            "agreement": one.shelved.agreement.reference,
            "giver": one.shelved.agreement.giver,
            "others": sorted(one.shelved.agreement.parties - {node.id, member}),
            "draft": None if one.draft is None else str(one.draft),
        }
        for one in ended
    ]
    columns = ("agreement", "giver", "others", "draft")
    who = f"{node.id} and {member}" if member else f"{node.id} and others"
    table = Table("Withdrawn", columns, [tuple(cell_of(one[name]) for name in columns) for one in rows])
    title = f"{len(rows) or 'No'} agreement{'' if len(rows) == 1 else 's'} between {who} withdrawn"
    return Report(title, tables=[table] if rows else [], document={"withdrawn": rows})


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


def _approved(
    node: Node, kind: ActKind, document: SignedAgreement, *, here: list[Person] | None = None
) -> Approval:
    reference = document.agreement.reference
    return approved_by_two(desk_of(node), str(kind), reference, document.sha256, here=here)


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
    facts = {**entry(shelved), "approval": approval.words}
    shown = {
        name: cell_of(facts[name]) for name in ("state", "since", "signed", "awaited", "document", "approval")
    }
    return Report(shelved.words, shown, document=facts)
