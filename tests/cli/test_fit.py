"""``commonsky fit`` where input is missing or wrong; the real tracking of W3B is in tests/tracking."""

import json

import pytest

from commonsky.cli import main

SITES = """
[[sensor]]
id = "RADAR"
latitude_deg = 47.0
longitude_deg = 11.0
height_m = 900.0
"""
MESSAGE = """CCSDS_TDM_VERS = 2.0
CREATION_DATE = 2019-01-06T00:00:00
ORIGINATOR = TEST
META_START
TIME_SYSTEM = UTC
PARTICIPANT_1 = RADAR
PARTICIPANT_2 = {target}
MODE = SEQUENTIAL
PATH = 1,2,1
TIMETAG_REF = RECEIVE
RANGE_UNITS = km
ANGLE_TYPE = AZEL
META_STOP
DATA_START
{data}
DATA_STOP
"""
ONE_LINE = "RANGE = 2019-01-05T22:40:00 1000.0"
ONE_RANGE = MESSAGE.format(target="X", data=ONE_LINE)


@pytest.fixture
def files(tmp_path):
    def written(message=ONE_RANGE, sites=SITES):
        tdm, places = tmp_path / "track.tdm", tmp_path / "sites.toml"
        tdm.write_text(message)
        places.write_text(sites)
        return ["fit", str(tdm), "--sites", str(places)]

    return written


def said(capsys):
    return " ".join(capsys.readouterr().err.split())


def test_too_few_observations_are_an_error_with_its_reason(files, capsys):
    assert main(files()) == 1
    assert "1 measured values cannot determine 6 unknowns" in said(capsys)


def test_a_station_without_a_place_is_named(files, capsys):
    assert main(files(sites=SITES.replace("RADAR", "OTHER"))) == 1
    assert "RADAR" in said(capsys)


def test_two_objects_must_be_told_apart(files, capsys):
    one, other = (MESSAGE.format(target=name, data=ONE_LINE) for name in "XY")
    both = one + other[other.index("META_START") :]
    assert main(files(both)) == 2
    assert "--target" in said(capsys)
    assert main([*files(both), "--target", "Y"]) == 1
    assert "cannot determine" in said(capsys)
    assert main([*files(both), "--target", "Z"]) == 2
    assert "no observation is of Z" in said(capsys)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--estimate", "range-bias,charm"], "does not know charm"),
        (["--degree", "90"], "from 2 to 70"),
        (["--epoch", "yesterday"], "yesterday"),
        (["--from", "nowhere.tle"], "no such file"),
    ],
)
def test_wrong_options_are_usage_errors(files, capsys, more, words):
    assert main([*files(), *more]) == 2
    assert words in said(capsys)


def test_a_missing_file_is_named(files, capsys):
    assert main(["fit", "absent.tdm", "--sites", files()[-1]]) == 2
    assert "absent.tdm" in said(capsys) or "no such file" in said(capsys)


def simulated_lines():
    """Range and angles of a made-up low orbit over the site, in the units of the message."""
    import math

    import numpy as np

    from commonsky.astro.measurement import Atmosphere, azimuth_elevation, predict, stations
    from commonsky.astro.numerical import default_force_model, propagate
    from commonsky.astro.time import utc_from_tai_s
    from commonsky.domain import ObservationKind, SignalPath, Site, TimeTag

    times = 6.0e8 + np.arange(0.0, 43200.0, 20.0)
    states = propagate([0.0, 7.178e6, 0.0, -1.0e3, 0.0, 7.38e3], 6.0e8, times, default_force_model())
    site = Site(id="RADAR", latitude_deg=47.0, longitude_deg=11.0, height_m=900.0)
    at = stations([site] * times.size, times)
    signal = (SignalPath.TWO_WAY, TimeTag.RECEIVE)
    lines = []
    seen = np.flatnonzero(azimuth_elevation(states, at)[1] > 0.1)
    made = {
        kind: predict(kind, states[seen], at.rows(seen), signal=signal, atmosphere=Atmosphere()).values
        for kind in (ObservationKind.RANGE, ObservationKind.AZ_EL)
    }
    for i, time in enumerate(times[seen]):
        epoch = utc_from_tai_s(time, digits=6)[:-1]
        lines.append(f"RANGE = {epoch} {made[ObservationKind.RANGE][i, 0] / 1e3:.6f}")
        for number, angle in enumerate(made[ObservationKind.AZ_EL][i], 1):
            lines.append(f"ANGLE_{number} = {epoch} {math.degrees(angle):.8f}")
    return lines


