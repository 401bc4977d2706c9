"""Does a giver's end of a link keep the contract? Asked from outside, as its partner would.

A `LinkUnderTest` puts one signed question to one implementation, whatever carries it. `conformance` asks what an
honest reader asks and what a dishonest or broken one might, and gives a finding for each clause: it holds, it does
not and why, or it could not be tried and why. Nothing here changes anything at the giver, and nothing is believed
that its pinned key has not signed.
"""

import hashlib
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple, Protocol

from msgspec import Struct
from msgspec.structs import replace

from commonsky.domain import NO_HEADER_SHA256, Envelope, EnvelopeHeader, FeedHead, Mode
from commonsky.federation.keys import SigningKey, VerifyKey, verifies
from commonsky.federation.position import Relation, relation
from commonsky.federation.pull import Outcome, PullRequest
from commonsky.federation.seal import LAST_PLACE, head_of, read_header, signed_bytes
from commonsky.federation.wire import MAX_ENVELOPES, read_wire
from commonsky.federation.withheld import is_withheld

WAIT_S = 1.0
HUGE_LIMIT = 1_000_000_000
LONG_AGO_S = 10.0 * 86_400.0
MOST_ENVELOPES = 200


class Reply(Struct, frozen=True, kw_only=True):
    """An answer: ``looks`` is all that a stranger could tell it from another one by, ``took_s`` how long it took."""

    outcome: Outcome
    data: bytes = b""
    looks: str = ""
    took_s: float = 0.0


class Trait(StrEnum):
    """What some links do and others have no way to."""

    LIMITS = "the asker says how many envelopes it wants"
    WAITS = "an answer may wait for something to give"
    ANSWERS_ONCE = "a question is a message of its own, with its time, and is answered once"


class LinkUnderTest(Protocol):
    """One implementation of a link; raises OSError or `LookupError` when there is nobody to ask."""

    @property
    def traits(self) -> frozenset[Trait]:
        """What it has a way to do."""

    def ask(
        self, request: PullRequest, key: SigningKey, *, limit: int | None = None, wait_s: float = 0.0
    ) -> Reply:
        """Put a question, signed by a key."""

    def own_checks(self) -> Iterable["tuple[str, Callable[[], str]]"]:
        """Give checks that only this kind of link has: name and check, which is as those of `conformance`."""


class Parties(Struct, frozen=True, kw_only=True):
    """Who is asked and who asks: the asker's key must be pinned at the giver, and a stranger's must not."""

    issuer: str
    issuer_key: VerifyKey
    reader: str
    key: SigningKey
    stranger_key: SigningKey
    mode: Mode


class Verdict(StrEnum):
    """What became of a check."""

    HOLDS = "holds"
    FAILS = "fails"
    UNTRIED = "untried"


class Finding(Struct, frozen=True):
    """One check, its verdict and the reason for it."""

    check: str
    verdict: Verdict
    reason: str


class FailedError(Exception):
    """A clause is not kept; the message says how that shows."""


class UntriedError(Exception):
    """A clause could not be tried; the message says why."""


class _Place(NamedTuple):
    head: FeedHead
    line: bytes


def conformance(  # noqa: PLR0913  # who asks whom, and four things that a world without clock and chance is given
    link: LinkUnderTest,
    parties: Parties,
    *,
    now_tai_s: Callable[[], float],
    nonce: Callable[[], str],
    most: int = MOST_ENVELOPES,
    wait_s: float = WAIT_S,
) -> list[Finding]:
    """Check a giver's end of a link, reading at most ``most`` envelopes of the feed.

    ``nonce`` gives a word that was never used before, each time it is called.
    """
    asking = _Asking(link, parties, now_tai_s, nonce, most, wait_s)
    checks = [(name, lambda check=check: check(asking)) for name, check in CHECKS]
    return [_found(name, check) for name, check in [*checks, *link.own_checks()]]


def _found(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, Verdict.HOLDS, check())
    except FailedError as failed:
        return Finding(name, Verdict.FAILS, str(failed))
    except UntriedError as untried:
        return Finding(name, Verdict.UNTRIED, str(untried))
    except (OSError, LookupError) as error:
        return Finding(name, Verdict.FAILS, f"no answer: {error}")


