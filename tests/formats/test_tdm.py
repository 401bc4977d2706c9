"""Tracking data messages: what they mean, what is refused and why."""

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonsky.astro.time import tai_s_from_utc
from commonsky.domain import Observation, ObservationKind, Sensor, SignalPath, Site, TimeTag
from commonsky.formats.errors import FormatError
from commonsky.formats.tdm import Noise, RangeBasis, read_tdm
from commonsky.formats.tdm_writer import write_tdm

HEADER = "CCSDS_TDM_VERS = 2.0\nCREATION_DATE = 2026-01-01T00:00:00\nORIGINATOR = AUR\n"
METADATA = {
    "TIME_SYSTEM": "UTC",
    "PARTICIPANT_1": "DISH",
    "PARTICIPANT_2": "SAT",
    "MODE": "SEQUENTIAL",
    "PATH": "1,2,1",
    "ANGLE_TYPE": "AZEL",
}
EPOCH = "2026-01-02T03:04:05.678"
RANGE_LINE = f"RANGE = {EPOCH} 1000.5"
ANGLE_LINES = [f"ANGLE_1 = {EPOCH} 90", f"ANGLE_2 = {EPOCH} 45"]
DISH = Sensor(
    id="DISH",
    owner="AUR",
    site=Site(id="S", latitude_deg=0, longitude_deg=0, height_m=0),
    range_sigma_m=7.0,
    range_bias_m=3.0,
    angle_sigma_deg=0.1,
)


def message(*data, **metadata):
    wanted = {key: value for key, value in (METADATA | metadata).items() if value is not None}
    lines = [f"{key} = {value}" for key, value in wanted.items()]
    return "\n".join([HEADER + "META_START", *lines, "META_STOP", "DATA_START", *data, "DATA_STOP"]).encode()


def read(*data, sensors=None, range_basis=None, **metadata):
    return read_tdm(message(*data, **metadata), source="pass.tdm", sensors=sensors, range_basis=range_basis)


def reasons(file):
    return [one.reason for one in file.rejected]


def test_a_two_way_range_in_km_is_half_the_path_unless_the_parties_agreed_otherwise():
    assert read(RANGE_LINE).observations[0].values == (1_000_500.0,)
    assert read(RANGE_LINE, range_basis=RangeBasis.ROUND_TRIP).observations[0].values == (500_250.0,)


def test_a_one_way_range_is_the_path_whatever_was_agreed():
    one = read(RANGE_LINE, PATH="2,1", range_basis=RangeBasis.ROUND_TRIP).observations[0]
    assert (one.values, one.path) == ((1_000_500.0,), SignalPath.ONE_WAY)


@pytest.mark.parametrize(
    ("path", "basis", "expected_m"),
    [
        ("1,2,1", None, 299_792_458.0 / 2),
        ("1,2,1", RangeBasis.HALF, 299_792_458.0),
        ("2,1", None, 299_792_458.0),
    ],
)
def test_a_range_in_seconds_is_light_time(path, basis, expected_m):
    file = read(f"RANGE = {EPOCH} 1", RANGE_UNITS="s", PATH=path, range_basis=basis)
    assert file.observations[0].values == (expected_m,)


def test_the_station_is_who_receives_whatever_its_number():
    one = read(RANGE_LINE, PATH="2,1,2").observations[0]
    assert (one.sensor, one.target) == ("SAT", "DISH")


def test_noise_and_bias_come_from_the_sensor_or_from_the_default():
    known = read(RANGE_LINE, sensors={"DISH": DISH}).observations[0]
    assert (known.sigmas, known.biases) == ((7.0,), (3.0,))
    unknown = read(RANGE_LINE, sensors={"OTHER": DISH}).observations[0]
    assert (unknown.sigmas, unknown.biases) == ((Noise().range_sigma_m,), (0.0,))


