"""The real tracking of W3B, as a tracking data message and a sites file, made from its published columns."""

import re
from collections import defaultdict

HEADER = """CCSDS_TDM_VERS = 2.0
CREATION_DATE = 2010-11-03T00:00:00
ORIGINATOR = TEST
"""
SEGMENT = """META_START
TIME_SYSTEM = UTC
PARTICIPANT_1 = {station}
PARTICIPANT_2 = W3B
MODE = SEQUENTIAL
PATH = 1,2,1
TIMETAG_REF = RECEIVE
RANGE_UNITS = km
ANGLE_TYPE = AZEL
META_STOP
DATA_START
{data}
DATA_STOP
"""


def tdm_from_columns(text):
    """One segment for each station, lines in the order of the file."""
    lines = defaultdict(list)
    for row in text.splitlines():
        if not row.strip() or row.startswith("#"):
            continue
        epoch, kind, station, *values = row.split()
        if kind == "RANGE":
            lines[station].append(f"RANGE = {epoch} {values[0]}")
        else:
            lines[station] += [f"ANGLE_{i} = {epoch} {value}" for i, value in enumerate(values, 1)]
    return HEADER + "".join(
        SEGMENT.format(station=station, data="\n".join(data)) for station, data in lines.items()
    )


def sites_from_settings(text):
    """Our sites file, with the stations' places and noise and the on-board bias that all ranges share."""
    given = dict(re.findall(r"^\s*([\w.]+\s*(?:\[\d\])?)\s*=\s*(.*?);?\s*$", text, re.MULTILINE))
    given = {key.replace(" ", ""): value for key, value in given.items()}
    tables = []
    for i in range(5):
        station = {
            key: given[f"ground.station.{key}[{i}]"] for key in ("name", "latitude", "longitude", "altitude")
        }
        tables.append(
            f'[[sensor]]\nid = "{station["name"]}"\nlatitude_deg = {station["latitude"]}\n'
            f"longitude_deg = {station['longitude']}\nheight_m = {station['altitude']}\n"
            f"range_sigma_m = {given[f'ground.station.range.sigma[{i}]']}\n"
            f"angle_sigma_deg = {given[f'ground.station.azimuth.sigma[{i}]']}\n"
            f"range_bias_m = {given['onboard.range.bias']}\n"
        )
    return "\n".join(tables)
