"""Element sets as the table of OMM keywords that CelesTrak publishes; `omm.read_omm_csv` reads it back exactly."""

import csv
import io
from collections.abc import Iterable

from msgspec import UNSET

from commonsky.domain import ElementSet
from commonsky.formats.mean_elements import FIELD_OF_KEYWORD


def write_omm_csv(element_sets: Iterable[ElementSet]) -> str:
    """Return a header line of keywords and one line for each element set.

    Raises ValueError for a set that was coarsened before release: the table has no place for the mark, and without it
    the set would pass for a fine one.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELD_OF_KEYWORD)
    for one in element_sets:
        if one.coarsened_to_m is not UNSET:
            raise ValueError(
                f"{one.norad_cat_id} was coarsened to {one.coarsened_to_m:g} m, which OMM cannot say"
            )
        writer.writerow([getattr(one, name) for name in FIELD_OF_KEYWORD.values()])
    return text.getvalue()
