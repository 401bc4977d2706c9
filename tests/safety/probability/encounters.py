"""Encounters of every kind, made from a seed: orbits, a miss drawn from the uncertainty, covariances that have aged."""

import numpy as np

from commonsky.astro.orbit import EARTH_GM_M3_S2, rtn_axes
from commonsky.safety.probability import Conjunction, HardBody
from commonsky.safety.probability.conjunction import _carried
from commonsky.safety.probability.covariance import rotated

KINDS = {
    # semi-major axis (m), greatest eccentricity, relative speed (m/s), hours that errors have grown, first sigma (m),
    # hard-body radius (m)
    "fast low orbits": ((6.8e6, 7.6e6), 0.01, (2e3, 15e3), (2, 48), (2, 30), (2, 30)),
    "shallow crossings": ((6.8e6, 7.6e6), 0.01, (5, 200), (2, 24), (2, 30), (2, 30)),
    "slow geostationary": ((4.2e7, 4.23e7), 0.001, (0.05, 20), (2, 48), (5, 100), (5, 50)),
    "formation": ((6.8e6, 7.6e6), 0.005, (0.005, 0.5), (0.2, 4), (0.5, 5), (1, 10)),
    "almost at rest": ((6.8e6, 4.2e7), 0.01, (1e-4, 5e-3), (0.1, 1), (0.5, 5), (1, 10)),
    "eccentric": ((1.2e7, 3e7), 0.7, (10, 8e3), (1, 12), (5, 50), (5, 50)),
    "large covariance": ((6.8e6, 8e6), 0.02, (50, 14e3), (48, 150), (50, 200), (20, 200)),
    "tiny body": ((6.8e6, 7.6e6), 0.01, (0.5, 12e3), (0.2, 4), (0.2, 2), (0.05, 0.3)),
    "huge body": ((6.8e6, 7.6e6), 0.01, (0.5, 12e3), (0.2, 12), (1, 20), (100, 1000)),
}


def encounter(kind, chance, *, nearness=1.0):
    """One encounter of a kind; ``nearness`` scales the miss against the combined uncertainty."""
    axis, eccentricity, speed, hours, sigma, radius = KINDS[kind]
    first = _orbit(chance, chance.uniform(*axis), chance.uniform(0.0, eccentricity))
    second = first.copy()
    push = _direction(chance)
    if chance.random() < 0.5:  # crossing planes rather than a push anywhere
        normal = np.cross(first[:3], first[3:])
        push = (
            np.cross(normal, first[3:]) * 0.2 / np.linalg.norm(np.cross(normal, first[3:])) * chance.normal()
        )
        push = push + normal / np.linalg.norm(normal)
    second[3:] = _pushed(first[3:], _log_uniform(chance, *speed), push)
    covariances = [
        _aged(state, chance, _log_uniform(chance, *sigma), chance.uniform(*hours) * 3600.0)
        for state in (first, second)
    ]
    whole = covariances[0] + covariances[1]
    values, vectors = np.linalg.eigh(whole[:3, :3])
    miss = vectors @ (np.sqrt(values) * chance.standard_normal(3)) * nearness
    second[:3] += miss
    body = HardBody(_log_uniform(chance, *radius), "made")
    return Conjunction.from_states(
        0.0,
        np.stack([first, second]),
        (covariances[0], covariances[1]),
        body,
        seed=int(chance.integers(2**31)),
    )


def _orbit(chance, axis_m, eccentricity):
    place = _direction(chance)
    ahead = np.cross(_direction(chance), place)
    ahead /= np.linalg.norm(ahead)
    anomaly = chance.uniform(0.0, 2.0 * np.pi)
    semi_latus = axis_m * (1.0 - eccentricity**2)
    distance = semi_latus / (1.0 + eccentricity * np.cos(anomaly))
    root = np.sqrt(EARTH_GM_M3_S2 / semi_latus)
    velocity = root * (
        eccentricity * np.sin(anomaly) * place + (1.0 + eccentricity * np.cos(anomaly)) * ahead
    )
    return np.concatenate([distance * place, velocity])


def _pushed(velocity, speed, push):
    """Turn a velocity without changing its size much, so that both orbits stay bound and alike."""
    size = np.linalg.norm(velocity)
    across = push - (push @ velocity) / size**2 * velocity
    across /= np.linalg.norm(across)
    angle = 2.0 * np.arcsin(min(1.0, speed / (2.0 * size)))
    return velocity * np.cos(angle) + across * size * np.sin(angle)


def _aged(state, chance, sigma_m, seconds):
    """A covariance that was nearly round some time ago and has been carried here by two-body motion."""
    rate = np.sqrt(EARTH_GM_M3_S2 / np.linalg.norm(state[:3]) ** 3)
    parts = sigma_m * np.exp(chance.normal(0.0, 0.5, 6)) * np.array([1, 2, 1, rate, rate * 0.3, rate])
    return _carried(rotated(np.diag(parts**2), rtn_axes(state).T), state, seconds)


def _direction(chance):
    vector = chance.standard_normal(3)
    return vector / np.linalg.norm(vector)


def _log_uniform(chance, low, high):
    return float(np.exp(chance.uniform(np.log(low), np.log(high))))
