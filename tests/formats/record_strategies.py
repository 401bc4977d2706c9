"""Records of every kind for the property tests of this room."""

from hypothesis import strategies as st

from commonsky.domain import (
    VALUES_PER_KIND,
    Component,
    ConjunctionWarning,
    ElementSet,
    EmpiricalAcceleration,
    EncounterPlane,
    ForceModel,
    IdentityClaim,
    Label,
    Mode,
    Observation,
    ObservationKind,
    Record,
    Sensor,
    SignalPath,
    Site,
    TimeTag,
    Track,
    WarnedObject,
)

numbers = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(min_value=1e-300, max_value=1e300)
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
integers = st.integers(min_value=-(2**62), max_value=2**62)
audiences = st.none() | st.frozensets(texts, max_size=3)


@st.composite
def observations(draw):
    kind = draw(st.sampled_from(ObservationKind))
    count = VALUES_PER_KIND[kind]
    return Observation(
        kind=kind,
        epoch_tai_s=draw(numbers),
        sensor=draw(texts),
        values=tuple(draw(numbers) for _ in range(count)),
        sigmas=tuple(draw(positive) for _ in range(count)),
        biases=tuple(draw(numbers) for _ in range(count)),
        time_tag=draw(st.sampled_from(TimeTag)),
        path=draw(st.sampled_from(SignalPath)),
        target=draw(st.none() | texts),
    )


sites = st.builds(
    Site, id=texts, latitude_deg=st.floats(-90, 90), longitude_deg=st.floats(-360, 360), height_m=numbers
)
sensors = st.builds(
    Sensor,
    id=texts,
    owner=texts,
    site=sites,
    minimum_elevation_deg=numbers,
    range_sigma_m=st.none() | numbers,
    range_bias_m=numbers,
)
element_sets = st.builds(
    ElementSet,
    object_name=texts,
    object_id=texts,
    norad_cat_id=integers,
    classification=texts,
    epoch_utc=texts,
    bstar=numbers,
    **dict.fromkeys(
        (
            "epoch_tai_s",
            "mean_motion_rev_day",
            "eccentricity",
            "inclination_deg",
            "ra_of_asc_node_deg",
            "arg_of_pericenter_deg",
            "mean_anomaly_deg",
            "mean_motion_dot",
            "mean_motion_ddot",
        ),
        numbers,
    ),
)
triples = st.tuples(numbers, numbers, numbers)
force_models = st.builds(
    ForceModel,
    engine=texts,
    sun=st.booleans(),
    empirical=st.none()
    | st.builds(EmpiricalAcceleration, epoch_tai_s=numbers, constant_m_s2=triples, rate_m_s3=triples),
)
tracks = st.builds(
    Track,
    track_id=texts,
    revision=st.integers(1, 2**31 - 1),
    epoch_tai_s=numbers,
    position_m=triples,
    velocity_m_s=triples,
    covariance=st.tuples(*[numbers] * 21),
    force_model=force_models,
    observation_count=integers,
    first_observation_tai_s=numbers,
    last_observation_tai_s=numbers,
    weighted_rms=numbers,
)
claims = st.builds(IdentityClaim, track_id=texts, designator=texts, confidence=numbers, basis=texts)

lengths = st.floats(0.0, 1e6)
places = st.floats(-1e6, 1e6)
variances = st.floats(1.0, 1e6)
times = st.floats(-1e9, 1e9)


def warned_objects(first):
    return st.builds(
        WarnedObject,
        designator=texts.map(lambda text: first + text),
        name=texts,
        also=st.lists(texts, max_size=2).map(tuple),
        data_epoch_tai_s=st.none() | times,
        sigmas_rtn_m=st.none() | st.tuples(lengths, lengths, lengths),
    )


warnings = st.builds(
    ConjunctionWarning,
    provider=texts.map(lambda text: "P" + text),
    made_tai_s=times,
    tca_tai_s=times,
    object_1=warned_objects("A"),
    object_2=warned_objects("B"),
    miss_distance_m=lengths,
    message=texts,
    relative_speed_m_s=st.none() | lengths,
    relative_position_rtn_m=st.none() | st.tuples(places, places, places),
    covariance_rtn_m2=st.none() | st.tuples(*[variances] * 6),
    plane=st.none()
    | st.builds(
        EncounterPlane,
        miss_m=st.tuples(places, places),
        covariance_m2=st.none() | st.tuples(variances, st.floats(-1.0, 1.0), variances),
    ),
    probability=st.none() | st.floats(0.0, 1.0),
    method=texts,
    is_bound=st.booleans(),
    hard_body_radius_m=st.none() | lengths,
    hard_body_radius_source=texts,
    screened_within_m=st.none() | lengths,
    revisit_s=st.none() | st.floats(1.0, 1e6),
)
contents = observations() | sensors | element_sets | tracks | claims | warnings

components = st.builds(
    Component,
    readers=audiences,
    purposes=audiences,
    classification=integers,
    expires_tai_s=st.none() | numbers,
    onward=st.booleans(),
    precision_floor_m=numbers,
    caveats=st.frozensets(texts, max_size=3),
)
records = st.builds(
    Record,
    id=texts,
    originator=texts,
    mode=st.sampled_from(Mode),
    label=st.builds(Label, st.dictionaries(texts, components, min_size=1, max_size=3)),
    content=contents,
    inputs=st.lists(texts, max_size=3).map(tuple),
)
