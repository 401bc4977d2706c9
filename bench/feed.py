"""One member's feed to another: sealed, pulled over loopback HTTP, verified, decoded strictly, durably stored.

Usage: ``python bench/feed.py [--records N] [--each M]``. Beside it, in the same run and on the same bodies, two limits
that no honest receiver can pass: plain sqlite3 storing the bodies in one column, with full synchronisation and no
verification, in transactions of the same size; and `cryptography` verifying one signature per record, which is what
a feed without envelopes would cost. At the end the receiver's records are compared with the giver's, byte for byte.
"""

import argparse
import gc
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from commonsky.domain import (
    Component,
    Decision,
    FeedHead,
    Label,
    Member,
    MemberKind,
    Mode,
    Observation,
    ObservationKind,
    Record,
)
from commonsky.exercise.coalition import signatures
from commonsky.federation import seal
from commonsky.federation.keys import SigningKey, public_hex, signing_key
from commonsky.formats.agreement_toml import read_agreement
from commonsky.formats.canonical import encode, record_id
from commonsky.node.agreement_files import acts_file, add_acts
from commonsky.node.config import NodeConfig, NodeFolder, Peer
from commonsky.node.jobs import fetch
from commonsky.node.node import Node
from commonsky.node.start import found_node, open_node
from commonsky.store import Store
from commonsky.web.feed_api import feed_router
from commonsky.web.feed_client import pull
from commonsky.web.running import listen

GIVER, READER = "NOR", "GBR"
KEYS = {member: signing_key(member.encode().ljust(32, b".")) for member in (GIVER, READER)}
NOW_TAI_S = 850_000_000.0
BARE_SIGNATURES = 10_000
TERMS = f"""
id = "observations"
version = 1
title = "Observations for safety"
giver = "{GIVER}"
readers = ["{READER}"]
purpose = "safety"
mode = "REAL"
from_utc = "2000-01-02T00:00:00Z"
until_utc = "2100-01-01T00:00:00Z"

[[clause]]
id = "all"
kinds = ["observation", "sensor"]
"""
AGREEMENT = read_agreement(TERMS.encode(), source="observations.toml")


