"""Files of sensors: ours, RESONAATE's and GeoJSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonsky.formats.errors import FormatError
from commonsky.formats.sites import read_sites

OURS = """
[[sensor]]
id = "Alpine Radar"
owner = "ALPINIA"
latitude_deg = 47.1
longitude_deg = 11.3
height_m = 2100.0
range_sigma_m = 25.0
angle_sigma_deg = 0.03
range_bias_m = -12.5

[[sensor]]
id = "Sea Telescope"
latitude_deg = -12.0
longitude_deg = 300.5
height_m = 0
"""


def read(text, **more):
    return read_sites(text.encode(), source="sites", **more)


def point(name, coordinates):
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": coordinates},
        "properties": {"name": name},
    }


def test_our_own_form_is_read_with_its_noise_and_biases():
    found = read(OURS, owner="nobody")
    radar = found.sensors["Alpine Radar"]
    assert (radar.owner, radar.site.height_m, radar.range_bias_m) == ("ALPINIA", 2100.0, -12.5)
    assert (radar.range_sigma_m, radar.angle_sigma_deg, radar.range_rate_sigma_m_s) == (25.0, 0.03, None)
    assert found.rejected == found.without_height == []


def test_the_owner_is_the_given_one_where_the_file_is_silent():
    assert read(OURS, owner="OCEANIA").sensors["Sea Telescope"].owner == "OCEANIA"


def test_eastern_longitudes_beyond_180_are_turned_west():
    assert read(OURS).sensors["Sea Telescope"].site.longitude_deg == -59.5


def test_a_resonaate_sensor_has_its_altitude_in_km_and_its_noise_in_squares():
    entry = {
        "name": "R1",
        "id": 7,
        "state": {"type": "lla", "latitude": 30.0, "longitude": -86.0, "altitude": 0.036},
        "sensor": {
            "type": "radar",
            "covariance": [[1e-8, 0, 0, 0], [0, 4e-8, 0, 0], [0, 0, 9e-4, 0], [0, 0, 0, 1e-10]],
            "elevation_range": [3.0, 85.0],
        },
    }
    sensor = read(json.dumps([entry])).sensors["R1"]
    assert sensor.site.height_m == pytest.approx(36.0)
    assert sensor.range_sigma_m == pytest.approx(30.0)
    assert sensor.range_rate_sigma_m_s == pytest.approx(0.01)
    assert sensor.angle_sigma_deg == pytest.approx(0.011459156)  # the larger of the two, 2e-4 rad
    assert sensor.minimum_elevation_deg == 3.0


def test_geojson_has_longitude_first_and_may_lack_a_height():
    found = read(
        json.dumps(
            {"type": "FeatureCollection", "features": [point("A", [11.0, 47.0]), point("B", [1, 2, 300])]}
        )
    )
    assert (found.sensors["A"].site.latitude_deg, found.sensors["A"].site.longitude_deg) == (47.0, 11.0)
    assert found.sensors["B"].site.height_m == 300.0
    assert found.without_height == ["A"]


def test_bad_entries_are_named_and_good_ones_kept():
    features = [
        point("good", [11.0, 47.0]),
        point("off the Earth", [11.0, 97.0]),
        point("good", [12.0, 48.0]),
        point("", [1.0, 2.0]),
        point("text", ["east", 2.0]),
        {"type": "Feature", "properties": {"name": "nowhere"}},
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": []},
            "properties": {"name": "area"},
        },
        17,
    ]
    found = read(json.dumps({"type": "FeatureCollection", "features": features}))
    assert list(found.sensors) == ["good"]
    assert found.sensors["good"].site.latitude_deg == 47.0
    assert [one.field for one in found.rejected] == [f"entry {i}" for i in range(2, 9)]
    assert "no place on Earth" in found.rejected[0].reason
    assert "already" in found.rejected[1].reason


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("range_sigma_m = -3.0", "positive"),
        ("range_sigma = 3.0", "range_sigma is not known"),
        ('range_bias_m = "12"', "not a number"),
        ("range_bias_m = nan", "not a number"),
    ],
)
def test_a_misspelled_or_senseless_field_rejects_its_sensor(changed, said):
    text = OURS.replace("range_bias_m = -12.5", "").replace("range_sigma_m = 25.0", changed)
    found = read(text)
    assert list(found.sensors) == ["Sea Telescope"]
    assert said in found.rejected[0].reason


@pytest.mark.parametrize(
    "text",
    ["", "[[station]]\nid = 1", "sensor = 3", "{}", '{"features": 3}', "[", "{", "not = [toml", '[{"a": 1]'],
)
def test_what_is_none_of_the_three_is_refused(text):
    with pytest.raises(FormatError):
        read(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    try:
        found = read_sites(data, source="sites")
    except FormatError:
        return
    assert isinstance(found.sensors, dict)


def test_the_published_networks_are_read_whole(reference_data):
    counts = {
        ("resonaate", "ssn_network.json"): 39,
        ("resonaate", "dedicated_ssn_network.json"): 11,
        ("brahe", "dsn.json"): 3,
        ("brahe", "ksat.json"): 36,
    }
    for parts, count in counts.items():
        found = read_sites(reference_data("sites", *parts).read_bytes(), source=parts[1])
        assert len(found.sensors) + len(found.rejected) == count
        assert all("already" in one.reason for one in found.rejected)
        assert bool(found.without_height) == (parts[0] == "brahe")


def test_a_list_of_observers_gives_their_places():
    text = b"# No ID Latitude Longitude Elev Observer\n1111 RL   38.9478 -104.5614   2073    Ron L\n"
    found = read_sites(text + b"4171 CB   52.8344    6.3785     10    C. B.\n", source="sites.txt")
    assert sorted(found.sensors) == ["1111", "4171"]
    assert found.sensors["1111"].site.longitude_deg == -104.5614
    assert found.sensors["1111"].angle_sigma_deg is None


def test_a_place_may_be_given_by_earth_fixed_coordinates():
    text = b'[[sensor]]\nid = "7080"\nx_m = -1330021.4\ny_m = -5328403.3\nz_m = 3236481.7\n'
    site = read_sites(text, source="x").sensors["7080"].site
    assert (round(site.latitude_deg, 2), round(site.longitude_deg, 2)) == (30.68, -104.02)
    assert 1900.0 < site.height_m < 2100.0


def test_a_place_given_both_ways_is_rejected():
    text = b'[[sensor]]\nid = "A"\nx_m = 1.0\ny_m = 1.0\nz_m = 1.0\nheight_m = 2.0\n'
    found = read_sites(text, source="x")
    assert not found.sensors
    assert "latitude_deg" in found.rejected[0].reason
