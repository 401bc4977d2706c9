"""Whatever is wrong with a database is said with its name and what to do, and what was committed stays."""

import multiprocessing
import resource
import sqlite3

import pytest

from commonsky.domain import FeedHead
from commonsky.federation.seal import head_of
from commonsky.store import Store, StoreError, database
from partners import chain, judged, observation


def test_a_commit_waits_for_the_disk(sqlite_store):
    with sqlite_store._reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_database_survives_being_closed(tmp_path):
    first = Store.open(tmp_path / "node.sqlite")
    first.append([observation(1)])
    first.close()
    second = Store.open(f"sqlite:///{tmp_path / 'node.sqlite'}")
    assert second.last_entry() == 1
    second.close()


def _refused(where, words):
    with pytest.raises(StoreError, match=words) as raised:
        Store.open(where)
    assert str(where) in str(raised.value)


def test_a_path_without_a_folder_is_refused(tmp_path):
    _refused(tmp_path / "missing" / "node.sqlite", "check that its folder exists")


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    file = tmp_path / "node.sqlite"
    file.write_text("a letter, of more than a hundred characters " * 20)
    before = file.read_bytes()
    _refused(file, "it is not a database")
    assert file.read_bytes() == before


def test_another_programs_database_is_refused_and_left_alone(tmp_path):
    file = tmp_path / "other.sqlite"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()
    _refused(file, "not one of a commonsky node")
    with sqlite3.connect(file) as other:
        assert [row[0] for row in other.execute("SELECT name FROM sqlite_master")] == ["recipes"]
    other.close()


def test_a_database_of_a_newer_version_is_refused(tmp_path):
    file = tmp_path / "node.sqlite"
    Store.open(file).close()
    with sqlite3.connect(file) as changed:
        changed.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    changed.close()
    _refused(file, "newer commonsky .schema 99; this one reads .*: update commonsky")


def test_an_address_that_is_none_is_refused():
    _refused("://", "not a path or a database URL")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nosuch://user:secret@host/x", "needs a driver"),
        ("mysql+nosuch://user:secret@host/x", "needs a driver"),
        ("postgresql://user:secret@127.0.0.1:1/x", "create a connection"),
    ],
)
def test_a_server_that_cannot_be_used_is_named_without_its_password(address, words):
    pytest.importorskip("pg8000")
    with pytest.raises(StoreError, match=words) as raised:
        Store.open(address)
    assert "secret" not in str(raised.value)
    assert "user" in str(raised.value)


def test_a_database_that_may_only_be_read_can_be_read(tmp_path):
    file = tmp_path / "node.sqlite"
    first = Store.open(file)
    first.append([observation(1)])
    read_only = Store.open(f"sqlite:///file:{file}?mode=ro&uri=true")
    assert read_only.last_entry() == 1
    with pytest.raises(StoreError, match="cannot be written to: check the owner"):
        read_only.append([observation(2)])
    read_only.close()
    first.close()


def test_a_writer_that_waits_too_long_is_told_why(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_PRAGMAS", ("PRAGMA busy_timeout = 20", *database._PRAGMAS[1:]))
    store = Store.open(tmp_path / "node.sqlite")
    other = sqlite3.connect(tmp_path / "node.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another process has been writing"):
        store.append([observation(1)])
    assert store.last_entry() == 0
    other.execute("ROLLBACK")
    assert store.append([observation(1)]).added
    other.close()
    store.close()


def _limit_pages(store, pages):
    with store._reading() as connection:
        if pages is None:
            pages = 1_000_000
        else:
            pages += connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_loses_nothing_that_was_committed_and_leaves_nothing_half_done(sqlite_store):
    envelopes = chain(6, each=40)
    assert sqlite_store.admit(envelopes[0], judged(envelopes[0]), received_tai_s=0.0)
    _limit_pages(sqlite_store, 40)
    admitted = [envelopes[0]]

    def admit_the_rest():
        for envelope in envelopes[1:]:
            sqlite_store.admit(envelope, judged(envelope, sqlite_store.cursor("NOR")), received_tai_s=0.0)
            admitted.append(envelope)

    with pytest.raises(StoreError, match="the disk is full: free some space") as raised:
        admit_the_rest()
    assert "node.sqlite" in str(raised.value)
    head = head_of(admitted[-1].header)
    assert sqlite_store.cursor("NOR") == head
    assert sqlite_store.last_entry() == 40 * head.seq
    assert len(sqlite_store.received("NOR", 0, 10, gen=0)) == head.seq
    _limit_pages(sqlite_store, None)
    for envelope in envelopes[head.seq :]:
        assert sqlite_store.admit(envelope, judged(envelope, sqlite_store.cursor("NOR")), received_tai_s=0.0)
    assert [one.epoch_tai_s for one in sqlite_store.observations()] == [
        observation(k).content.epoch_tai_s for k in range(240)
    ]


def _fill(where, acknowledged):
    """Append until the operating system refuses to let the file grow."""
    store = Store.open(where)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    try:
        for k in range(10_000):
            store.append([observation(k)])
            acknowledged.send(k)
    except StoreError as error:
        acknowledged.send(str(error))


def test_a_file_that_may_not_grow_any_more_keeps_every_acknowledged_record(tmp_path):
    where = tmp_path / "node.sqlite"
    fork = multiprocessing.get_context("fork")
    parent, child = fork.Pipe()
    process = fork.Process(target=_fill, args=(where, child))
    process.start()
    said = []
    while not said or isinstance(said[-1], int):
        assert parent.poll(30.0)
        said.append(parent.recv())
    process.join(30.0)
    assert str(where) in said[-1]
    assert "cannot be read or written" in said[-1] or "full" in said[-1]
    store = Store.open(where)
    assert store.last_entry() == len(said) - 1 > 10
    assert store.append([observation(len(said))]).added
    store.close()


def _append_many(where, start):
    store = Store.open(where)
    for k in range(start, start + 30):
        store.append([observation(k)])
    store.close()


def test_several_processes_write_to_one_database(address):
    Store.open(address).close()
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_append_many, args=(address, start)) for start in (0, 20, 1_000)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60.0)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    store = Store.open(address)
    assert store.counts().own == {"observation": 80}
    assert store.cursor("NOR") == FeedHead()
    store.close()
