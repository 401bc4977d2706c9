"""Two real ends joined by a wire that does its worst; once it heals, all has arrived, once and in order.

The wire loses, doubles, reorders, cuts and changes what it carries, replays what it carried before, and slips in
envelopes for another audience and forged ones. The giver is restored from a backup with a new generation. Hypothesis
prints the steps, and the seed, of a history that fails.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from commonsky.domain import Accepted, FeedHead
from commonsky.federation import Action, Refusal, accept, encode_wire, header_sha256, read_header, read_wire
from commonsky.federation.seal import head_of
from commonsky.formats.canonical import encode
from partners import GIVER, KEYS, NOW_TAI_S, READER, THIRD, observation, receiver, sealed


class GiverEnd:
    """A member that releases records to several readers."""

    def __init__(self):
        self.gen = 1
        self.feeds = {READER: [], THIRD: []}
        self.count = 0

    def release(self, aud, how_many):
        records = [observation(self.count + k) for k in range(how_many)]
        self.count += how_many
        feed = self.feeds[aud]
        head = head_of(feed[-1].header) if feed else FeedHead()
        feed.append(sealed(records, head, aud=aud, gen=self.gen))

    def after(self, aud, head, limit):
        def place(envelope):
            header = read_header(envelope.header)
            return header.gen, header.seq

        return [one for one in self.feeds[aud] if place(one) > (head.gen, head.seq)][:limit]


class ReceiverEnd:
    """A member that keeps what it accepts."""

    def __init__(self):
        self.head = FeedHead()
        self.headers = {}
        self.bodies = []
        self.refusals = []

    def take(self, data):
        for envelope in read_wire(data).envelopes:
            outcome = accept(
                envelope,
                receiver(),
                issuer=GIVER,
                head=self.head,
                held=lambda gen, seq: self.headers.get((gen, seq)),
                now_tai_s=NOW_TAI_S,
            )
            if isinstance(outcome, Accepted):
                self.head = outcome.head
                self.headers[outcome.head.gen, outcome.head.seq] = outcome.head.header_sha256
                self.bodies += [one.body for one in outcome.received]
                assert outcome.unfit == ()
            else:
                self.refusals.append(outcome)


positions = st.integers(0, 10_000)


class Exchange(RuleBasedStateMachine):
    """Steps in any order; the invariants hold after each, and the end is reached over a healed wire."""

    @initialize()
    def begin(self):
        self.giver = GiverEnd()
        self.reader = ReceiverEnd()
        self.seen = []

    def carried(self, limit=4):
        data = encode_wire(self.giver.after(READER, self.reader.head, limit))
        self.seen.append(data)
        return data

    @rule(
        batches=st.lists(st.integers(1, 2), min_size=1, max_size=4),
        aud=st.sampled_from([READER, READER, THIRD]),
    )
    def the_giver_releases(self, batches, aud):
        for how_many in batches:
            self.giver.release(aud, how_many)

    @rule(limit=st.integers(1, 4))
    def the_wire_carries(self, limit):
        self.reader.take(self.carried(limit))

    @rule()
    def the_wire_loses_all(self):
        self.carried()

    @rule(order=st.randoms(use_true_random=False))
    def the_wire_reorders_and_doubles(self, order):
        lines = self.carried().splitlines(keepends=True) * 2
        order.shuffle(lines)
        self.reader.take(b"".join(lines))

    @rule(at=positions)
    def the_wire_cuts(self, at):
        data = self.carried()
        self.reader.take(data[: at % (len(data) + 1)])

    @rule(at=positions, bit=st.integers(0, 7))
    def the_wire_changes_a_bit(self, at, bit):
        data = bytearray(self.carried())
        if data:
            data[at % len(data)] ^= 1 << bit
        self.reader.take(bytes(data))

    @rule(which=positions)
    def the_wire_replays(self, which):
        if self.seen:
            self.reader.take(self.seen[which % len(self.seen)])

    @rule()
    def another_audience_forwards_its_envelopes(self):
        self.reader.take(encode_wire(self.giver.feeds[THIRD]))

    @rule()
    def another_member_forges(self):
        head = self.reader.head
        gen = max(head.gen, 1)
        forged = sealed([observation(7_000_000)], head, gen=gen, key=KEYS[THIRD])
        own_words = sealed([observation(7_000_001)], head, gen=gen, iss=THIRD, key=KEYS[THIRD])
        self.reader.take(encode_wire([forged, own_words]))

    @rule()
    def a_body_is_exchanged_for_another(self):
        bodies = [one.body for one in self.giver.feeds[THIRD]]
        envelopes = self.giver.after(READER, self.reader.head, 2)
        if bodies:
            self.reader.take(encode_wire([replace(one, body=bodies[-1]) for one in envelopes]))

    @rule(kept=positions)
    def the_giver_is_restored_from_a_backup(self, kept):
        # What a backup lost was released to nobody else; the records are decided upon, and sent, anew.
        feed = self.giver.feeds[READER]
        kept %= len(feed) + 1
        lost = feed[kept:]
        del feed[kept:]
        self.giver.gen += 1
        head = head_of(feed[-1].header) if feed else FeedHead()
        for envelope in lost:
            again = [observation(9_000_000 + self.giver.gen * 1_000 + len(feed))]
            feed.append(sealed(again, head, gen=self.giver.gen))
            head = head_of(feed[-1].header)
            assert read_header(envelope.header).aud == READER

    @invariant()
    def only_what_the_giver_released_is_accepted(self):
        assert not any(b"7000000" in body or b"7000001" in body for body in self.reader.bodies)
        assert len(set(self.reader.bodies)) == len(self.reader.bodies)

    @invariant()
    def an_honest_giver_is_never_taken_for_a_forker(self):
        assert Action.STOP not in {one.action for one in self.reader.refusals}
        assert Refusal.UNKNOWN_AGREEMENT not in {one.refusal for one in self.reader.refusals}

    def teardown(self):
        """Heal the wire: everything on the feed as it stands arrives in order."""
        before = list(self.reader.bodies)
        while self.giver.after(READER, self.reader.head, 1):
            stood = self.reader.head
            self.reader.take(self.carried())
            assert self.reader.head != stood
        assert self.reader.bodies[: len(before)] == before
        self.all_is_there()

    def all_is_there(self):
        """What is on the feed now is what the receiver holds of it, record for record."""
        feed = self.giver.feeds[READER]
        newest = read_header(feed[-1].header).gen if feed else 0
        sent = [
            line
            for envelope in feed
            if read_header(envelope.header).gen == newest
            for line in envelope.body.splitlines()
        ]
        held = [body.decode() for body in self.reader.bodies][len(self.reader.bodies) - len(sent) :]
        assert [line.partition('"record":')[2][:-1] for line in sent] == held
        for envelope in feed:
            header = read_header(envelope.header)
            held_header = self.reader.headers.get((header.gen, header.seq))
            assert held_header in {None, header_sha256(envelope.header)}


Exchange.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
test_whatever_the_wire_does_all_arrives_once_and_in_order = Exchange.TestCase


def test_the_fake_wire_carries_what_the_real_encoding_carries():
    giver, reader = GiverEnd(), ReceiverEnd()
    giver.release(READER, 2)
    reader.take(encode_wire(giver.after(READER, reader.head, 1)))
    assert reader.bodies == [encode(observation(0)), encode(observation(1))]
