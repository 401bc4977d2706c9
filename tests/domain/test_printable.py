"""A partner's names come into our log and into the reasons of our decisions, and must not write lines there."""

import pytest

from commonsky.domain.printable import LONGEST, printable


def test_what_prints_stays_as_it_is():
    assert printable("Ærø sees 25544 at 12.5°") == "Ærø sees 25544 at 12.5°"


@pytest.mark.parametrize("mark", ["\n", "\r", "\x1b", "\u2028", "\u202e", "\x00", "\ud800"])
def test_what_does_not_print_is_spelled_out(mark):
    said = printable(f"X{mark}AUR-BOR@1 clause c: releases")
    assert said.isprintable()
    assert len(said.splitlines()) == 1
    assert ascii(mark)[1:-1] in said


def test_a_text_without_end_is_cut_and_says_so():
    assert len(printable("x" * 10_000_000)) < LONGEST + 50
    assert "10000000 characters" in printable("x" * 10_000_000)
