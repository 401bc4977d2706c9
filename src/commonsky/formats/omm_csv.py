"""Element sets as the table of OMM keywords that CelesTrak publishes; `omm.read_omm_csv` reads it back exactly."""

import csv
import io
from collections.abc import Iterable

from commonsky.domain import ElementSet
from commonsky.formats.mean_elements import FIELD_OF_KEYWORD


def write_omm_csv(element_sets: Iterable[ElementSet]) -> str:
    """Return a header line of keywords and one line for each element set."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELD_OF_KEYWORD)
    for one in element_sets:
        writer.writerow([getattr(one, name) for name in FIELD_OF_KEYWORD.values()])
    return text.getvalue()
