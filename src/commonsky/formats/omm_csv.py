"""Element sets as the table of OMM keywords that CelesTrak publishes; `omm.read_omm_csv` reads it back exactly."""

import csv
import io
from collections.abc import Iterable

from commonsky.domain import ElementSet

_FIELD_OF_KEYWORD = {
    "OBJECT_NAME": "object_name",
    "OBJECT_ID": "object_id",
    "EPOCH": "epoch_utc",
    "MEAN_MOTION": "mean_motion_rev_day",
    "ECCENTRICITY": "eccentricity",
    "INCLINATION": "inclination_deg",
    "RA_OF_ASC_NODE": "ra_of_asc_node_deg",
    "ARG_OF_PERICENTER": "arg_of_pericenter_deg",
    "MEAN_ANOMALY": "mean_anomaly_deg",
    "EPHEMERIS_TYPE": "ephemeris_type",
    "CLASSIFICATION_TYPE": "classification",
    "NORAD_CAT_ID": "norad_cat_id",
    "ELEMENT_SET_NO": "element_set_no",
    "REV_AT_EPOCH": "rev_at_epoch",
    "BSTAR": "bstar",
    "MEAN_MOTION_DOT": "mean_motion_dot",
    "MEAN_MOTION_DDOT": "mean_motion_ddot",
}


def write_omm_csv(element_sets: Iterable[ElementSet]) -> str:
    """Return a header line of keywords and one line for each element set."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_FIELD_OF_KEYWORD)
    for one in element_sets:
        writer.writerow([getattr(one, name) for name in _FIELD_OF_KEYWORD.values()])
    return text.getvalue()