def test_a_sensor_that_states_no_noise_for_a_quantity_does_not_measure_it():
    file = read(f"DOPPLER_INSTANTANEOUS = {EPOCH} 1", sensors={"DISH": DISH})
    assert reasons(file) == ["sensor DISH states no noise for range rate"]


def test_angles_pair_by_epoch_even_when_others_stand_between():
    lines = [ANGLE_LINES[1], RANGE_LINE, f"ANGLE_1 = {EPOCH[:-1]}9 1", ANGLE_LINES[0]]
    file = read(*lines)
    angles = [one for one in file.observations if one.kind is ObservationKind.AZ_EL]
    assert angles[0].values == (math.radians(90), math.radians(45))
    assert [(one.field, one.reason) for one in file.rejected] == [
        ("ANGLE_1", "has no ANGLE_2 at the same epoch")
    ]


def test_an_angle_given_twice_for_an_epoch_is_named():
    assert "is given twice for this epoch" in reasons(read(ANGLE_LINES[0], ANGLE_LINES[0]))


def test_mean_equator_directions_are_brought_to_gcrf_axes():
    icrf = read(*ANGLE_LINES, ANGLE_TYPE="RADEC", REFERENCE_FRAME="ICRF", PATH="2,1").observations[0]
    mean = read(*ANGLE_LINES, ANGLE_TYPE="RADEC", REFERENCE_FRAME="EME2000", PATH="2,1").observations[0]
    assert icrf.values == (math.radians(90), math.radians(45))
    apart_mas = math.degrees(math.dist(icrf.values, mean.values)) * 3.6e6
    assert 5.0 < apart_mas < 30.0


@pytest.mark.parametrize(
    ("reference", "shift_s"), [("START", 0.5), ("MIDDLE", 0.0), ("END", -0.5), (None, 0.0)]
)
def test_mean_range_rate_stands_for_the_middle_of_its_interval(reference, shift_s):
    file = read(f"DOPPLER_INTEGRATED = {EPOCH} -1.25", INTEGRATION_INTERVAL="1.0", INTEGRATION_REF=reference)
    one = file.observations[0]
    assert one.values == (-1250.0,)
    assert one.epoch_tai_s == pytest.approx(tai_s_from_utc(EPOCH) + shift_s, abs=1e-6)


@pytest.mark.parametrize(("applied", "expected_m"), [("YES", 1_000_500.0), ("NO", 1_002_500.0)])
def test_corrections_are_added_only_where_the_message_leaves_that_to_the_reader(applied, expected_m):
    file = read(RANGE_LINE, CORRECTION_RANGE="2.0", CORRECTIONS_APPLIED=applied)
    assert file.observations[0].values == (expected_m,)


@pytest.mark.parametrize(
    ("tag", "key", "shift_s"), [("RECEIVE", "RECEIVE_DELAY_1", -0.25), ("TRANSMIT", "TRANSMIT_DELAY_1", 0.25)]
)
def test_epochs_move_to_the_antenna_by_the_stations_delay(tag, key, shift_s):
    delays = {"RECEIVE_DELAY_2": "9", "TRANSMIT_DELAY_2": "9", key: "0.25"}
    one = read(RANGE_LINE, TIMETAG_REF=tag, **delays).observations[0]
    assert one.epoch_tai_s == pytest.approx(tai_s_from_utc(EPOCH) + shift_s, abs=1e-6)
    assert one.time_tag is TimeTag(tag.lower())


@pytest.mark.parametrize(
    ("time_system", "ahead_of_utc_s"), [("UTC", 0.0), ("TAI", 37.0), ("GPS", 18.0), ("TT", 69.184)]
)
def test_epochs_are_read_in_the_messages_time_system(time_system, ahead_of_utc_s):
    one = read(RANGE_LINE, TIME_SYSTEM=time_system).observations[0]
    assert one.epoch_tai_s == pytest.approx(tai_s_from_utc(EPOCH) - ahead_of_utc_s, abs=1e-6)


