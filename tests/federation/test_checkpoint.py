"""Heads of audit trees as signed notes: the published note, and what is refused."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonsky.domain.tree_head import TreeHead
from commonsky.federation.checkpoint import (
    checkpoint,
    cosigned,
    cosigned_unix_s,
    note_is_signed,
    open_checkpoint,
    read_head,
    read_note,
)
from commonsky.federation.keys import signing_key, verify_key
from partners import GIVER, KEYS, PUBLIC, READER, THIRD

GOLDEN = json.loads((Path(__file__).parent.parent / "golden/rfc6962/note.json").read_text())
HEAD = TreeHead(log=GIVER, gen=2, size=1234, root=bytes(range(32)))
NOTE = checkpoint(HEAD, KEYS[GIVER])
TEXT = read_note(NOTE).text


def test_the_published_note_is_read_and_verified():
    name, _, key = GOLDEN["verifier"].split("+", 2)
    public = verify_key(base64.b64decode(key)[1:].hex())
    note = GOLDEN["text"] + "\n" + GOLDEN["signature"]
    assert read_note(note).text == GOLDEN["text"]
    assert note_is_signed(note, name, public)
    assert not note_is_signed(note.replace("problem", "question"), name, public)
    assert not note_is_signed(note, "PeterNeuman", public)


def test_the_published_key_signs_as_published():
    from commonsky.federation.checkpoint import _note_signature

    name, _, key = GOLDEN["signer"].removeprefix("PRIVATE+KEY+").split("+", 2)
    made = _note_signature(name, signing_key(base64.b64decode(key)[1:]), GOLDEN["text"])
    assert made == GOLDEN["signature"]


def test_a_checkpoint_is_three_lines_and_a_signature():
    lines = NOTE.split("\n")
    assert lines[:4] == ["commonsky-audit-v1/NOR/2", "1234", base64.b64encode(HEAD.root).decode(), ""]
    assert lines[4].startswith("— commonsky-audit-v1/NOR/2 ")
    assert lines[5:] == [""]
    assert open_checkpoint(NOTE, GIVER, PUBLIC[GIVER]) == HEAD


def test_a_cosignature_says_who_and_when_and_leaves_the_checkpoint_valid():
    note = cosigned(cosigned(NOTE, READER, KEYS[READER], 1_764_000_000), THIRD, KEYS[THIRD], 1_764_000_007)
    assert open_checkpoint(note, GIVER, PUBLIC[GIVER]) == HEAD
    assert cosigned_unix_s(note, READER, PUBLIC[READER]) == 1_764_000_000
    assert cosigned_unix_s(note, THIRD, PUBLIC[THIRD]) == 1_764_000_007
    assert cosigned_unix_s(note, THIRD, PUBLIC[READER]) is None
    assert cosigned_unix_s(NOTE, READER, PUBLIC[READER]) is None


def test_what_a_member_signed_with_a_key_that_it_had_before_stays_signed():
    note = cosigned(NOTE, READER, KEYS[READER], 5)
    assert open_checkpoint(note, GIVER, (PUBLIC[THIRD], PUBLIC[GIVER])) == HEAD
    assert cosigned_unix_s(note, READER, (PUBLIC[THIRD], PUBLIC[READER])) == 5
    assert cosigned_unix_s(note, READER, ()) is None


def test_the_signature_of_the_log_is_no_cosignature_and_the_reverse():
    assert cosigned_unix_s(NOTE, GIVER, PUBLIC[GIVER]) is None
    alone = TEXT + "\n" + cosigned(NOTE, GIVER, KEYS[GIVER], 5).split("\n\n")[1].split("\n")[1] + "\n"
    assert cosigned_unix_s(alone, GIVER, PUBLIC[GIVER]) == 5
    with pytest.raises(ValueError, match="not signed by the key of NOR"):
        open_checkpoint(alone, GIVER, PUBLIC[GIVER])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("1234", "1235"), "not signed"),
        (("NOR/2", "NOR/3"), "not signed"),
        (("1234", "01234"), "no checkpoint"),
        (("1234", "-1"), "no checkpoint"),
        (("1234", "9999999999999999999"), "no tree has"),
        (("NOR/2", "FRA/2"), "a checkpoint of FRA, not of NOR"),
        (("audit-v1", "audit-v2"), "no checkpoint"),
        (("\n\n", "\nextension\n\n"), "no checkpoint"),
        (("\n\n", "\n"), "no signed note"),
        (("— ", "- "), "no signature line"),
        (("— ", "—  "), "no signature line"),
    ],
)
def test_what_is_no_checkpoint_of_the_log_is_refused_with_the_reason(change, reason):
    with pytest.raises(ValueError, match=reason):
        open_checkpoint(NOTE.replace(*change), GIVER, PUBLIC[GIVER])


def test_another_key_than_the_pinned_one_is_refused():
    with pytest.raises(ValueError, match="not signed"):
        open_checkpoint(NOTE, GIVER, PUBLIC[READER])


@given(st.integers(0, len(NOTE) - 1), st.characters())
def test_no_changed_character_is_accepted(at, other):
    changed = NOTE[:at] + other + NOTE[at + 1 :]
    if changed == NOTE:
        return
    try:
        head = open_checkpoint(changed, GIVER, PUBLIC[GIVER])
    except ValueError:
        return
    assert head == HEAD  # base64 has spare bits at its end; the text that is signed has none
    assert read_note(changed).text == read_note(NOTE).text


@given(st.text())
def test_any_text_is_read_or_refused(text):
    for note in (text, f"{TEXT}\n{text}"):
        try:
            read_head(note)
        except ValueError:
            continue
