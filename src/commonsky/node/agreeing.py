"""Agree with partners: sign what one or the other wrote, suspend, resume, withdraw, and hear what they declare.

What a partner proposes lies in ``agreements/proposed/PARTNER/`` and bears on nothing until we sign it: then it moves to
``agreements/``, with what others declared on it. What they declare counts for a document of ours wherever it lies. Our
own declarations go to every other party by its feed.

Everything here may be done twice, as by a process that ended in between, with the same outcome.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import ActKind, Agreement, AgreementAct, NoticeKind, ProposedText, SignedAgreement
from commonsky.federation.acts import act_verifies, decode_act, encode_act, in_order, next_act, sign_act
from commonsky.federation.standing import Stance, Standing, State, stance_of, standing
from commonsky.formats.agreement_toml import read_agreement
from commonsky.formats.canonical_agreement import agreement_sha256
from commonsky.formats.errors import FormatError
from commonsky.node.agreement_files import ACTS, acts_file, add_acts, document_file, held_acts, write_whole
from commonsky.node.agreements import Shelved
from commonsky.node.node import Node
from commonsky.store import HeldNotice

PROPOSED = "proposed"
MOST_PROPOSALS = 100
"""Files that one partner may have waiting here."""
MOST_ACTS = 1_000
LONGEST_DOCUMENT = 200_000

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}@[1-9][0-9]{0,8}")
_TEXTS = msgspec.json.Decoder(ProposedText)
_CANONICAL = msgspec.json.Encoder(order="sorted")
_CLOSED = frozenset({State.WITHDRAWN, State.SUPERSEDED, State.INVALID})
_RESTRICTS = frozenset({ActKind.SUSPEND, ActKind.WITHDRAW})


class CannotAgreeError(Exception):
    """An agreement cannot be signed, or nothing be declared on it, as asked; the message says why."""


@dataclass(frozen=True)
class Signable:
    """A document that this node may sign, as it stands before."""

    text: str
    file: Path
    document: SignedAgreement
    standing: Standing
    signed_before: bool

    @property
    def agreement(self) -> Agreement:
        """The agreement as the document states it."""
        return self.document.agreement


class Declarable(NamedTuple):
    """The text on which a node may declare what it wants; ``again`` if that is what it declared last."""

    document: SignedAgreement
    again: bool


def signable(node: Node, file: Path) -> Signable:
    """Read what is to be signed, with what is known of it.

    Raises FormatError for what is no agreement, CannotAgreeError for one that this node cannot sign.
    """
    data = file.read_bytes()
    agreement = read_agreement(data, source=str(file))
    shelf, now_tai_s = node.agreements(), node.now_tai_s()
    if shelf.faults:
        raise CannotAgreeError(f"first mend this: {'; '.join(shelf.faults)}")
    known = shelf.shelved(agreement.reference)
    bare = SignedAgreement(agreement=agreement, sha256=agreement_sha256(agreement))
    if known is not None and known.document.sha256 != bare.sha256:
        raise CannotAgreeError(
            f"{known.file} has another text of {agreement.reference}: raise the version, or take that file away"
        )
    acts = (*(known.document.acts if known else ()), *_proposed_acts(node, bare))
    document = replace(bare, acts=in_order(acts))
    versions = [
        one.document for one in shelf.documents if one.agreement.id == agreement.id and one is not known
    ]
    stands = standing(document, versions, now_tai_s=now_tai_s)
    if obstacle := _obstacle(node, agreement, versions, stands):
        raise CannotAgreeError(f"{agreement.reference} {obstacle}")
    return Signable(data.decode("utf-8-sig"), file, document, stands, node.id in stands.signed)


def sign(node: Node, wanted: Signable, *, actors: tuple[str, ...] = ()) -> Shelved:
    """Sign a document for this node, keep it among our agreements, and tell the other parties.

    What was signed before is told again. Raises FormatError or OSError where files cannot be read or written.
    """
    folder, agreement = node.folder.agreements, wanted.agreement
    if node.agreements().shelved(agreement.reference) is None:
        file = document_file(folder, agreement)
        if file.exists():
            raise CannotAgreeError(f"{file} is there already, and is another agreement")
        write_whole(file, wanted.text)
    acts = wanted.document.acts
    if not wanted.signed_before:
        act = next_act(ActKind.SIGN, node.id, wanted.document, now_tai_s=node.now_tai_s())
        acts = (*acts, sign_act(replace(act, actors=actors), node.key))
    add_acts(folder, agreement.reference, acts)
    _clear_proposals(node, wanted.document)
    shelved = _shelved(node, agreement.reference)
    _tell(node, shelved, text=shelved.file.read_text("utf-8-sig"), acts=acts)
    verb = "told the parties again of" if wanted.signed_before else "signed"
    _log(node, f"{verb} {agreement.reference}; {shelved.words}")
    return shelved


def declarable(node: Node, kind: ActKind, reference: str) -> Declarable:
    """Give the text on which this node may suspend, resume or withdraw; raises CannotAgreeError if it may not."""
    shelved = _shelved(node, reference)
    document = _text_we_signed(node, shelved.document)
    own = document.acts_of(node.id)
    if own and own[-1].act is kind:
        return Declarable(document, again=True)
    stance = stance_of(own, node.now_tai_s())
    obstacle = None
    if node.id not in document.agreement.parties and not own:
        obstacle = f"is no party to {reference}"
    elif stance is Stance.WITHDREW:
        obstacle = f"withdrew from {reference}, which is final"
    elif stance is Stance.UNSIGNED and kind is not ActKind.WITHDRAW:
        obstacle = f"has not signed {reference}"
    elif stance is Stance.SIGNED and kind is ActKind.RESUME:
        obstacle = f"does not suspend {reference}: only who suspends an agreement resumes it"
    if obstacle:
        raise CannotAgreeError(f"{node.id} {obstacle}")
    return Declarable(document, again=False)


def declare(
    node: Node, kind: ActKind, reference: str, *, actors: tuple[str, ...] = (), reason: str = ""
) -> Shelved:
    """Suspend, resume or withdraw for this node, and tell the other parties.

    What this node declared last is told again and not declared twice. Raises CannotAgreeError where it may not.
    """
    document, again = declarable(node, kind, reference)
    if again:
        act = document.acts_of(node.id)[-1]
    else:
        act = next_act(kind, node.id, document, now_tai_s=node.now_tai_s(), reason=reason)
        act = sign_act(replace(act, actors=actors), node.key)
        add_acts(node.folder.agreements, reference, [act])
    shelved = _shelved(node, reference)
    _tell(node, shelved, text=None, acts=(act,))
    _log(node, f"{'again ' if again else ''}{kind} of {reference}; {shelved.words}")
    return shelved


def hear_text(node: Node, notice: HeldNotice) -> str:
    """Keep an agreement that a partner proposes, unless we have it."""
    text = _TEXTS.decode(notice.content).document
    if len(text) > LONGEST_DOCUMENT:
        raise ValueError(f"a document of more than {LONGEST_DOCUMENT:,} characters is not kept")
    agreement = read_agreement(text.encode(), source=f"the proposal of {notice.iss}")
    reference = agreement.reference
    if not {node.id, notice.iss} <= agreement.parties:
        raise ValueError(f"{reference} is not between {notice.iss} and {node.id}")
    known, sha256 = node.agreements().shelved(reference), agreement_sha256(agreement)
    if (known is not None and known.document.sha256 == sha256) or list(_proposed_as(node, reference, sha256)):
        return f"{reference} is here already"
    folder = _room_for(node, notice.iss, reference)
    write_whole(document_file(folder, agreement), text)
    words = f"{notice.iss} proposes {reference}: {agreement.title}"
    if known is not None:
        words += f"; {known.file} has another text of it"
    _log(node, words)
    return words


def hear_act(node: Node, notice: HeldNotice) -> str:
    """Bring what a party declares to the agreement that it is about, once its signature is verified."""
    act = decode_act(notice.content)
    keys = node.signers().get(act.member)
    if keys is None or not act_verifies(act, keys):
        reason = (
            "has another signature than its own" if keys else "cannot be verified: no key is pinned for it"
        )
        raise ValueError(f"{act.act} of {act.agreement} by {act.member} {reason}")
    if not _REFERENCE.fullmatch(act.agreement):
        raise ValueError(f"{act.agreement!r} is no reference of an agreement")
    known = node.agreements().shelved(act.agreement)
    if known is None:
        added = _add(_room_for(node, notice.iss, act.agreement), act)
        return f"{act.member} declares {act.act} of {act.agreement}, which is not signed here{_once(added)}"
    if act.member not in known.agreement.parties:
        raise ValueError(f"{act.member} is no party to {act.agreement} and cannot {act.act} it")
    # What a party ends on a text that is not ours ends ours too: it may not be what we think it is.
    if act.document_sha256 != known.document.sha256 and act.act not in _RESTRICTS:
        raise ValueError(f"{act.act} of {act.agreement} by {act.member} is of another text than {known.file}")
    try:
        added = _add(node.folder.agreements, act)
    except FormatError:  # what stands there must be mended first, and then this counts too
        added = _add(_room_for(node, notice.iss, act.agreement), act)
    words = f"{act.member} declares {act.act} of {act.agreement}"
    if added:
        _log(node, f"{words}; {_shelved(node, act.agreement).words}")
    return f"{words}{_once(added)}"


def proposals(node: Node) -> list[tuple[str, Path]]:
    """Give who proposes what, and where its document lies."""
    files = sorted((node.folder.agreements / PROPOSED).glob("*/*.toml"))
    return [(file.parent.name, file) for file in files if not file.name.endswith(ACTS)]


def _obstacle(
    node: Node, agreement: Agreement, versions: list[SignedAgreement], stands: Standing
) -> str | None:
    """Say what keeps this node from signing."""
    others = {one.agreement.giver for one in versions} - {agreement.giver}
    if node.id not in agreement.parties:
        return f"is between {', '.join(sorted(agreement.parties))}, and this is {node.id}"
    if agreement.mode is not node.config.mode:
        return f"is about {agreement.mode} data, and this node works in {node.config.mode}"
    if agreement.ends_tai_s <= node.now_tai_s():
        return f"ended at {utc_from_tai_s(agreement.ends_tai_s, digits=0)}"
    if others:
        return f"has the id of an agreement by which {', '.join(sorted(others))} gives: choose another id"
    return stands.words if stands.state in _CLOSED else None


def _text_we_signed(node: Node, document: SignedAgreement) -> SignedAgreement:
    """The document under the digest that we know it by: where its text was changed, that of our last act."""
    own = [act for act in document.acts if act.member == node.id]
    return replace(document, sha256=own[-1].document_sha256) if own else document


def _shelved(node: Node, reference: str) -> Shelved:
    shelf = node.agreements()
    found = shelf.shelved(reference)
    if found is None:
        known = ", ".join(sorted(one.agreement.reference for one in shelf.documents)) or "none"
        raise CannotAgreeError(f"{node.id} holds no agreement {reference}; it holds {known}")
    return found


def _tell(node: Node, shelved: Shelved, *, text: str | None, acts: tuple[AgreementAct, ...]) -> None:
    """Have every other party that we know told, by the next envelope on its feed."""
    told = [] if text is None else [(NoticeKind.AGREEMENT, _CANONICAL.encode(ProposedText(document=text)))]
    told += [(NoticeKind.AGREEMENT_ACT, encode_act(act)) for act in acts]
    now_tai_s = node.now_tai_s()
    parties = shelved.agreement.parties | {act.member for act in shelved.document.acts}
    with node.store.transaction() as tx:
        for party in sorted(parties - {node.id}):
            if node.config.peer(party) is not None:
                for kind, content in told:
                    tx.post(party, kind, content, at_tai_s=now_tai_s)


def _proposed_acts(node: Node, document: SignedAgreement) -> Iterator[AgreementAct]:
    """Acts of parties on this text that partners sent before it was ours, each with a signature that holds."""
    reference, keys = document.agreement.reference, node.signers()
    for folder in sorted((node.folder.agreements / PROPOSED).glob("*")):
        for act in held_acts(folder, reference):
            ours = act.agreement == reference and act.document_sha256 == document.sha256
            if (
                ours
                and act.member in document.agreement.parties
                and act_verifies(act, keys.get(act.member, ()))
            ):
                yield act


def _proposed_as(node: Node, reference: str, sha256: str) -> Iterator[Path]:
    """Give the files of partners that propose this very text."""
    for _, file in proposals(node):
        with suppress(OSError, FormatError):
            agreement = read_agreement(file.read_bytes(), source=str(file))
            if agreement.reference == reference and agreement_sha256(agreement) == sha256:
                yield file


def _clear_proposals(node: Node, document: SignedAgreement) -> None:
    """Take away what was proposed of a text that is ours now; other texts of its reference stay to be compared."""
    reference = document.agreement.reference
    for file in list(_proposed_as(node, reference, document.sha256)):
        file.unlink()
    for folder in (node.folder.agreements / PROPOSED).glob("*"):
        if not document_file(folder, document.agreement).exists():
            acts_file(folder, reference).unlink(missing_ok=True)


def _room_for(node: Node, partner: str, reference: str) -> Path:
    """Give the folder of a partner's proposals; raises ValueError when it is full and this one is not in it."""
    folder = node.folder.agreements / PROPOSED / partner
    folder.mkdir(parents=True, exist_ok=True)
    names = {file.name for file in folder.glob("*.toml")}
    if len(names) >= MOST_PROPOSALS and acts_file(folder, reference).name not in names:
        raise ValueError(f"{len(names)} files of {partner} wait here to be looked at: no more are kept")
    return folder


def _add(folder: Path, act: AgreementAct) -> int:
    own = [one for one in held_acts(folder, act.agreement) if one.member == act.member]
    if act in own or any(one.act is ActKind.WITHDRAW for one in own):
        return 0
    if len(own) >= MOST_ACTS and act.act is not ActKind.WITHDRAW:
        raise ValueError(f"{act.member} declared more than {MOST_ACTS} times on {act.agreement}")
    return add_acts(folder, act.agreement, [act])


def _once(added: int) -> str:
    return "" if added else " (known)"


def _log(node: Node, words: str) -> None:
    node.store.write_log(node.now_tai_s(), "agreement", words)
