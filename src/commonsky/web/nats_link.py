"""The link over NATS: envelopes are pushed as they are released, and what the broker loses is asked for.

THE GIVER publishes from its outbox, in order, and remembers nothing: what it publishes next follows the last envelope
that the broker keeps or that the reader acknowledged. When an agreement ends, all that the broker keeps for its reader
is taken away there and pushed anew, as far as it may go. It answers signed questions for what follows a cursor, from
the outbox too. Nothing that the broker acknowledges is a record of release.

THE READER takes what is pushed and fits its cursor. When there is a gap, when a pushed envelope did not enter, after
every start and new connection, and now and then in any case, it asks the giver. While the giver is away it looks at
what the broker keeps. So a broker that loses, repeats, reorders or forgets costs time and nothing else.
"""

import asyncio
import contextlib
import hashlib
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from commonsky.domain import FeedHead
from commonsky.federation import (
    Outcome,
    PullGuard,
    PullRefused,
    PullRequest,
    encode_wire,
    read_wire,
)
from commonsky.federation.seal import head_of
from commonsky.node.link import CutError, ElsewhereError, LinkError, following
from commonsky.node.link_config import VIA_BROKER
from commonsky.node.node import Node
from commonsky.node.withholding import in_force
from commonsky.store import StoreError
from commonsky.web.feed_api import CLOCK_WINDOW_S, ENVELOPES_PER_ANSWER, MAX_ENVELOPES_PER_ANSWER
from commonsky.web.nats_connection import BrokerConnection
from commonsky.web.nats_subjects import (
    DOMAIN,
    ask_subject,
    feed_subject,
    kept_subject,
    place_subject,
    stream_name,
    token,
)
from commonsky.web.waiting import more_to_give

if TYPE_CHECKING:
    from nats.aio.msg import Msg
    from nats.js import JetStreamContext

PIECE_BYTES = 512 * 1024
"""Of an answer: brokers take messages of 1 MiB when nobody has told them otherwise."""

