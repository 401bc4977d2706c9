"""The table of the Orbit Comprehensive Message (OCM): 502.0-B-3 section 6, version 3.0.

``P`` marks what the standard gives a default or a preference for: without it a message is valid, and warned of.
"""

from commonsky.formats.ccsds.tables import TableSource

_METADATA = """
        metadata 1 META_START..META_STOP                                # 6.2.4
            OBJECT_NAME                 O text
            INTERNATIONAL_DESIGNATOR    O text
            CATALOG_NAME                O text
            OBJECT_DESIGNATOR           O text
            ALTERNATE_NAMES             O texts
            ORIGINATOR_POC              O text
            ORIGINATOR_POSITION         O text
            ORIGINATOR_PHONE            O text
            ORIGINATOR_EMAIL            O text
            ORIGINATOR_ADDRESS          O text
            TECH_ORG                    O text
            TECH_POC                    O text
            TECH_POSITION               O text
            TECH_PHONE                  O text
            TECH_EMAIL                  O text
            TECH_ADDRESS                O text
            PREVIOUS_MESSAGE_ID         O text
            NEXT_MESSAGE_ID             O text
            ADM_MSG_LINK                O text
            CDM_MSG_LINK                O text
            PRM_MSG_LINK                O text
            RDM_MSG_LINK                O text
            TDM_MSG_LINK                O text
            OPERATOR                    O text
            OWNER                       O text
            COUNTRY                     O text
            CONSTELLATION               O text
            OBJECT_TYPE                 O text
            TIME_SYSTEM                 P system
            EPOCH_TZERO                 M epoch
            OPS_STATUS                  O text
            ORBIT_CATEGORY              O text
            OCM_DATA_ELEMENTS           O texts
            SCLK_OFFSET_AT_EPOCH        O number s
            SCLK_SEC_PER_SI_SEC         O number s
            PREVIOUS_MESSAGE_EPOCH      O epoch
            NEXT_MESSAGE_EPOCH          O epoch
            START_TIME                  O time
            STOP_TIME                   O time
            TIME_SPAN                   O number d
            TAIMUTC_AT_TZERO            O number s
            NEXT_LEAP_EPOCH             O leap
            NEXT_LEAP_TAIMUTC           O number s
            UT1MUTC_AT_TZERO            O number s
            EOP_SOURCE                  O text
            INTERP_METHOD_EOP           O text
            CELESTIAL_SOURCE            O text
            ! with NEXT_LEAP_EPOCH NEXT_LEAP_TAIMUTC
"""

_TRAJECTORY = """
            traj 0..* TRAJ_START..TRAJ_STOP rows=trajLine:              # 6.2.5
                TRAJ_ID                 O text
                TRAJ_PREV_ID            O text
                TRAJ_NEXT_ID            O text
                TRAJ_BASIS              O text
                TRAJ_BASIS_ID           O text
                INTERPOLATION           O text
                INTERPOLATION_DEGREE    O integer >=0
                PROPAGATOR              O text
                CENTER_NAME             P center
                TRAJ_REF_FRAME          P frame
                TRAJ_FRAME_EPOCH        O time
                USEABLE_START_TIME      O time
                USEABLE_STOP_TIME       O time
                ORB_REVNUM              O number
                ORB_REVNUM_BASIS        O choice 0|1
                TRAJ_TYPE               P text
                ORB_AVERAGING           O text
                TRAJ_UNITS              O units
                ! with ORB_REVNUM ORB_REVNUM_BASIS
                ! hint INTERPOLATION INTERPOLATION_DEGREE
"""

