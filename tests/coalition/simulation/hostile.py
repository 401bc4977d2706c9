"""A partner that signs whatever it likes, with its own true key, from what it rightly holds."""

import hashlib
import json

import msgspec
from msgspec.structs import replace

from commonsky.domain import (
    NO_HEADER_SHA256,
    Component,
    Envelope,
    EnvelopeHeader,
    FeedHead,
    Label,
    Mode,
    Observation,
    ObservationKind,
    Record,
)
from commonsky.federation import encode_wire
from commonsky.federation.keys import sign
from commonsky.federation.seal import ENVELOPE_TYPE, released_line, signed_bytes
from commonsky.formats.canonical import decode, encode, record_id
from simulation.world import KEYS, MODE

_CANONICAL = msgspec.json.Encoder(order="sorted")


def envelope(lines, *, key=None, prefix=None, body=None, **fields):
    """Seal lines with a header of one's own making."""
    text = b"".join(lines)
    header = EnvelopeHeader(
        **{
            "typ": ENVELOPE_TYPE,
            "mode": MODE,
            "body_sha256": hashlib.sha256(text).hexdigest(),
            "count": len(lines),
        }
        | fields
    )
    words = _CANONICAL.encode(header).decode()
    signed = signed_bytes(words) if prefix is None else prefix + words.encode()
    return Envelope(
        header=words, signature=sign(key or KEYS[header.iss], signed), body=(body or text).decode()
    )


