"""Which orbit stands for an object, of all that the files have."""

import dataclasses

import hard_orbits
import numpy as np
import pytest
from msgspec.structs import replace

from commonsky.formats.catalogue import read_catalogue
from commonsky.formats.ccsds.ephemeris import read_ephemerides
from commonsky.safety.population import assemble, of_messages

LINES = hard_orbits.molniya(np.random.default_rng(1), 1, first=84_000)[0]


@pytest.mark.parametrize(
    ("designators", "is_one"),
    [
        (("1998-067A", "1998-067-A"), True),
        (("1998-067A", "1998-067B"), False),
        (("UNKNOWN", "UNKNOWN"), False),
        (("N/A", "N/A"), False),
        (("", ""), False),
    ],
)
def test_an_ephemeris_belongs_to_the_set_of_its_designator_but_not_to_all_that_have_none(designators, is_one):
    [known] = read_catalogue("\n".join(LINES).encode(), source="test").element_sets
    known = replace(known, object_id=designators[0])
    [alone] = assemble([known], start_tai_s=known.epoch_tai_s).objects
    own = dataclasses.replace(alone, id="OPERATED", designator=designators[1])
    found = assemble([known], [own], start_tai_s=known.epoch_tai_s)
    assert [one.id for one in found.objects] == (["84000"] if is_one else ["84000", "OPERATED"])
    assert found.replaced == (["84000"] if is_one else [])


def _oem(*segments):
    """Make an OEM of segments, each of minutes that its states cover and minutes in which it may be used."""
    text = "CCSDS_OEM_VERS = 2.0\nCREATION_DATE = 2024-01-01T00:00:00\nORIGINATOR = TEST\n"
    for first, last, *useable in segments:
        text += (
            "META_START\nOBJECT_NAME = ONE\nOBJECT_ID = 2024-001A\nCENTER_NAME = EARTH\nREF_FRAME = TEME\n"
        )
        text += f"TIME_SYSTEM = UTC\nSTART_TIME = 2024-01-01T00:{first:02}:00\n"
        for word, minute in zip(("START", "STOP"), useable, strict=False):
            text += f"USEABLE_{word}_TIME = 2024-01-01T00:{minute:02}:00\n"
        text += f"STOP_TIME = 2024-01-01T00:{last:02}:00\nMETA_STOP\n"
        for minute in range(first, last + 1):
            angle = 0.06 * minute
            place = (
                f"{7000 * np.cos(angle)} {7000 * np.sin(angle)} 0 {-7 * np.sin(angle)} {7 * np.cos(angle)} 0"
            )
            text += f"2024-01-01T00:{minute:02}:00 {place}\n"
    return read_ephemerides(text.encode(), source="test").ephemerides


@pytest.mark.parametrize(
    ("segments", "minutes"),
    [
        ([(0, 10), (10, 20)], [(0, 10), (10, 20)]),
        ([(10, 20), (0, 10)], [(0, 10), (10, 20)]),
        ([(0, 12, 2, 10), (8, 20, 10, 18)], [(2, 10), (10, 18)]),
        ([(0, 12), (8, 20)], [(0, 12), (12, 20)]),
        ([(0, 20), (8, 12)], [(0, 20)]),
        ([(0, 10), (12, 20)], [(0, 10), (12, 20)]),
    ],
)
def test_no_moment_of_an_ephemeris_belongs_to_two_of_its_segments(segments, minutes):
    [one] = of_messages(_oem(*segments))
    begin_s = one.orbit[0].begin_tai_s - 60.0 * minutes[0][0]
    found = [((part.begin_tai_s - begin_s) / 60.0, (part.end_tai_s - begin_s) / 60.0) for part in one.orbit]
    assert found == minutes
