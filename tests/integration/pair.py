"""Two nodes on disk, one giving to the other, that run as processes of their own on loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import Accepted, Member, MemberKind, Mode, Sensor, Site
from commonsky.federation import Receiver, accept
from commonsky.federation.keys import public_hex
from commonsky.formats.agreement_toml import read_agreement
from commonsky.node.config import NodeConfig, NodeFolder, OwnSensor, Peer
from commonsky.node.start import found_node, wall_clock_tai_s
from commonsky.store import Store
from partners import GIVER, KEYS, PUBLIC, READER, THIRD
from signing import sign_for_all

SENSOR = f"{GIVER}-RADAR"
PER_FILE = 60
STARTS_WITHIN_S = 60.0
SPAWNER = """
import json, os, sys
import commonsky.cli.node, commonsky.cli.link, commonsky.web.app
from commonsky.cli import main
for line in sys.stdin:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        arguments, log = json.loads(line)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1), os.dup2(out, 2), os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os._exit(main(arguments))
    print(child, flush=True)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""
AGREEMENT = f"""
id = "{GIVER}-{READER}"
version = 1
title = "All that the sensors see"
giver = "{GIVER}"
readers = ["{READER}"]
purpose = "space-safety"
mode = "REAL"
from_utc = "2020-01-01T00:00:00Z"
until_utc = "{{until}}"

[[clause]]
id = "all"
kinds = ["observation", "track", "identity_claim", "sensor"]
"""
MESSAGE = """CCSDS_TDM_VERS = 2.0
CREATION_DATE = {created}
ORIGINATOR = TEST
META_START
TIME_SYSTEM = UTC
PARTICIPANT_1 = {sensor}
PARTICIPANT_2 = {target}
MODE = SEQUENTIAL
PATH = 1,2,1
TIMETAG_REF = RECEIVE
RANGE_UNITS = km
META_STOP
DATA_START
{data}
DATA_STOP
"""


def message(number, *, sensor=SENSOR, count=PER_FILE, began_tai_s=None):
    """A tracking data message of a few ranges that no other number has."""
    began_tai_s = wall_clock_tai_s() - 40_000.0 if began_tai_s is None else began_tai_s
    epochs = [utc_from_tai_s(began_tai_s + number + k / 1000.0, digits=6)[:-1] for k in range(count)]
    lines = [f"RANGE = {epoch} {1000 + number + k / 1000.0:.3f}" for k, epoch in enumerate(epochs)]
    created = epochs[0].split(".")[0]
    return MESSAGE.format(created=created, sensor=sensor, target=f"T-{number}", data="\n".join(lines))


