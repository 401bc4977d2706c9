"""A feed in files: all arrives once and in order, whatever is lost, doubled, cut off or forged on the way."""

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from commonsky.domain import FeedHead, Mode
from commonsky.federation import CarriageError, CarriageHeader, encode_wire, read_wire, sign_carriage
from commonsky.federation.seal import head_of
from commonsky.node.carriage import take_carried, write_carried
from commonsky.node.link import CutError
from commonsky.node.start import open_node, roll_key
from partners import GIVER, KEYS, NOW_TAI_S, READER, THIRD, chain, observation, sealed, track
from two_nodes import found_two


@pytest.fixture
def nodes(tmp_path):
    giver, reader = found_two(tmp_path)
    yield giver, reader
    for node in (giver, reader):
        node.store.close()


def export(node, reader, **options):
    out = io.BytesIO()
    write_carried(node, reader, out, **options)
    return out.getvalue()


def carry(node, data):
    return take_carried(node, io.BytesIO(data))


def header(**changes):
    fields = {
        "iss": GIVER,
        "aud": READER,
        "mode": Mode.REAL,
        "after": FeedHead(),
        "through": FeedHead(),
        "holds": FeedHead(),
        "iat_tai_s": NOW_TAI_S,
    }
    return CarriageHeader(**(fields | changes))


def received(reader):
    return reader.store.received(GIVER, 0, 100, gen=0)


def test_all_arrives_by_file_and_the_acknowledgement_comes_back_by_file(nodes):
    giver, reader = nodes
    envelopes = chain(20)
    for envelope in envelopes:
        giver.store.enqueue(envelope)
    carried = carry(reader, export(giver, READER))
    assert carried.whole
    assert (carried.arrival.envelopes, carried.arrival.records, carried.arrival.refused) == (20, 40, ())
    assert received(reader) == envelopes
    assert giver.store.acknowledged(READER) == FeedHead()
    carry(giver, export(reader, GIVER))
    assert giver.store.acknowledged(READER) == head_of(envelopes[-1].header)
    more = chain(2, start=20, previous=head_of(envelopes[-1].header))
    for envelope in more:
        giver.store.enqueue(envelope)
    second = export(giver, READER)
    assert list(read_wire(second.split(b"\n", 1)[1]).envelopes) == more
    assert carry(reader, second).arrival.envelopes == 2


def test_what_is_new_is_decided_before_the_file_is_written(nodes):
    giver, reader = nodes
    giver.store.append([observation(1)])
    assert carry(reader, export(giver, READER)).arrival.records == 1


def test_a_file_taken_in_twice_or_out_of_turn_changes_nothing(nodes):
    giver, reader = nodes
    envelopes = chain(12)
    for envelope in envelopes[:4]:
        giver.store.enqueue(envelope)
    first = export(giver, READER)
    for envelope in envelopes[4:]:
        giver.store.enqueue(envelope)
    second = export(giver, READER, after=head_of(envelopes[3].header))
    everything = export(giver, READER)
    early = carry(reader, second)
    assert not early.whole
    assert "beyond the next one" in early.arrival.refused[0]
    assert received(reader) == []
    for data, came in ((first, 4), (first, 0), (second, 8), (everything, 0), (first, 0)):
        carried = carry(reader, data)
        assert (carried.arrival.envelopes, carried.arrival.refused, carried.whole) == (came, (), True)
    assert received(reader) == envelopes


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_becomes_of_files_on_the_way_what_enters_is_a_part_of_the_feed_and_the_whole_in_the_end(
    tmp_path_factory, data
):
    giver, reader = found_two(tmp_path_factory.mktemp("carried"))
    envelopes = []
    for revision in range(1, 10):
        head = head_of(envelopes[-1].header) if envelopes else None
        envelopes.append(sealed([track(revision)], head))
        giver.store.enqueue(envelopes[-1])
    whole = export(giver, READER)
    first, *lines = whole.splitlines(keepends=True)
    for _ in range(3):
        drawn = data.draw(st.lists(st.sampled_from(lines), max_size=14))
        body = b"".join(drawn)
        body = body[: data.draw(st.integers(0, len(body)))]
        if body and data.draw(st.booleans()):
            at = data.draw(st.integers(0, len(body) - 1))
            body = body[:at] + bytes([body[at] ^ data.draw(st.integers(1, 255))]) + body[at + 1 :]
        carry(reader, first + body)
        held = received(reader)
        assert held == envelopes[: len(held)]
        assert not reader.store.cursor(GIVER).stopped
    assert carry(reader, whole).whole
    assert received(reader) == envelopes
    for node in (giver, reader):
        node.store.close()


