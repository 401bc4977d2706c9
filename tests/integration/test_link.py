"""Cut and restored links between nodes at work, as a user does it: both go on, and all arrives once, in order."""

import json
import subprocess
import sys
import time

import pytest
from pair import GIVER, PER_FILE, READER, Pair, eventually, message, serving

from commonsky.store import LinkState


def command(*words):
    """Run a command as a user does; give its exit code, output and what it said on stderr."""
    ran = subprocess.run(
        [sys.executable, "-m", "commonsky.cli", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in ran.stderr
    return ran.returncode, ran.stdout, ran.stderr


def held(pair, name):
    with pair.store(name) as store:
        return {entry.object for entry in store.observations()}


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Two nodes at work over a cut and a restored link, and what they held when."""
    pair = Pair(tmp_path_factory.mktemp("link"))
    seen = {"pair": pair}
    with serving(pair, GIVER, READER):
        pair.drop("before.tdm", message(0))
        eventually(lambda: held(pair, READER) == {"T-0"})
        seen["cut"] = command("link", "cut", GIVER, READER, "--coalition", pair.folder)
        pair.drop("during-1.tdm", message(1))
        pair.drop("during-2.tdm", message(2))
        eventually(lambda: len(held(pair, GIVER)) == 3)
        time.sleep(1.5)  # three times as long as a node waits before it looks at a cut link again
        seen["while cut"] = held(pair, READER)
        with pair.store(GIVER) as giver, pair.store(READER) as reader:
            seen["states"] = (giver.link_state(READER), reader.link_state(GIVER))
            seen["held"] = reader.cursor(GIVER).seq
            seen["sealed"] = giver.feed_head(READER).seq - reader.cursor(GIVER).seq
        seen["list"] = command("link", "list", "--coalition", pair.folder, "--json")
        seen["restored"] = command("link", "restore", READER, GIVER, "--coalition", pair.folder)
        pair.drop("after.tdm", message(3))
        eventually(lambda: len(held(pair, GIVER)) == 4 and pair.level())
    return seen


def test_the_cut_is_said_and_stands_on_both_sides(story):
    code, said, _ = story["cut"]
    assert code == 0
    assert f"{GIVER} and {READER} is cut" in said
    assert story["states"] == (LinkState.CUT, LinkState.CUT)


def test_while_it_is_cut_the_giver_works_on_and_nothing_passes(story):
    assert story["while cut"] == {"T-0"}
    assert story["sealed"] >= 2  # notices travel in envelopes of their own


def test_the_list_shows_the_cut_and_what_is_held(story):
    code, said, _ = story["list"]
    assert code == 0
    rows = {(row["node"], row["partner"]): row for row in json.loads(said)}
    assert rows[READER, GIVER]["link"] == rows[GIVER, READER]["link"] == "cut"
    assert (
        rows[READER, GIVER]["envelopes held"] == story["held"] >= 2
    )  # the sensor, and what came before the cut


def test_once_restored_all_arrives_once_in_order(story):
    assert story["restored"][0] == 0
    assert "up again" in story["restored"][1]
    pair = story["pair"]
    assert held(pair, READER) == {"T-0", "T-1", "T-2", "T-3"}
    assert len(pair.check_feed()) == 4 * PER_FILE + 1
    with pair.store(READER) as reader:
        assert reader.quarantined() == []
        links = [line.text for line in reader.log(100) if line.kind == "link"]
    assert f"{GIVER}: answers again" in links