class _Asking:
    """Questions to one link, and what was read of the feed so far."""

    def __init__(  # noqa: PLR0913  # as `conformance`
        self,
        link: LinkUnderTest,
        parties: Parties,
        now_tai_s: Callable[[], float],
        nonce: Callable[[], str],
        most: int,
        wait_s: float,
    ) -> None:
        self.link = link
        self.parties = parties
        self.now_tai_s = now_tai_s
        self.nonce = nonce
        self.most = most
        self.wait_s = wait_s
        self._read: list[_Place] | None = None
        self.at_end = False

    def request(self, head: FeedHead) -> PullRequest:
        """An honest question."""
        return PullRequest(
            reader=self.parties.reader,
            issuer=self.parties.issuer,
            gen=head.gen,
            seq=head.seq,
            header_sha256=head.header_sha256,
            at_tai_s=self.now_tai_s(),
            nonce=self.nonce(),
        )

    def ask(self, head: FeedHead, *, limit: int | None = None, wait_s: float = 0.0) -> Reply:
        """Ask honestly."""
        return self.link.ask(self.request(head), self.parties.key, limit=limit, wait_s=wait_s)

    def given(self, head: FeedHead, *, limit: int | None = None) -> list[_Place]:
        """Ask honestly, and insist on readable envelopes."""
        reply = self.ask(head, limit=limit)
        if reply.outcome is not Outcome.GIVEN:
            raise FailedError(
                f"asked after {head.gen}.{head.seq} it does not give: {reply.outcome} ({reply.looks})"
            )
        wire = read_wire(reply.data)
        if wire.faults:
            fault = wire.faults[0]
            raise FailedError(f"line {fault.line} of its answer: {fault.reason}")
        try:
            heads = [head_of(envelope.header) for envelope in wire.envelopes]
        except ValueError as error:
            raise FailedError(f"a header in its answer: {error}") from error
        return [_Place(*pair) for pair in zip(heads, reply.data.splitlines(keepends=True), strict=True)]

    def feed(self) -> list[_Place]:
        """Read the feed from its beginning, once."""
        if self._read is None:
            read: list[_Place] = []
            head = FeedHead()
            while len(read) < self.most:
                came = self.given(head)
                if not came:
                    self.at_end = True
                    break
                if came[-1].head == head:
                    raise FailedError(f"asked after {head.gen}.{head.seq} it gives that envelope again")
                read += came
                head = came[-1].head
            self._read = read
        return self._read

    def some(self) -> list[_Place]:
        """Read the feed, which must hold something."""
        feed = self.feed()
        if not feed:
            raise UntriedError("the feed holds nothing for this reader yet: release a record to it first")
        return feed

    def needs(self, trait: Trait) -> None:
        """Raise UntriedError for a link without this trait."""
        if trait not in self.link.traits:
            raise UntriedError(f"this kind of link has no such thing: {trait}")


def _serves(asking: _Asking) -> str:
    count = len(asking.feed())
    return f"{count} envelopes read from the beginning" + ("" if asking.at_end else "; there are more")


def _signature(asking: _Asking) -> str:
    for place in asking.some():
        envelope = _envelope(place)
        if not verifies(asking.parties.issuer_key, envelope.signature, signed_bytes(envelope.header)):
            raise FailedError(f"envelope {_words(place.head)} is not signed by the key that is pinned here")
    return "every envelope is signed by the pinned key"


def _audience(asking: _Asking) -> str:
    parties = asking.parties
    for place in asking.some():
        header = _header(place)
        if (header.iss, header.aud, header.mode) != (parties.issuer, parties.reader, parties.mode):
            raise FailedError(
                f"envelope {_words(place.head)} is from {header.iss} for {header.aud} in mode {header.mode}; "
                f"wanted: from {parties.issuer} for {parties.reader} in {parties.mode}"
            )
    return f"every envelope is from {parties.issuer}, for {parties.reader} alone, in mode {parties.mode}"


def _chain(asking: _Asking) -> str:
    head = FeedHead()
    for place in asking.some():
        stands = relation(_header(place), place.head.header_sha256, head=head, held=lambda _gen, _seq: None)
        if stands not in {Relation.NEXT, Relation.NEW_CHAIN}:
            raise FailedError(f"envelope {_words(place.head)} after {_words(head)} is {stands}")
        head = place.head
    return f"one unbroken chain up to {_words(head)}"


def _bodies(asking: _Asking) -> str:
    for place in asking.some():
        header, body = _header(place), _envelope(place).body.encode(errors="surrogatepass")
        if is_withheld(_envelope(place).header, _envelope(place).body, [asking.parties.issuer_key]):
            continue
        if hashlib.sha256(body).hexdigest() != header.body_sha256 or body.count(b"\n") != header.count:
            raise FailedError(f"the body of envelope {_words(place.head)} is not the one that was signed")
    return "every body has the digest and the number of lines that were signed, or is withheld, signed"