class Hostile:
    """What a hostile member sends to one reader, knowing where the reader stands."""

    def __init__(self, world, life, reader, chance):
        self.world, self.life, self.reader, self.chance = world, life, reader, chance
        self.own = life.member

    def tricks(self):
        return [name.removeprefix("trick_") for name in dir(self) if name.startswith("trick_")]

    def answer(self, trick, head):
        """The bytes that arrive, and whether any envelope in them may rightly be accepted."""
        made = getattr(self, f"trick_{trick}")(head)
        return made if isinstance(made, bytes) else encode_wire(made)

    # -- envelopes that nobody may accept

    def trick_forged_signature(self, head):
        return [self._next(head, key=KEYS[self._third()])]

    def trick_signature_for_another_purpose(self, head):
        return [self._next(head, prefix=b"commonsky-pull-v1\n")]

    def trick_in_anothers_name(self, head):
        return [self._next(head, iss=self._third(), key=KEYS[self.own])]

    def trick_for_another_reader(self, head):
        return [self._next(head, aud=self._third())]

    def trick_of_another_mode(self, head):
        return [self._next(head, mode=Mode.REAL)]

    def trick_tampered_body(self, head):
        return [self._next(head, body=b"".join(self._lines()) + b"{}\n")]

    def trick_wrong_count(self, head):
        return [self._next(head, count=7)]

    def trick_from_the_future(self, head):
        return [self._next(head, iat_tai_s=self.world.now_tai_s + 1e6)]

    def trick_unknown_agreement(self, head):
        return [self._next(head, lines=[released_line("nobody-signed-this@1", self._body())])]

    def trick_gap(self, head):
        return [self._next(head, seq=head.seq + 2)]

    def trick_broken_start(self, head):
        return [self._next(head, gen=head.gen + 1, seq=1, prev="1" * 64)]

    def trick_rollback(self, head):
        return [
            self._next(head, gen=max(1, head.gen - 1), seq=max(1, head.seq + 5 if head.gen > 1 else head.seq))
        ]

    def trick_fork(self, head):
        return [self._next(head, seq=max(1, head.seq), prev="2" * 64)]

    def trick_fork_ahead(self, head):
        return [self._next(head, prev="3" * 64)]

    def trick_replay(self, head):
        held = self.reader.store.received(self.own, 0, 1_000, gen=0)
        return held[-3:] * 2

    def trick_no_envelope(self, head):
        return b'{"header": 1}\n\xff\xfe\n[[[[[[\n{"header":"{}","signature":"00","body":""}\n'

    def trick_unreadable_header(self, head):
        sealed = self._next(head)
        return [replace(sealed, header=sealed.header.replace('"aud"', '"aud":"x","aud"'))]

    # -- envelopes in their place, with lines that should not be in them

    def trick_label_stripped(self, head):
        record = self._foreign()
        open_label = Label({record.originator: Component(), self.own: Component()})
        return [self._next(head, lines=self._sent(encode(replace(record, label=open_label))))]

    def trick_originator_dropped_from_label(self, head):
        record = self._foreign()
        return [
            self._next(head, lines=self._sent(encode(replace(record, label=Label({self.own: Component()})))))
        ]

    def trick_label_of_another_record(self, head):
        record, other = self._foreign(), self._foreign()
        return [self._next(head, lines=self._sent(encode(replace(record, label=other.label))))]

    def trick_the_readers_own(self, head):
        forged = self._invented(self.reader.member)
        return [self._next(head, lines=self._sent(encode(forged)))]

    def trick_in_the_name_of_a_third(self, head):
        forged = replace(self._invented(self._third()), id="obs:not-of-its-content")
        return [self._next(head, lines=self._sent(encode(forged)))]

    def trick_passed_on_without_leave(self, head):
        return [self._next(head, lines=self._sent(encode(self._foreign())))]

    def trick_doubled_key(self, head):
        body = self._body()
        return [self._next(head, lines=self._sent(body[:-1] + b',"mode":"EXERCISE"}'))]

    def trick_look_alike_reader(self, head):
        record = decode(self._body())
        alike = Component(
            readers=frozenset({self.reader.member.replace("O", "\u041e").replace("A", "\u0410").lower()})
        )
        return [self._next(head, lines=self._sent(encode(replace(record, label=Label({self.own: alike})))))]

    def trick_unknown_field_in_label(self, head):
        plain = json.loads(self._body())
        for part in plain["label"]["components"].values():
            part["new_caveat"] = True
        return [self._next(head, lines=self._sent(_CANONICAL.encode(plain)))]

    def trick_no_record(self, head):
        return [self._next(head, lines=[b'{"agreement":"x","record":null}\n', b"not a line at all\n"])]

    # -- what an honest partner would do

    def trick_honest(self, head):
        return [self._next(head)]

    def trick_new_generation(self, head):
        return [self._next(head, gen=head.gen + 1, seq=1, prev=NO_HEADER_SHA256)]

    def trick_many(self, head):
        made, at = [], head
        for _ in range(3):
            made.append(self._next(at))
            digest = hashlib.sha256(made[-1].header.encode()).hexdigest()
            at = FeedHead(gen=max(1, at.gen), seq=at.seq + 1, header_sha256=digest)
        return made

    # -- what they are made of

    def _next(self, head, *, lines=None, **changes):
        fields = {
            "iss": self.own,
            "aud": self.reader.member,
            "gen": max(1, head.gen),
            "seq": head.seq + 1,
            "prev": head.header_sha256,
            "iat_tai_s": self.reader.now() - 1.0,
        }
        return envelope(self._lines() if lines is None else lines, **(fields | changes))

    def _lines(self):
        return self._sent(self._body())

    def _sent(self, body):
        deals = [
            deal
            for deal in self.reader.deals
            if deal.giver == self.own and self.reader.member in deal.readers
        ]
        reference = self.chance.choice(deals).reference if deals else "none@1"
        plain = b'{"agreement":' + json.dumps(reference).encode() + b',"record":' + body + b"}\n"
        return [plain]

    def _body(self):
        """One of our own records: a new one, with an open label."""
        return encode(self._invented(self.own))

    def _invented(self, originator):
        content = Observation(
            kind=ObservationKind.RANGE,
            epoch_tai_s=self.world.now_tai_s,
            sensor=f"{originator}-RADAR-1",
            values=(2e6 + self.world.number(),),
            sigmas=(1.0,),
            biases=(0.0,),
        )
        return Record(
            id=record_id(originator, content),
            originator=originator,
            mode=MODE,
            label=Label({originator: Component()}),
            content=content,
        )

    def _foreign(self):
        """A record of another member that we rightly hold; an invented one where we hold none."""
        rows = self.life.query(
            "SELECT body FROM records WHERE originator NOT IN (?, ?) AND body != x''",
            self.own,
            self.reader.member,
        )
        return decode(self.chance.choice(rows)[0]) if rows else self._invented(self._third())

    def _third(self):
        return self.chance.choice(
            [one for one in self.world.names if one not in {self.own, self.reader.member}]
        )


NEVER_ACCEPTED = {
    "forged_signature",
    "signature_for_another_purpose",
    "in_anothers_name",
    "for_another_reader",
    "of_another_mode",
    "tampered_body",
    "wrong_count",
    "from_the_future",
    "unknown_agreement",
    "gap",
    "broken_start",
    "fork_ahead",
    "replay",
    "no_envelope",
    "unreadable_header",
}
NO_RECORD_KEPT = NEVER_ACCEPTED | {
    "the_readers_own",
    "in_the_name_of_a_third",
    "doubled_key",
    "unknown_field_in_label",
    "no_record",
    "look_alike_reader",
    "originator_dropped_from_label",
}
