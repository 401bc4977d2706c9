"""Take a member out of all our agreements at once, or take ourselves out of them.

Every agreement concerned is withdrawn, which ends it for all its parties and has its readers delete what came under it.
Where others read beside the one who goes, the next version without it is written beside, for all to sign: a
version that left the member out, and nothing else, would have no force until the others sign, and the old one would
go on giving to it meanwhile.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from commonsky.domain import ActKind, Agreement, SignedAgreement
from commonsky.federation.standing import State
from commonsky.formats.agreement_toml import write_agreement
from commonsky.node.agreeing import Declarable, declarable, declare
from commonsky.node.agreement_files import document_file, write_whole
from commonsky.node.agreements import Shelved
from commonsky.node.node import Node

_OVER = frozenset({State.WITHDRAWN, State.SUPERSEDED})


class Ended(NamedTuple):
    """An agreement that was withdrawn, and where the version without the member lies, if others read by it."""

    shelved: Shelved
    draft: Path | None


def ending(node: Node, member: str | None, *, theirs: bool = False) -> list[Declarable]:
    """Give the agreements to withdraw from: those by which we give to a member, or all of ours for ``None``.

    With ``theirs`` also those by which the member gives to us. Raises CannotAgreeError where one cannot be withdrawn.
    """
    concerned = [
        one.agreement
        for one in node.agreements().documents
        if one.standing.state not in _OVER and _concerns(node, one.agreement, member, theirs=theirs)
    ]
    found = [declarable(node, ActKind.WITHDRAW, one.reference) for one in concerned]
    return [one for one in found if not one.again]


def end(
    node: Node,
    documents: Sequence[tuple[SignedAgreement, tuple[str, ...]]],
    member: str | None,
    *,
    reason: str,
) -> Iterator[Ended]:
    """Withdraw from these agreements, each with who approved it; done twice, it withdraws what is left.

    Drafts are written first, so that a process that ends in between leaves nothing out.
    """
    drafts = [_draft(node, document.agreement, member) for document, _ in documents]
    for (document, actors), draft in zip(documents, drafts, strict=True):
        reference = document.agreement.reference
        yield Ended(declare(node, ActKind.WITHDRAW, reference, actors=actors, reason=reason), draft)


def _concerns(node: Node, agreement: Agreement, member: str | None, *, theirs: bool) -> bool:
    if member is None:
        return node.id in agreement.parties
    gives = agreement.giver == node.id and member in agreement.readers
    return gives or (theirs and agreement.giver == member and node.id in agreement.readers)


def _draft(node: Node, agreement: Agreement, member: str | None) -> Path | None:
    """Write the next version without the member, unless it stands there; ``None`` if nobody else reads."""
    others = agreement.readers - {member}
    if member is None or agreement.giver != node.id or not others:
        return None
    same = [one for one in node.agreements().agreements if (one.giver, one.id) == (node.id, agreement.id)]
    newest = max(same, key=lambda one: one.version)
    if newest.version > agreement.version and member not in newest.readers:
        return document_file(node.folder.agreements, newest)
    draft = replace(agreement, readers=others, version=newest.version + 1)
    file = document_file(node.folder.agreements, draft)
    write_whole(file, write_agreement(draft))
    return file
