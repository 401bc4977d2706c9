"""A transmission is read as far as it is readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonsky.federation import encode_wire, read_wire
from partners import chain

ENVELOPES = tuple(chain(3))
WIRE = encode_wire(ENVELOPES)


def test_what_is_sent_is_what_is_read():
    assert read_wire(WIRE).envelopes == ENVELOPES
    assert read_wire(WIRE).faults == ()
    assert read_wire(b"").envelopes == ()


@given(st.integers(0, len(WIRE)))
def test_a_transmission_cut_anywhere_gives_the_envelopes_before_the_cut(length):
    wire = read_wire(WIRE[:length])
    assert wire.envelopes == ENVELOPES[: len(wire.envelopes)]
    whole = WIRE[:length].count(b"\n")
    assert len(wire.envelopes) - whole in {0, 1}
    assert [fault.code for fault in wire.faults] in ([], ["truncated"])
    rest = WIRE[:length].rpartition(b"\n")[2]
    assert bool(wire.faults) == (bool(rest) and len(wire.envelopes) == whole)


@given(st.binary(max_size=200))
def test_no_bytes_are_lost_in_silence(noise):
    wire = read_wire(noise + b"\n" + WIRE)
    assert wire.envelopes[-3:] == ENVELOPES
    kept = b"\n".join(fault.data for fault in wire.faults)
    assert kept == noise


def test_a_line_that_is_no_envelope_is_a_fault_and_the_others_are_kept():
    first, _, third = WIRE.splitlines(keepends=True)
    wire = read_wire(first + b'{"header":"h","signature":"s"}\n' + b"\xff\n" + third)
    assert wire.envelopes == (ENVELOPES[0], ENVELOPES[2])
    assert [(fault.line, fault.code) for fault in wire.faults] == [(2, "unreadable"), (3, "unreadable")]
    assert "body" in wire.faults[0].reason


def test_sizes_are_bounded():
    wire = read_wire(WIRE, max_envelopes=2)
    assert len(wire.envelopes) == 2
    assert wire.faults[0].code == "too_many"
    wire = read_wire(WIRE, max_envelope_bytes=10)
    assert [fault.code for fault in wire.faults] == ["too_large"] * 3
    assert [len(fault.data) for fault in wire.faults] == [10] * 3


@pytest.mark.parametrize("depth", [200_000])
def test_deep_nesting_is_a_fault_and_no_crash(depth):
    assert read_wire(b"[" * depth + b"\n").faults[0].code == "unreadable"
