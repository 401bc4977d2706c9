"""The table of conjunction data messages: 508.0-B-1 (version 1.0), and version 2.0 as its drafts (508.0-P-1) have it.

Clauses are those of 508.0-B-1. Keywords of 2.0 are taken in 1.0 as well: originators added them before the version.
"""

from commonsky.formats.ccsds.cdm_model import COVARIANCE_AXES, COVARIANCE_KEYWORDS
from commonsky.formats.ccsds.cdm_record import COVARIANCE_UNITS
from commonsky.formats.ccsds.tables import TableSource

_RTN_TO_XYZ = {"R": "X", "T": "Y", "N": "Z"}


def _in_xyz(keyword: str) -> str:
    """Return the keyword of the alternative covariance: CTDOT_R is CYDOT_X."""
    axes = keyword[1:].split("_")
    return "C" + "_".join(
        f"{_RTN_TO_XYZ[axis[0]]}{axis[1:]}" if axis in COVARIANCE_AXES[:6] else axis for axis in axes
    )


XYZ_KEYWORDS = tuple(map(_in_xyz, COVARIANCE_KEYWORDS))
"""The lower triangle by rows of the alternative covariance."""


def _covariance() -> str:
    """Lines of both covariances; parameters with parameters have the same keyword in both."""
    units = {**COVARIANCE_UNITS, **{_in_xyz(name): unit for name, unit in COVARIANCE_UNITS.items()}}
    names = dict.fromkeys([*COVARIANCE_KEYWORDS, *XYZ_KEYWORDS])
    return "\n".join(
        f"                {name} {'O*' if _of_parameters(name) else 'O'} number {units[name]}    # 3.5"
        for name in names
    )


def _of_parameters(keyword: str) -> bool:
    """Whether it is between drag, radiation pressure and thrust: the same keyword in both covariances."""
    return all(axis in COVARIANCE_AXES[6:] for axis in keyword[1:].split("_"))