_PHYSICS = """
            phys 0..1 PHYS_START..PHYS_STOP                             # 6.2.6
                MANUFACTURER            O text
                BUS_MODEL               O text
                DOCKED_WITH             O texts
                DRAG_CONST_AREA         O number m**2
                DRAG_COEFF_NOM          O number
                DRAG_UNCERTAINTY        O number %
                INITIAL_WET_MASS        O number kg
                WET_MASS                O number kg
                DRY_MASS                O number kg
                OEB_PARENT_FRAME        O frame
                OEB_PARENT_FRAME_EPOCH  O time
                OEB_Q1                  O number
                OEB_Q2                  O number
                OEB_Q3                  O number
                OEB_QC                  O number
                OEB_MAX                 O number m
                OEB_INT                 O number m
                OEB_MIN                 O number m
                AREA_ALONG_OEB_MAX      O number m**2
                AREA_ALONG_OEB_INT      O number m**2
                AREA_ALONG_OEB_MIN      O number m**2
                AREA_MIN_FOR_PC         O number m**2
                AREA_MAX_FOR_PC         O number m**2
                AREA_TYP_FOR_PC         O number m**2
                RCS                     O number m**2
                RCS_MIN                 O number m**2
                RCS_MAX                 O number m**2
                SRP_CONST_AREA          O number m**2
                SOLAR_RAD_COEFF         O number
                SOLAR_RAD_UNCERTAINTY   O number %
                VM_ABSOLUTE             O number
                VM_APPARENT_MIN         O number
                VM_APPARENT             O number
                VM_APPARENT_MAX         O number
                REFLECTANCE             O number
                ATT_CONTROL_MODE        O text
                ATT_ACTUATOR_TYPE       O text
                ATT_KNOWLEDGE           O number deg
                ATT_CONTROL             O number deg
                ATT_POINTING            O number deg
                AVG_MANEUVER_FREQ       O number #/yr
                MAX_THRUST              O number N
                DV_BOL                  O number km/s
                DV_REMAINING            O number km/s
                IXX                     O number kg*m**2
                IYY                     O number kg*m**2
                IZZ                     O number kg*m**2
                IXY                     O number kg*m**2
                IXZ                     O number kg*m**2
                IYZ                     O number kg*m**2
                ! all OEB_Q1 OEB_Q2 OEB_Q3 OEB_QC
                ! all IXX IYY IZZ IXY IXZ IYZ
"""

_COVARIANCE = """
            cov 0..* COV_START..COV_STOP rows=covLine:                  # 6.2.7
                COV_ID                  O text
                COV_PREV_ID             O text
                COV_NEXT_ID             O text
                COV_BASIS               O text
                COV_BASIS_ID            O text
                COV_REF_FRAME           P frame
                COV_FRAME_EPOCH         O time
                COV_SCALE_MIN           O number
                COV_SCALE_MAX           O number
                COV_CONFIDENCE          O number %
                COV_TYPE                P text
                COV_ORDERING            P choice LTM|UTM|FULL|LTMWCC|UTMWCC
                COV_UNITS               O units
"""

_MANOEUVRE = """
            man 0..* MAN_START..MAN_STOP rows=manLine:                  # 6.2.8
                MAN_ID                  M text
                MAN_PREV_ID             O text
                MAN_NEXT_ID             O text
                MAN_BASIS               O text
                MAN_BASIS_ID            O text
                MAN_DEVICE_ID           M text
                MAN_PREV_EPOCH          O time
                MAN_NEXT_EPOCH          O time
                MAN_PURPOSE             O text
                MAN_PRED_SOURCE         O text
                MAN_REF_FRAME           P frame
                MAN_FRAME_EPOCH         O time
                GRAV_ASSIST_NAME        O text
                DC_TYPE                 P choice CONTINUOUS|TIME|TIME_AND_ANGLE
                DC_WIN_OPEN             O time
                DC_WIN_CLOSE            O time
                DC_MIN_CYCLES           O integer >=0
                DC_MAX_CYCLES           O integer >=0
                DC_EXEC_START           O time
                DC_EXEC_STOP            O time
                DC_REF_TIME             O time
                DC_TIME_PULSE_DURATION  O number s
                DC_TIME_PULSE_PERIOD    O number s
                DC_REF_DIR              O numbers
                DC_BODY_FRAME           O text
                DC_BODY_TRIGGER         O numbers
                DC_PA_START_ANGLE       O number deg
                DC_PA_STOP_ANGLE        O number deg
                MAN_COMPOSITION         M texts
                MAN_UNITS               O units
"""

