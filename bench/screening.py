"""All-against-all screening of a real catalogue: time, memory, growth and what each screen finds, beside named peers.

Usage: ``python bench/screening.py [--catalogue FILE.tle.gz] [--long]``. Every screen runs in a process of its own, warm
(a small screening before the clock starts, compiled code from the cache), in the same run of this script; times are of
the screening call with the catalogue read and parsed. astroz runs at steps of 1 and of 0.5 minutes, keplemon on a few
hundred objects. Events faster than 10 m/s are compared with a brute-force reference on a whole low shell. ``--long``
adds more hours of the shell. Growth is drawn into ``var/screening-growth.svg``.
"""

# ruff: noqa: PLC0415  # a process imports the screen that it measures and nothing else: its memory counts

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY / "tests/safety")]

Lines = list[tuple[str, str]]
Ran = dict[str, Any]
Points = Sequence[tuple[int, Ran]]
Events = NDArray[np.void]
START_UTC = "2024-08-09T00:00:00"
DAY_S = 86400.0
WITHIN_M = 5000.0
SLOW_M_S = 10.0
WARM_UP = 300
SMALL = 400
ROOM_MB = 1000.0
SIZES = (1_000, 3_000, 10_000, 26_400, 60_000)


def main() -> None:
    """Run all comparisons and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalogue", type=Path)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--child", nargs=4, metavar=("SCREEN", "FILE", "DAYS", "OUT"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(*chosen.child)
        return
    folder = Path(os.environ.get("COMMONSKY_REFERENCE_DATA", "../shared/data"))
    file = chosen.catalogue or folder / "catalogue" / "20240808.tle.gz"
    if not file.exists():
        print(f"nothing measured: no catalogue {file} (set COMMONSKY_REFERENCE_DATA or --catalogue)")
        return
    from brute_force import element_lines

    lines = element_lines(file)
    with tempfile.TemporaryDirectory() as place:
        bench = Bench(Path(place), lines)
        bench.whole(1.0)
        bench.whole(7.0, steps=("0.5",))
        bench.found(6.0 if chosen.long else 2.0)
        bench.small()
        bench.first_use()
        bench.growth()


class Bench:
    """The comparisons on one catalogue."""

    def __init__(self, place: Path, lines: Lines) -> None:
        self.place = place
        self.lines = lines

    def run(self, screen: str, lines: Lines, days: float, *, peer: str | None = None) -> Ran:
        """Run one screen in a process of its own; returns what it says of itself, events in ``found``."""
        file, out = self.place / "catalogue.tle", self.place / "events.npy"
        file.write_text("".join(f"{one}\n{two}\n" for one, two in lines))
        words = [sys.executable, __file__, "--child", screen, str(file), str(days), str(out)]
        environment = os.environ | ({"PYTHONPATH": str(REPOSITORY / ".peers" / peer)} if peer else {})
        ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        if ran.returncode:
            return {"failed": (ran.stderr.strip().splitlines() or ["?"])[-1]}
        said: Ran = json.loads(ran.stdout.splitlines()[-1])
        return said | {"found": np.load(out)}

    def whole(self, days: float, *, steps: Sequence[str] = ("1", "0.5")) -> None:
        """Screen the whole catalogue by all that can."""
        print(f"\n{len(self.lines):,} objects, {days:g} day(s) within {WITHIN_M / 1e3:g} km of each other")
        ours = self.run("commonsky", self.lines, days)
        show("commonsky", ours, ours)
        for step in steps:
            show(f"astroz, {step} min", self.run(f"astroz-{step}", self.lines, days), ours)

    def small(self) -> None:
        """Screen a few objects, for the peer that is slow."""
        lines = sample(self.lines, SMALL)
        print(f"\n{SMALL} objects, 1 day")
        ours = self.run("commonsky", lines, 1.0)
        show("commonsky", ours, ours)
        show("astroz, 0.5 min", self.run("astroz-0.5", lines, 1.0), ours)
        if (REPOSITORY / ".peers/keplemon").exists():
            show("keplemon", self.run("keplemon", lines, 1.0, peer="keplemon"), ours)

    def found(self, hours: float) -> None:
        """Count what each screen finds and misses of the brute-force reference on a low shell."""
        import hard_orbits
        from brute_force import brute_force
        from sgp4.api import Satrec, jday

        lines = hard_orbits.chosen(self.lines, hard_orbits.low_shell)
        begun = time.perf_counter()
        truth = brute_force(lines, jday(2024, 8, 9, 0, 0, 0.0), hours * 3600.0, WITHIN_M)
        took_s = time.perf_counter() - begun
        numbers = [Satrec.twoline2rv(*pair).satnum for pair in lines]
        sure = [
            (*sorted((numbers[one.first], numbers[one.second])), one.seconds, one.distance_m)
            for one in truth.approaches
            if one.speed_m_s > SLOW_M_S + 0.1
        ]
        print(f"\n{len(lines):,} objects of a low shell, {hours:g} h")
        print(f"  brute force: {len(sure):,} approaches, in {took_s:.0f} s")
        for name in ("commonsky", "astroz-1", "astroz-0.5", "keplemon"):
            peer = name if name == "keplemon" else None
            if peer and not (REPOSITORY / ".peers" / peer).exists():
                continue
            ran = self.run(name, lines, hours / 24.0, peer=peer)
            if "failed" not in ran:
                print(f"  {name:<12} {compared(sure, ran['found'])}")

    def first_use(self) -> None:
        """Time the command on 1,000 objects with nothing compiled before."""
        file = self.place / "first.tle"
        file.write_text("".join(f"{one}\n{two}\n" for one, two in sample(self.lines, 1000)))
        words = [sys.executable, "-m", "commonsky.cli", "screen", str(file), "--start", START_UTC]
        print("\nthe command on 1,000 objects")
        with tempfile.TemporaryDirectory() as cache:
            for name in ("nothing compiled", "compiled before"):
                cpu_s, begun = children_cpu_s(), time.perf_counter()
                environment = os.environ | {"NUMBA_CACHE_DIR": cache}
                subprocess.run(words, env=environment, capture_output=True, check=False)
                took_s, cpu_s = time.perf_counter() - begun, children_cpu_s() - cpu_s
                print(f"  {name:<18} {took_s:7.2f} s ({cpu_s:6.2f} s of processors)")

    def growth(self) -> None:
        """Measure how time grows with objects and days, and draw it."""
        every = self.lines + constellations(max(0, max(SIZES) - len(self.lines)))
        sizes = [(size, self.run("commonsky", first(every, size, len(self.lines)), 1.0)) for size in SIZES]
        days = [(day, self.run("commonsky", self.lines, float(day))) for day in (1, 2, 4, 7, 14)]
        for name, points in (("objects", sizes), ("days", days)):
            print(f"\ngrowth with {name}")
            for size, ran in points:
                show(f"{size:,}", ran, None)
        draw(sizes, days, REPOSITORY / "var" / "screening-growth.svg")


def children_cpu_s() -> float:
    """Processor time of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def show(name: str, ran: Ran, ours: Ran | None) -> None:
    """Print one line."""
    if "failed" in ran:
        print(f"  {name:<18} could not be measured: {ran['failed']}")
        return
    slow = np.count_nonzero(ran["found"]["speed"] < SLOW_M_S)
    ratio = ""
    if ours is not None and ours is not ran and "failed" not in ours:
        ratio = f"; {ran['seconds'] / ours['seconds']:.2f} x ours ({ran['cpu'] / ours['cpu']:.2f} x by processors)"
    print(
        f"  {name:<18} {ran['seconds']:7.2f} s ({ran['cpu']:6.2f} s of processors)  {ran['peak_mb']:6.0f} MB  "
        f"{len(ran['found']) - slow:,} approaches, {slow:,} slower than 10 m/s{ratio}"
    )