ANSWER_WITHIN_S = 5.0
KEPT_WITHIN_S = 3.0
RETRY_S = 0.5
MOST_BUFFERED = 64
_STATUS = "Commonsky-Status"
_MORE = "more"


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a reader asks: signed credentials as over HTTP, and how many envelopes it wants at most."""

    credentials: str
    limit: int = ENVELOPES_PER_ANSWER


_QUESTIONS = msgspec.json.Decoder(Question)


class NatsGiver:
    """The giver's end for all partners that are reached through the broker."""

    def __init__(
        self, node: Node, connection: BrokerConnection, *, wall_clock_tai_s: Callable[[], float]
    ) -> None:
        self._node = node
        self._connection = connection
        self._wall_clock_tai_s = wall_clock_tai_s
        self._guard = PullGuard(node.id, node.key_of, began_tai_s=wall_clock_tai_s(), window_s=CLOCK_WINDOW_S)
        self._one_at_a_time = threading.Lock()
        self._answering = asyncio.Semaphore(4)
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to answer and to publish."""
        self._connection.spawn(self._answer_all())
        for peer in self._node.config.peers:
            if peer.url == VIA_BROKER:
                self._connection.spawn(self._publish_to(peer.member.id))

    async def _answer_all(self) -> None:
        while not self._node.closing:
            try:
                client = await self._connection.client()
                await client.subscribe(ask_subject(self._node.id, "*"), cb=self._on_question)
            except OSError:
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def _on_question(self, message: "Msg") -> None:
        task = asyncio.create_task(self._answer(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, message: "Msg") -> None:
        async with self._answering:
            reader = message.subject.rpartition(".")[2]
            outcome, data = await asyncio.to_thread(self._answered, reader, message.data)
            with contextlib.suppress(OSError):
                client = await self._connection.client()
                for k in range(0, len(data), PIECE_BYTES):
                    await client.publish(message.reply, data[k : k + PIECE_BYTES], headers={_STATUS: _MORE})
                await client.publish(message.reply, b"", headers={_STATUS: outcome})

    def _answered(self, account: str, data: bytes) -> tuple[Outcome, bytes]:
        """Judge a question as over HTTP. The subject says through whose account it came; that must be the asker's."""
        node = self._node
        try:
            question = _QUESTIONS.decode(data)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return Outcome.REFUSED, b""
        with self._one_at_a_time:
            request = self._guard.judge(question.credentials, now_tai_s=self._wall_clock_tai_s())
        if isinstance(request, PullRefused):
            node.say_once(f"pull {request.refusal}", f"a request for our feed was refused: {request.reason}")
            return Outcome.REFUSED, b""
        if token(request.reader) != account:
            return Outcome.REFUSED, b""
        return self._outcome(request, question.limit)

    def _outcome(self, request: PullRequest, limit: int) -> tuple[Outcome, bytes]:
        node = self._node
        if not 1 <= limit <= MAX_ENVELOPES_PER_ANSWER:
            return Outcome.MALFORMED, b""
        try:
            envelopes = following(node, request.reader, request.head, limit)
            node.store.acknowledge(request.reader, request.head, at_tai_s=node.now_tai_s())
        except ElsewhereError:
            return Outcome.ELSEWHERE, b""
        except CutError:
            return Outcome.CUT, b""
        except StoreError as fault:
            node.say_once("feed", f"{request.reader} cannot be served: {fault}")
            return Outcome.FAULT, b""
        return Outcome.GIVEN, encode_wire(envelopes)

    async def _publish_to(self, reader: str) -> None:
        """Publish what is released to a reader until the node ends; begin anew after whatever goes wrong."""
        import nats.errors  # noqa: PLC0415  # comes with the extra

        node = self._node
        while not node.closing:
            try:
                under = await asyncio.to_thread(self._agreements, reader)
                through = await self._published_through(reader, under)
                while not node.closing and under == await asyncio.to_thread(self._agreements, reader):
                    sealed = node.sealed_count
                    envelopes = await asyncio.to_thread(
                        following, node, reader, through, ENVELOPES_PER_ANSWER
                    )
                    for envelope in envelopes:
                        through = head_of(envelope.header)
                        await self._publish(reader, through, encode_wire([envelope]))
                    if not envelopes:
                        await more_to_give(node, sealed, RETRY_S)
            except CutError:
                with contextlib.suppress(OSError, TimeoutError, nats.errors.Error):
                    await self._forget(reader)
            except (OSError, TimeoutError, nats.errors.Error, StoreError, ElsewhereError) as fault:
                node.say_once(
                    f"broker {reader}", f"nothing is pushed to {reader} for now: {fault or 'no answer'}"
                )
            await asyncio.sleep(RETRY_S)

    def _agreements(self, reader: str) -> str:
        """Tell under which agreements envelopes are pushed to a reader now."""
        return hashlib.sha256(
            "\n".join(sorted(in_force(self._node.agreements(), reader))).encode()
        ).hexdigest()

    async def _published_through(self, reader: str, under: str) -> FeedHead:
        """Give where to go on: behind what the broker keeps, as far as it is ours, or what the reader acknowledged.

        The stream notes under which agreements it was filled. What it keeps from under others is taken away first.
        """
        import nats.js.errors  # noqa: PLC0415  # comes with the extra
        from nats.js.api import StorageType, StreamConfig  # noqa: PLC0415

        link = self._connection.link
        subject = f"{feed_subject(self._node.id, reader)}.>"
        stream = await self._streams()
        config = StreamConfig(
            name=stream_name(reader),
            description=under,
            subjects=[subject],
            storage=StorageType.FILE,
            max_age=link.keep_days * 86_400.0,
            max_bytes=link.keep_bytes,
            max_msgs_per_subject=1,
            allow_direct=True,
        )
        try:
            await stream.add_stream(config)
        except (
            nats.js.errors.BadRequestError
        ):  # it is there, with other bounds or from under other agreements
            await self._forget(reader)
            await stream.update_stream(config)
        acknowledged = await asyncio.to_thread(self._node.store.acknowledged, reader)
        try:
            kept = await stream.get_last_msg(stream_name(reader), subject)
        except nats.js.errors.NotFoundError:
            return acknowledged
        for envelope in read_wire(kept.data or b"").envelopes:
            last = head_of(envelope.header)
            ours = await asyncio.to_thread(self._node.store.sent_header, reader, last.gen, last.seq)
            if ours == last.header_sha256:
                return last
        return acknowledged

    async def _publish(self, reader: str, place: FeedHead, line: bytes) -> None:
        client = await self._connection.client()
        subject = place_subject(self._node.id, reader, place)
        if len(line) + len(subject) > client.max_payload:
            self._node.say_once(
                f"broker {reader}",
                f"envelope {place.gen}.{place.seq} is larger than the broker takes; {reader} must ask for it",
            )
            return
        await (await self._streams()).publish(subject, line)

    async def _forget(self, reader: str) -> None:
        """Leave nothing at the broker for a reader whose link is cut, or that lost an agreement."""
        await (await self._streams()).purge_stream(stream_name(reader))

    async def _streams(self) -> "JetStreamContext":
        """Give what the broker keeps streams by; the domain finds it behind a leaf node too."""
        client = await self._connection.client()
        return client.jetstream(domain=DOMAIN, timeout=KEPT_WITHIN_S)