_PERTURBATIONS = """
            pert 0..1 PERT_START..PERT_STOP                             # 6.2.9
                ATMOSPHERIC_MODEL       O text
                GRAVITY_MODEL           O text
                EQUATORIAL_RADIUS       O number km
                GM                      O number km**3/s**2
                N_BODY_PERTURBATIONS    O texts
                CENTRAL_BODY_ROTATION   O number deg/s
                OBLATE_FLATTENING       O number
                OCEAN_TIDES_MODEL       O text
                SOLID_TIDES_MODEL       O text
                REDUCTION_THEORY        O text
                ALBEDO_MODEL            O text
                ALBEDO_GRID_SIZE        O integer >=0
                SHADOW_MODEL            O text
                SHADOW_BODIES           O texts
                SRP_MODEL               O text
                SW_DATA_SOURCE          O text
                SW_DATA_EPOCH           O time
                SW_INTERP_METHOD        O text
                FIXED_GEOMAG_KP         O number nT
                FIXED_GEOMAG_AP         O number nT
                FIXED_GEOMAG_DST        O number nT
                FIXED_F10P7             O number SFU
                FIXED_F10P7_MEAN        O number SFU
                FIXED_M10P7             O number SFU
                FIXED_M10P7_MEAN        O number SFU
                FIXED_S10P7             O number SFU
                FIXED_S10P7_MEAN        O number SFU
                FIXED_Y10P7             O number SFU
                FIXED_Y10P7_MEAN        O number SFU
"""

_DETERMINATION = """
            od 0..1 OD_START..OD_STOP                                   # 6.2.10
                OD_ID                   M text
                OD_PREV_ID              O text
                OD_METHOD               M text
                OD_EPOCH                M time
                DAYS_SINCE_FIRST_OBS    O number d
                DAYS_SINCE_LAST_OBS     O number d
                RECOMMENDED_OD_SPAN     O number d
                ACTUAL_OD_SPAN          O number d
                OBS_AVAILABLE           O integer >=0
                OBS_USED                O integer >=0
                TRACKS_AVAILABLE        O integer >=0
                TRACKS_USED             O integer >=0
                MAXIMUM_OBS_GAP         O number d
                OD_EPOCH_EIGMAJ         O number m
                OD_EPOCH_EIGINT         O number m
                OD_EPOCH_EIGMIN         O number m
                OD_MAX_PRED_EIGMAJ      O number m
                OD_MIN_PRED_EIGMIN      O number m
                OD_CONFIDENCE           O number %
                GDOP                    O number
                SOLVE_N                 O integer >=0
                SOLVE_STATES            O texts
                CONSIDER_N              O integer >=0
                CONSIDER_PARAMS         O texts
                SEDR                    O number W/kg
                SENSORS_N               O integer >=0
                SENSORS                 O texts
                WEIGHTED_RMS            O number
                DATA_TYPES              O texts
"""

_OCM = f"""
header 1                                                                # 6.2.3
    CLASSIFICATION                      O text
    CREATION_DATE                       M epoch
    ORIGINATOR                          M text
    MESSAGE_ID                          O text
body 1
    segment 1
{_METADATA}
        data 0..1
{_TRAJECTORY}{_PHYSICS}{_COVARIANCE}{_MANOEUVRE}{_PERTURBATIONS}{_DETERMINATION}
            user 0..1 USER_START..USER_STOP                             # 6.2.11
                USER_DEFINED_*          O* text
"""

TABLES = {"OCM": TableSource("502.0-B-3", ("3.0",), _OCM, drafts=("2.0",))}
