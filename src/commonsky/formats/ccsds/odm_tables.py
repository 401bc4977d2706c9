"""The tables of orbit data messages: OPM, OMM and OEM of 502.0-B-1, -B-2 and -B-3 (versions 1.0, 2.0 and 3.0).

Clauses are those of 502.0-B-3. Units are those that the standard fixes (its tables, and annex of units).
"""

from collections.abc import Mapping

from commonsky.formats.ccsds.tables import COLUMN_UNITS, COLUMNS, MATRICES, TableSource

_AXES = ("X", "Y", "Z", "X_DOT", "Y_DOT", "Z_DOT")
CARTESIAN = tuple(f"C{row}_{column}" for n, row in enumerate(_AXES) for column in _AXES[: n + 1])
"""The keywords of a covariance of position and velocity: the lower triangle, row by row."""
MATRICES["cartesian"] = CARTESIAN
STATE = ("EPOCH", *_AXES, "X_DDOT", "Y_DDOT", "Z_DDOT")
COLUMN_UNITS |= {"X": "km", "Y": "km", "Z": "km"}
COLUMN_UNITS |= {f"{axis}_DOT": "km/s" for axis in "XYZ"} | {f"{axis}_DDOT": "km/s**2" for axis in "XYZ"}


def _state_columns(_: Mapping[str, str], count: int) -> tuple[str, ...]:
    return STATE if count > 7 else STATE[:7]


COLUMNS["state"] = _state_columns

_HEADER = """
header 1                                                                # 3.2.2
    CLASSIFICATION          O text                                      from=3.0
    CREATION_DATE           M epoch
    ORIGINATOR              M text
    MESSAGE_ID              O text                                      from=3.0
"""


def _covariance(unit_clause: str) -> str:
    """Lines of the 21 numbers with their units."""
    lines = []
    for name in MATRICES["cartesian"]:
        rates = name.count("DOT")
        unit = ("km**2", "km**2/s", "km**2/s**2")[rates]
        lines.append(f"{name} M number {unit}")
    return "\n".join(f"                {line}    # {unit_clause}" for line in lines)


_SPACECRAFT = """
            spacecraftParameters 0..1                                   # 3.2.4
                MASS                O number kg >=0
                SOLAR_RAD_AREA      O number m**2 >=0
                SOLAR_RAD_COEFF     O number
                DRAG_AREA           O number m**2 >=0
                DRAG_COEFF          O number
"""
_COVARIANCE = f"""
            covarianceMatrix 0..1                                       # 3.2.4.10
                COV_REF_FRAME       O frame
{_covariance("3.2.4.10")}
"""
_USER = """
            userDefinedParameters 0..1                                  from=2.0 # 3.2.4.11
                USER_DEFINED_*      O* text
"""

_OPM = f"""{_HEADER}
body 1
    segment 1
        metadata 1                                                      # 3.2.3
            OBJECT_NAME             M text
            OBJECT_ID               M text
            CENTER_NAME             M center
            REF_FRAME               M frame
            REF_FRAME_EPOCH         O epoch                             from=2.0
            TIME_SYSTEM             M system
        data 1
            stateVector 1                                               # 3.2.4
                EPOCH               M epoch
                X                   M number km
                Y                   M number km
                Z                   M number km
                X_DOT               M number km/s
                Y_DOT               M number km/s
                Z_DOT               M number km/s
            keplerianElements 0..1                                      # 3.2.4
                SEMI_MAJOR_AXIS     M number km
                ECCENTRICITY        M number >=0
                INCLINATION         M number deg
                RA_OF_ASC_NODE      M number deg
                ARG_OF_PERICENTER   M number deg
                TRUE_ANOMALY        O number deg
                MEAN_ANOMALY        O number deg
                GM                  M number km**3/s**2 >0
                ! one TRUE_ANOMALY MEAN_ANOMALY                         # 3.2.4.3
{_SPACECRAFT}{_COVARIANCE}
            maneuverParameters 0..*                                     # 3.2.4.7
                MAN_EPOCH_IGNITION  M epoch                             leader
                MAN_DURATION        P number s >=0
                MAN_DELTA_MASS      P number kg range=-1e99..0
                MAN_REF_FRAME       M frame
                MAN_DV_1            M number km/s
                MAN_DV_2            M number km/s
                MAN_DV_3            M number km/s
{_USER}
"""

_OMM = f"""{_HEADER.replace("3.2.2", "4.2.2")}
body 1
    segment 1
        metadata 1                                                      # 4.2.3
            OBJECT_NAME             M text
            OBJECT_ID               M text
            CENTER_NAME             M center
            REF_FRAME               M frame
            REF_FRAME_EPOCH         O epoch
            TIME_SYSTEM             M system
            MEAN_ELEMENT_THEORY     M text
        data 1
            meanElements 1                                              # 4.2.4
                EPOCH               M epoch
                SEMI_MAJOR_AXIS     O number km
                MEAN_MOTION         O number rev/day
                ECCENTRICITY        M number >=0
                INCLINATION         M number deg
                RA_OF_ASC_NODE      M number deg
                ARG_OF_PERICENTER   M number deg
                MEAN_ANOMALY        M number deg
                GM                  O number km**3/s**2 >0
                ! one SEMI_MAJOR_AXIS MEAN_MOTION                       # 4.2.4
{_SPACECRAFT.replace("3.2.4", "4.2.4")}
            tleParameters 0..1                                          # 4.2.4
                EPHEMERIS_TYPE      O integer
                CLASSIFICATION_TYPE O text
                NORAD_CAT_ID        O integer >=0
                ELEMENT_SET_NO      O integer >=0
                REV_AT_EPOCH        O integer >=0
                BSTAR               O number 1/ER
                BTERM               O number m**2/kg                    from=3.0
                MEAN_MOTION_DOT     M number rev/day**2
                MEAN_MOTION_DDOT    O number rev/day**3
                AGOM                O number m**2/kg                    from=3.0
                ! most1 BSTAR BTERM                                     # 4.2.4
                ! most1 MEAN_MOTION_DDOT AGOM                           # 4.2.4
{_COVARIANCE.replace("3.2.4", "4.2.4")}{_USER}
"""

_OEM = f"""{_HEADER.replace("3.2.2", "5.2.2")}
body 1
    segment 1..*
        metadata 1 META_START..META_STOP                                # 5.2.3
            OBJECT_NAME             M text
            OBJECT_ID               M text
            CENTER_NAME             M center
            REF_FRAME               M frame
            REF_FRAME_EPOCH         O epoch                             from=2.0
            TIME_SYSTEM             M system
            START_TIME              M epoch
            USEABLE_START_TIME      O epoch
            USEABLE_STOP_TIME       O epoch
            STOP_TIME               M epoch
            INTERPOLATION           O text
            INTERPOLATION_DEGREE    O integer >0
            ! hint INTERPOLATION INTERPOLATION_DEGREE                   # 5.2.3
        data 1 rows=stateVector:state                                   # 5.2.4
            covarianceMatrix 0..* group=COVARIANCE_START..COVARIANCE_STOP matrix=cartesian # 5.2.5
                EPOCH               M epoch                             leader
                COV_REF_FRAME       O frame
{_covariance("5.2.5")}
"""

_STANDARD = "502.0-B-3"
TABLES = {
    "OPM": TableSource(_STANDARD, ("1.0", "2.0", "3.0"), _OPM),
    "OMM": TableSource(_STANDARD, ("2.0", "3.0"), _OMM),
    "OEM": TableSource(_STANDARD, ("1.0", "2.0", "3.0"), _OEM),
}
