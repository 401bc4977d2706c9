"""The demo from end to end with a small scenario, in one process and in many, and what it refuses to do."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from commonsky.cli import main
from commonsky.exercise.scenario import COALITION
from commonsky.store import Store

SMALL = {
    "hours = 24.0": "hours = 3.0",
    "catalogue_objects = 20400": "catalogue_objects = 300",
    "observed_objects = 10": "observed_objects = 2",
}
MEMBERS = ["AUR", "BOR", "CAL", "DOR", "EST"]


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenario") / "small"
    shutil.copytree(COALITION, folder)
    text = (folder / "scenario.toml").read_text()
    for usual, small in SMALL.items():
        assert usual in text
        text = text.replace(usual, small)
    (folder / "scenario.toml").write_text(text)
    return folder


def five_ports():
    """The first of five neighbouring ports that nobody serves on, below those that outgoing connections take."""
    first = 20_000 + os.getpid() % 10_000
    return next(port for port in range(first, 32_000, 5) if all(_free(port + n) for n in range(5)))


def _free(port):
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def arguments(scenario, folder, *more):
    return [
        *("demo", "--headless", "--json", "--scenario", str(scenario), "--folder", str(folder)),
        *("--port", str(five_ports()), *more),
    ]


@pytest.mark.parametrize(
    "way", [[], ["--processes", "--rate", "3000"]], ids=["one process", "many processes"]
)
def test_a_small_demo_runs_to_its_end_and_says_what_went_where(scenario, tmp_path, way):
    folder = tmp_path / "demo"
    ran = subprocess.run(
        [sys.executable, "-m", "commonsky.cli", *arguments(scenario, folder, *way)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    said = json.loads(ran.stdout)
    assert [one["member"] for one in said["members"]] == MEMBERS
    assert said["observations in"] == sum(one["observations"] for one in said["members"]) > 100
    assert all(one["element_sets"] == 300 and one["quarantined"] == 0 for one in said["members"])
    releases = [one for member in said["members"] for one in member["releases"]]
    assert said["records released"] == sum(one["count"] for one in releases if one["allowed"]) > 100
    # An agreement that has ended, and none at all.
    assert not any(one["allowed"] for one in releases if (one["giver"], one["reader"]) == ("EST", "BOR"))
    assert not any(one["allowed"] for one in releases if (one["giver"], one["reader"]) == ("EST", "AUR"))
    for giver in MEMBERS:
        for reader in MEMBERS:
            if giver != reader:
                assert sent(folder, giver, reader) == got(folder, giver, reader)


def sent(folder, giver, reader):
    return _asked(folder / giver, lambda store: store.feed_after(reader, 0, 10_000, gen=0))


def got(folder, giver, reader):
    return _asked(folder / reader, lambda store: store.received(giver, 0, 10_000, gen=0))


def _asked(home, question):
    store = Store.open(home / "node.sqlite")
    try:
        return question(store)
    finally:
        store.close()


def test_a_demo_with_consoles_is_ended_with_ctrl_c_and_another_one_leaves_it_alone(
    scenario, tmp_path, capsys
):
    folder = tmp_path / "demo"
    words = [one for one in arguments(scenario, folder) if one not in {"--headless", "--json"}]
    running = subprocess.Popen(
        [sys.executable, "-m", "commonsky.cli", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        deadline_s = time.monotonic() + 60
        while not (folder / "EST" / "serving.lock").exists():
            assert running.poll() is None
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
        time.sleep(0.3)
        assert main(arguments(scenario, folder)) == 1
        said = " ".join(capsys.readouterr().err.split())
        assert "is served by another process" in said
        assert str(folder) in said
        running.send_signal(signal.SIGINT)
        # Kernels may be compiled just then, for the first time on this machine, and that cannot be interrupted.
        _, err = running.communicate(timeout=180)
    finally:
        running.kill()
    assert running.returncode in {0, 130}
    assert b"Traceback" not in err
    assert (folder / "AUR" / "node.key").exists()


def test_a_port_in_use_is_named_before_any_work(scenario, tmp_path, capsys):
    port = five_ports()
    with socket.create_server(("127.0.0.1", port + 2)):
        words = [*arguments(scenario, tmp_path / "demo")[:-1], str(port)]
        assert main(words) == 1
    said = capsys.readouterr().err
    assert f"port {port + 2} of 127.0.0.1 is in use" in " ".join(said.split())
    assert "--port" in said
    assert not (tmp_path / "demo").exists()


def test_a_folder_that_is_no_demo_is_not_touched(scenario, tmp_path, capsys):
    home = tmp_path / "mine" / "NAT"
    assert main(["node", "init", str(home), "--member", "NAT", "--name", "Nation"]) == 0
    before = {file: file.read_bytes() for file in home.iterdir() if file.is_file()}
    assert main(arguments(scenario, tmp_path / "mine")) == 2
    assert "no demo" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in home.iterdir() if file.is_file()} == before
    a_file = tmp_path / "file"
    a_file.write_text("keep me")
    assert main(arguments(scenario, a_file)) == 2
    assert a_file.read_text() == "keep me"


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "cannot be read"), ("hours = ", "is not a scenario"), ('operation = "x"', "missing required")],
)
def test_a_scenario_that_is_none_is_named(tmp_path, capsys, text, words):
    if text is not None:
        (tmp_path / "scenario.toml").write_text(text)
    assert main(["demo", "--headless", "--scenario", str(tmp_path), "--folder", str(tmp_path / "demo")]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "scenario.toml" in said
    assert words in said
    assert not (tmp_path / "demo").exists()