class NatsPull:
    """The reader's end of the link to one giver: a `Transport`."""

    def __init__(
        self,
        connection: BrokerConnection,
        *,
        issuer: str,
        reader: str,
        sign: Callable[[FeedHead], str],
        wait_s: float,
    ) -> None:
        self._connection = connection
        self._issuer = issuer
        self._reader = reader
        self._sign = sign
        self._wait_s = wait_s
        self._pushed: dict[tuple[int, int], bytes] = {}
        self._arrived = threading.Condition()
        self._subscribed = False
        self._must_ask = True
        self._asked_s = 0.0
        self._connections = 0
        self._given_after: FeedHead | None = None

    def __call__(self, head: FeedHead) -> bytes:
        """Give what follows the cursor: as pushed, as asked for, or as the broker keeps it."""
        self._look(head)
        if data := self._next_pushed(head):
            return data
        due = time.monotonic() - self._asked_s >= self._connection.link.ask_every_s
        if self._must_ask or due:
            return self._asked(head)
        with self._arrived:
            self._arrived.wait_for(lambda: bool(self._pushed), self._wait_s)
        return self._next_pushed(head)

    def _look(self, head: FeedHead) -> None:
        """Subscribe if need be, and ask the giver when the connection is new, or what was pushed did not enter."""
        if not self._subscribed:
            self._connection.call(self._subscribe(), timeout_s=ANSWER_WITHIN_S)
            self._subscribed = True
        if self._connections != self._connection.reconnected or self._given_after == head:
            self._connections = self._connection.reconnected
            self._must_ask = True
        self._given_after = None

    async def _subscribe(self) -> None:
        client = await self._connection.client()
        subject = f"{feed_subject(self._issuer, self._reader)}.>"
        await client.subscribe(subject, cb=self._on_push)

    async def _on_push(self, message: "Msg") -> None:
        """Keep a pushed line under the place that its subject says; the envelope's own word is judged later."""
        gen, _, seq = message.subject.removeprefix(f"{feed_subject(self._issuer, self._reader)}.").partition(
            "."
        )
        if gen.isdecimal() and seq.isdecimal():
            with self._arrived:
                if len(self._pushed) < MOST_BUFFERED:
                    self._pushed[int(gen), int(seq)] = message.data
                    self._arrived.notify_all()

    def _next_pushed(self, head: FeedHead) -> bytes:
        """Give the pushed envelopes that follow the cursor without a gap; if there is one, the giver is asked next."""
        with self._arrived:
            for place in [one for one in self._pushed if one <= (head.gen, head.seq)]:
                del self._pushed[place]
            lines: list[bytes] = []
            gen, seq = head.gen, head.seq
            while (line := self._take(gen, seq)) is not None and len(lines) < ENVELOPES_PER_ANSWER:
                (gen, seq), data = line
                lines.append(data)
            if lines:
                self._given_after = head
            elif self._pushed:
                self._must_ask = True
        return b"".join(lines)

    def _take(self, gen: int, seq: int) -> tuple[tuple[int, int], bytes] | None:
        for place in ((gen, seq + 1), (gen + 1, 1)):
            data = self._pushed.pop(place, None)
            if data is not None:
                return place, data
        return None

    def _asked(self, head: FeedHead) -> bytes:
        """Ask the giver; when it is away, take what the broker keeps."""
        question = Question(credentials=self._sign(head))
        try:
            outcome, data = ask(self._connection, self._issuer, self._reader, question)
        except LinkError:
            data = self._kept(head)
            if not data:
                raise
            return data
        self._asked_s = time.monotonic()
        if outcome is not Outcome.GIVEN:
            raise LinkError(f"{self._issuer} {_MEANING.get(outcome, 'did not answer with its feed')}")
        self._must_ask = bool(data)
        return data

    def _kept(self, head: FeedHead) -> bytes:
        lines: list[bytes] = []
        gen, seq = head.gen, head.seq
        while len(lines) < ENVELOPES_PER_ANSWER:
            for place in (FeedHead(gen=gen, seq=seq + 1), FeedHead(gen=gen + 1, seq=1)):
                data = self._connection.call(self._get(place), timeout_s=ANSWER_WITHIN_S)
                if data:
                    lines.append(data)
                    gen, seq = place.gen, place.seq
                    break
            else:
                break
        return b"".join(lines)

    async def _get(self, place: FeedHead) -> bytes:
        """Ask the broker for the envelope of one place; nothing when it keeps none."""
        from nats.errors import NoRespondersError  # noqa: PLC0415  # comes with the extra

        client = await self._connection.client()
        wanted = msgspec.json.encode({"last_by_subj": place_subject(self._issuer, self._reader, place)})
        try:
            kept = await client.request(kept_subject(self._issuer), wanted, timeout=KEPT_WITHIN_S)
        except NoRespondersError:
            return b""
        return b"" if "Status" in (kept.headers or {}) else kept.data