def free_ports(count):
    """Ports that nobody serves on now."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports


def member(name):
    return Member(id=name, name=f"The {name}", kind=MemberKind.NATION, public_key=public_hex(KEYS[name]))


class Pair:
    """The folders of giver and reader, what they hold, and starting them."""

    def __init__(self, folder, *, until="2100-01-01T00:00:00Z", members=(GIVER, READER), at=None):
        self.folder = folder
        self._homes = {name: folder / name for name in members} | (at or {})
        self.urls = {
            name: f"http://127.0.0.1:{port}"
            for name, port in zip(members, free_ports(len(members)), strict=True)
        }
        site = Site(id=SENSOR, latitude_deg=60.0, longitude_deg=10.0, height_m=100.0)
        radar = OwnSensor(sensor=Sensor(id=SENSOR, owner=GIVER, site=site, range_sigma_m=10.0))
        for name in members:
            config = NodeConfig(
                operation="Test",
                mode=Mode.REAL,
                member=member(name),
                url=self.urls[name],
                sensors=(radar,) if name == GIVER else (),
                peers=tuple(Peer(member=member(one), url=self.urls[one]) for one in members if one != name),
            )
            home = found_node(self._homes[name], config, KEYS[name])
            if name != THIRD:
                sign_for_all(home.agreements, AGREEMENT.format(until=until), KEYS, name="all.toml")

    def home(self, name):
        return NodeFolder(self._homes[name])

    @contextmanager
    def store(self, name):
        opened = Store.open(self.home(name).database)
        try:
            yield opened
        finally:
            opened.close()

    def drop(self, name, text, *, at=GIVER):
        """Drop a file as a sensor does: complete at once."""
        incoming = self.home(at).incoming.resolve()
        part = incoming / f"{name}.part"
        part.write_bytes(text.encode() if isinstance(text, str) else text)
        part.rename(incoming / name)

    def moved(self, folder, at=GIVER):
        where = self.home(at).path / folder
        return sorted(file.name for file in where.iterdir()) if where.exists() else []

    def level(self):
        """Whether the reader holds all that the giver has put on its feed, and nothing waits to be taken in."""
        with self.store(GIVER) as giver, self.store(READER) as reader:
            waiting = any(self.home(GIVER).incoming.iterdir())
            return not waiting and giver.feed_head(READER).header_sha256 == reader.cursor(GIVER).header_sha256

    def check_feed(self):
        """All that was released arrived, once, in order, in one chain; gives the lines of records, not of notices."""
        with self.store(GIVER) as giver, self.store(READER) as reader:
            sent = giver.feed_after(READER, 0, 100_000, gen=0)
            received = reader.received(GIVER, 0, 100_000, gen=0)
            cursor = reader.cursor(GIVER)
        assert received == sent
        agreement = read_agreement(
            (self.home(READER).agreements / "all.toml").read_bytes(), source="all.toml"
        )
        judge = Receiver(own=READER, mode=Mode.REAL, keys=PUBLIC, agreements={agreement.reference: agreement})
        stands, lines = type(cursor)(), []
        for envelope in received:
            outcome = accept(
                envelope,
                judge,
                issuer=GIVER,
                head=stands,
                held=lambda gen, seq: None,
                now_tai_s=wall_clock_tai_s(),
            )
            assert isinstance(outcome, Accepted), outcome
            stands = outcome.head
            lines += [one for one in envelope.body.splitlines() if not one.startswith('{"content":')]
        assert stands == cursor
        assert len(lines) == len(set(lines))
        return lines


class Spawner:
    """Starts commands as processes quickly: what is forked has all modules loaded. One for each process at a time."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-c", SPAWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._child = None

    def start(self, *arguments, log):
        line = json.dumps([[str(one) for one in arguments], str(log)])
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        self._child = int(self._process.stdout.readline())

    def end(self, how=signal.SIGKILL):
        """End the child and give its exit code, negative for a signal."""
        os.kill(self._child, how)
        return int(self._process.stdout.readline())

    def close(self):
        if self._child is not None:
            with suppress(ProcessLookupError):  # it ended as it should
                os.kill(self._child, signal.SIGKILL)
        self._process.kill()
        self._process.communicate()


class Serving:
    """One ``commonsky node serve`` as a user starts it."""

    def __init__(self, home, log):
        self.log = Path(log)
        with self.log.open("ab") as out:
            command = [sys.executable, "-m", "commonsky.cli", "node", "serve", str(home)]
            self.process = subprocess.Popen(command, stdout=out, stderr=out)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(timeout=STARTS_WITHIN_S)

    def said(self):
        return " ".join(self.log.read_text(errors="replace").split())


@contextmanager
def serving(pair, *names):
    """The nodes at work, until the end of the block."""
    running = {name: Serving(pair.home(name).path, pair.folder / f"{name}.log") for name in names}
    try:
        for name in names:
            eventually(lambda name=name: answers(pair.urls[name]), running[name])
        yield running
    finally:
        for one in running.values():
            if one.process.poll() is None:
                one.end(signal.SIGKILL)


def answers(url):
    try:
        return httpx.get(f"{url}/api/v1/status", trust_env=False, timeout=5.0).is_success
    except httpx.HTTPError:
        return False


def eventually(holds, running=None, within_s=STARTS_WITHIN_S):
    """Wait until something holds; fail with what the process said when it does not, or ends."""
    deadline_s = time.monotonic() + within_s
    while not holds():
        ended = running is not None and running.process.poll() is not None
        assert not ended, f"it ended: {running.said()}"
        assert time.monotonic() < deadline_s, running.said() if running else "it never came about"
        time.sleep(0.05)
