"""``commonsky identify``: what it prints, and what it says of input that is missing or wrong."""

import json

import numpy as np
import pytest

from commonsky.cli import main
from commonsky.exercise.population import synthetic_catalogue
from commonsky.formats.omm_csv import write_omm_csv
from commonsky.formats.tdm_writer import write_tdm
from seen_objects import SITE, overhead, passing

NOW_TAI_S = 600_000_000.0
SITES = f"""
[[sensor]]
id = "{SITE.id}"
latitude_deg = {SITE.latitude_deg}
longitude_deg = {SITE.longitude_deg}
height_m = {SITE.height_m}
angle_sigma_deg = 0.01
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("identify")
    rng = np.random.default_rng(3)
    catalogue = synthetic_catalogue(rng, 400, NOW_TAI_S)
    place = int(overhead(catalogue, NOW_TAI_S)[0])
    seen = passing(catalogue[place], NOW_TAI_S + 10.0 * np.arange(3), rng, target="FIRST")
    paths = [folder / name for name in ("seen.tdm", "known.csv", "sites.toml")]
    paths[0].write_text(write_tdm(seen, originator="ZWE", creation_utc="2019-01-06T00:00:00"))
    paths[1].write_text(write_omm_csv(catalogue))
    paths[2].write_text(SITES)
    return [str(path) for path in paths], catalogue[place]


def command(files, *more):
    seen, known, sites = files
    return main(["identify", seen, "--catalogue", known, "--sites", sites, *more])


def test_the_object_is_named_in_the_table(files, capsys):
    assert command(files[0]) == 0
    shown = capsys.readouterr().out
    assert "identified" in shown
    assert str(files[1].norad_cat_id) in shown


def test_the_document_has_candidates_with_residuals(files, capsys):
    assert command(files[0], "--json") == 0
    document = json.loads(capsys.readouterr().out)
    (tracklet,) = document["tracklets"]
    assert tracklet["claimed"] == "FIRST"
    best = tracklet["candidates"][0]
    assert best["norad_cat_id"] == files[1].norad_cat_id
    assert best["probability"] > 0.95
    assert len(best["residuals"]) == 3
    assert best["residuals"][0]["across_line_of_sight_rad"] < 1e-3
    assert (
        tracklet["none_probability"] + sum(one["probability"] for one in tracklet["candidates"]) <= 1.0 + 1e-9
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--unknown-share", "1"], "between 0 and 1"),
        (["--top", "0"], "above 0"),
        (["--max-age", "0.000001"], "no element set within"),
    ],
)
def test_wrong_usage_is_told(files, capsys, more, words):
    assert command(files[0], *more) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_a_sensor_without_a_place_is_told(files, tmp_path, capsys):
    other = tmp_path / "other.toml"
    other.write_text(SITES.replace(SITE.id, "VALLEY"))
    assert command([*files[0][:2], str(other)]) == 2
    assert "no place of sensor HILL" in " ".join(capsys.readouterr().err.split())
