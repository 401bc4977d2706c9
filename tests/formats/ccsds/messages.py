"""Small whole messages of every kind to start from, and all ways to read one."""

import contextlib

from cdm_samples import a_cdm

from commonsky.formats.ccsds.cdm import read_cdm, write_cdm
from commonsky.formats.ccsds.check import check_document
from commonsky.formats.ccsds.document import read_document
from commonsky.formats.ccsds.ephemeris import read_ephemerides
from commonsky.formats.ccsds.kvn import write_kvn
from commonsky.formats.ccsds.ndm_json import write_json
from commonsky.formats.ccsds.ndm_xml import write_xml
from commonsky.formats.errors import FormatError

TDM = b"""CCSDS_TDM_VERS = 2.0
CREATION_DATE = 2026-01-01T00:00:00
ORIGINATOR = US
META_START
TIME_SYSTEM = UTC
PARTICIPANT_1 = STATION
PARTICIPANT_2 = 2026-001A
MODE = SEQUENTIAL
PATH = 1,2,1
ANGLE_TYPE = AZEL
META_STOP
DATA_START
ANGLE_1 = 2026-01-01T00:00:01 10.5
ANGLE_2 = 2026-01-01T00:00:01 45
RANGE = 2026-001T00:00:01.5 1234.5
DATA_STOP
"""
OEM = b"""CCSDS_OEM_VERS = 2.0
CREATION_DATE = 2026-01-01T00:00:00
ORIGINATOR = US
META_START
OBJECT_NAME = SAT
OBJECT_ID = 2026-001A
CENTER_NAME = EARTH
REF_FRAME = EME2000
TIME_SYSTEM = UTC
START_TIME = 2026-01-01T00:00:00
STOP_TIME = 2026-01-01T00:01:00
META_STOP
2026-01-01T00:00:00 7000 0 0 0 7.5 0
2026-01-01T00:01:00 6990 450 0 -0.5 7.4 0
"""
APM = b"""CCSDS_APM_VERS = 2.0
CREATION_DATE = 2026-01-01T00:00:00
ORIGINATOR = US
OBJECT_NAME = SAT
OBJECT_ID = 2026-001A
TIME_SYSTEM = UTC
EPOCH = 2026-01-01T00:00:00
QUAT_START
REF_FRAME_A = EME2000
REF_FRAME_B = SC_BODY_1
Q1 = 0
Q2 = 0
Q3 = 0
QC = 1
QUAT_STOP
"""
AEM = b"""CCSDS_AEM_VERS = 1.0
CREATION_DATE = 2026-01-01T00:00:00
ORIGINATOR = US
META_START
OBJECT_NAME = SAT
OBJECT_ID = 2026-001A
REF_FRAME_A = EME2000
REF_FRAME_B = SC_BODY_1
ATTITUDE_DIR = A2B
TIME_SYSTEM = UTC
START_TIME = 2026-01-01T00:00:00
STOP_TIME = 2026-01-01T00:01:00
ATTITUDE_TYPE = EULER_ANGLE/RATE
EULER_ROT_SEQ = 312
RATE_FRAME = REF_FRAME_B
META_STOP
DATA_START
2026-01-01T00:00:00 1 2 3 0.1 0.2 0.3
DATA_STOP
"""
ACM = b"""CCSDS_ACM_VERS = 2.0
CREATION_DATE = 2026-01-01T00:00:00
ORIGINATOR = US
META_START
OBJECT_NAME = SAT
TIME_SYSTEM = UTC
EPOCH_TZERO = 2026-01-01T00:00:00
META_STOP
ATT_START
REF_FRAME_A = EME2000
REF_FRAME_B = SC_BODY_1
NUMBER_STATES = 4
ATT_TYPE = QUATERNION
0.0 0 0 0 1
ATT_STOP
"""
_KVN = (write_cdm(a_cdm()), TDM, OEM, APM, AEM, ACM)
MESSAGES = (
    *_KVN,
    *(write_xml(read_document(one, source="sample")).encode() for one in _KVN),
    write_json(read_document(TDM, source="sample")).encode(),
    write_cdm(a_cdm(), form="json"),
    write_cdm(a_cdm(), form="csv"),
)


def read_in_every_way(data):
    """Read, check and write the data; raises whatever is not a refusal."""
    for read in (read_cdm, read_ephemerides):
        with contextlib.suppress(FormatError):
            read(data, source="fuzz")
    try:
        document = read_document(data, source="fuzz")
    except FormatError:
        return
    check_document(document)
    for message in document.messages:
        for write in (write_xml, write_json, write_kvn):
            with contextlib.suppress(FormatError):
                write(message)