def observation(number: int, per_object: int = 1) -> Record:
    """Make a record as a radar's file gives it, all digits in use; so many one after the other are of one object."""
    content = Observation(
        kind=ObservationKind.AZ_EL,
        epoch_tai_s=NOW_TAI_S - 86_400.0 + number * 0.731_234,
        sensor="NOR-radar-1",
        values=(number * 0.001_234_567_891 % 6.283, 0.2 + number * 0.000_987_654_321 % 1.2),
        sigmas=(2.617_993_877_991_494e-4, 2.617_993_877_991_494e-4),
        biases=(0.0, 0.0),
        target=str(20_000 + number // per_object % 3_000),
    )
    readers = frozenset({"DNK", READER, "FRA"})
    label = Label({GIVER: Component(readers=readers, purposes=frozenset({"safety"}), onward=False)})
    identity = record_id(GIVER, content)
    return Record(id=identity, originator=GIVER, mode=Mode.REAL, label=label, content=content)


def member(name: str) -> Member:
    """Describe a member of this bench."""
    return Member(id=name, name=name, kind=MemberKind.NATION, public_key=public_hex(KEYS[name]))


def node_of(own: str, other: str, folder: Path) -> Node:
    """Found the node of a member that has one partner."""
    peer = Peer(member=member(other), url="http://127.0.0.1:1")
    config = NodeConfig(
        operation="Bench", mode=Mode.REAL, member=member(own), url="http://127.0.0.1:1", peers=(peer,)
    )
    agree(found_node(folder, config, KEYS[own]), TERMS, KEYS)
    return open_node(folder, lambda: NOW_TAI_S)


def agree(home: NodeFolder, terms: str, keys: Mapping[str, SigningKey]) -> None:
    """Put an agreement that all have signed into a node's folder."""
    agreement = read_agreement(terms.encode(), source="observations.toml")
    (home.agreements / "observations.toml").write_text(terms)
    acts_file(home.agreements, agreement.reference).unlink(missing_ok=True)
    add_acts(home.agreements, agreement.reference, signatures(agreement, keys, 0.0))


def release(store: Store, each: int) -> None:
    """Decide, seal and enqueue what the giver's store holds, batch after batch."""
    while True:
        with store.transaction() as tx:
            due = tx.undecided(READER, each, NOW_TAI_S)
            if not due:
                return
            tx.record_decisions([(one.n, decision(one.id)) for one in due])
            tx.settle(READER)
            envelope = seal(
                [(AGREEMENT.reference, one.body) for one in due],
                previous=tx.feed_head(READER),
                iss=GIVER,
                aud=READER,
                mode=Mode.REAL,
                gen=1,
                key=KEYS[GIVER],
                iat_tai_s=NOW_TAI_S,
            )
            tx.enqueue(envelope)


def decision(record: str) -> Decision:
    """Allow a record."""
    return Decision(
        record=record,
        reader=READER,
        allowed=True,
        reason="observations@1 clause all releases it",
        agreement=AGREEMENT.reference,
        clause="all",
        decided_tai_s=NOW_TAI_S,
    )


@contextmanager
def served(node: Node) -> Iterator[str]:
    """Serve the node's feed on a free port; give its address."""
    app = FastAPI()
    app.include_router(feed_router(node, wall_clock_tai_s=lambda: NOW_TAI_S))
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def receive(node: Node, url: str) -> int:
    """Pull, verify, decode and store as a node does, until there is no more; return the number of records."""
    numbers = count()
    with httpx.Client(trust_env=False) as client:

        def ask(head: FeedHead) -> bytes:
            return pull(
                client,
                url,
                head,
                reader=READER,
                issuer=GIVER,
                key=KEYS[READER],
                now_tai_s=NOW_TAI_S,
                nonce=str(next(numbers)),
            )

        received = 0
        while True:
            came = fetch(node, GIVER, ask)
            assert not came.refused, came.refused
            if not came.envelopes:
                return received
            received += came.records


def store_plainly(file: Path, bodies: Sequence[bytes], each: int) -> None:
    """Store the bodies and nothing else: the limit of the disk and of SQLite."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE bodies (n INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    for k in range(0, len(bodies), each):
        connection.execute("BEGIN IMMEDIATE")
        rows = [(body,) for body in bodies[k : k + each]]
        connection.executemany("INSERT INTO bodies (body) VALUES (?)", rows)
        connection.execute("COMMIT")
    connection.close()


def main() -> None:
    """Run the bench and print its table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=100_000)
    options.add_argument("--each", type=int, default=1_000, help="records per envelope")
    asked = options.parse_args()
    records = [observation(number) for number in range(asked.records)]
    bodies = [encode(record) for record in records]
    gc.freeze()  # a node does not carry the bench's records around
    rates: list[tuple[str, float]] = []

    def timed(what: str, count: int, began_s: float) -> None:
        rates.append((what, count / (time.perf_counter() - began_s)))

    with tempfile.TemporaryDirectory() as folder:
        node = node_of(GIVER, READER, Path(folder) / "giver")
        began_s = time.perf_counter()
        for k in range(0, len(records), asked.each):
            node.store.append(records[k : k + asked.each])
        timed("giver: append own records", len(records), began_s)
        began_s = time.perf_counter()
        release(node.store, asked.each)
        timed("giver: decisions kept, sealed, on the feed", len(records), began_s)
        reader = node_of(READER, GIVER, Path(folder) / "reader")
        with served(node) as url:
            began_s = time.perf_counter()
            received = receive(reader, url)
            timed("receiver: pulled, verified, decoded, stored", received, began_s)
        held = [one.body for one in reader.store.observations()]
        assert held == bodies, "the receiver holds something else than was given"
        began_s = time.perf_counter()
        store_plainly(Path(folder) / "plain.sqlite", bodies, asked.each)
        timed("limit: sqlite3 alone, bodies only, nothing verified", len(bodies), began_s)
        reader.store.close()
        node.store.close()
    some = bodies[:BARE_SIGNATURES]
    signatures = [KEYS[GIVER].sign(body) for body in some]
    public = KEYS[GIVER].public_key()
    began_s = time.perf_counter()
    for body, signature in zip(some, signatures, strict=True):
        public.verify(signature, body)
    timed("limit: cryptography, one signature per record", len(some), began_s)
    report(rates, asked.records, sum(map(len, bodies)) / len(bodies))


def report(rates: Sequence[tuple[str, float]], records: int, bytes_each: float) -> None:
    """Print the rates, and each over that of the receiver."""
    receiver = dict(rates)["receiver: pulled, verified, decoded, stored"]
    print(f"{records} observations of {bytes_each:.0f} bytes; all arrived once, in order, byte for byte")
    for what, rate in rates:
        print(f"{what:55s} {rate:10,.0f} records/s   {receiver / rate:6.2f} receiver / this")


if __name__ == "__main__":
    main()