def _cursor(asking: _Asking) -> str:
    feed = asking.some()
    tried = sorted({0, len(feed) // 2, len(feed) - 2} & set(range(len(feed) - 1)))
    for k in tried:
        came = asking.given(feed[k].head)
        if not came or came[0] != feed[k + 1]:
            got = _words(came[0].head) if came else "nothing"
            raise FailedError(
                f"after {_words(feed[k].head)} comes {_words(feed[k + 1].head)}, and it gave {got}"
            )
    if not tried:
        raise UntriedError("the feed holds one envelope only")
    return f"asked after {', '.join(_words(feed[k].head) for k in tried)} it gives the next one first"


def _end(asking: _Asking) -> str:
    feed = asking.some()
    if not asking.at_end:
        raise UntriedError(f"the feed is longer than the {asking.most} envelopes that were read")
    if came := asking.given(feed[-1].head):
        if came[0].head.seq == feed[-1].head.seq + 1:
            raise UntriedError("the feed grows while it is read")
        raise FailedError(f"at its end, {_words(feed[-1].head)}, it gives {_words(came[0].head)}")
    return f"at {_words(feed[-1].head)} it has no more, which is an empty answer and no fault"


def _idempotence(asking: _Asking) -> str:
    asking.some()
    first, again = asking.given(FeedHead()), asking.given(FeedHead())
    if any(one != other for one, other in zip(first, again, strict=False)):
        raise FailedError("the same cursor, asked twice, gives other bytes")
    return "the same cursor gives the same bytes again"


def _unknown_cursor(asking: _Asking) -> str:
    last = asking.some()[-1].head
    return _elsewhere(asking, replace(last, header_sha256="ab" * 32), "of another history")


def _beyond_the_end(asking: _Asking) -> str:
    last = asking.some()[-1].head
    far = replace(last, seq=LAST_PLACE, header_sha256="cd" * 32)
    return _elsewhere(asking, far, "beyond the end")


def _later_generation(asking: _Asking) -> str:
    last = asking.some()[-1].head
    return _elsewhere(asking, replace(last, gen=last.gen + 1), "of a generation that is not begun")


def _elsewhere(asking: _Asking, head: FeedHead, what: str) -> str:
    reply = asking.ask(head)
    if reply.outcome is not Outcome.ELSEWHERE:
        raise FailedError(
            f"a cursor {what} must be told so and given nothing: {reply.outcome} ({reply.looks})"
        )
    return f"a cursor {what} is told so and given nothing"


def _overtaken(asking: _Asking) -> str:
    first = asking.some()[-1].head
    if first.gen < 2:
        raise UntriedError("the feed is in its first generation")
    old = FeedHead(gen=first.gen - 1, seq=LAST_PLACE, header_sha256="ef" * 32)
    came = asking.given(old)
    if not came or (came[0].head.gen, came[0].head.seq) != (first.gen, 1):
        raise FailedError(
            "after a cursor of an overtaken generation comes the first envelope of the next one"
        )
    return "a cursor of an overtaken generation goes on with the next one"


def _impossible(asking: _Asking) -> str:
    for gen, seq in ((-1, -1), (2**31, 1), (1, 2**63), (2**70, 2**70)):
        reply = asking.ask(FeedHead(gen=gen, seq=seq, header_sha256=NO_HEADER_SHA256))
        if reply.outcome is Outcome.FAULT or (reply.outcome is Outcome.GIVEN and reply.data):
            raise FailedError(f"a cursor at {gen}.{seq}: {reply.outcome} ({reply.looks})")
    return "cursors that no feed has are given nothing, and are no fault"


def _limit(asking: _Asking) -> str:
    asking.needs(Trait.LIMITS)
    asking.some()
    if (count := len(asking.given(FeedHead(), limit=1))) != 1:
        raise FailedError(f"asked for one envelope it gives {count}")
    return "asked for one envelope it gives one"


def _huge_limit(asking: _Asking) -> str:
    asking.needs(Trait.LIMITS)
    for limit in (HUGE_LIMIT, 0, -1):
        reply = asking.ask(FeedHead(), limit=limit)
        count = reply.data.count(b"\n")
        if count > MAX_ENVELOPES:
            raise FailedError(f"asked for {limit} envelopes it gives {count} at once")
        if reply.outcome not in {Outcome.MALFORMED, Outcome.REFUSED, Outcome.GIVEN}:
            raise FailedError(f"asked for {limit} envelopes: {reply.outcome} ({reply.looks})")
    return f"asked for {HUGE_LIMIT:,}, for none or for less than none it stays within bounds"


def _wait(asking: _Asking) -> str:
    asking.needs(Trait.WAITS)
    feed = asking.feed()
    if not asking.at_end:
        raise UntriedError(f"the feed is longer than the {asking.most} envelopes that were read")
    wait_s = asking.wait_s
    reply = asking.ask(feed[-1].head if feed else FeedHead(), wait_s=wait_s)
    if reply.outcome is not Outcome.GIVEN:
        raise FailedError(f"asked to wait it does not give: {reply.outcome} ({reply.looks})")
    if not reply.data and reply.took_s < wait_s / 2.0:
        raise FailedError(
            f"asked to wait {wait_s:g} s for something to give, it gave nothing after {reply.took_s:.2f} s"
        )
    return f"asked to wait {wait_s:g} s at the end of the feed, it answers after {reply.took_s:.1f} s"


_Forgery = Callable[[PullRequest, Parties], tuple[PullRequest, SigningKey]]
_FORGERIES: tuple[tuple[str, _Forgery], ...] = (
    ("signed by a stranger in the reader's name", lambda asked, who: (asked, who.stranger_key)),
    (
        "of a member that nobody knows",
        lambda asked, who: (replace(asked, reader="NOBODY-KNOWN"), who.stranger_key),
    ),
    (
        "in the name of the giver itself",
        lambda asked, who: (replace(asked, reader=who.issuer), who.stranger_key),
    ),
    ("to another giver", lambda asked, who: (replace(asked, issuer="SOMEBODY-ELSE"), who.key)),
)


def _wrong_key(asking: _Asking) -> str:
    asked = asking.request(FeedHead())
    for what, forge in _FORGERIES:
        request, key = forge(replace(asked, nonce=asking.nonce()), asking.parties)
        reply = asking.link.ask(request, key)
        if reply.outcome is not Outcome.REFUSED or reply.data:
            raise FailedError(f"a request {what} must be refused: {reply.outcome} ({reply.looks})")
    return f"refused: requests {', '.join(what for what, _ in _FORGERIES)}"


def _no_oracle(asking: _Asking) -> str:
    asked = asking.request(FeedHead())
    seen: dict[str, str] = {}
    for what, forge in _FORGERIES:
        request, key = forge(replace(asked, nonce=asking.nonce()), asking.parties)
        seen.setdefault(asking.link.ask(request, key).looks, what)
    if len(seen) > 1:
        told = "; ".join(f"a request {what}: {looks}" for looks, what in seen.items())
        raise FailedError(f"a stranger can tell its refusals apart: {told}")
    return "every refusal looks the same, so that nobody learns who is a member"


def _stale(asking: _Asking) -> str:
    asking.needs(Trait.ANSWERS_ONCE)
    for shift_s, what in ((-LONG_AGO_S, "of ten days ago"), (LONG_AGO_S, "of ten days ahead")):
        asked = asking.request(FeedHead())
        reply = asking.link.ask(replace(asked, at_tai_s=asked.at_tai_s + shift_s), asking.parties.key)
        if reply.outcome is not Outcome.REFUSED:
            raise FailedError(f"a request {what} must be refused: {reply.outcome} ({reply.looks})")
    return "requests of ten days ago and ahead are refused"


def _replay(asking: _Asking) -> str:
    asking.needs(Trait.ANSWERS_ONCE)
    asked = asking.request(FeedHead())
    asking.link.ask(asked, asking.parties.key)
    reply = asking.link.ask(asked, asking.parties.key)
    if reply.outcome is not Outcome.REFUSED:
        raise FailedError(
            f"whoever overheard a request may not use it again: {reply.outcome} ({reply.looks})"
        )
    return "a request is answered once"


CHECKS: tuple[tuple[str, Callable[[_Asking], str]], ...] = (
    ("serves its reader", _serves),
    ("signature", _signature),
    ("audience", _audience),
    ("chain", _chain),
    ("bodies", _bodies),
    ("cursor", _cursor),
    ("end of the feed", _end),
    ("idempotence", _idempotence),
    ("unknown cursor", _unknown_cursor),
    ("cursor beyond the end", _beyond_the_end),
    ("cursor of a later generation", _later_generation),
    ("cursor of an overtaken generation", _overtaken),
    ("impossible cursor", _impossible),
    ("limit", _limit),
    ("huge limit", _huge_limit),
    ("waiting", _wait),
    ("wrong key", _wrong_key),
    ("no oracle", _no_oracle),
    ("stale request", _stale),
    ("replay", _replay),
)


def _envelope(place: _Place) -> Envelope:
    return read_wire(place.line).envelopes[0]


def _header(place: _Place) -> EnvelopeHeader:
    return read_header(_envelope(place).header)


def _words(head: FeedHead) -> str:
    return f"{head.gen}.{head.seq}"
