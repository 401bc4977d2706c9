"""Conjunction messages for tests: a plain one, and strategies for any."""

from hypothesis import strategies as st

from commonsky.formats.ccsds.cdm import Cdm, CdmObject, ScreeningVolume


def an_object(designator="25544", **changes):
    """Give an object in low orbit with the covariance of a well tracked one."""
    triangle = (41.4, -8.6, 2533.0, -23.1, 13.4, 71.0)
    zeros = (
        2.5e-3,
        -5.5,
        8.6e-4,
        5.7e-3,
        -0.01,
        4e-3,
        -1.4e-3,
        -1.5e-5,
        1e-5,
        1e-3,
        -3.4e-3,
        0.012,
        -3e-6,
        -1e-6,
    )
    values = {
        "designator": designator,
        "name": "SATELLITE A",
        "position_m": (2570097.065, 2244654.904, 6281497.978),
        "velocity_m_s": (4418.769571, 4833.547743, -3526.774282),
        "covariance_rtn": (*triangle, *zeros, 5.5e-5),
    }
    return CdmObject(**(values | changes))


def a_cdm(**changes):
    """Give a message of two objects."""
    values = {
        "message_id": "A-1",
        "originator": "US",
        "creation_tai_s": 321_800_000.5,
        "tca_tai_s": 321_900_000.618,
        "object_1": an_object(),
        "object_2": an_object("30337", name="FENGYUN 1C DEB", maneuverable="NO"),
        "miss_distance_m": 715.0,
        "relative_speed_m_s": 14762.0,
        "relative_position_rtn_m": (27.4, -70.2, 711.8),
        "relative_velocity_rtn_m_s": (-7.2, -14692.0, -1437.2),
        "collision_probability": 4.835e-05,
        "collision_probability_method": "FOSTER-1992",
        "screening": ScreeningVolume(frame="RTN", shape="ELLIPSOID", x_m=200.0, y_m=1000.0, z_m=1000.0),
    }
    return Cdm(**(values | changes))


TEXTS = st.from_regex(r"[A-Z0-9][A-Z0-9 /.-]{0,20}[A-Z0-9]", fullmatch=True)
NUMBERS = st.floats(-1e12, 1e12, allow_subnormal=False)
VECTORS = st.tuples(NUMBERS, NUMBERS, NUMBERS)
TRIANGLES = st.sampled_from((21, 28, 36, 45)).flatmap(
    lambda n: st.tuples(*[st.floats(-1e9, 1e9, allow_subnormal=False)] * n)
)
OBJECTS = st.builds(
    CdmObject,
    designator=TEXTS,
    name=TEXTS,
    international_designator=TEXTS,
    position_m=VECTORS,
    velocity_m_s=VECTORS,
    covariance_rtn=TRIANGLES,
    comments=st.lists(TEXTS, max_size=2).map(tuple),
)
MESSAGES = st.builds(
    Cdm,
    message_id=TEXTS,
    originator=TEXTS,
    creation_tai_s=st.floats(0.0, 1e9).map(lambda second: round(second, 6)),
    tca_tai_s=st.floats(0.0, 1e9).map(lambda second: round(second, 6)),
    object_1=OBJECTS,
    object_2=OBJECTS,
    miss_distance_m=st.none() | st.floats(0.0, 1e9, allow_subnormal=False),
    collision_probability=st.none() | st.floats(0.0, 1.0, allow_subnormal=False),
    relative_position_rtn_m=st.none() | VECTORS,
    comments=st.lists(TEXTS, max_size=2).map(tuple),
)
