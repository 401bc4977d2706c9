"""The state of the node itself."""

from commonsky.store import IngestedFile, LinkState, Store
from partners import NOW_TAI_S, READER


def test_a_link_is_up_until_it_is_cut_and_the_state_outlives_the_process(store, address):
    assert store.link_state(READER) is LinkState.UP
    store.cut(READER, at_tai_s=NOW_TAI_S)
    store.cut(READER, at_tai_s=NOW_TAI_S + 1.0)
    other = Store.open(address)
    assert other.link_state(READER) is LinkState.CUT
    other.restore(READER, at_tai_s=NOW_TAI_S + 2.0)
    other.close()
    assert store.link_state(READER) is LinkState.UP


def test_the_watch_log_gives_its_newest_lines_oldest_first(store):
    for k in range(5):
        store.write_log(NOW_TAI_S + k, "ingest", f"file {k}")
    assert [(line.sequence, line.text) for line in store.log(2)] == [(4, "file 3"), (5, "file 4")]
    assert [line.sequence for line in store.log(10, after=3)] == [4, 5]


def test_a_file_taken_in_twice_is_noticed(store):
    first = IngestedFile(sha256="ab", name="a.tdm", at_tai_s=NOW_TAI_S, records=3)
    assert store.ingested("ab") is None
    store.note_ingested(first)
    store.note_ingested(IngestedFile(sha256="ab", name="b.tdm", at_tai_s=NOW_TAI_S + 1.0, records=3))
    assert store.ingested("ab") == first


def test_the_latest_time_is_that_of_anything_that_was_told(store):
    store.note_time(NOW_TAI_S)
    store.write_log(NOW_TAI_S + 3.0, "link", "something happened after the time was noted")
    assert store.latest_time() == NOW_TAI_S + 3.0


def test_a_clock_set_back_does_not_set_back_the_latest_time(store):
    assert store.note_time(NOW_TAI_S) == NOW_TAI_S
    assert store.note_time(NOW_TAI_S - 5.0) == NOW_TAI_S
    assert store.note_time(NOW_TAI_S + 0.1) == NOW_TAI_S + 0.1
