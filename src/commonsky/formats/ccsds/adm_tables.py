"""The tables of attitude messages APM and AEM: 504.0-B-1 and -B-2 (versions 1.0 and 2.0).

The versions differ in structure: 1.0 has flat blocks that are told by their first keyword, 2.0 has markers.
"""

import re
from collections.abc import Mapping

from commonsky.formats.ccsds.tables import COLUMN_UNITS, COLUMNS, TableSource

_HEADER = """
header 1                                                                # 3.2
    CLASSIFICATION              O text                                  from=2.0
    CREATION_DATE               M epoch
    ORIGINATOR                  M text
    MESSAGE_ID                  O text
"""

_APM_1 = """
            quaternionState 0..1                                        until=1.0 # 3.2
                EPOCH               M epoch
                Q_FRAME_A           O frame
                Q_FRAME_B           O frame
                Q_DIR               O choice A2B|B2A
                quaternion 0..1
                    Q1              M number
                    Q2              M number
                    Q3              M number
                    QC              M number
                quaternionRate 0..1
                    Q1_DOT          M number 1/s
                    Q2_DOT          M number 1/s
                    Q3_DOT          M number 1/s
                    QC_DOT          M number 1/s
                ! all Q_FRAME_A Q_FRAME_B Q_DIR
            eulerElementsThree 0..1                                     until=1.0
                EULER_FRAME_A       M frame
                EULER_FRAME_B       M frame
                EULER_DIR           M choice A2B|B2A
                EULER_ROT_SEQ       M text
                RATE_FRAME          O choice EULER_FRAME_A|EULER_FRAME_B
                rotationAngles 0..1
                    X_ANGLE         M number deg
                    Y_ANGLE         M number deg
                    Z_ANGLE         M number deg
                rotationRates 0..1
                    X_RATE          M number deg/s
                    Y_RATE          M number deg/s
                    Z_RATE          M number deg/s
            eulerElementsSpin 0..1                                      until=1.0
                SPIN_FRAME_A        M frame
                SPIN_FRAME_B        M frame
                SPIN_DIR            M choice A2B|B2A
                SPIN_ALPHA          M number deg
                SPIN_DELTA          M number deg
                SPIN_ANGLE          M number deg
                SPIN_ANGLE_VEL      M number deg/s
                NUTATION            O number deg
                NUTATION_PER        O number s
                NUTATION_PHASE      O number deg
                ! all NUTATION NUTATION_PER NUTATION_PHASE
            spacecraftParameters 0..1                                   until=1.0
                INERTIA_REF_FRAME   O frame
                I11                 M number kg*m**2
                I22                 M number kg*m**2
                I33                 M number kg*m**2
                I12                 M number kg*m**2
                I13                 M number kg*m**2
                I23                 M number kg*m**2
            maneuverParameters 0..*                                     until=1.0
                MAN_EPOCH_START     M epoch                             leader
                MAN_DURATION        M number s
                MAN_REF_FRAME       M frame
                MAN_TOR_1           M number N*m
                MAN_TOR_2           M number N*m
                MAN_TOR_3           M number N*m
"""

_APM_2 = """
            EPOCH                   O epoch                             from=2.0 # 3.2
            quaternionState 0..*    QUAT_START..QUAT_STOP               from=2.0
                REF_FRAME_A         M frame
                REF_FRAME_B         M frame
                quaternion 1
                    Q1              M number
                    Q2              M number
                    Q3              M number
                    QC              M number
                quaternionDot 0..1
                    Q1_DOT          M number 1/s
                    Q2_DOT          M number 1/s
                    Q3_DOT          M number 1/s
                    QC_DOT          M number 1/s
            eulerAngleState 0..*    EULER_START..EULER_STOP             from=2.0
                REF_FRAME_A         M frame
                REF_FRAME_B         M frame
                EULER_ROT_SEQ       M text
                ANGLE_1             M number deg
                ANGLE_2             M number deg
                ANGLE_3             M number deg
                ANGLE_1_DOT         O number deg/s
                ANGLE_2_DOT         O number deg/s
                ANGLE_3_DOT         O number deg/s
                ! all ANGLE_1_DOT ANGLE_2_DOT ANGLE_3_DOT
            angularVelocity 0..*    ANGVEL_START..ANGVEL_STOP           from=2.0
                REF_FRAME_A         M frame
                REF_FRAME_B         M frame
                ANGVEL_FRAME        M frame
                ANGVEL_X            M number deg/s
                ANGVEL_Y            M number deg/s
                ANGVEL_Z            M number deg/s
            spin 0..*               SPIN_START..SPIN_STOP               from=2.0
                REF_FRAME_A         M frame
                REF_FRAME_B         M frame
                SPIN_ALPHA          M number deg
                SPIN_DELTA          M number deg
                SPIN_ANGLE          M number deg
                SPIN_ANGLE_VEL      M number deg/s
                NUTATION            O number deg
                NUTATION_PER        O number s
                NUTATION_PHASE      O number deg
                MOMENTUM_ALPHA      O number deg
                MOMENTUM_DELTA      O number deg
                NUTATION_VEL        O number deg/s
                ! all NUTATION NUTATION_PER NUTATION_PHASE
                ! all MOMENTUM_ALPHA MOMENTUM_DELTA NUTATION_VEL
            inertia 0..*            INERTIA_START..INERTIA_STOP         from=2.0
                INERTIA_REF_FRAME   M frame
                IXX                 M number kg*m**2
                IYY                 M number kg*m**2
                IZZ                 M number kg*m**2
                IXY                 M number kg*m**2
                IXZ                 M number kg*m**2
                IYZ                 M number kg*m**2
            maneuverParameters 0..* MAN_START..MAN_STOP                 from=2.0
                MAN_EPOCH_START     M epoch
                MAN_DURATION        M number s
                MAN_REF_FRAME       M frame
                MAN_TOR_X           M number N*m
                MAN_TOR_Y           M number N*m
                MAN_TOR_Z           M number N*m
                MAN_DELTA_MASS      O number kg
"""