@pytest.fixture(scope="module")
def lines():
    return simulated_lines()


def test_an_orbit_comes_out_as_json_from_a_plain_message(files, capsys, lines):
    assert main([*files(MESSAGE.format(target="X", data="\n".join(lines))), "--degree=20", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["converged"]
    assert found["weighted_rms"] < 0.5  # the fit chooses a finer gravity field than the simulation
    assert found["elements"]["semi_major_axis_m"] == pytest.approx(7.5e6, rel=0.05)
    assert {row["part"] for row in found["statistics"]} == {"range", "azimuth", "elevation"}


def test_a_bad_line_is_listed_and_the_orbit_still_made(files, capsys, lines):
    spoiled = ["RANGE = 2019-01-05T22:40:00 far", *lines]
    assert main([*files(MESSAGE.format(target="X", data="\n".join(spoiled))), "--degree=20", "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert len(found["unread"]) == 1
    assert found["unread"][0]["line"] == 15


def test_the_table_names_what_was_not_used(files, capsys, lines):
    epoch = lines[0].split()[2]
    wild = [f"RANGE = {epoch} 9999.0", *lines[1:]]
    assert main(files(MESSAGE.format(target="X", data="\n".join(wild)))) == 0
    shown = capsys.readouterr().out
    assert "Observations not used" in shown
    assert "sigma off" in shown


def test_everything_asked_for_is_written(files, capsys, lines, tmp_path):
    from commonsky.formats.catalogue import read_catalogue
    from commonsky.formats.ccsds import check_document, read_document
    from commonsky.formats.ccsds.ephemeris import read_ephemerides

    places = {name: tmp_path / f"out.{name}" for name in ("oem", "xml", "omm", "tle", "png")}
    options = ("--oem", "oem"), ("--opm", "xml"), ("--omm", "omm"), ("--tle", "tle"), ("--plot", "png")
    written = [word for option, name in options for word in (option, str(places[name]))]
    asked = ["--degree", "20", "--predict", "6h", "--step", "10min", "--json", *written]
    assert main([*files(MESSAGE.format(target="X", data="\n".join(lines))), *asked]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["hours"] for row in found["prediction"]] == [0.0, 6.0]
    assert found["mean_elements"]["worst_m"] < 5e3
    for name in ("oem", "xml", "omm"):
        document = read_document(places[name].read_bytes(), source=name)
        assert not [one for one in check_document(document) if one.severity == "error"]
    (ephemeris,) = read_ephemerides(places["oem"].read_bytes(), source="oem").ephemerides
    assert len(ephemeris.covariances) == len(ephemeris.epochs_tai_s)
    (elements,) = read_catalogue(places["tle"].read_bytes(), source="tle").element_sets
    assert elements.mean_motion_rev_day == pytest.approx(14.3, abs=0.5)
    assert places["png"].read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--predict", "soon"], "48h"),
        (["--predict", "99d"], "30 days"),
        (["--step", "0s"], "less than a second"),
    ],
)
def test_wrong_spans_are_usage_errors(files, capsys, more, words):
    assert main([*files(), *more]) == 2
    assert words in said(capsys)


def test_without_sites_the_message_says_what_to_write(files, capsys):
    assert main(files()[:2]) == 2
    assert "[[sensor]]" in said(capsys)
