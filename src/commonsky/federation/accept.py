"""Accept an envelope from a partner, or refuse it with a reason. The safety argument of the federation is here.

INVARIANTS
1. Nothing in an envelope is believed before its signature is verified with the key pinned for the member that we
   asked; the signature is made for this purpose only (domain-separation prefix).
2. An envelope for another audience, of another mode or of another issuer never enters, however well it is signed.
3. The accepted envelopes of a feed are one chain: each names the digest of the one before it, positions have no
   gap, and no position is accepted twice. A second history stops the feed and is kept as evidence.
4. A chain goes on or a higher generation begins at position 1; nothing ever goes back to a lower generation.
5. The body is exactly what the issuer signed: digest and count agree, so a truncated body is no body. Or the issuer
   says, signed for this header alone, that it withholds the body: then the envelope enters empty.
6. A refusal never moves the cursor, so what was refused can be asked for again.
7. In an accepted envelope each line stands alone: a record that is malformed, or that should never have been
   sent to us, is set apart with its reason, and its neighbours are kept.
8. What a notice says is the issuer's word and no more: whoever obeys it judges its content.
9. Record bytes are passed on as received, never written anew.
10. Nobody speaks for the receiver: a record that says it is the receiver's own is never taken from another, so no
   altered copy with a looser label comes back. What another member made has that member's part in its label and the
   id of its content. That the issuer left the label as it was is its word; only the originator's own feed proves it.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from commonsky.domain import (
    Accepted,
    Agreement,
    Envelope,
    EnvelopeHeader,
    FeedHead,
    Mode,
    Notice,
    ReceivedNotice,
    ReceivedRecord,
    Record,
    Released,
    UnfitRecord,
)
from commonsky.federation.keys import VerifyKey, verifies
from commonsky.federation.position import (
    ACTIONS,
    TRANSITIONS,
    Action,
    HeldHeaders,
    Refusal,
    Relation,
    relation,
    state_of,
)
from commonsky.federation.seal import header_sha256, notice_line, read_header, released_line, signed_bytes
from commonsky.federation.withheld import is_withheld
from commonsky.formats.canonical import decode, record_id

_RELEASED = msgspec.json.Decoder(Released)
_NOTICES = msgspec.json.Decoder(Notice)
_LABELS = msgspec.json.Encoder(order="sorted")

_Objections = dict[tuple[str, Mode, str, bytes], tuple[str, str] | None]
"""What is said against records of an agreement, mode, originator and label: one look for many alike."""


class Receiver(Struct, frozen=True, kw_only=True):
    """What a member knows when it receives.

    Attributes
    ----------
    keys
        The pinned key of each partner, by member id.
    agreements
        The agreements that this member holds a copy of, by reference.
    clock_tolerance_s
        How far in our future a partner's time of issue may lie.

    """

    own: str
    mode: Mode
    keys: Mapping[str, VerifyKey]
    agreements: Mapping[str, Agreement]
    clock_tolerance_s: float = 60.0


class Refused(Struct, frozen=True):
    """An envelope that does not enter, and why."""

    refusal: Refusal
    reason: str

    @property
    def action(self) -> Action:
        """What to do about it."""
        return ACTIONS[self.refusal]


def accept(  # noqa: PLR0913  # the envelope, who receives, and the three things that place it
    envelope: Envelope,
    receiver: Receiver,
    *,
    issuer: str,
    head: FeedHead,
    held: HeldHeaders,
    now_tai_s: float,
) -> Accepted | Refused:
    """Judge an envelope that came when the feed of ``issuer`` was asked for, standing at ``head``.

    ``held(gen, seq)`` gives the digest of the header that is held at an older place of this feed. The caller
    stores an `Accepted` in one transaction: the envelope, its records, its unfit lines and the new head.
    """
    try:
        header = read_header(envelope.header)
    except ValueError as error:
        return Refused(Refusal.UNREADABLE, str(error))
    refused = _not_authentic(envelope, header, receiver, issuer)
    if refused is not None:
        return refused
    sha256 = header_sha256(envelope.header)
    stands = relation(header, sha256, head=head, held=held)
    refused = _out_of_place(header, stands, head) or _too_early(header, receiver, now_tai_s)
    if refused is not None:
        return refused
    withheld = is_withheld(envelope.header, envelope.body, [receiver.keys[issuer]])
    refused = None if withheld else _not_whole(envelope, header)
    if refused is not None:
        return refused
    lines = [] if withheld else envelope.body.encode().split(b"\n")[:-1]
    parts = list(enumerate(_read_lines(lines), start=1))
    missing = sorted(
        {part.agreement for _, part in parts if isinstance(part, Released)} - set(receiver.agreements)
    )
    if missing:
        return Refused(
            Refusal.UNKNOWN_AGREEMENT,
            f"records came under {', '.join(missing)}, of which no copy is held here",
        )
    known: _Objections = {}
    judged = [_judge(n, part, header, receiver, known) for n, part in parts if not isinstance(part, Notice)]
    return Accepted(
        header=header,
        head=FeedHead(gen=header.gen, seq=header.seq, header_sha256=sha256),
        received=tuple(one for one in judged if isinstance(one, ReceivedRecord)),
        unfit=tuple(one for one in judged if isinstance(one, UnfitRecord)),
        told=tuple(
            ReceivedNotice(line=n, kind=part.notice, content=bytes(part.content))
            for n, part in parts
            if isinstance(part, Notice)
        ),
        notes=(*_notes(header, stands, head), *([_empty(header)] if withheld else [])),
    )


def _not_authentic(
    envelope: Envelope, header: EnvelopeHeader, receiver: Receiver, issuer: str
) -> Refused | None:
    key = receiver.keys.get(issuer)
    if key is None:
        return Refused(Refusal.UNKNOWN_ISSUER, f"no key is pinned for {issuer}")
    if header.iss != issuer:
        return Refused(
            Refusal.WRONG_ISSUER, f"the envelope says it is from {header.iss}, and we asked {issuer}"
        )
    if not verifies(key, envelope.signature, signed_bytes(envelope.header)):
        return Refused(Refusal.BAD_SIGNATURE, f"the signature is not that of {issuer}'s pinned key")
    if header.aud != receiver.own:
        return Refused(Refusal.WRONG_AUDIENCE, f"the envelope is for {header.aud}, and we are {receiver.own}")
    if header.mode is not receiver.mode:
        return Refused(
            Refusal.WRONG_MODE, f"the envelope is {header.mode}, and this node works in {receiver.mode}"
        )
    return None


def _out_of_place(header: EnvelopeHeader, stands: Relation, head: FeedHead) -> Refused | None:
    refusal = TRANSITIONS[state_of(head), stands].refusal
    if refusal is None:
        return None
    return Refused(
        refusal,
        f"envelope {header.gen}.{header.seq} of {header.iss} is {stands}; the feed stands at {head.gen}.{head.seq}"
        + (" and is stopped" if head.stopped else ""),
    )


def _too_early(header: EnvelopeHeader, receiver: Receiver, now_tai_s: float) -> Refused | None:
    ahead_s = header.iat_tai_s - now_tai_s
    if ahead_s <= receiver.clock_tolerance_s:
        return None
    return Refused(
        Refusal.FROM_THE_FUTURE,
        f"the envelope was issued {ahead_s:.0f} s in our future; a clock is wrong here or at {header.iss}",
    )


def _not_whole(envelope: Envelope, header: EnvelopeHeader) -> Refused | None:
    try:
        body = envelope.body.encode()
    except UnicodeEncodeError:
        return Refused(Refusal.BODY_DIGEST, "the body is not Unicode")
    if hashlib.sha256(body).hexdigest() != header.body_sha256:
        return Refused(Refusal.BODY_DIGEST, "the body is not the one that was signed: damaged or cut short")
    count = body.count(b"\n")
    if count != header.count or (body and not body.endswith(b"\n")):
        return Refused(Refusal.COUNT, f"the body has {count} records, and the header says {header.count}")
    return None


def _notes(header: EnvelopeHeader, stands: Relation, head: FeedHead) -> tuple[str, ...]:
    if stands is not Relation.NEW_CHAIN or head.gen == 0:
        return ()
    began = f"{header.iss} began generation {header.gen} of its feed (it was restored, or moved)"
    return (f"{began}; generation {head.gen} ends here at position {head.seq}",)


def _empty(header: EnvelopeHeader) -> str:
    return (
        f"envelope {header.gen}.{header.seq} of {header.iss} came empty: it withholds the {header.count} records, since"
        " their agreement has ended or rests; what may still come comes again"
    )


def _read_lines(lines: Sequence[bytes]) -> Iterator[Released | Notice | bytes]:
    """Give the parts of each line, or the line itself where it is not a canonical one.

    Most lines begin as the one before: what stands between such a beginning and the last brace is the record, and it is
    read, strictly, in any case.
    """
    begins, agreement = b"", ""
    for line in lines:
        if begins and line.startswith(begins) and line.endswith(b"}"):
            yield Released(agreement=agreement, record=msgspec.Raw(line[len(begins) : -1]))
            continue
        part = _read_line(line)
        if isinstance(part, Released):
            agreement = part.agreement
            begins = line[: len(line) - 1 - len(bytes(part.record))]
        yield part


def _read_line(line: bytes) -> Released | Notice | bytes:
    if line.startswith(b'{"content":'):
        return _read_notice(line)
    try:
        released = _RELEASED.decode(line)
        canonical = released_line(released.agreement, bytes(released.record)) == line + b"\n"
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return line
    return released if canonical else line


def _read_notice(line: bytes) -> Notice | bytes:
    try:
        notice = _NOTICES.decode(line)
        canonical = notice_line(notice.notice, bytes(notice.content)) == line + b"\n"
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return line
    return notice if canonical else line


def _judge(
    number: int, part: Released | bytes, header: EnvelopeHeader, receiver: Receiver, known: _Objections
) -> ReceivedRecord | UnfitRecord:
    if isinstance(part, bytes):
        return UnfitRecord(line=number, code="malformed", reason="the line is no released record", body=part)
    body = bytes(part.record)
    try:
        record = decode(body)
    except ValueError as error:
        return UnfitRecord(line=number, code="malformed", reason=str(error), body=body)
    if record.originator != header.iss and record.id != record_id(record.originator, record.content):
        reason = (
            f"record {record.id}: its id is not that of its content, so {record.originator} did not make it"
        )
        return UnfitRecord(line=number, code="not_original", reason=reason, body=body)
    key = (part.agreement, record.mode, record.originator, _LABELS.encode(record.label))
    if key not in known:
        known[key] = _objection(record, receiver.agreements[part.agreement], header)
    objection = known[key]
    if objection is not None:
        code, reason = objection
        return UnfitRecord(line=number, code=code, reason=f"record {record.id}: {reason}", body=body)
    return ReceivedRecord(line=number, agreement=part.agreement, body=body, record=record)


def _objection(record: Record, agreement: Agreement, header: EnvelopeHeader) -> tuple[str, str] | None:
    """Say why a readable record should not have been sent to us, as of its time of issue."""
    if record.mode is not header.mode:
        return "wrong_mode", f"it is {record.mode} in an envelope of mode {header.mode}"
    if (disowned := _disowned(record, header)) is not None:
        return disowned
    if agreement.giver != header.iss or header.aud not in agreement.readers:
        return "not_agreed", f"{agreement.reference} is no agreement of {header.iss} with {header.aud}"
    if (
        not agreement.begins_tai_s <= header.iat_tai_s < agreement.ends_tai_s
        or agreement.mode is not header.mode
    ):
        return "not_agreed", f"{agreement.reference} was not in force for {header.mode} data when it was sent"
    third_parties = sorted((set(record.label.components) | {record.originator}) - {header.iss, header.aud})
    if third_parties and not agreement.onward:
        return "not_agreed", f"{agreement.reference} does not cover data of {', '.join(third_parties)}"
    objections = record.label.objections(
        giver=header.iss, reader=header.aud, purpose=agreement.purpose, now_tai_s=header.iat_tai_s
    )
    return ("label_forbids", "; ".join(objections)) if objections else None


def _disowned(record: Record, header: EnvelopeHeader) -> tuple[str, str] | None:
    """Say why a record cannot be of the member that it names as its originator, or not by this way."""
    if record.originator == header.aud:
        return "not_original", f"it says that it is of {header.aud}, who takes no own record from another"
    if record.originator not in {header.iss, *record.label.components}:
        return "label_forbids", f"{record.originator} has no part in its label and so let nobody pass it on"
    return None