def test_a_comment_in_an_old_encoding_costs_nothing():
    data = message("COMMENT 3 \xb0 of elevation", RANGE_LINE).decode().encode("latin-1")
    assert read_tdm(data, source="a").observations == read(RANGE_LINE).observations


def test_day_of_year_and_leap_second_epochs_are_read():
    file = read("RANGE = 2016-366T23:59:60.5 1000", "RANGE = 2017-001T00:00:00.5 1000")
    assert [one.epoch_tai_s for one in file.observations] == [536500836.5, 536500837.5]


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"RANGE_UNITS": "RU"}, "RU"),
        ({"RANGE_MODULUS": "1000"}, "ambiguous"),
        ({"RANGE_MODE": "ONE_WAY"}, "PATH is two-way"),
        ({"PATH": "1,2,3", "PARTICIPANT_3": "X"}, "neither one-way nor two-way"),
        ({"PATH": None}, "PATH is missing"),
        ({"PATH": "1,1"}, "to itself"),
        ({"MODE": "SINGLE_DIFF"}, "SINGLE_DIFF"),
        ({"DATA_QUALITY": "DEGRADED"}, "DEGRADED"),
        ({"PATH": "2,1", "TIMETAG_REF": "TRANSMIT"}, "not at the sensor"),
        ({"CORRECTION_RANGE": "1"}, "CORRECTIONS_APPLIED is not"),
    ],
)
def test_a_range_that_no_observation_can_hold_is_rejected_with_its_line(metadata, reason):
    file = read(RANGE_LINE, **metadata)
    assert file.observations == []
    assert file.rejected[0].line is not None
    assert reason in file.rejected[0].reason


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"ANGLE_TYPE": "XEYN"}, "XEYN"),
        ({"ANGLE_TYPE": "XSYE"}, "XSYE"),
        ({"ANGLE_TYPE": None}, "missing"),
        ({"ANGLE_TYPE": "RADEC"}, "REFERENCE_FRAME which is missing"),
        ({"ANGLE_TYPE": "RADEC", "REFERENCE_FRAME": "TOD"}, "TOD"),
        ({"CORRECTION_ABERRATION_YEARLY": "1", "CORRECTIONS_APPLIED": "NO"}, "ABERRATION"),
    ],
)
def test_angles_that_no_observation_can_hold_are_rejected(metadata, reason):
    file = read(*ANGLE_LINES, RANGE_LINE, **metadata)
    assert [one.kind for one in file.observations] == [ObservationKind.RANGE]
    assert len(file.rejected) == 2
    assert reason in file.rejected[0].reason


@pytest.mark.parametrize("interval", [None, "0", "61"])
def test_mean_range_rate_needs_a_short_interval(interval):
    file = read(f"DOPPLER_INTEGRATED = {EPOCH} 1", INTEGRATION_INTERVAL=interval)
    assert "INTEGRATION_INTERVAL" in reasons(file)[0]


def test_angles_may_come_with_a_path_from_the_known_sensor_but_ranges_may_not():
    file = read(*ANGLE_LINES, RANGE_LINE, PATH="1,2", sensors={"DISH": DISH})
    assert [(one.sensor, one.target) for one in file.observations] == [("DISH", "SAT")]
    assert "goes from sensor DISH" in reasons(file)[0]


def test_angles_of_a_longer_path_belong_to_the_last_leg():
    one = read(*ANGLE_LINES, PATH="1,2,3,2,1", PARTICIPANT_3="RELAY").observations[0]
    assert (one.sensor, one.target) == ("DISH", "SAT")


