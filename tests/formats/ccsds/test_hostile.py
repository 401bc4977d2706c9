"""Inputs that nobody means well: never anything but FormatError, and no more work for them than for honest ones."""

from pathlib import Path

import pytest
from cdm_samples import a_cdm
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import MESSAGES, read_in_every_way

from commonsky.formats.ccsds.cdm import read_cdm, write_cdm
from commonsky.formats.ccsds.check import check_document
from commonsky.formats.ccsds.document import read_document
from commonsky.formats.errors import FormatError

STARTS = (
    b"",
    b"CCSDS_CDM_VERS = 1.0\n",
    b"CCSDS_TDM_VERS = 2.0\n",
    b"CCSDS_AEM_VERS = 1.0\n",
    b"<",
    b"<ndm>",
    b"[",
    b"{",
)


@settings(max_examples=150)
@given(st.sampled_from(STARTS), st.binary(max_size=300))
def test_bytes_of_any_kind_are_read_or_refused(start, rest):
    read_in_every_way(start + rest)


@settings(max_examples=200)
@given(st.data())
def test_a_message_with_a_piece_changed_is_read_or_refused(data):
    message = data.draw(st.sampled_from(MESSAGES))
    place = data.draw(st.integers(0, len(message)))
    length = data.draw(st.integers(0, 40))
    piece = data.draw(
        st.binary(max_size=12)
        | st.sampled_from(
            [b"META_START\n", b"COMMENT\n", b"</segment>", b"<data>", b"= NaN", b"1e999", b"[km", b"\xff"]
        )
    )
    read_in_every_way(message[:place] + piece + message[place + length :])


def cdm_with(line):
    return write_cdm(a_cdm()) + line


HOSTILE = {
    "one line of 10 MB": cdm_with(b"COMMENT " + b"x" * 10_000_000),
    "a keyword of 10 MB": cdm_with(b"A" * 10_000_000 + b" = 1"),
    "brackets of 5 MB": cdm_with(b"MASS = " + b"[" * 5_000_000),
    "blanks of 5 MB": cdm_with(b"MASS = 1" + b" " * 5_000_000 + b"x"),
    "signs of 5 MB": cdm_with(b"MASS = " + b"-1.0e" * 1_000_000),
    "20,000 objects": cdm_with(b"OBJECT = OBJECT1\n" * 20_000),
    "20,000 segments": b"CCSDS_TDM_VERS = 2.0\n" + b"META_START\nMETA_STOP\n" * 10_000,
    "20,000 unknown keywords": cdm_with(b"".join(b"K%d = 1\n" % n for n in range(20_000))),
    "the same keyword 20,000 times": cdm_with(b"MASS = 1\n" * 20_000),
    "XML of depth 100,000": b'<cdm id="CCSDS_CDM_VERS" version="1.0">' + b"<a>" * 100_000,
    "JSON of depth 100,000": b"[" * 100_000,
    "a billion laughs": b'<!DOCTYPE cdm [<!ENTITY a "aaaa">]><cdm id="CCSDS_CDM_VERS" version="1.0">&a;</cdm>',
    "50,000 attributes": b"<cdm " + b" ".join(b'a%d="1"' % n for n in range(50_000)) + b"/>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_sizes_are_done_with_quickly(name):
    # No time is asserted: what is quadratic here would take minutes and be seen by everybody.
    read_in_every_way(HOSTILE[name])


@pytest.mark.prove
def test_a_bounded_run_of_a_coverage_guided_fuzzer_finds_nothing(tmp_path):
    import subprocess
    import sys

    harness = Path(__file__).with_name("fuzz_messages.py")
    run = subprocess.run(
        [
            sys.executable,
            str(harness),
            f"-artifact_prefix={tmp_path}/",
            "-max_total_time=120",
            "-max_len=4096",
        ],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert "Done" in run.stderr


def test_what_is_refused_says_which_input_it_was():
    with pytest.raises(FormatError, match=r"evil\.cdm"):
        read_document(b"\x00\x01", source="evil.cdm")
    with pytest.raises(FormatError, match=r"evil\.cdm"):
        read_cdm(b"[", source="evil.cdm")
    assert check_document(read_document(cdm_with(b""), source="x")) is not None
