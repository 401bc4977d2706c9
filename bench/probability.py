"""Probabilities of collision a second beside their accuracy, method by method, all on the same encounters.

Usage: ``python bench/probability.py [--events N]``. Accuracy is the worst and the median relative error against
`foster_2d`, whose own error the tests hold below 1e-9 against two exact methods of Orekit. The peer is Foster's grid
as it is published: 20 rings and 72 sectors of the disc, each with the density at its middle. 3D-Nc and Monte Carlo are
timed on few encounters, one at a time, and judged against each other. Values recorded of Orekit 13 and CARA follow.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from commonsky.safety.probability import (
    Conjunction,
    HardBody,
    chan_2d,
    elrod_2d,
    foster_2d,
    maximum_2d,
    project,
)
from commonsky.safety.probability.collision_rate import collisions_2d_nc, collisions_3d_nc
from commonsky.safety.probability.monte_carlo import count_collisions

Array = NDArray[np.float64]
GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
OREKIT = ("Laas2015", "Alfano2005", "Chan1997", "Alfriend1999")
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
        "maximum over scale": (lambda *given: maximum_2d(*given)[0], count // 10),
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


def golden() -> None:
    """Print how far each method is from the recorded values of others, relative and at worst."""
    rows = json.loads((GOLDEN / "orekit" / "probability.json").read_text())["rows"]
    cases = np.array([row["case"] for row in rows])
    given = cases[:, :2], np.einsum("ni,ij->nij", cases[:, 2:4] ** 2, np.eye(2)), cases[:, 4]
    exact = np.array([row["Patera2005"] for row in rows])
    own = {"Foster, exact": foster_2d(*given), "Elrod, 64 nodes": elrod_2d(*given)}
    peers = {f"Orekit's {name} (peer)": np.array([row[name] for row in rows]) for name in OREKIT}
    print(f"\n{len(rows)} golden cases: worst relative error against Orekit's Patera2005, which is exact")
    for name, values in (own | peers).items():
        print(f"{name:30s} {np.max(np.abs(values / exact - 1.0)):10.1e}")
    chan = np.array([row["Chan1997"] for row in rows])
    print(
        f"{'Chan, whole series':30s} {np.max(np.abs(chan_2d(*given) / chan - 1.0)):10.1e} from Orekit's Chan1997"
    )
    case = json.loads((GOLDEN / "cara" / "omitron.json").read_text())["first"]
    position, velocity = (
        1e3 * np.diff(case["position_km"], axis=0),
        1e3 * np.diff(case["velocity_km_s"], axis=0),
    )
    plane = project(position, velocity, 1e6 * np.sum(case["covariance_km2"], axis=0))
    found = foster_2d(*plane, [case["radius_m"]])[0]
    off = abs(found / case["disc_to_forty_digits"] - 1.0)
    print(
        f"{'CARA, first Omitron case':30s} {off:10.1e} from forty digits; said {found:.5e}, published 2.70602e-05"
    )


def curved(chance: np.random.Generator) -> None:
    """Print rates of the methods that follow curved motion, on a slow encounter in low orbit."""
    state = np.array([7e6, 0.0, 0.0, 0.0, 7546.0, 0.0])
    other = state + np.array([20.0, 60.0, 15.0, 0.15, 0.1, 0.4])
    covariance = np.diag([40.0, 90.0, 30.0, 0.03, 0.04, 0.03]) ** 2
    slow = Conjunction.from_states(0.0, [state, other], (covariance, covariance), HardBody(15.0, "bench"))
    window = (-0.5 * slow.half_period_s(), 0.5 * slow.half_period_s())
    flow = collisions_3d_nc(slow, window)
    said = float(np.exp(flow.log_expected))
    count_collisions(slow, window, 100, chance)  # compiles
    start = time.perf_counter()
    passage = collisions_2d_nc(slow, window)
    quick = time.perf_counter() - start
    start = time.perf_counter()
    collisions_3d_nc(slow, window)
    whole = time.perf_counter() - start
    start = time.perf_counter()
    count = count_collisions(slow, window, 200_000, chance, towards=(1e-3, flow.peak_s))
    counted = time.perf_counter() - start
    low, high = count.low / count.probability - 1.0, count.high / count.probability - 1.0
    print(
        f"\nA slow encounter, {np.linalg.norm(slow.velocity_m_s):.2g} m/s, over {window[1] - window[0]:,.0f} s"
    )
    passed = np.nan if passage is None else np.exp(passage.log_probability) / count.probability - 1.0
    print(f"{'2D-Nc':30s} {1.0 / quick:12,.1f} /s  {passed:+.1%} of the count: the encounter is not short")
    print(f"{'3D-Nc':30s} {1.0 / whole:12,.2f} /s  {said / count.probability - 1.0:+.2%} of the count")
    rate = count.samples / counted
    print(
        f"{'Monte Carlo, orbit pairs':30s} {rate:12,.0f} /s  {count.probability:.5g}, 95 % {low:+.2%} to {high:+.2%}"
    )


def main() -> None:
    """Print all tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=100_000)
    chance = np.random.Generator(np.random.PCG64(1))
    flat(options.parse_args().events, chance)
    golden()
    curved(chance)


if __name__ == "__main__":
    main()
