"""A sensor's file, from the moment it lands in one node's folder to its records in a partner's database.

Usage: ``python bench/slice.py [--observations N] [--runs N]``. Two real nodes as processes, joined by loopback HTTP.
Beside each run, in the same run and with the same bodies: plain sqlite3 storing them in one column of one table, with
full synchronisation, once for each of the two nodes, which reads, decides, signs and verifies nothing. At the end the
partner's records are compared with the owner's, byte for byte.
"""

import argparse
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import msgspec

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import Member, MemberKind, Mode, Observation, ObservationKind, Sensor, Site
from commonsky.exercise.coalition import signatures
from commonsky.federation.keys import public_hex, signing_key
from commonsky.formats.agreement_toml import read_agreement
from commonsky.formats.tdm_writer import write_tdm
from commonsky.node.agreement_files import add_acts
from commonsky.node.config import NodeConfig, NodeFolder, OwnSensor, Peer
from commonsky.node.start import found_node, wall_clock_tai_s
from commonsky.node.stopwatch import Mark
from commonsky.store import Store
from commonsky.web.running import listen

OWNER, PARTNER = "NOR", "GBR"
FIRST_PORT = 18_701
KEYS = {member: signing_key(member.encode().ljust(32, b".")) for member in (OWNER, PARTNER)}
URLS = {OWNER: f"http://127.0.0.1:{FIRST_PORT}", PARTNER: f"http://127.0.0.1:{FIRST_PORT + 1}"}
SITE = Site(id="NOR-SITE", latitude_deg=60.0, longitude_deg=10.0, height_m=100.0)
RADAR = Sensor(id="NOR-RADAR", owner=OWNER, site=SITE, range_sigma_m=10.0)
AGREEMENT = f"""
id = "observations"
version = 1
title = "Observations for safety"
giver = "{OWNER}"
readers = ["{PARTNER}"]
purpose = "space-safety"
mode = "TEST"
from_utc = "2020-01-01T00:00:00Z"
until_utc = "2100-01-01T00:00:00Z"

[[clause]]
id = "all"
kinds = ["observation", "sensor"]
"""
STARTS_WITHIN_S = 60.0
ARRIVES_WITHIN_S = 60.0
BEFORE_NOW_S = 80_000.0


def found(folder: Path) -> dict[str, NodeFolder]:
    """Both nodes' folders."""
    members = {
        name: Member(id=name, name=name, kind=MemberKind.NATION, public_key=public_hex(key))
        for name, key in KEYS.items()
    }
    homes = {}
    for name, other in ((OWNER, PARTNER), (PARTNER, OWNER)):
        config = NodeConfig(
            operation="Bench",
            mode=Mode.TEST,
            member=members[name],
            url=URLS[name],
            sensors=(OwnSensor(sensor=RADAR),) if name == OWNER else (),
            peers=(Peer(member=members[other], url=URLS[other]),),
        )
        homes[name] = found_node(folder / name, config, KEYS[name])
        agreement = read_agreement(AGREEMENT.encode(), source="observations.toml")
        (homes[name].agreements / "observations.toml").write_text(AGREEMENT)
        add_acts(homes[name].agreements, agreement.reference, signatures(agreement, KEYS, 0.0))
    return homes


@contextmanager
def serving(homes: dict[str, NodeFolder]) -> Iterator[None]:
    """Both nodes at work, each in its process."""
    for number in range(len(homes)):
        listen("127.0.0.1", FIRST_PORT + number).close()
    command = [sys.executable, "-m", "commonsky.cli", "node", "serve"]
    running = [subprocess.Popen([*command, str(home.path)]) for home in homes.values()]
    try:
        for url in URLS.values():
            wait(partial(answers, url), STARTS_WITHIN_S)
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def answers(url: str) -> bool:
    """Whether a node serves there."""
    try:
        return httpx.get(f"{url}/api/v1/status", trust_env=False).is_success
    except httpx.HTTPError:
        return False


