"""Sign and verify what members declare on agreements, and bring together what is known of it in several places.

The signature covers a prefix that names its purpose, so that no envelope's or pull's signature can stand for it.
"""

import math
from collections.abc import Collection, Iterable

import msgspec
from msgspec.structs import replace

from commonsky.domain import ActKind, AgreementAct, SignedAgreement
from commonsky.federation.keys import SigningKey, VerifyKey, sign, verifies

_SIGNING_PREFIX = b"commonsky-agreement-v1\n"
_CANONICAL = msgspec.json.Encoder(order="sorted")
_ACTS = msgspec.json.Decoder(AgreementAct)
_STRICTNESS = {kind: place for place, kind in enumerate(ActKind)}


def next_act(
    kind: ActKind, member: str, document: SignedAgreement, *, now_tai_s: float, reason: str = ""
) -> AgreementAct:
    """Return a member's next act on a document, not signed yet.

    Its time is a whole second, so that it reads well, and later than that of each of the member's acts so far.
    """
    latest_tai_s = max((act.at_tai_s for act in document.acts if act.member == member), default=-math.inf)
    at_tai_s = math.floor(now_tai_s)
    return AgreementAct(
        act=kind,
        agreement=document.agreement.reference,
        document_sha256=document.sha256,
        member=member,
        at_tai_s=float(at_tai_s if at_tai_s > latest_tai_s else math.floor(latest_tai_s) + 1),
        reason=reason,
    )


def sign_act(act: AgreementAct, key: SigningKey) -> AgreementAct:
    """Return the act with its member's signature."""
    return replace(act, signature=sign(key, act_bytes(act)))


def act_verifies(act: AgreementAct, keys: Collection[VerifyKey]) -> bool:
    """Whether one of the member's keys signed the act as it stands."""
    message = act_bytes(act)
    return any(verifies(key, act.signature, message) for key in keys)


def act_bytes(act: AgreementAct) -> bytes:
    """Return what the signature of an act covers."""
    return _SIGNING_PREFIX + encode_act(replace(act, signature=""))


def encode_act(act: AgreementAct) -> bytes:
    """Return the canonical JSON of an act."""
    return _CANONICAL.encode(act)


def decode_act(data: bytes) -> AgreementAct:
    """Return the act that the bytes are the canonical JSON of; raises ValueError for any other bytes."""
    try:
        act = _ACTS.decode(data)
        canonical = encode_act(act) == data
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ValueError(f"this is no act on an agreement: {error}") from error
    if not canonical:
        raise ValueError("this act is not in canonical form")
    return act


def in_order(acts: Iterable[AgreementAct]) -> tuple[AgreementAct, ...]:
    """Return the acts once each, by time; of two at one time the stricter comes last, and so has the last word.

    Whatever is brought together in whatever order, and however often, gives the same.
    """
    return tuple(sorted(set(acts), key=_place))


def _place(act: AgreementAct) -> tuple[float, int, str, bytes]:
    return act.at_tai_s, _STRICTNESS[act.act], act.member, encode_act(act)
