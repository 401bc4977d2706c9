"""Catalogues of every form for tests, by writers that know nothing of the readers; messages are sgp4's own export."""

import csv
import io
import json
from decimal import Decimal

from sgp4.api import Satrec
from sgp4.exporter import export_omm

from commonsky.formats.catalogue import read_catalogue

HEADER = {"CCSDS_OMM_VERS": "2.0", "CREATION_DATE": "2026-01-01T00:00:00", "ORIGINATOR": "TEST"}
METADATA = (
    "OBJECT_NAME",
    "OBJECT_ID",
    "CENTER_NAME",
    "REF_FRAME",
    "TIME_SYSTEM",
    "MEAN_ELEMENT_THEORY",
)
ELEMENTS = (
    "EPOCH",
    "MEAN_MOTION",
    "ECCENTRICITY",
    "INCLINATION",
    "RA_OF_ASC_NODE",
    "ARG_OF_PERICENTER",
    "MEAN_ANOMALY",
)
ALPHA5 = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def kvn(messages):
    blocks = [
        "\n".join(f"{key} = {value}" for key, value in (HEADER | message).items()) for message in messages
    ]
    return "\n\n".join(blocks).encode()


def xml(messages, *, root="ndm"):
    parts = [_xml_message(message) for message in messages]
    inside = "\n".join(parts)
    text = inside if root is None else f"<{root}>\n{inside}\n</{root}>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _xml_message(message):
    def elements(keys):
        return "".join(f"<{key}>{escaped(message[key])}</{key}>\n" for key in keys if key in message)

    others = [key for key in message if key not in METADATA + ELEMENTS]
    return (
        '<omm id="CCSDS_OMM_VERS" version="2.0"><header><CREATION_DATE>2026-01-01T00:00:00</CREATION_DATE>'
        f"<ORIGINATOR>TEST</ORIGINATOR></header><body><segment><metadata>{elements(METADATA)}</metadata>"
        f"<data><meanElements>{elements(ELEMENTS)}</meanElements>"
        f"<tleParameters>{elements(others)}</tleParameters></data></segment></body></omm>"
    )


def escaped(value):
    return str(value).replace("&", "&amp;").replace("<", "&lt;")


def json_numbers(messages):
    return json.dumps(messages).encode()


def json_texts(messages):
    more = {"GP_ID": "1", "PERIOD": "90.0", "DECAY_DATE": None, "TLE_LINE1": "1 ..."}
    return json.dumps([{key: str(value) for key, value in one.items()} | more for one in messages]).encode()


def csv_table(messages):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(messages[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(messages)
    return text.getvalue().encode()


def tle_lines(fields):
    """Lay out a set by columns; ``fields`` are texts of the right width, by the names used below."""
    one = (
        f"1 {fields['id1']}{fields['classification']} {fields['designator']} {fields['year']}{fields['day']} "
        f"{fields['dot']} {fields['ddot']} {fields['bstar']} {fields['type']} {fields['set']}"
    )
    two = (
        f"2 {fields['id2']} {fields['inclination']} {fields['node']} {fields['eccentricity']} "
        f"{fields['pericenter']} {fields['anomaly']} {fields['motion']}{fields['rev']}"
    )
    return [line + str(checksum(line)) for line in (one, two)]


def checksum(line):
    return sum(int(c) if c.isdigit() else c == "-" for c in line[:68]) % 10


def with_checksum(line):
    return line[:68] + str(checksum(line))


def exponential(text):
    """The value of a field such as `` 12345-4``, by decimal arithmetic."""
    sign = -1 if text[0] == "-" else 1
    return float(sign * Decimal(f"0.{text[1:6]}").scaleb(int(f"{text[6].strip()}{text[7]}")))


NAME = "HIGH WATCHER 1"
LINE1, LINE2 = tle_lines(
    {
        "id1": "40001",
        "classification": "U",
        "designator": "14033A  ",
        "year": "24",
        "day": "219.50000000",
        "dot": " .00001234",
        "ddot": " 00000-0",
        "bstar": " 12345-4",
        "type": "0",
        "set": " 999",
        "id2": "40001",
        "inclination": " 51.6400",
        "node": "123.4567",
        "eccentricity": "0012345",
        "pericenter": " 10.0000",
        "anomaly": "350.0000",
        "motion": "15.50000000",
        "rev": "12345",
    }
)
OTHER = [line.replace("40001", "40002") for line in (LINE1, LINE2)]
OTHER = [with_checksum(line) for line in OTHER]
OMM = export_omm(Satrec.twoline2rv(LINE1, LINE2), NAME)
LINES = f"{NAME}\n{LINE1}\n{LINE2}\n{NAME}\n{OTHER[0]}\n{OTHER[1]}\n".encode()


FORMS = {
    "omm-kvn": kvn,
    "omm-xml": xml,
    "omm-json numbers": json_numbers,
    "omm-json texts": json_texts,
    "omm-csv": csv_table,
}


def read(*lines):
    return read_catalogue("\n".join(lines).encode(), source="file.tle")


def changed(line, start, text):
    """Put text at a column (from 1) and make the checksum right again."""
    return with_checksum(line[: start - 1] + text + line[start - 1 + len(text) :])


def omm(**fields):
    return {key: value for key, value in (OMM | fields).items() if value is not ...}