_CDM = f"""
header 1                                                                # 3.2
    CLASSIFICATION              O text
    CREATION_DATE               M epoch
    ORIGINATOR                  M text
    MESSAGE_FOR                 O text
    MESSAGE_ID                  M text
body 1
    relativeMetadataData 1                                              # 3.3
        CONJUNCTION_ID              O text
        TCA                         M epoch
        MISS_DISTANCE               M number m >=0
        MAHALANOBIS_DISTANCE        O number
        RELATIVE_SPEED              O number m/s >=0
        relativeStateVector 0..1                                        # 3.3
            RELATIVE_POSITION_R     O number m
            RELATIVE_POSITION_T     O number m
            RELATIVE_POSITION_N     O number m
            RELATIVE_VELOCITY_R     O number m/s
            RELATIVE_VELOCITY_T     O number m/s
            RELATIVE_VELOCITY_N     O number m/s
        APPROACH_ANGLE              O number deg
        START_SCREEN_PERIOD         O epoch
        STOP_SCREEN_PERIOD          O epoch
        SCREEN_TYPE                 O choice SHAPE|PC|PC_MAX
        SCREEN_VOLUME_FRAME         O choice RTN|TVN
        SCREEN_VOLUME_SHAPE         O choice ELLIPSOID|BOX|SPHERE
        SCREEN_VOLUME_RADIUS        O number m >=0
        SCREEN_VOLUME_X             O number m
        SCREEN_VOLUME_Y             O number m
        SCREEN_VOLUME_Z             O number m
        SCREEN_ENTRY_TIME           O epoch
        SCREEN_EXIT_TIME            O epoch
        SCREEN_PC_THRESHOLD         O number range=0..1
        COLLISION_PERCENTILE        O numbers
        COLLISION_PROBABILITY       O number range=0..1
        COLLISION_PROBABILITY_METHOD O text
        COLLISION_MAX_PROBABILITY   O number range=0..1
        COLLISION_MAX_PC_METHOD     O text
        SEFI_COLLISION_PROBABILITY  O number range=0..1
        SEFI_COLLISION_PROBABILITY_METHOD O text
        SEFI_FRAGMENTATION_MODEL    O text
        PREVIOUS_MESSAGE_ID         O text
        PREVIOUS_MESSAGE_EPOCH      O epoch
        NEXT_MESSAGE_EPOCH          O epoch
    segment 2
        metadata 1                                                      # 3.4
            OBJECT                  M choice OBJECT1|OBJECT2            leader
            OBJECT_DESIGNATOR       M text
            CATALOG_NAME            M text
            OBJECT_NAME             M text
            INTERNATIONAL_DESIGNATOR M text
            OBJECT_TYPE             O choice PAYLOAD|ROCKET_BODY|DEBRIS|UNKNOWN|OTHER
            OPERATOR_CONTACT_POSITION O text
            OPERATOR_ORGANIZATION   O text
            OPERATOR_PHONE          O text
            OPERATOR_EMAIL          O text
            EPHEMERIS_NAME          M text
            ODM_MSG_LINK            O text
            ADM_MSG_LINK            O text
            OBS_BEFORE_NEXT_MESSAGE O yesno
            COVARIANCE_METHOD       M choice CALCULATED|DEFAULT
            COVARIANCE_SOURCE       O text
            MANEUVERABLE            M choice YES|NO|N/A
            ORBIT_CENTER            O center
            REF_FRAME               M frame
            ALT_COV_TYPE            O choice XYZ|CSIG3EIGVEC3
            ALT_COV_REF_FRAME       O frame
            GRAVITY_MODEL           O text
            ATMOSPHERIC_MODEL       O text
            N_BODY_PERTURBATIONS    O text
            SOLAR_RAD_PRESSURE      O yesno
            EARTH_TIDES             O yesno
            INTRACK_THRUST          O yesno
        data 1
            odParameters 0..1                                           # 3.5
                TIME_LASTOB_START   O epoch
                TIME_LASTOB_END     O epoch
                RECOMMENDED_OD_SPAN O number d
                ACTUAL_OD_SPAN      O number d
                OBS_AVAILABLE       O integer >=0
                OBS_USED            O integer >=0
                TRACKS_AVAILABLE    O integer >=0
                TRACKS_USED         O integer >=0
                RESIDUALS_ACCEPTED  O number %
                WEIGHTED_RMS        O number
                OD_EPOCH            O epoch
                ! hint TIME_LASTOB_START TIME_LASTOB_END
            additionalParameters 0..1                                   # 3.5
                AREA_PC             O number m**2
                AREA_PC_MIN         O number m**2
                AREA_PC_MAX         O number m**2
                AREA_DRG            O number m**2
                AREA_SRP            O number m**2
                OEB_PARENT_FRAME    O text
                OEB_PARENT_FRAME_EPOCH O epoch
                OEB_Q1              O number
                OEB_Q2              O number
                OEB_Q3              O number
                OEB_QC              O number
                OEB_MAX             O number m
                OEB_INT             O number m
                OEB_MIN             O number m
                AREA_ALONG_OEB_MAX  O number m**2
                AREA_ALONG_OEB_INT  O number m**2
                AREA_ALONG_OEB_MIN  O number m**2
                RCS                 O number m**2
                RCS_MIN             O number m**2
                RCS_MAX             O number m**2
                VM_ABSOLUTE         O number
                VM_APPARENT_MIN     O number
                VM_APPARENT         O number
                VM_APPARENT_MAX     O number
                REFLECTANCE         O number
                MASS                O number kg
                HBR                 O number m >=0
                CD_AREA_OVER_MASS   O number m**2/kg
                CR_AREA_OVER_MASS   O number m**2/kg
                THRUST_ACCELERATION O number m/s**2
                SEDR                O number W/kg
                MIN_DV              O numbers
                MAX_DV              O numbers
                LEAD_TIME_REQD_BEFORE_TCA O number h
                APOAPSIS_ALTITUDE   O number km
                PERIAPSIS_ALTITUDE  O number km
                INCLINATION         O number deg
                COV_CONFIDENCE      O number
                COV_CONFIDENCE_METHOD O text
            stateVector 1                                               # 3.5
                X                   M number km
                Y                   M number km
                Z                   M number km
                X_DOT               M number km/s
                Y_DOT               M number km/s
                Z_DOT               M number km/s
            covarianceMatrix 0..*                                       # 3.5
{_covariance()}
                CSIG3EIGVEC3        O numbers
                DENSITY_FORECAST_UNCERTAINTY O number
                CSCALE_FACTOR_MIN   O number
                CSCALE_FACTOR       O number
                CSCALE_FACTOR_MAX   O number
                SCREENING_DATA_SOURCE O text
                DCP_SENSITIVITY_VECTOR_POSITION O numbers
                DCP_SENSITIVITY_VECTOR_VELOCITY O numbers
            userDefinedParameters 0..1
                USER_DEFINED_*      O* text
"""

TABLES = {"CDM": TableSource("508.0-B-1", ("1.0", "2.0"), _CDM)}
