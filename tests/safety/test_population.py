"""Which orbit stands for an object, of all that the files have."""

import dataclasses

import hard_orbits
import numpy as np
import pytest
from msgspec.structs import replace

from commonsky.formats.catalogue import read_catalogue
from commonsky.safety.population import assemble

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