_MEANING = {
    Outcome.REFUSED: "refused us: it does not know our key, or our clocks differ by minutes",
    Outcome.ELSEWHERE: "does not know our cursor: it may have been restored and must raise its generation",
    Outcome.CUT: "has cut the link to us",
}


def ask(connection: BrokerConnection, issuer: str, reader: str, question: Question) -> tuple[Outcome, bytes]:
    """Ask a giver through the broker; raises LinkError when nobody answers, and gives what came when it breaks off."""
    asking = _ask(connection, ask_subject(issuer, reader), msgspec.json.encode(question))
    answer = connection.call(asking, timeout_s=2.0 * ANSWER_WITHIN_S)
    if answer is None:
        raise LinkError(f"{issuer} is not at the broker")
    return answer


async def _ask(connection: BrokerConnection, subject: str, data: bytes) -> tuple[Outcome, bytes] | None:
    client = await connection.client()
    inbox = client.new_inbox()
    pieces = await client.subscribe(inbox)
    body = bytearray()
    try:
        await client.publish(subject, data, reply=inbox)
        while True:
            piece = await pieces.next_msg(timeout=ANSWER_WITHIN_S)
            status = (piece.headers or {}).get(_STATUS, "")
            if status == _MORE:
                body += piece.data
            elif status:
                return Outcome(status), bytes(body)
            else:
                return None  # the broker says that nobody listens there
    except TimeoutError:
        if not body:
            raise
        return Outcome.GIVEN, bytes(body)
    finally:
        with contextlib.suppress(OSError):
            await pieces.unsubscribe()