_APM = f"""{_HEADER}
body 1
    segment 1
        metadata 1                                                      # 3.2
            OBJECT_NAME             M text
            OBJECT_ID               M text
            CENTER_NAME             O center
            TIME_SYSTEM             M system
        data 1
{_APM_2}
{_APM_1}
            userDefinedParameters 0..1
                USER_DEFINED_*      O* text
"""

_AEM = f"""{_HEADER}
body 1
    segment 1..*
        metadata 1 META_START..META_STOP                                # 4.2
            OBJECT_NAME             M text
            OBJECT_ID               M text
            CENTER_NAME             O center
            REF_FRAME_A             M frame
            REF_FRAME_B             M frame
            ATTITUDE_DIR            M choice A2B|B2A                    until=1.0
            TIME_SYSTEM             M system
            START_TIME              M epoch
            USEABLE_START_TIME      O epoch
            USEABLE_STOP_TIME       O epoch
            STOP_TIME               M epoch
            ATTITUDE_TYPE           M text
            QUATERNION_TYPE         O choice FIRST|LAST                 until=1.0
            EULER_ROT_SEQ           O text
            RATE_FRAME              O text                              until=1.0
            ANGVEL_FRAME            O frame                             from=2.0
            INTERPOLATION_METHOD    O text
            INTERPOLATION_DEGREE    O integer
            ! with INTERPOLATION_METHOD INTERPOLATION_DEGREE
        data 1 DATA_START..DATA_STOP rows=attitudeState:attitude        # 4.2
"""

_QUATERNION = ("quaternion/Q1", "quaternion/Q2", "quaternion/Q3", "quaternion/QC")
_ANGLES = tuple(f"rotationAngles/{axis}_ANGLE" for axis in "XYZ")
_ANGLES_2 = ("ANGLE_1", "ANGLE_2", "ANGLE_3")
_RATES = tuple(f"rotationRates/{axis}_RATE" for axis in "XYZ")
_ANGVEL = ("angVel/ANGVEL_X", "angVel/ANGVEL_Y", "angVel/ANGVEL_Z")
_SPIN = ("SPIN_ALPHA", "SPIN_DELTA", "SPIN_ANGLE", "SPIN_ANGLE_VEL")
_LAYOUTS_1: dict[str, tuple[str, tuple[str, ...]]] = {
    "QUATERNION": ("quaternionState", _QUATERNION),
    "QUATERNION/DERIVATIVE": (
        "quaternionDerivative",
        (*_QUATERNION, *(f"quaternionRate/{one}_DOT" for one in ("Q1", "Q2", "Q3", "QC"))),
    ),
    "QUATERNION/RATE": ("quaternionEulerRate", (*_QUATERNION, *_RATES)),
    "EULER_ANGLE": ("eulerAngle", _ANGLES),
    "EULER_ANGLE/RATE": ("eulerAngleRate", (*_ANGLES, *_RATES)),
    "SPIN": ("spin", _SPIN),
    "SPIN/NUTATION": ("spinNutation", (*_SPIN, "NUTATION", "NUTATION_PER", "NUTATION_PHASE")),
}
_LAYOUTS_2: dict[str, tuple[str, tuple[str, ...]]] = {
    "QUATERNION": ("quaternionEphemeris", _QUATERNION),
    "QUATERNION/DERIVATIVE": (
        "quaternionDerivative",
        (*_QUATERNION, *(f"quaternionDot/{one}_DOT" for one in ("Q1", "Q2", "Q3", "QC"))),
    ),
    "QUATERNION/ANGVEL": ("quaternionAngVel", (*_QUATERNION, *_ANGVEL)),
    "EULER_ANGLE": ("eulerAngle", _ANGLES_2),
    "EULER_ANGLE/DERIVATIVE": ("eulerAngleDerivative", (*_ANGLES_2, *(f"{one}_DOT" for one in _ANGLES_2))),
    "EULER_ANGLE/ANGVEL": ("eulerAngleAngVel", (*_ANGLES_2, "ANGVEL_X", "ANGVEL_Y", "ANGVEL_Z")),
    "SPIN": ("spin", _SPIN),
    "SPIN/NUTATION": ("spinNutation", (*_SPIN, "NUTATION", "NUTATION_PER", "NUTATION_PHASE")),
    "SPIN/NUTATION_MOM": ("spinNutationMom", (*_SPIN, "MOMENTUM_ALPHA", "MOMENTUM_DELTA", "NUTATION_VEL")),
}
ATTITUDE_TYPES = (frozenset(_LAYOUTS_1), frozenset(_LAYOUTS_2))
"""What ATTITUDE_TYPE may be in versions 1.0 and 2.0."""


