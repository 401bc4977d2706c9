"""Acts on agreements in TOML: exact, readable, and nothing in them passes that is not understood."""

import pytest

from commonsky.domain import ActKind, AgreementAct
from commonsky.formats.acts_toml import read_acts, write_acts
from commonsky.formats.errors import FormatError

ACT = AgreementAct(
    act=ActKind.SUSPEND,
    agreement="AUR-BOR@2",
    document_sha256="ab" * 32,
    member="BOR",
    at_tai_s=820_000_000.0,
    actors=("7f3a", "91c0"),
    reason='while "we" look into it\n',
    signature="cd" * 64,
)
TEXT = write_acts([ACT])


def read(text):
    return read_acts(text.encode(), source="x.acts.toml")


def test_acts_survive_being_written_and_read_to_the_last_bit():
    assert read(TEXT) == (ACT,)
    bare = AgreementAct(
        act=ActKind.SIGN, agreement="a@1", document_sha256="0" * 64, member="A", at_tai_s=0.125
    )
    assert read(write_acts([bare, bare])) == (bare, bare)
    assert read("") == read(write_acts([])) == ()


def test_a_person_can_read_what_was_done_when_by_whom_and_why():
    lines = TEXT.splitlines()
    for line in ('act = "suspend"', 'member = "BOR"', 'at_utc = "2025-12-26T05:46:03Z"'):
        assert line in lines


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('act = "suspend"', 'act = "forget"', "act 1: Invalid enum value 'forget'"),
        ("reason", "raison", "act 1: Object contains unknown field `raison`"),
        ('member = "BOR"\n', "", "act 1: Object missing required field `member`"),
        ("at_utc", "at", "act 1, at_utc: is missing"),
        ("2025-12-26", "2025-13-26", "is not a date"),
        ("abab", "ABAB", "document_sha256 is 64 lower-case hexadecimal digits"),
        ('"91c0"', '"7f3a"', "actors are at most two different persons"),
        ("[[act]]", "[act]", "holds nothing but tables"),
        ("[[act]]", "[[deed]]", "holds nothing but tables"),
        ("[[act]]", "[[act]", "is not TOML"),
    ],
)
def test_what_is_not_understood_is_named(old, new, said):
    assert old in TEXT
    with pytest.raises(FormatError) as fault:
        read(TEXT.replace(old, new))
    assert said in str(fault.value)


def test_a_file_is_about_one_agreement():
    other = TEXT.replace("AUR-BOR@2", "AUR-BOR@3")
    with pytest.raises(FormatError, match="more than one agreement"):
        read(TEXT + other)
