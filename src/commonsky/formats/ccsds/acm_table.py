"""The table of attitude comprehensive messages (504.0-B-2 section 5, version 2.0)."""

from commonsky.formats.ccsds.tables import TableSource

_VARIANCES = "ANGLE|ANGLE_GYROBIAS|ANGLE_ANGVEL|QUATERNION|QUATERNION_GYROBIAS|QUATERNION_ANGVEL"

_ACM = f"""
header 1                                                                # 5.2.3
    CLASSIFICATION              O text
    CREATION_DATE               M epoch
    ORIGINATOR                  M text
    MESSAGE_ID                  O text
body 1
    segment 1
        metadata 1 META_START..META_STOP                                # 5.2.4
            OBJECT_NAME             M text
            INTERNATIONAL_DESIGNATOR O text
            CATALOG_NAME            O text
            OBJECT_DESIGNATOR       O text
            ORIGINATOR_POC          O text
            ORIGINATOR_POSITION     O text
            ORIGINATOR_PHONE        O text
            ORIGINATOR_EMAIL        O text
            ORIGINATOR_ADDRESS      O text
            ODM_MSG_LINK            O text
            CENTER_NAME             O center
            TIME_SYSTEM             M system
            EPOCH_TZERO             M epoch
            ACM_DATA_ELEMENTS       O texts
            START_TIME              O time
            STOP_TIME               O time
            TAIMUTC_AT_TZERO        O number s
            NEXT_LEAP_EPOCH         O epoch
            NEXT_LEAP_TAIMUTC       O number s
            ! with NEXT_LEAP_EPOCH NEXT_LEAP_TAIMUTC
        data 1
            att 0..* ATT_START..ATT_STOP rows=attLine:                  # 5.2.5
                ATT_ID              O text
                ATT_PREV_ID         O text
                ATT_BASIS           O text
                ATT_BASIS_ID        O text
                REF_FRAME_A         M frame
                REF_FRAME_B         M frame
                NUMBER_STATES       M integer >0
                ATT_TYPE            M choice QUATERNION|EULER_ANGLES|DCM
                RATE_TYPE           O choice ANGVEL|Q_DOT|EULER_RATE|GYRO_BIAS|NONE
                EULER_ROT_SEQ       O text
            phys 0..1 PHYS_START..PHYS_STOP                             # 5.2.6
                DRAG_COEFF          O number
                WET_MASS            O number kg >=0
                DRY_MASS            O number kg >=0
                CP_REF_FRAME        O frame
                CP                  O numbers m
                INERTIA_REF_FRAME   O frame
                IXX                 O number kg*m**2
                IYY                 O number kg*m**2
                IZZ                 O number kg*m**2
                IXY                 O number kg*m**2
                IXZ                 O number kg*m**2
                IYZ                 O number kg*m**2
                ! with CP_REF_FRAME CP
            cov 0..* COV_START..COV_STOP rows=covLine:                  # 5.2.7
                COV_ID              O text
                COV_PREV_ID         O text
                COV_BASIS           O text
                COV_BASIS_ID        O text
                COV_REF_FRAME       O frame
                COV_TYPE            M choice {_VARIANCES}
            man 0..* MAN_START..MAN_STOP                                # 5.2.8
                MAN_ID              O text
                MAN_PREV_ID         O text
                MAN_PURPOSE         M text
                MAN_BEGIN_TIME      M time
                MAN_END_TIME        O time
                MAN_DURATION        O number s >=0
                ACTUATOR_USED       O text
                TARGET_MOMENTUM     O numbers N*m*s
                TARGET_MOM_FRAME    O frame
                TARGET_ATTITUDE     O numbers
                TARGET_SPINRATE     O number deg/s
                ! one MAN_END_TIME MAN_DURATION
                ! with TARGET_MOM_FRAME TARGET_MOMENTUM
            ad 0..1 AD_START..AD_STOP                                   # 5.2.9
                AD_ID               O text
                AD_PREV_ID          O text
                AD_METHOD           O text
                ATTITUDE_SOURCE     O text
                NUMBER_STATES       O integer >0
                ATTITUDE_STATES     M choice QUATERNION|EULER_ANGLES|DCM
                EULER_ROT_SEQ       O text
                COV_TYPE            O choice {_VARIANCES}
                AD_EPOCH            O time
                REF_FRAME_A         M frame
                REF_FRAME_B         M frame
                RATE_STATES         O choice ANGVEL|Q_DOT|EULER_RATE|GYRO_BIAS|NONE
                SIGMA_U             O number deg/s**1.5
                SIGMA_V             O number deg/s**0.5
                RATE_PROCESS_NOISE_STDDEV O number deg/s**1.5
                sensor 0..* SENSOR_START..SENSOR_STOP
                    SENSOR_NUMBER   M integer >0
                    SENSOR_USED     M text
                    NUMBER_SENSOR_NOISE_COVARIANCE O integer >0
                    SENSOR_NOISE_STDDEV O numbers deg
                    SENSOR_FREQUENCY O number Hz
            user 0..1 USER_START..USER_STOP                             # 5.2.10
                USER_DEFINED_*      O* text
"""

TABLES = {"ACM": TableSource("504.0-B-2", ("2.0",), _ACM)}
