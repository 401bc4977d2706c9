"""One seed, one clock: an exercise replays exactly, and its truth is not what the estimators assume."""

import numpy as np
import pytest
from msgspec.structs import replace

from commonsky.exercise.clock import ExerciseClock, FollowedClock, write_pace
from commonsky.exercise.coalition import found_coalition
from commonsky.exercise.observing import HAND_OVER_S, choose_observed, truth_of
from commonsky.exercise.population import FAMILIES, synthetic_catalogue
from commonsky.exercise.rehearsal import play, rehearse
from commonsky.exercise.scenario import COALITION, read_scenario
from commonsky.formats.catalogue import read_catalogue
from commonsky.formats.errors import FormatError
from commonsky.formats.tdm import read_tdm
from commonsky.tracking import fit
from small_coalition import small_rehearsal

BEGINS = read_scenario(COALITION).begins_tai_s


@pytest.fixture(scope="module")
def rehearsal():
    return small_rehearsal()


def test_the_same_seed_gives_the_same_exercise_byte_for_byte(rehearsal):
    assert small_rehearsal() == rehearsal


def test_another_seed_gives_another_one(rehearsal):
    other = rehearse(replace(rehearsal.scenario, seed=7, hours=1.0), lambda done, of: None)
    assert other.catalogue != rehearsal.catalogue


def test_the_catalogue_is_readable_whole_and_has_every_family():
    made = synthetic_catalogue(np.random.default_rng(1), 1000, BEGINS)
    assert len(made) == 1000
    assert len({one.norad_cat_id for one in made}) == 1000
    for family in FAMILIES:
        assert any(one.object_name.startswith(family.name) for one in made)


def test_the_catalogue_file_holds_exactly_the_population(rehearsal):
    read = read_catalogue(rehearsal.catalogue, source="catalogue.csv")
    assert not read.rejected
    rng = np.random.default_rng(rehearsal.scenario.seed)
    made = synthetic_catalogue(rng, rehearsal.scenario.catalogue_objects, rehearsal.scenario.begins_tai_s)
    assert read.element_sets == made


def test_files_come_in_order_and_after_what_they_tell_of(rehearsal):
    times = [file.at_tai_s for file in rehearsal.files]
    assert times == sorted(times)
    for file in rehearsal.files[:5]:
        seen = read_tdm(file.data, source=file.name).observations
        assert max(one.epoch_tai_s for one in seen) == pytest.approx(file.at_tai_s - HAND_OVER_S, abs=1e-3)


def test_the_noise_is_what_the_sensor_states():
    """Residuals of a fit over many passes have a weighted rms near one: neither noise nor model is off."""
    rehearsal = small_rehearsal()
    sensors = {own.sensor.id: own.sensor for member in rehearsal.scenario.members for own in member.sensors}
    observations = [
        one
        for file in rehearsal.files
        for one in read_tdm(file.data, source=file.name, sensors=sensors).observations
    ]
    target = observations[0].target
    found = fit([one for one in observations if one.target == target], sensors)
    assert 0.8 < found.weighted_rms < 1.3


def test_truth_starts_near_the_element_set_and_not_on_it():
    rng = np.random.default_rng(3)
    [one] = choose_observed(synthetic_catalogue(rng, 300, BEGINS), 1, rng)
    times = BEGINS + np.array([0.0, 60.0])
    a = truth_of(one, times[0], np.random.default_rng(1)).states(times)
    b = truth_of(one, times[0], np.random.default_rng(2)).states(times)
    apart_m = np.linalg.norm(a[0, :3] - b[0, :3])
    assert 10.0 < apart_m < 3000.0


class Real:
    now_s = 100.0

    def __call__(self):
        return self.now_s


def test_time_runs_at_its_rate_up_to_the_limit_and_waits_there():
    real = Real()
    clock = ExerciseClock(1000.0, rate=10.0, monotonic_s=real)
    assert clock.now_tai_s() == 1000.0
    assert clock.run_to(1100.0) == pytest.approx(10.0)
    real.now_s += 5.0
    assert clock.now_tai_s() == pytest.approx(1050.0)
    real.now_s += 50.0
    assert clock.now_tai_s() == 1100.0
    clock.run_to(1200.0)
    real.now_s += 1.0
    assert clock.now_tai_s() == pytest.approx(1110.0)


def test_an_infinite_rate_jumps_to_each_limit():
    clock = ExerciseClock(0.0, rate=float("inf"), monotonic_s=Real())
    assert clock.run_to(500.0) == 0.0
    assert clock.now_tai_s() == 500.0


def test_a_process_follows_the_pace_in_the_file(tmp_path):
    real = Real()
    clock = ExerciseClock(0.0, rate=20.0, monotonic_s=real)
    file = tmp_path / "clock.json"
    write_pace(clock.pace, file)
    followed = FollowedClock(file, monotonic_s=real)
    assert followed.now_tai_s() == 0.0
    clock.run_to(1000.0)
    write_pace(clock.pace, file)
    real.now_s += 10.0
    assert followed.now_tai_s() == clock.now_tai_s() == pytest.approx(200.0)
    assert followed.rate() == 20.0


def test_files_are_delivered_when_their_time_has_come(rehearsal):
    clock = ExerciseClock(rehearsal.scenario.begins_tai_s, rate=float("inf"), monotonic_s=Real())
    delivered = []
    ends = rehearsal.files[-1].at_tai_s + 60.0
    played = play(
        rehearsal.files,
        clock,
        lambda file: delivered.append((clock.now_tai_s(), file.at_tai_s)),
        ends_tai_s=ends,
        wait=lambda seconds: None,
    )
    assert len(list(played)) == len(rehearsal.files) == len(delivered)
    assert all(now == at for now, at in delivered)
    assert clock.now_tai_s() == ends


def test_each_party_to_an_agreement_holds_a_copy_and_nobody_else(tmp_path):
    scenario = read_scenario(COALITION)
    founded = found_coalition(scenario, COALITION, tmp_path / "c", first_port=8701)
    holders = {m.id for m in scenario.members if (founded.home(m.id) / "agreements/AUR-DOR.toml").exists()}
    assert holders == {"AUR", "DOR"}


@pytest.mark.parametrize("text", ["", "operation = 1", "nonsense [", 'operation = "x"\nunknown = 1'])
def test_a_broken_scenario_is_named(tmp_path, text):
    (tmp_path / "scenario.toml").write_text(text)
    with pytest.raises(FormatError, match=r"scenario\.toml"):
        read_scenario(tmp_path)


def test_a_missing_scenario_is_named(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        read_scenario(tmp_path / "nowhere")