def compared(sure: Sequence[tuple[int, int, float, float]], found: Events) -> str:
    """Say how many approaches were found, missed and made up, and how far those found are off."""
    pairs: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for one in found[found["speed"] > SLOW_M_S + 0.1]:
        key = (int(min(one["first"], one["second"])), int(max(one["first"], one["second"])))
        pairs.setdefault(key, []).append((float(one["seconds"]), float(one["distance_m"])))
    missed, off_s, off_m = 0, 0.0, 0.0
    for first, second, seconds, distance_m in sure:
        rest = pairs.get((first, second), [])
        match = min(rest, key=lambda one: abs(one[0] - seconds), default=None)
        if match is None or abs(match[0] - seconds) > 1.0:
            missed += 1
            continue
        rest.remove(match)
        off_s, off_m = max(off_s, abs(match[0] - seconds)), max(off_m, abs(match[1] - distance_m))
    false = sum(map(len, pairs.values()))
    worst = f"at most {off_s * 1e3:.3f} ms and {off_m:.3f} m off"
    return f"{len(sure) - missed} found, {missed} missed, {false} false; {worst}"


def sample(lines: Lines, count: int) -> Lines:
    """Take some at random, the same each time."""
    places = np.random.default_rng(1).choice(len(lines), min(count, len(lines)), replace=False)  # noqa: TID251  # seeded
    return [lines[place] for place in sorted(places.tolist())]


