"""Asking a partner for what comes next on our feed, and judging who asks.

A request is signed by the receiver's key under a prefix of its own, names the giver, the cursor, its time and a
number used once. The receiver is told nothing but "refused"; the giver's log has the reason, since a finer answer
would tell strangers who is a member.

INVARIANTS
- Only the audience of a feed may pull it: the requester's pinned key signs, or one that its bridges lead to from
  there, and the feed served is the requester's. Two members that take new keys at once could not ask each other
  without bridges: each would hear of the other's key only on the feed that it is refused.
- A reason holds no word of a stranger, who could otherwise write our log, and fill it, as he likes.
- A request is served at most once: its number is remembered for as long as its time is acceptable, and requests
  from before this guard began are refused, so that forgetting at a restart opens no door.
"""

import base64
import binascii
from collections.abc import Callable
from enum import StrEnum

import msgspec
from msgspec import Struct

from commonsky.domain import FeedHead
from commonsky.federation.certificates import bridged
from commonsky.federation.keys import SigningKey, VerifyKey, sign, verifies
from commonsky.federation.seal import LAST_PLACE

SCHEME = "Commonsky-Pull"
MAX_REMEMBERED_PER_MEMBER = 10_000

_SIGNING_PREFIX = b"commonsky-pull-v1\n"
_CANONICAL = msgspec.json.Encoder(order="sorted")
_MAX_CREDENTIALS = 6_144
_MOST_BRIDGES = 6
"""So many rolls may come before a partner hears of the first: with more, the request would outgrow a header."""
_NO_CREDENTIALS = f"the request has no {SCHEME} credentials that can be read"
_END = b"-----END CERTIFICATE-----\n"
_NOBODYS_KEY = SigningKey.from_private_bytes(bytes(32)).public_key()


class PullRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``reader`` asks ``issuer`` for what follows generation ``gen``, position ``seq`` of its feed.

    ``header_sha256`` is the digest of the header held there; ``nonce`` is used once.
    """

    reader: str
    issuer: str
    gen: int
    seq: int
    header_sha256: str
    at_tai_s: float
    nonce: str

    @property
    def head(self) -> FeedHead:
        """The requester's cursor."""
        return FeedHead(gen=self.gen, seq=self.seq, header_sha256=self.header_sha256)


_REQUESTS = msgspec.json.Decoder(PullRequest)


class Outcome(StrEnum):
    """How a giver answers a request, whatever carries it."""

    GIVEN = "given"
    REFUSED = "refused"
    ELSEWHERE = "not on this feed"
    CUT = "cut"
    MALFORMED = "malformed"
    FAULT = "fault"


class PullRefusal(StrEnum):
    """Why a request is not served; for the giver's log only."""

    UNREADABLE = "unreadable"
    UNKNOWN_MEMBER = "unknown_member"
    BAD_SIGNATURE = "bad_signature"
    WRONG_ISSUER = "wrong_issuer"
    STALE = "stale"
    REPLAYED = "replayed"
    TOO_MANY = "too_many"


class PullRefused(Struct, frozen=True):
    """A request that is not served, and why."""

    refusal: PullRefusal
    reason: str


def sign_pull(request: PullRequest, key: SigningKey, bridges: bytes = b"") -> str:
    """Return the credentials of a request, as the value of an HTTP Authorization header.

    ``bridges`` lead from older keys of the reader to this one, as PEM, the newest first.
    """
    body = _CANONICAL.encode(request)
    credentials = f"{SCHEME} {base64.urlsafe_b64encode(body).decode()}.{sign(key, _SIGNING_PREFIX + body)}"
    newest = b"".join(one + _END for one in bridges.split(_END)[:-1][:_MOST_BRIDGES])
    return f"{credentials}.{base64.urlsafe_b64encode(newest).decode()}" if newest else credentials


class PullGuard:
    """A giver's memory of who may ask and what was asked; ``key_of`` gives a partner's key as it is now."""

    def __init__(
        self,
        own: str,
        key_of: Callable[[str], VerifyKey | None],
        *,
        began_tai_s: float,
        window_s: float = 60.0,
    ) -> None:
        self._own = own
        self._key_of = key_of
        self._began_tai_s = began_tai_s
        self._window_s = window_s
        self._used: dict[str, dict[str, float]] = {}

    def judge(self, credentials: str, *, now_tai_s: float) -> PullRequest | PullRefused:
        """Return the request if it may be served, and remember it; say otherwise why not."""
        read = _read(credentials)
        if isinstance(read, PullRefused):
            return read
        request, body, signature, bridges = read
        key = self._key_of(request.reader)
        # A stranger's signature is checked too, so that the time taken does not tell who is a member.
        authentic = verifies(
            _reached(request.reader, key or _NOBODYS_KEY, bridges), signature, _SIGNING_PREFIX + body
        )
        if key is None:
            return PullRefused(PullRefusal.UNKNOWN_MEMBER, "no key is pinned for the member that asks")
        if not authentic:
            return PullRefused(PullRefusal.BAD_SIGNATURE, f"not signed by {request.reader}'s pinned key")
        return self._fresh(request, now_tai_s)

    def _fresh(self, request: PullRequest, now_tai_s: float) -> PullRequest | PullRefused:
        if request.issuer != self._own:
            return PullRefused(PullRefusal.WRONG_ISSUER, f"the request is for {request.issuer}")
        age_s = now_tai_s - request.at_tai_s
        if not abs(age_s) <= self._window_s:
            words = (
                f"{request.reader}'s request is {age_s:.0f} s old; more than {self._window_s:g} s is refused"
            )
            return PullRefused(PullRefusal.STALE, words)
        if request.at_tai_s < self._began_tai_s:
            return PullRefused(
                PullRefusal.STALE, f"{request.reader}'s request is from before this node started"
            )
        used = self._used.setdefault(request.reader, {})
        for nonce in [n for n, at in used.items() if at < now_tai_s - self._window_s]:
            del used[nonce]
        if request.nonce in used:
            return PullRefused(PullRefusal.REPLAYED, f"this request of {request.reader} was served before")
        if len(used) >= MAX_REMEMBERED_PER_MEMBER:
            return PullRefused(PullRefusal.TOO_MANY, f"{request.reader} asks too often")
        used[request.nonce] = request.at_tai_s
        return request


def _reached(member: str, key: VerifyKey, bridges: bytes) -> VerifyKey:
    """Return the key that a member's bridges lead to from the one that we know of it."""
    try:
        return [key, *bridged(member, key, bridges)][-1]
    except ValueError:
        return key


def _read(credentials: str) -> tuple[PullRequest, bytes, str, bytes] | PullRefused:
    scheme, _, token = credentials.partition(" ")
    encoded, _, proof = token.partition(".")
    signature, _, shown = proof.partition(".")
    if scheme != SCHEME or len(credentials) > _MAX_CREDENTIALS:
        return PullRefused(PullRefusal.UNREADABLE, _NO_CREDENTIALS)
    try:
        body = base64.b64decode(encoded, altchars=b"-_", validate=True)
        request = _REQUESTS.decode(body)
        bridges = base64.b64decode(shown, altchars=b"-_", validate=True)
    except (binascii.Error, msgspec.MsgspecError, ValueError, RecursionError):
        return PullRefused(PullRefusal.UNREADABLE, _NO_CREDENTIALS)
    in_range = 0 <= request.gen <= LAST_PLACE and 0 <= request.seq <= LAST_PLACE
    if not in_range or _CANONICAL.encode(request) != body:
        return PullRefused(PullRefusal.UNREADABLE, _NO_CREDENTIALS)
    return request, body, signature, bridges