def test_other_measurements_are_counted_not_lost():
    file = read(
        f"RECEIVE_FREQ_1 = {EPOCH} 1", f"RECEIVE_FREQ_1 = {EPOCH} 2", f"PRESSURE = {EPOCH} 3", RANGE_LINE
    )
    assert (file.unused, file.rejected) == ({"RECEIVE_FREQ_1": 2, "PRESSURE": 1}, [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"RANGE = {EPOCH} 1 2", "3 values"),
        (f"RANGE = {EPOCH}", "1 values"),
        ("RANGE = 2026-02-30T00:00:00 1", "not a date"),
        (f"RANGE = {EPOCH} nan", "'nan' is not a number"),
        (f"RANGE = {EPOCH} 1_0", "not a number"),
        (f"RANGE = {EPOCH} 1e999", "not a number"),
        (f"RANGE = {EPOCH} -5", "not to be believed"),
        (f"DOPPLER_INSTANTANEOUS = {EPOCH} 300000", "not to be believed"),
        (f"RANGES = {EPOCH} 1", "no keyword of TDM data"),
        ("what is this", "is not KEYWORD = value"),
    ],
)
def test_a_bad_line_is_rejected_and_its_neighbours_are_kept(line, reason):
    file = read(RANGE_LINE, line, RANGE_LINE)
    assert len(file.observations) == 2
    assert reason in file.rejected[0].reason
    assert message(RANGE_LINE, line).decode().split("\n")[file.rejected[0].line - 1] == line


def test_notation_may_vary_in_blanks_case_line_ends_and_comments():
    text = message(RANGE_LINE, *ANGLE_LINES, PATH="1 , 2, 1").decode()
    plain = read_tdm(text.encode(), source="a").observations
    loud = "\n\t".join(
        text.replace(" = ", "\t=  ").replace("META_START", "META_START\nCOMMENT\nCOMMENT a=b").split("\n")
    )
    loud = loud.replace("RANGE", "range").replace("UTC", "utc").replace("SEQUENTIAL", "Sequential")
    for data in (
        loud.encode(),
        b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
        text.replace("\n", "\r").encode(),
    ):
        assert read_tdm(data, source="a").observations == plain


@pytest.mark.parametrize(
    ("data", "line", "field"),
    [
        (b"", None, None),
        (b"\n \n", None, None),
        (b"\xff\xfe\x00", 1, None),
        (b"CCSDS_TDM_VERS = 2.0\n\0", 2, None),
        (b"hello", 1, None),
        (b"CCSDS_OEM_VERS = 2.0", 1, None),
        (HEADER.replace("2.0", "3.0").encode(), 1, "CCSDS_TDM_VERS"),
        (HEADER.replace("ORIGINATOR = AUR\n", "META_START").encode(), 3, "ORIGINATOR"),
        (HEADER.encode(), None, None),
        (HEADER.encode() + b"COLOUR = RED", 4, "COLOUR"),
        (message(TIME_SYSTEM=None), 4, "TIME_SYSTEM"),
        (message(TIME_SYSTEM="MARS"), 5, "TIME_SYSTEM"),
        (message(PARTICIPANT_1=None), 4, "PARTICIPANT_1"),
        (message(PATH="1,3,1"), 4, "PATH"),
        (message(PATH="one"), 9, "PATH"),
        (message(TRANSMIT_DELAY_1="x"), 11, "TRANSMIT_DELAY_1"),
        (message(START_TIME="yesterday"), 4, "START_TIME"),
        (message(RANGE_UNITS="miles"), 11, "RANGE_UNITS"),
        (message(MODE=""), 8, "MODE"),
    ],
)
def test_a_message_that_says_nothing_usable_is_refused_by_file_line_and_keyword(data, line, field):
    with pytest.raises(FormatError) as refused:
        read_tdm(data, source="pass.tdm")
    assert (refused.value.source, refused.value.line, refused.value.field) == ("pass.tdm", line, field)


def test_a_bad_segment_is_left_out_and_good_ones_are_kept():
    good = message(RANGE_LINE).decode()
    bad = message(RANGE_LINE, WRONG="1").decode().removeprefix(HEADER)
    file = read_tdm("\n".join([good, bad, good.removeprefix(HEADER)]).encode(), source="a")
    assert len(file.observations) == 2
    assert [(one.field, one.line) for one in file.rejected] == [("WRONG", 22)]