def first(every: Lines, size: int, real: int) -> Lines:
    """Give a sample of the real ones, or all of them and made-up constellations."""
    return sample(every[:real], size) if size <= real else every[:size]


def constellations(count: int) -> Lines:
    """Make constellations of 1,584 in shells of their own, as operators plan them."""
    import hard_orbits

    shells = -(-count // 1584)
    return [
        hard_orbits.made(
            200_000 + 1584 * shell + n,
            axis_km=hard_orbits.EARTH_KM + 450.0 + 25.0 * shell,
            eccentricity=1e-4,
            inclination=43.0 + 53.0 * (shell % 8) / 7.0,
            node=360.0 * (n // 22) / 72 + shell,
            perigee_argument=90.0,
            anomaly=360.0 * (n % 22) / 22 + 360.0 * (n // 22) * 17 / 1584,
        )
        for shell in range(shells)
        for n in range(1584)
    ][:count]


def draw(sizes: Points, days: Points, file: Path) -> None:
    """Draw both growths with their exponents, from the larger half of the points."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), constrained_layout=True)
    for axis, name, points in zip(axes, ("objects", "days"), (sizes, days), strict=True):
        good = [(size, ran["seconds"]) for size, ran in points if "failed" not in ran]
        x, y = np.array(good).T
        exponent = np.polyfit(np.log(x[-3:]), np.log(y[-3:]), 1)[0]
        print(f"time grows with {name} to the power of {exponent:.2f}")
        axis.loglog(x, y, "o-", color="#1f6f8b")
        axis.set_title(f"seconds by {name}: exponent {exponent:.2f}", fontsize=10)
        axis.grid(visible=True, which="both", alpha=0.3)
    file.parent.mkdir(exist_ok=True)
    figure.savefig(file)
    print(f"drawn into {file.relative_to(REPOSITORY)}")


def child(screen: str, file: str, days: str, out: str) -> None:
    """Screen a file, warm, and tell of it."""
    data = Path(file).read_bytes()
    kind, _, step = screen.partition("-")
    job = {
        "commonsky": commonsky,
        "astroz": lambda *words: astroz(*words, step=float(step)),
        "keplemon": keplemon,
    }[kind]
    warm = b"\n".join(data.splitlines()[: 2 * WARM_UP])
    job(warm, 0.125)()
    call = job(data, float(days))
    cpu_s, begun = time.process_time(), time.perf_counter()
    found = call()
    took = {"seconds": time.perf_counter() - begun, "cpu": time.process_time() - cpu_s}
    table = np.array(
        found(),
        dtype=[("first", "i8"), ("second", "i8"), ("seconds", "f8"), ("distance_m", "f8"), ("speed", "f8")],
    )
    np.save(out, table)
    print(json.dumps(took | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0}))


Call = Callable[[], Callable[[], list[tuple[int, int, float, float, float]]]]


def commonsky(data: bytes, days: float) -> Call:
    """Ours, as the command calls it."""
    from commonsky.astro.time import tai_s_from_utc
    from commonsky.formats.catalogue import read_catalogue
    from commonsky.safety.population import assemble, rows
    from commonsky.safety.rescreening import Question, screen_objects
    from commonsky.safety.screening import Span, Sphere
    from commonsky.safety.workers import Workers

    start = tai_s_from_utc(START_UTC)
    objects = assemble(read_catalogue(data, source="catalogue").element_sets, start_tai_s=start).objects
    question = Question(Span(start, start + days * DAY_S), Sphere(WITHIN_M))

    def run() -> Callable[[], list[tuple[int, int, float, float, float]]]:
        answer = screen_objects(objects, question, workers=Workers(len(os.sched_getaffinity(0))))
        ids = [int(one.id) for one in rows(objects)]
        names = ("first", "second", "tca_tai_s", "miss_distance_m", "relative_speed_m_s")
        return lambda: [
            (ids[i], ids[j], tca - start, miss, speed)
            for i, j, tca, miss, speed in answer.screening.approaches[list(names)].tolist()
        ]

    return run


def astroz(data: bytes, days: float, *, step: float) -> Call:
    """Screen with astroz, on the same element sets."""
    import datetime as dt

    from astroz import Constellation, screen

    text = data.decode()
    constellation = Constellation(text)
    begin = dt.datetime.fromisoformat(f"{START_UTC}+00:00")
    numbers = [
        int(one[2:7]) if one[2:7].strip().isdigit() else alpha5(one[2:7]) for one in text.splitlines()[::2]
    ]

    def run() -> Callable[[], list[tuple[int, int, float, float, float]]]:
        got = screen(constellation, days * 1440.0, threshold=WITHIN_M / 1e3, step=step, start_time=begin)
        return lambda: [
            (numbers[i], numbers[j], t * 60.0, d * 1e3, v * 1e3)
            for i, j, t, d, v in zip(got.i, got.j, got.time, got.distance, got.speed, strict=True)
        ]

    return run


def alpha5(text: str) -> int:
    """Catalogue number whose first digit is a letter."""
    return ("ABCDEFGHJKLMNPQRSTUVWXYZ".index(text[0]) + 10) * 10_000 + int(text[1:])


def keplemon(data: bytes, days: float) -> Call:
    """Screen with keplemon; it tells no speeds, which are taken from sgp4 afterwards."""
    from keplemon.bodies import Constellation
    from keplemon.catalogs import TLECatalog
    from keplemon.enums import TimeSystem
    from keplemon.time import Epoch, TimeSpan

    with tempfile.NamedTemporaryFile("wb", suffix=".tle") as file:
        file.write(data)
        file.flush()
        sky = Constellation.from_tle_catalog(TLECatalog.from_tle_file(file.name))
    begin = Epoch.from_iso(f"{START_UTC}.000000", TimeSystem.UTC)
    numbers = {sky.get(key).id: sky.get(key).norad_id for key in sky.keys()}  # noqa: SIM118  # no mapping

    def run() -> Callable[[], list[tuple[int, int, float, float, float]]]:
        got = sky.get_ca_report_vs_many(begin, begin + TimeSpan.from_days(days), WITHIN_M / 1e3)

        def found() -> list[tuple[int, int, float, float, float]]:
            speed_of = speeds(data)
            return [
                (i, j, day * DAY_S, one.distance * 1e3, speed_of(i, j, day))
                for one in got.close_approaches
                for i, j in [(numbers[one.primary_id], numbers[one.secondary_id])]
                for day in [one.epoch.days_since_1950 - begin.days_since_1950]
            ]

        return found

    return run


def speeds(data: bytes) -> Callable[[int, int, float], float]:
    """Relative speed in m/s of two satellites by number, so many days after the start."""
    from sgp4.api import Satrec, jday

    lines = data.decode().splitlines()
    made = [Satrec.twoline2rv(*pair) for pair in zip(lines[::2], lines[1::2], strict=True)]
    by_number = {one.satnum: one for one in made}
    start = jday(*(int(part) for part in START_UTC.replace("T", "-").replace(":", "-").split("-")))

    def speed(first: int, second: int, day: float) -> float:
        rates = [by_number[one].sgp4(start[0], start[1] + day)[2] for one in (first, second)]
        return float(np.linalg.norm(np.subtract(*rates))) * 1e3

    return speed


if __name__ == "__main__":
    main()
