"""The table of tracking data messages: 503.0-B-1 and -B-2 (versions 1.0 and 2.0); clauses are those of -B-2.

Keywords of 2.0 are taken in 1.0 as well: stations wrote them before the version.
"""

from commonsky.formats.ccsds.tables import TableSource

_TDM = """
header 1                                                                # 3.2
    CREATION_DATE               M epoch
    ORIGINATOR                  M text
    MESSAGE_ID                  O text
body 1
    segment 1..*
        metadata 1 META_START..META_STOP                                # 3.3
            TRACK_ID                O text
            DATA_TYPES              O texts
            TIME_SYSTEM             M system
            START_TIME              O epoch
            STOP_TIME               O epoch
            PARTICIPANT_1           M text
            PARTICIPANT_n           O text
            MODE                    O choice SEQUENTIAL|SINGLE_DIFF
            PATH                    O text
            PATH_n                  O text
            EPHEMERIS_NAME_n        O text
            TRANSMIT_BAND           O text
            RECEIVE_BAND            O text
            TURNAROUND_NUMERATOR    O integer
            TURNAROUND_DENOMINATOR  O integer
            TIMETAG_REF             O choice TRANSMIT|RECEIVE
            INTEGRATION_INTERVAL    O number s
            INTEGRATION_REF         O choice START|MIDDLE|END
            FREQ_OFFSET             O number Hz
            RANGE_MODE              O choice COHERENT|CONSTANT|ONE_WAY
            RANGE_MODULUS           O number
            RANGE_UNITS             O choice km|s|RU
            ANGLE_TYPE              O choice AZEL|RADEC|XEYN|XSYE
            REFERENCE_FRAME         O frame
            INTERPOLATION           O text
            INTERPOLATION_DEGREE    O integer
            DOPPLER_COUNT_BIAS      O number Hz
            DOPPLER_COUNT_SCALE     O number
            DOPPLER_COUNT_ROLLOVER  O yesno
            TRANSMIT_DELAY_n        O number s
            RECEIVE_DELAY_n         O number s
            DATA_QUALITY            O choice RAW|VALIDATED|DEGRADED
            CORRECTION_ANGLE_1      O number deg
            CORRECTION_ANGLE_2      O number deg
            CORRECTION_DOPPLER      O number km/s
            CORRECTION_MAG          O number
            CORRECTION_RANGE        O number
            CORRECTION_RCS          O number m**2
            CORRECTION_RECEIVE      O number Hz
            CORRECTION_TRANSMIT     O number Hz
            CORRECTION_ABERRATION_YEARLY O number deg
            CORRECTION_ABERRATION_DIURNAL O number deg
            CORRECTIONS_APPLIED     O yesno
        data 1 DATA_START..DATA_STOP observation                        # 3.5
            CARRIER_POWER           O* datum
            DOPPLER_COUNT           O* datum
            DOPPLER_INSTANTANEOUS   O* datum km/s
            DOPPLER_INTEGRATED      O* datum km/s
            PC_N0                   O* datum
            PR_N0                   O* datum
            RANGE                   O* datum
            RECEIVE_PHASE_CT_n      O* datum
            RECEIVE_FREQ            O* datum Hz
            RECEIVE_FREQ_n          O* datum Hz
            TRANSMIT_PHASE_CT_n     O* datum
            TRANSMIT_FREQ_n         O* datum Hz
            TRANSMIT_FREQ_RATE_n    O* datum Hz/s
            DOR                     O* datum s
            VLBI_DELAY              O* datum s
            ANGLE_1                 O* datum deg
            ANGLE_2                 O* datum deg
            MAG                     O* datum
            RCS                     O* datum m**2
            CLOCK_BIAS              O* datum s
            CLOCK_DRIFT             O* datum
            STEC                    O* datum
            TROPO_DRY               O* datum m
            TROPO_WET               O* datum m
            PRESSURE                O* datum hPa
            RHUMIDITY               O* datum %
            TEMPERATURE             O* datum K
"""

TABLES = {"TDM": TableSource("503.0-B-2", ("1.0", "2.0"), _TDM)}