@pytest.mark.parametrize("lost", ["DATA_STOP", "META_STOP", "META_START", "DATA_START"])
def test_a_missing_section_mark_costs_at_most_its_own_segment(lost):
    good = message(RANGE_LINE).decode()
    broken = good.removeprefix(HEADER).replace(lost + "\n", "").replace("\n" + lost, "")
    file = read_tdm("\n".join([good, broken, good.removeprefix(HEADER)]).encode(), source="a")
    assert len(file.observations) == (3 if lost == "DATA_STOP" else 2)
    assert file.rejected


def test_a_truncated_message_keeps_what_came():
    data = message(RANGE_LINE, RANGE_LINE)
    file = read_tdm(data[: data.rindex(b"1000.5")], source="a")
    assert len(file.observations) == 1
    assert len(file.rejected) == 2


XML = """<?xml version="1.0" encoding="UTF-8"?>
<tdm id="CCSDS_TDM_VERS" version="2.0"><header><CREATION_DATE>2026-01-01T00:00:00</CREATION_DATE>
<ORIGINATOR>AUR</ORIGINATOR></header><body><segment><metadata>{metadata}</metadata><data>{data}
</data></segment></body></tdm>"""


def xml(*data):
    elements = "".join(f"<{key}>{value}</{key}>" for key, value in METADATA.items())
    observations = "".join(
        f"\n<observation><EPOCH>{line.split()[2]}</EPOCH><{line.split()[0]}>{line.split()[3]}</{line.split()[0]}>"
        "</observation>"
        for line in data
    )
    return XML.format(metadata=elements, data=observations)


def test_xml_says_the_same_as_kvn():
    lines = [RANGE_LINE, *ANGLE_LINES]
    assert read_tdm(xml(*lines).encode(), source="a") == read(*lines)


def test_a_combined_message_gives_the_observations_of_all_its_parts():
    part = xml(RANGE_LINE).split("\n", 1)[1]
    file = read_tdm(f'<ndm xmlns:n="urn:x">{part}<!-- and -->{part}</ndm>'.encode(), source="a")
    assert len(file.observations) == 2


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE tdm SYSTEM "file:///etc/hostname"><tdm/>',
        b'<?xml version="1.0"?><!DOCTYPE tdm [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><tdm>&b;</tdm>',
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE tdm [<!ENTITY a "b">]><tdm>&a;</tdm>'.encode(
            "utf-16"
        ),
        b"<oem/>",
        b"<tdm><header></tdm>",
        b"<" + b"a" * 100 + b">",
        ("<a>" * 100_000).encode(),
        xml(RANGE_LINE)[:-20].encode(),
        b'<?xml version="1.0" encoding="nonsense"?><tdm/>',
    ],
)
def test_xml_that_is_unsafe_broken_or_something_else_is_refused(data):
    with pytest.raises(FormatError):
        read_tdm(data, source="a")


ACCEPTED_WITH_REMARKS = ("data-", "inconsistent", "missing-timesystem", "issue963")
REFUSED = ("metadata-", "missing-participants", "doctype")


@pytest.mark.parametrize("notation", ["kvn", "xml"])
def test_the_standards_examples_are_read_and_the_broken_ones_are_found_out(reference_data, notation):
    """Orekit refuses a message whole where this reader keeps the good lines: then there must be a remark."""
    paths = sorted(reference_data("ccsds", "tdm", notation).iterdir())
    assert paths
    for path in paths:
        if any(mark in path.name for mark in REFUSED):
            with pytest.raises(FormatError):
                read_tdm(path.read_bytes(), source=path.name)
            continue
        file = read_tdm(path.read_bytes(), source=path.name)
        broken = [one for one in file.rejected if one.field not in UNUSABLE]
        assert bool(broken) == any(mark in path.name for mark in ACCEPTED_WITH_REMARKS), path.name
        assert file.observations or file.unused or file.rejected