def _attitude_columns(metadata: Mapping[str, str], count: int) -> tuple[str, ...]:
    """Return the columns of an attitude state; version 1.0 is told by the direction that only it has."""
    kind = metadata.get("ATTITUDE_TYPE", "").upper().replace(" ", "_")
    first_version = "ATTITUDE_DIR" in metadata
    layouts = (_LAYOUTS_1, _LAYOUTS_2) if first_version else (_LAYOUTS_2, _LAYOUTS_1)
    layout = layouts[0].get(kind) or layouts[1].get(kind)
    if layout is None:
        return ("EPOCH", *(f"value{n}" for n in range(1, count)))
    element, columns = layout
    if metadata.get("QUATERNION_TYPE", "").upper() == "FIRST":
        columns = _scalar_first(columns)
    columns = _in_sequence(columns, metadata.get("EULER_ROT_SEQ", ""))
    return (f"{element}/EPOCH", *(f"{element}/{column}" for column in columns))


def _scalar_first(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns with the scalar part of each quaternion before the others."""
    fours = [columns[one : one + 4] for one in range(0, len(columns), 4)]
    moved = [(*four[3:], *four[:3]) if "/QC" in four[-1] else four for four in fours]
    return tuple(column for four in moved for column in four)


def _in_sequence(columns: tuple[str, ...], sequence: str) -> tuple[str, ...]:
    """Return the columns with angles and rates about X, Y and Z in the order of the rotations (version 1.0)."""
    axes = [_AXES.get(one, "") for one in sequence.upper()]
    if len(axes) != 3 or "" in axes:
        return columns
    order = dict(zip("XYZ", axes, strict=True))
    return tuple(_ROTATION.sub(lambda found: order[found[0]], column) for column in columns)


_AXES = {"1": "X", "2": "Y", "3": "Z", "X": "X", "Y": "Y", "Z": "Z"}
_ROTATION = re.compile(r"(?<=^rotationAngles/)[XYZ]|(?<=^rotationRates/)[XYZ]")
COLUMNS["attitude"] = _attitude_columns
COLUMN_UNITS |= {f"{name}_ANGLE": "deg" for name in "XYZ"} | {f"{name}_RATE": "deg/s" for name in "XYZ"}
COLUMN_UNITS |= {f"ANGLE_{n}": "deg" for n in "123"} | {f"ANGLE_{n}_DOT": "deg/s" for n in "123"}
COLUMN_UNITS |= {f"ANGVEL_{axis}": "deg/s" for axis in "XYZ"} | {f"Q{n}_DOT": "1/s" for n in "123C"}
COLUMN_UNITS |= {"SPIN_ALPHA": "deg", "SPIN_DELTA": "deg", "SPIN_ANGLE": "deg", "SPIN_ANGLE_VEL": "deg/s"}
COLUMN_UNITS |= {"NUTATION": "deg", "NUTATION_PER": "s", "NUTATION_PHASE": "deg", "NUTATION_VEL": "deg/s"}
COLUMN_UNITS |= {"MOMENTUM_ALPHA": "deg", "MOMENTUM_DELTA": "deg"}

TABLES = {
    "APM": TableSource("504.0-B-2", ("1.0", "2.0"), _APM),
    "AEM": TableSource("504.0-B-2", ("1.0", "2.0"), _AEM),
}
