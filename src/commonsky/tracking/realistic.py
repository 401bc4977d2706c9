"""A fit that chooses its force model by the orbit, with a covariance that holds against real forces."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from commonsky.astro.orbit import EARTH_EQUATORIAL_RADIUS_M, apsides_m, keplerian
from commonsky.domain import ElementSet, Observation, Sensor
from commonsky.tracking.estimate import fit
from commonsky.tracking.force_noise import sufficient_degree
from commonsky.tracking.result import Fit
from commonsky.tracking.settings import Estimated, FitSettings, InitialState

_DRAG_BELOW_M = 1.2e6
_DRAG_M2_KG = (0.02, 0.02)
_RADIATION_M2_KG = (0.02, 0.02)
"""Of a typical satellite, with the sigma to which it is known beforehand: a week of data does not need it."""


def fit_realistically(
    observations: Sequence[Observation],
    sensors: Mapping[str, Sensor],
    *,
    settings: FitSettings | None = None,
    initial: InitialState | ElementSet | None = None,
    degree: int | None = None,
) -> Fit:
    """Fit as `fit` does, then again with forces that suit the orbit found.

    The gravity field goes to the degree beyond which it leaves less than other forces do, unless ``degree`` is
    given. Drag is estimated for a perigee under 1200 km, radiation pressure always, each with a weak prior about
    that of a typical satellite, unless the settings state a value or a prior of their own. The covariance holds what
    is still left out (`force_noise`). Raises as `fit`.
    """
    asked = settings or FitSettings()
    first = fit(observations, sensors, settings=asked, initial=initial)
    axis_m, eccentricity, *_ = keplerian(first.state_gcrf[:3], first.state_gcrf[3:])
    perigee_m, _ = apsides_m(axis_m, eccentricity)
    chosen = degree or sufficient_degree(EARTH_EQUATORIAL_RADIUS_M + max(perigee_m, 1e5))
    refined = _with_typical_forces(asked, drag=perigee_m < _DRAG_BELOW_M)
    refined = replace(
        refined,
        epoch_tai_s=first.epoch_tai_s,
        force_model=msgspec.structs.replace(refined.force_model, gravity_degree=chosen),
        consider_forces=True,
    )
    return fit(
        observations, sensors, settings=refined, initial=InitialState(first.epoch_tai_s, first.state_gcrf)
    )


def _with_typical_forces(asked: FitSettings, *, drag: bool) -> FitSettings:
    model, estimate, priors = asked.force_model, set(asked.estimate), dict(asked.prior_sigmas)
    if drag and not model.drag_cd_area_over_mass and Estimated.DRAG not in priors:
        model = msgspec.structs.replace(model, drag_cd_area_over_mass=_DRAG_M2_KG[0])
        estimate.add(Estimated.DRAG)
        priors[Estimated.DRAG] = _DRAG_M2_KG[1]
    if not model.radiation_cr_area_over_mass and Estimated.RADIATION not in priors:
        model = msgspec.structs.replace(model, radiation_cr_area_over_mass=_RADIATION_M2_KG[0])
        estimate.add(Estimated.RADIATION)
        priors[Estimated.RADIATION] = _RADIATION_M2_KG[1]
    return replace(asked, estimate=frozenset(estimate), prior_sigmas=priors, force_model=model)