UNUSABLE = {"RANGE", "ANGLE_1", "ANGLE_2", "DOPPLER_INSTANTANEOUS", "DOPPLER_INTEGRATED"}


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_a_format_error(data):
    for candidate in (data, HEADER.encode() + data, message(RANGE_LINE)[:-9] + data, b"<tdm>" + data):
        try:
            read_tdm(candidate, source="a")
        except FormatError as error:
            assert str(error).startswith("a: ")  # noqa: PT017  # most of these inputs are refused, not all


@given(st.data())
def test_changed_messages_never_crash(data):
    original = data.draw(
        st.sampled_from([message(RANGE_LINE, *ANGLE_LINES), xml(RANGE_LINE, *ANGLE_LINES).encode()])
    )
    at = data.draw(st.integers(0, len(original)))
    cut = data.draw(st.integers(0, 20))
    changed = original[:at] + data.draw(st.binary(max_size=8)) + original[at + cut :]
    try:
        file = read_tdm(changed, source="a")
    except FormatError:
        return
    assert len(file.observations) <= 2


finite = st.floats(allow_nan=False, allow_infinity=False)
epochs = st.floats(-8.5e8, -10.0) | st.floats(10.0, 2e9)
names = st.sampled_from(["DISH", "Łódź radar", "A=B", "25544"])
pairs = {
    ObservationKind.RANGE: st.tuples(st.floats(1e-3, 1e12)),
    ObservationKind.RANGE_RATE: st.tuples(st.floats(-2e8, 2e8)),
    ObservationKind.AZ_EL: st.tuples(st.floats(-6.28, 6.28), st.floats(-1.57, 1.57)),
    ObservationKind.RA_DEC: st.tuples(st.floats(0, 6.28), st.floats(-1.57, 1.57)),
}


@st.composite
def observations(draw):
    kind = draw(st.sampled_from(ObservationKind))
    values = draw(pairs[kind])
    path = draw(st.sampled_from(SignalPath))
    return Observation(
        kind=kind,
        epoch_tai_s=draw(epochs),
        sensor=draw(names),
        values=values,
        sigmas=(1.0,) * len(values),
        biases=(0.0,) * len(values),
        path=path,
        time_tag=TimeTag.RECEIVE if path is SignalPath.ONE_WAY else draw(st.sampled_from(TimeTag)),
        target=draw(st.none() | names),
    )


@settings(max_examples=200)
@given(st.lists(observations(), min_size=1, max_size=8, unique_by=lambda one: one.epoch_tai_s))
def test_written_observations_are_read_back_to_the_last_bit(written):
    text = write_tdm(written, originator="AUR", creation_utc="2026-01-01T00:00:00Z", comments=["a\nb"])
    noise = Noise(range_sigma_m=1.0, range_rate_sigma_m_s=1.0, angle_sigma_deg=1.0)
    file = read_tdm(text.encode(), source="a", noise=noise)
    assert file.rejected == []
    unit = [msgspec.structs.replace(one, sigmas=(1.0,) * len(one.values)) for one in file.observations]
    assert unit == written


@pytest.mark.parametrize("name", ["", " A", "A\nMETA_STOP", "A\x00"])
def test_a_name_that_would_break_the_message_is_not_written(name):
    one = read(RANGE_LINE).observations[0]
    with pytest.raises(FormatError, match="no place for the name"):
        write_tdm(
            [msgspec.structs.replace(one, sensor=name)], originator="AUR", creation_utc="2026-001T00:00:00"
        )


def test_nothing_to_write_is_an_error():
    with pytest.raises(FormatError, match="no observation"):
        write_tdm([], originator="AUR", creation_utc="2026-001T00:00:00")