def wait(holds: Callable[[], bool], within_s: float) -> None:
    """Wait until something holds."""
    deadline_s = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline_s:
            raise TimeoutError
        time.sleep(0.002)


def message(run: int, count: int) -> bytes:
    """A tracking data message of ``count`` ranges that no other run has."""
    began_tai_s = wall_clock_tai_s() - BEFORE_NOW_S
    seen = [
        Observation(
            kind=ObservationKind.RANGE,
            epoch_tai_s=began_tai_s + k,
            sensor=RADAR.id,
            values=(1e6 + 7.5e3 * k + run,),
            sigmas=(10.0,),
            biases=(0.0,),
            target=f"OBJECT-{run}",
        )
        for k in range(count)
    ]
    return write_tdm(seen, originator=OWNER, creation_utc=utc_from_tai_s(began_tai_s)[:-1]).encode()


def admitted(home: NodeFolder, records_wanted: int) -> float | None:
    """When the last of so many records was in the partner's database, on the clock of all processes."""
    store = Store.open(home.database)
    try:
        if store.counts().foreign.get(OWNER, {}).get("observation", 0) < records_wanted:
            return None
    finally:
        store.close()
    marks = (msgspec.json.decode(line, type=Mark) for line in home.stopwatch.read_bytes().splitlines())
    return max((mark.at_s for mark in marks if mark.event == "admitted"), default=None)


def one_run(homes: dict[str, NodeFolder], run: int, count: int) -> float:
    """Seconds from the file's landing to the last of its records in the partner's database."""
    incoming = homes[OWNER].incoming
    part = incoming / f"{run}.tdm.part"
    part.write_bytes(message(run, count))
    began_s = time.monotonic()
    part.rename(incoming / f"{run}.tdm")
    arrived: list[float] = []

    def there() -> bool:
        time.sleep(0.05)  # asking is work for the same two cores
        arrived.extend(at for at in [admitted(homes[PARTNER], (run + 1) * count)] if at is not None)
        return bool(arrived)

    wait(there, ARRIVES_WITHIN_S)
    return arrived[0] - began_s


def bodies(home: NodeFolder, source: str | None) -> list[bytes]:
    """The observations that a node holds, its own or a partner's, in order."""
    store = Store.open(home.database)
    try:
        return sorted(one.body for one in store.observations() if one.source == source)
    finally:
        store.close()


def bare(file: Path, rows: Sequence[bytes]) -> float:
    """Seconds that plain sqlite3 takes to store the bodies durably, once for each node."""
    began_s = time.monotonic()
    for number in range(len(URLS)):
        with sqlite3.connect(file.with_suffix(f".{number}")) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            database.execute("CREATE TABLE IF NOT EXISTS bodies (body BLOB)")
            database.executemany("INSERT INTO bodies VALUES (?)", [(row,) for row in rows])
        database.close()
    return time.monotonic() - began_s


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--observations", type=int, default=1_000)
    options.add_argument("--runs", type=int, default=7)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        homes = found(Path(folder))
        with serving(homes):
            ours, plain = [], []
            for run in range(given.runs):
                ours.append(one_run(homes, run, given.observations))
                held = bodies(homes[OWNER], None)[-given.observations :]
                plain.append(bare(Path(folder) / f"bare-{run}", held))
        own, received = bodies(homes[OWNER], None), bodies(homes[PARTNER], OWNER)
    assert received == own, "what arrived is not what was sent"
    median_s, plain_s = statistics.median(ours), statistics.median(plain)
    print(
        f"{given.observations} observations, {given.runs} runs, {len(received)} records arrived byte for byte"
    )
    print(f"file landed to partner's database, median   {median_s:8.3f} s  (worst {max(ours):.3f} s)")
    print(f"plain sqlite3, the bodies alone, both ends  {plain_s:8.3f} s")
    print(f"ratio                                       {median_s / plain_s:8.1f}")


if __name__ == "__main__":
    main()
