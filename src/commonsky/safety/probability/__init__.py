"""Probability of collision: plane methods, collision rates of curved motion, Monte Carlo, and the choice among them."""

from commonsky.safety.probability.assessment import Assessment, EncounterPlane, Estimate, assess
from commonsky.safety.probability.conjunction import Conjunction, HardBody, UnusableConjunctionError
from commonsky.safety.probability.dilution import Dilution, dilution
from commonsky.safety.probability.encounter_plane import project
from commonsky.safety.probability.message import conjunction_from_cdm, hard_body_of
from commonsky.safety.probability.two_dimensional import (
    chan_2d,
    elrod_2d,
    foster_2d,
    frisbee_maximum_2d,
    greatest_of_all,
    log_foster_2d,
    maximum_2d,
)

__all__ = [
    "Assessment",
    "Conjunction",
    "Dilution",
    "EncounterPlane",
    "Estimate",
    "HardBody",
    "UnusableConjunctionError",
    "assess",
    "chan_2d",
    "conjunction_from_cdm",
    "dilution",
    "elrod_2d",
    "foster_2d",
    "frisbee_maximum_2d",
    "greatest_of_all",
    "hard_body_of",
    "log_foster_2d",
    "maximum_2d",
    "project",
]
