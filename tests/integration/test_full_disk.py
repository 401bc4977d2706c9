"""A disk that fills up while a node takes in or receives: said plainly, what was good stays, and it goes on later.

Once with a database that may not grow, stopped at one page after the other; once on a real disk that is full.
"""

import os
import subprocess
from contextlib import ExitStack, contextmanager
from itertools import count

import pytest
from pair import GIVER, PER_FILE, READER, Pair, Serving, answers, eventually, message
from sqlalchemy import event

from commonsky.cli import main
from commonsky.federation import encode_wire
from commonsky.node import jobs
from commonsky.node.start import open_node
from commonsky.store import StoreError

SMALL_FILE = 20
BIG_FILES = 2


@pytest.fixture
def nodes(tmp_path):
    pair = Pair(tmp_path)
    opened = {name: open_node(pair.home(name).path) for name in (GIVER, READER)}
    jobs.declare_sensors(opened[GIVER])
    yield opened
    for node in opened.values():
        node.store.close()


@contextmanager
def at_most(store, pages):
    """Let the database of a store not grow beyond so many pages, as on a full disk."""

    def limit(connection, _):
        connection.execute(f"PRAGMA max_page_count = {pages}")

    engine = store._engine
    event.listen(engine, "connect", limit)
    engine.dispose()
    try:
        yield
    finally:
        event.remove(engine, "connect", limit)
        engine.dispose()


def pages_of(store):
    with store._reading() as connection:
        return connection.exec_driver_sql("PRAGMA page_count").scalar_one()


def tried(job, *arguments):
    """What the store complains of, if it does, and what the job gives."""
    try:
        return None, job(*arguments)
    except StoreError as fault:
        return str(fault), None


def consistent(giver):
    """What was released is on the feed, decision for decision, and nothing else."""
    store = giver.store
    allowed = sum(one.count for one in store.counts().decisions if one.allowed)
    lines = [line for one in store.feed_after(READER, 0, 10_000, gen=0) for line in one.body.splitlines()]
    assert len(lines) == len(set(lines)) == allowed


def test_a_file_that_does_not_fit_leaves_the_node_as_it_was_or_further_on_and_comes_in_later(nodes):
    giver = nodes[GIVER]
    before = pages_of(giver.store)
    text = message(1, count=SMALL_FILE).encode()
    stopped = set()
    for more in count():
        with at_most(giver.store, before + more):
            fault, intake = tried(jobs.ingest, giver, text, "seen.tdm")
        consistent(giver)
        if not fault:
            break
        assert "the disk is full" in fault
        assert str(giver.folder.database) in fault
        stopped.add(len(giver.store.observations()))
    # The disk was full before the records were kept, and between keeping and releasing them.
    assert stopped == {0, SMALL_FILE}
    assert intake.records + intake.duplicates == SMALL_FILE
    consistent(giver)
    assert sum(one.count for one in giver.store.counts().decisions) == SMALL_FILE + 1


def test_an_envelope_that_does_not_fit_is_asked_for_again(nodes):
    giver, reader = nodes[GIVER], nodes[READER]
    jobs.ingest(giver, message(1, count=SMALL_FILE).encode(), "seen.tdm")

    def transport(head):
        return encode_wire(giver.store.feed_after(READER, head.seq, 100, gen=head.gen))

    before = pages_of(reader.store)
    for failures in count():
        with at_most(reader.store, before + failures):
            fault, _ = tried(jobs.receive, reader, GIVER, transport)
        if not fault:
            break
        assert "the disk is full" in fault
        held = reader.store.received(GIVER, 0, 10, gen=0)
        assert held == giver.store.feed_after(READER, 0, 10, gen=0)[: len(held)]
        assert reader.store.cursor(GIVER).seq == len(held)
        assert len(reader.store.observations()) == (SMALL_FILE if len(held) > 1 else 0)
    assert failures > 1
    assert reader.store.received(GIVER, 0, 10, gen=0) == giver.store.feed_after(READER, 0, 10, gen=0)
    assert len(reader.store.observations()) == SMALL_FILE
    assert reader.store.quarantined() == []


def test_a_command_on_a_full_disk_says_so_in_one_line(nodes, tmp_path, capsys, monkeypatch):
    giver = nodes[GIVER]
    file = tmp_path / "seen.tdm"
    file.write_text(message(1))
    pages = pages_of(giver.store)
    real_open = type(giver.store).open

    with ExitStack() as limits:

        def opened_small(where, **options):
            store = real_open(where, **options)
            limits.enter_context(at_most(store, pages))
            return store

        monkeypatch.setattr("commonsky.node.start.Store.open", opened_small)
        assert main(["node", "ingest", str(giver.folder.path), str(file)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "node.sqlite: the disk is full" in " ".join(said.err.split())
    assert "Traceback" not in said.err


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own of 64 MB, where this machine lets us have one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    size = "size=64m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no small disk can be mounted here: this takes an administrator")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(file):
    """Take all space that is left."""
    with file.open("wb", buffering=0) as out:
        for size in (65_536, 4_096, 1):
            try:
                while True:
                    out.write(bytes(size))
            except OSError:
                os.fsync(out)


@pytest.mark.parametrize("full", [GIVER, READER])
def test_a_node_at_work_on_a_full_disk_says_so_and_goes_on_when_there_is_space(small_disk, tmp_path, full):
    other = READER if full == GIVER else GIVER
    pair = Pair(tmp_path / "pair", at={full: small_disk})
    sensors_disk = tmp_path / "sensors"
    sensors_disk.mkdir()
    pair.home(GIVER).incoming.rmdir()
    pair.home(GIVER).incoming.symlink_to(sensors_disk)
    running = {name: Serving(pair.home(name).path, tmp_path / f"{name}.log") for name in (full, other)}
    try:
        for name, one in running.items():
            eventually(lambda name=name: answers(pair.urls[name]), one)
        pair.drop("a.tdm", message(1))
        eventually(pair.level)
        space = pair.home(full).path / "space"
        fill(space)
        for n in range(2, 2 + BIG_FILES):
            pair.drop(f"b-{n}.tdm", message(n, count=20 * PER_FILE))
        eventually(lambda: "the disk is full" in running[full].said() or trouble_in_log(pair, full))
        assert running[full].process.poll() is None
        space.unlink()
        eventually(pair.level, running[full])
        assert len(pair.check_feed()) == PER_FILE * (1 + 20 * BIG_FILES) + 1
        with pair.store(READER) as reader:
            assert reader.quarantined() == []
    finally:
        for one in running.values():
            one.end(9)
    for one in running.values():
        assert "Traceback" not in one.said()


def trouble_in_log(pair, name):
    with pair.store(name) as store:
        return any("the disk is full" in line.text for line in store.log(100))
