"""Probabilities of collision a second beside their accuracy, method by method, all on the same encounters.

Usage: ``python bench/probability.py [--events N]``. Accuracy is the worst and the median relative error against
`foster_2d`, whose own error the tests hold below 1e-9 against two exact methods of Orekit. The peer is Foster's grid
as it is published: 20 rings and 72 sectors of the disc, each with the density at its middle. 3D-Nc and Monte Carlo are
timed on few encounters, one at a time, and judged against each other.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from commonsky.safety.probability import Conjunction, HardBody, chan_2d, elrod_2d, foster_2d, maximum_2d
from commonsky.safety.probability.collision_rate import collisions_2d_nc, collisions_3d_nc
from commonsky.safety.probability.monte_carlo import count_collisions

Array = NDArray[np.float64]
Method = Callable[[Array, Array, Array], Array]


def foster_grid(miss: Array, covariance: Array, radius: Array) -> Array:
    """Foster and Estes 1992: 20 rings, 72 sectors, the middle of each cell."""
    found = np.empty(len(radius))
    rings, sectors = (np.arange(20) + 0.5) / 20.0, (np.arange(72) + 0.5) * 2.0 * np.pi / 72.0
    x, y = np.outer(rings, np.cos(sectors)).ravel(), np.outer(rings, np.sin(sectors)).ravel()
    area = np.repeat(rings, 72) / 20.0 * 2.0 * np.pi / 72.0
    for start in range(0, len(radius), 2000):
        rows = slice(start, start + 2000)
        inverse = np.linalg.inv(covariance[rows])
        dx = radius[rows, None] * x - miss[rows, :1]
        dy = radius[rows, None] * y - miss[rows, 1:]
        squared = inverse[:, :1, 0] * dx**2 + 2.0 * inverse[:, :1, 1] * dx * dy + inverse[:, 1:, 1] * dy**2
        density = np.exp(-0.5 * squared) @ area
        found[rows] = density * radius[rows] ** 2 * np.sqrt(np.linalg.det(inverse)) / (2.0 * np.pi)
    return found


def events(count: int, chance: np.random.Generator) -> tuple[Array, Array, Array]:
    """Misses, covariances and radii of the sizes that catalogues give, turned every way."""
    sigmas = np.exp(chance.uniform(np.log(20.0), np.log(20_000.0), (count, 2)))
    turn = chance.uniform(0.0, np.pi, count)
    spin = np.stack([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]).transpose(2, 0, 1)
    miss = np.einsum("nij,nj->ni", spin, sigmas * chance.uniform(-3.0, 3.0, (count, 2)))
    covariance = spin @ np.einsum("ni,ij->nij", sigmas**2, np.eye(2)) @ spin.transpose(0, 2, 1)
    return miss, covariance, chance.uniform(2.0, 30.0, count)


def flat(count: int, chance: np.random.Generator) -> None:
    """Print the table of the methods in the encounter plane."""
    columns = events(count, chance)
    exact = foster_2d(*columns)
    methods: dict[str, tuple[Method, int]] = {
        "Elrod, 64 nodes": (elrod_2d, count),
        "Elrod, 16 nodes": (lambda *given: elrod_2d(*given, nodes=16), count),
        "Foster, exact": (foster_2d, count // 4),
        "Foster's grid 20 x 72 (peer)": (foster_grid, count // 10),
        "Chan, whole series": (chan_2d, count),
        "maximum over scale": (lambda *given: maximum_2d(*given)[0], count // 200),
    }
    base = 0.0
    for name, (method, some) in methods.items():
        given = [column[:some] for column in columns]
        method(*given[:3])
        start = time.perf_counter()
        found = method(*given)
        rate = some / (time.perf_counter() - start)
        base = base or rate
        error = np.abs(found / exact[:some] - 1.0)
        words = f"worst {error.max():.1e}, median {np.median(error):.1e}"
        if name.startswith("maximum"):
            words = "a bound" if np.all(found >= exact[:some] * (1.0 - 1e-6)) else "NO BOUND"
        print(f"{name:30s} {rate:12,.0f} /s  {rate / base:8.3f} of Elrod 64   {words}")


def curved(chance: np.random.Generator) -> None:
    """Print rates of the methods that follow curved motion, on a slow encounter in low orbit."""
    state = np.array([7e6, 0.0, 0.0, 0.0, 7546.0, 0.0])
    other = state + np.array([20.0, 60.0, 15.0, 0.15, 0.1, 0.4])
    covariance = np.diag([40.0, 90.0, 30.0, 0.03, 0.04, 0.03]) ** 2
    slow = Conjunction.from_states(0.0, [state, other], (covariance, covariance), HardBody(15.0, "bench"))
    window = (-0.5 * slow.half_period_s(), 0.5 * slow.half_period_s())
    flow = collisions_3d_nc(slow, window)
    said = float(np.exp(flow.log_expected))
    count_collisions(slow, window, 100, chance)
    start = time.perf_counter()
    collisions_2d_nc(slow, window)
    quick = time.perf_counter() - start
    start = time.perf_counter()
    collisions_3d_nc(slow, window)
    whole = time.perf_counter() - start
    start = time.perf_counter()
    count = count_collisions(slow, window, 100_000, chance)
    counted = time.perf_counter() - start
    print(f"{'2D-Nc':30s} {1.0 / quick:12,.1f} /s")
    print(f"{'3D-Nc':30s} {1.0 / whole:12,.2f} /s  said {said:.5g}")
    print(
        f"{'Monte Carlo, orbit pairs':30s} {count.samples / counted:12,.0f} /s  counted {count.probability:.5g} "
        f"({count.low:.4g} to {count.high:.4g}) over {window[1] - window[0]:,.0f} s"
    )


def main() -> None:
    """Print both tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=100_000)
    chance = np.random.Generator(np.random.PCG64(1))
    flat(options.parse_args().events, chance)
    curved(chance)


if __name__ == "__main__":
    main()