@pytest.mark.parametrize("keep", [0.35, 0.7, 0.99])
def test_a_file_that_was_cut_off_gives_what_is_whole_and_says_that_it_ends_too_early(nodes, keep):
    giver, reader = nodes
    for envelope in chain(10):
        giver.store.enqueue(envelope)
    data = export(giver, READER)
    carried = carry(reader, data[: int(len(data) * keep)])
    assert not carried.whole
    came = carried.arrival.envelopes
    assert came == data[: int(len(data) * keep)].count(b"\n") - 1
    assert "ends in the middle of an envelope" in " ".join(carried.arrival.refused)
    assert carry(reader, data).arrival.envelopes == 10 - came


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (b"", "is empty"),
        (b"\x00\xff junk\n", "is no file that carries a feed"),
        (b"[" * 8_000, "is no file that carries a feed"),
        (b"x" * 9_000, "is no file that carries a feed"),
        (sign_carriage(header(), KEYS[GIVER])[:-20], "is no file that carries a feed"),
        (sign_carriage(header(), KEYS[THIRD]), "not signed by NOR's pinned key"),
        (sign_carriage(header(iss=THIRD), KEYS[THIRD]), "no key is pinned for that member here"),
        (sign_carriage(header(aud=THIRD), KEYS[GIVER]), "is for FRA, and we are GBR"),
        (sign_carriage(header(mode=Mode.EXERCISE), KEYS[GIVER]), "is of mode EXERCISE"),
        (
            sign_carriage(header(typ="commonsky-carriage-v9"), KEYS[GIVER]),
            "this node reads commonsky-carriage-v1",
        ),
        (sign_carriage(header(holds=FeedHead(gen=2**80)), KEYS[GIVER]), "names a place that no feed has"),
        (sealed([observation(1)]).header.encode(), "is no file that carries a feed"),
    ],
)
def test_a_file_that_is_none_or_not_for_us_is_refused_as_a_whole_with_the_reason(nodes, first, reason):
    _, reader = nodes
    with pytest.raises(CarriageError, match=reason):
        carry(reader, first)
    assert received(reader) == []


def test_a_forged_envelope_in_an_honest_file_is_refused_and_kept_as_evidence(nodes):
    giver, reader = nodes
    for envelope in chain(3):
        giver.store.enqueue(envelope)
    first, one, two, three = export(giver, READER).splitlines(keepends=True)
    forged = two.replace(b"NOR-radar-1", b"NOR-radar-2")
    assert forged != two
    carried = carry(reader, first + one + forged + three)
    assert carried.arrival.envelopes == 1
    assert "not the one that was signed" in carried.arrival.refused[0]
    assert "body_digest" in {kept.code for kept in reader.store.quarantined()}
    assert carry(reader, first + one + two + three).whole


def test_a_second_history_in_a_file_stops_the_feed(nodes):
    giver, reader = nodes
    for envelope in chain(2):
        giver.store.enqueue(envelope)
    data = export(giver, READER)
    carry(reader, data)
    other = sealed([observation(77)])
    lines = data.splitlines(keepends=True)
    carry(reader, lines[0] + encode_wire([other]) + lines[1])
    assert reader.store.cursor(GIVER).stopped
    assert "fork" in {kept.code for kept in reader.store.quarantined()}


def test_an_acknowledgement_moves_forward_only_and_names_an_envelope_of_ours(nodes):
    giver, _ = nodes
    envelopes = chain(3)
    for envelope in envelopes:
        giver.store.enqueue(envelope)
    heads = [head_of(envelope.header) for envelope in envelopes]

    def told(head):
        carry(giver, sign_carriage(header(iss=READER, aud=GIVER, holds=head), KEYS[READER]))
        return giver.store.acknowledged(READER)

    assert told(heads[1]) == heads[1]
    assert told(heads[0]) == heads[1]
    assert told(replace(heads[2], header_sha256="ab" * 32)) == heads[1]
    assert told(FeedHead(gen=1, seq=99, header_sha256="ab" * 32)) == heads[1]
    assert any("that is none of ours" in line.text for line in giver.store.log(10))
    assert told(heads[2]) == heads[2]


def test_a_reader_that_lost_its_store_gets_all_from_the_beginning(nodes):
    giver, _ = nodes
    envelopes = chain(3)
    for envelope in envelopes:
        giver.store.enqueue(envelope)
    giver.store.acknowledge(READER, head_of(envelopes[-1].header), at_tai_s=NOW_TAI_S)
    assert export(giver, READER).count(b"\n") == 1
    assert export(giver, READER, after=FeedHead()).count(b"\n") == 4


def test_a_feed_in_files_goes_on_when_its_giver_takes_a_new_key(nodes):
    giver, reader = nodes
    giver.store.append([observation(1)])
    assert carry(reader, export(giver, READER)).arrival.records == 1
    giver.store.close()
    old, new = roll_key(giver.folder.path, b"n" * 32)
    rolled = open_node(giver.folder.path, lambda: NOW_TAI_S)
    rolled.store.append([observation(2)])
    carried = carry(reader, export(rolled, READER))
    assert (carried.arrival.records, carried.arrival.refused, carried.whole) == (1, (), True)
    assert reader.key_chain(GIVER) == [old, new]
    stranger = sign_carriage(header(bridges=rolled.bridges().decode()), KEYS[THIRD])
    with pytest.raises(CarriageError, match="not signed by NOR's pinned key"):
        carry(reader, stranger)
    rolled.store.close()


def test_a_cut_link_is_cut_for_files_too(nodes):
    giver, reader = nodes
    giver.store.enqueue(chain(1)[0])
    data = export(giver, READER)
    giver.store.cut(READER, at_tai_s=NOW_TAI_S)
    reader.store.cut(GIVER, at_tai_s=NOW_TAI_S)
    with pytest.raises(CutError, match="the link is cut"):
        export(giver, READER)
    with pytest.raises(CutError, match="the link is cut"):
        carry(reader, data)
    assert received(reader) == []
