"""From a message to an encounter: hard-body radii, frames and covariances as messages really have them."""

import re

import numpy as np
import pytest

from commonsky.formats.ccsds.cdm import read_cdm
from commonsky.safety.probability import UnusableConjunctionError, assess, conjunction_from_cdm, hard_body_of

SIGMAS = {"R": 400.0, "T": 900.0, "N": 400.0, "RDOT": 1e-4, "TDOT": 1e-4, "NDOT": 1e-4}
UNITS = ("m**2", "m**2/s", "m**2/s**2")


def part(number, state):
    names = list(SIGMAS)
    lines = [
        f"OBJECT = OBJECT{number}",
        f"OBJECT_DESIGNATOR = {number * 11111}",
        "CATALOG_NAME = SATCAT",
        "REF_FRAME = EME2000",
    ]
    lines += [f"{k} = {v}" for k, v in zip(("X", "Y", "Z", "X_DOT", "Y_DOT", "Z_DOT"), state, strict=True)]
    for i, row in enumerate(names):
        for j, column in enumerate(names[: i + 1]):
            unit = UNITS[(i > 2) + (j > 2)]
            lines.append(f"C{row}_{column} = {SIGMAS[row] if i == j else 0.0} [{unit}]")
    return "\n".join(lines) + "\n"


HEAD = (
    "CCSDS_CDM_VERS = 1.0\nCREATION_DATE = 2026-03-01T00:00:00.000\nORIGINATOR = TEST\nMESSAGE_ID = T1\n"
    "TCA = 2026-03-02T12:00:00.000\nMISS_DISTANCE = 50 [m]\n"
)
ONE, TWO = part(1, (7000.0, 0.0, 0.01, 0.0, 7.5, 0.0)), part(2, (7000.05, 0.0, 0.01, 0.0, 0.0, 7.5))


def encounter(text):
    return conjunction_from_cdm(message(text))


def message(text):
    return read_cdm(text.encode(), source="made").messages[0]


@pytest.mark.parametrize(
    "line",
    [
        "COMMENT HBR = 12.5",
        "COMMENT Hard Body Radius: 12.5 m",
        "COMMENT Combined HBR (m) = 12.5",
        "HBR = 12.5 [m]",
        "HARD_BODY_RADIUS = 12.5 [m]",
        "COMBINED_HBR = 0.0125 [km]",
        "USER_DEFINED_HBR = 12.5",
    ],
)
def test_the_radius_of_a_message_is_found_wherever_it_stands(line):
    found = hard_body_of(message(f"{HEAD}{line}\n{ONE}{TWO}"))
    assert found.radius_m == pytest.approx(12.5)
    assert found.source.startswith("message (")


@pytest.mark.parametrize("line", ["HBR = 3 [m]", "COMMENT HBR = 3 [m]"])
def test_radii_of_both_objects_are_added_and_one_alone_is_not_used(line):
    both, alone = (re.sub("REF_FRAME", f"{line}\nREF_FRAME", HEAD + ONE + TWO, count=n) for n in (2, 1))
    assert hard_body_of(message(both)).radius_m == 6.0
    assert "one object only" in hard_body_of(message(alone)).source


@pytest.mark.parametrize("line", ["HBR = -4 [m]", "HBR = 0", "COMMENT HBR = 1.2.3", "COMMENT no HBR = 5"])
def test_a_radius_that_is_none_leaves_the_default(line):
    assert hard_body_of(message(f"{HEAD}{line}\n{ONE}{TWO}")).source.startswith("default")


@pytest.mark.parametrize("frame", ["GCRF", "TEME", "TOD", "MOD"])
def test_one_frame_or_another_without_spin_changes_no_distance(frame):
    given = encounter((HEAD + ONE + TWO).replace("EME2000", frame))
    plain = encounter(HEAD + ONE + TWO)
    assert np.linalg.norm(given.position_m) == pytest.approx(np.linalg.norm(plain.position_m), rel=1e-6)
    assert np.linalg.norm(given.velocity_m_s) == pytest.approx(np.linalg.norm(plain.velocity_m_s), rel=1e-9)


@pytest.mark.parametrize("frame", ["ITRF-97", "ITRF2014", "ECEF", "EFG"])
def test_a_frame_that_turns_with_the_earth_is_turned_back(frame):
    given = encounter((HEAD + ONE + TWO).replace("EME2000", frame))
    # The Earth's turning adds 510 m/s along the track of both at 7000 km: alike, so that the relative speed stays.
    assert np.linalg.norm(given.states[0, 3:]) == pytest.approx(7500.0 + 510.5, abs=5.0)
    assert np.linalg.norm(given.velocity_m_s) == pytest.approx(7500.0 * np.sqrt(2.0), rel=1e-5)


def test_frames_that_cannot_be_compared_or_are_not_known_are_refused_by_name():
    with pytest.raises(UnusableConjunctionError, match="EME2000 and TOD"):
        encounter(HEAD + ONE.replace("EME2000", "TOD") + TWO)
    with pytest.raises(UnusableConjunctionError, match="TDR is not known"):
        encounter((HEAD + ONE + TWO).replace("EME2000", "TDR"))


@pytest.mark.parametrize("missing", [r"C[RTN]DOT_\w+ = .*\n", r"C[RTN]DOT_[RTN] = .*\n"])
def test_a_covariance_of_position_alone_is_used_and_said_to_be_one(missing):
    found = assess(encounter(re.sub(missing, "", HEAD + ONE + TWO)))
    whole = assess(encounter(HEAD + ONE + TWO))
    assert found.recommended.method == "2D Foster"
    assert found.recommended.probability == pytest.approx(whole.recommended.probability, rel=1e-3)
    assert "no velocities" in found.reasons[1]


def test_a_state_in_no_such_units_and_a_message_without_states_say_what_is_wrong():
    with pytest.raises(UnusableConjunctionError, match="object 1 is 7 km from the Earth's centre"):
        encounter(HEAD + ONE.replace("X = 7000.0", "X = 7.0") + TWO)
    bare = HEAD + "COLLISION_PROBABILITY = 0.0001\n" + re.sub(r"\n[XYZ] = .*", "", ONE) + TWO
    with pytest.raises(UnusableConjunctionError, match="X, Y and Z are needed; the message itself states"):
        encounter(bare)
