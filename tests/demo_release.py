"""A real node with partners, agreements that stand differently, records and proposals, for the console's tests.

Run it to look at the pages by themselves: ``python tests/demo_release.py --port 8600``.
"""

import argparse
import itertools
import tempfile
import threading
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace

from commonsky.astro.time import tai_s_from_utc, unix_s_from_tai_s
from commonsky.domain import (
    Component,
    Label,
    Member,
    MemberKind,
    Mode,
    NoticeKind,
    ProposedText,
    Record,
    Sensor,
    Site,
)
from commonsky.domain.roles import Role, actions_of
from commonsky.domain.tree_head import TreeHead
from commonsky.exercise.population import synthetic_catalogue
from commonsky.federation.acts import next_act, sign_act
from commonsky.federation.keys import public_hex, signing_key
from commonsky.federation.seal import seal
from commonsky.federation.witness import Standing
from commonsky.formats.canonical import encode, record_id
from commonsky.node import approvals, jobs
from commonsky.node.agreeing import hear_text
from commonsky.node.agreement_files import add_acts
from commonsky.node.asking import ask
from commonsky.node.config import NodeConfig, Peer
from commonsky.node.people import accounts
from commonsky.node.people.desk import Desk
from commonsky.node.people.person import Means, Person
from commonsky.node.start import found_node, open_node
from commonsky.node.view import NodeView
from commonsky.store import HeldNotice
from commonsky.web.app import application
from front_desk import PASSWORD, CountedPasswords
from partners import KEYS, observation, track
from signing import sign_for_all

NOW_TAI_S = tai_s_from_utc("2026-03-20T12:00:00")
OWN = "NOR"
HOSTILE = "<img src=x onerror=\"document.title='owned'\">\u202e{{7*7}}"
KEYRING = {**KEYS, "DEU": signing_key(b"DEU".ljust(32, b"."))}
PARTNERS = ("DEU", "FRA", "GBR")

TO_GBR = """id = "NOR-GBR"
version = 2
title = "Catalogue, tracks and sensors for safety"
giver = "NOR"
readers = ["GBR"]
purpose = "safety"
mode = "EXERCISE"
from_utc = "2026-01-01T00:00:00"
until_utc = "2027-01-01T00:00:00"
lease_s = 86400.0

[[clause]]
id = "kept-back"
kinds = ["element_set", "track"]
effect = "withhold"
objects = ["200003", "200007"]

[[clause]]
id = "low-orbits-coarse"
kinds = ["element_set"]
regimes = ["LEO"]
precision_floor_m = 5000.0

[[clause]]
id = "other-orbits"
kinds = ["element_set"]
regimes = ["MEO", "GEO", "HEO"]

[[clause]]
id = "tracks-later"
kinds = ["track", "observation"]
delay_s = 14400.0

[[clause]]
id = "sensors"
kinds = ["sensor"]
classification_ceiling = 1
"""

TO_FRA = """id = "NOR-FRA"
version = 1
title = "Tracks for flight safety"
giver = "NOR"
readers = ["FRA"]
purpose = "safety"
mode = "EXERCISE"
from_utc = "2026-01-01T00:00:00"
until_utc = "2026-12-31T00:00:00"
safety_of_flight = {}

[[clause]]
id = "tracks"
kinds = ["track"]
"""

FROM_GBR = (
    TO_FRA.replace('"NOR-FRA"', '"GBR-NOR"')
    .replace('giver = "NOR"', 'giver = "GBR"')
    .replace('readers = ["FRA"]', 'readers = ["NOR"]')
)


class DemoRelease:
    """A founded node in a folder of its own, its desk, and its console; ``now_tai_s`` is its clock."""

    def __init__(self, folder, *, objects=300, people=False):
        self.now_tai_s = NOW_TAI_S
        config = NodeConfig(
            operation="CLEAR SKY 26",
            mode=Mode.EXERCISE,
            member=_member(OWN, "Norway"),
            url="http://127.0.0.1:1",
            peers=tuple(Peer(member=_member(one, one), url="http://127.0.0.1:2") for one in PARTNERS),
        )
        self.home = Path(folder) / OWN
        found_node(self.home, config, KEYRING[OWN])
        self.node = open_node(self.home, lambda: self.now_tai_s)
        self._sign()
        self.node.store.append(_records(objects))
        self.node.store.write_log(self.now_tai_s, "ingest", f"catalogue.csv: {objects} new records")
        numbers = itertools.count(1)
        self.desk = Desk(
            self.node,
            now_tai_s=lambda: self.now_tai_s,
            chance=lambda count: next(numbers).to_bytes(count, "big"),
            passwords=CountedPasswords(),
        )
        if people:
            self._hire()
        view = NodeView(self.node, monotonic_s=lambda: 0.0, rate=lambda: 1.0)
        self.app = application(self.node, view, wall_clock_tai_s=self.desk.now_tai_s, desk=self.desk)

    def share(self):
        """Decide and seal what is due, as the node does by itself."""
        return jobs.share(self.node)

    def on(self, seconds):
        self.now_tai_s += seconds

    def shelved(self, reference):
        return self.node.agreements().shelved(reference)

    def act(self, reference, kind, member, reason=""):
        """Have a member declare something on an agreement."""
        shelved = self.shelved(reference)
        act = next_act(kind, member, shelved.document, now_tai_s=self.now_tai_s)
        add_acts(
            self.node.folder.agreements,
            reference,
            [sign_act(replace(act, reason=reason), KEYRING[member])],
        )

    def propose(self, partner, text):
        """Have a partner propose an agreement."""
        content = msgspec.json.encode(ProposedText(document=text))
        notice = HeldNotice(
            n=0, iss=partner, kind=NoticeKind.AGREEMENT, content=content, received_tai_s=self.now_tai_s
        )
        return hear_text(self.node, notice)

    def live(self):
        """Have things happen between members: decisions, a checkpoint that one cosigns, records heard, a question."""
        self.share()
        head = jobs.checkpoint_when_due(self.node)
        store, now_tai_s = self.node.store, self.now_tai_s
        if head is not None:
            at_unix_s = unix_s_from_tai_s(now_tai_s)
            store.keep_cosignature(head, "GBR", "note", at_unix_s, received_tai_s=now_tai_s)
        self.hear("GBR-NOR@1", 3)
        ask(self.node, "GBR", "200003", days=2.0, hard_body_radius_m=20.0)
        self.node.note_link("FRA", f"no answer within 10 s {HOSTILE}")

    def hear(self, agreement, count):
        """Take in tracks that the giver of an agreement gives under it."""
        giver = self.shelved(agreement).agreement.giver
        records = [
            replace(one, mode=Mode.EXERCISE, label=Label({giver: Component(purposes=frozenset({"safety"}))}))
            for one in (track(n + 1, originator=giver, name=f"{giver}-T-{n:03d}") for n in range(count))
        ]
        envelope = seal(
            [(agreement, encode(one)) for one in records],
            previous=self.node.store.cursor(giver),
            iss=giver,
            aud=OWN,
            mode=Mode.EXERCISE,
            gen=1,
            key=KEYRING[giver],
            iat_tai_s=self.now_tai_s,
        )
        [outcome] = jobs.take_in(self.node, giver, [envelope])
        return outcome

    def contradict(self, log="FRA", told_by="DEU"):
        """Keep a head of a partner's tree that cannot be true beside another."""
        head = TreeHead(log=log, gen=1, size=4_711, root=bytes(32))
        self.node.store.keep_head(
            head, "note", told_by=told_by, standing=Standing.CONTRADICTION, seen_tai_s=self.now_tai_s
        )

    def _sign(self):
        folder = self.node.folder.agreements
        for text, signers in ((TO_GBR, (OWN, "GBR")), (TO_FRA, (OWN,)), (FROM_GBR, (OWN, "GBR"))):
            sign_for_all(folder, text, {one: KEYRING[one] for one in signers}, at_tai_s=NOW_TAI_S - 86_400.0)
        old = TO_GBR.replace("version = 2", "version = 1").replace("lease_s = 86400.0\n", "")
        sign_for_all(
            folder, old, {one: KEYRING[one] for one in (OWN, "GBR")}, at_tai_s=NOW_TAI_S - 9 * 86_400.0
        )

    def _hire(self):
        for name, role in (
            ("ada", Role.RELEASE_AUTHORITY),
            ("ben", Role.RELEASE_AUTHORITY),
            ("cleo", Role.LIAISON),
            ("dan", Role.READER),
            ("eve", Role.ADMINISTRATOR),
        ):
            accounts.add_account(self.desk, name, person=name.capitalize(), roles={role}, password=PASSWORD)
        digest = self.shelved("NOR-FRA@1").document.sha256
        approvals.propose(
            self.desk, self._person("cleo", Role.LIAISON), "withdraw", "NOR-FRA@1", digest, words=HOSTILE
        )
        digest = self.shelved("NOR-GBR@2").document.sha256
        ben = self._person("ben", Role.RELEASE_AUTHORITY)
        suspended = approvals.propose(self.desk, ben, "suspend", "NOR-GBR@2", digest, words="for the audit")
        approvals.reject(self.desk, ben, suspended.id, "not needed any more")

    def _person(self, name, role):
        return Person(
            account=name, name=name.capitalize(), roles=frozenset({role}), actions=actions_of({role}),
            means=Means.PASSWORD, proved_tai_s=self.now_tai_s,
        )  # fmt: skip


def _member(name, long):
    return Member(id=name, name=long, kind=MemberKind.NATION, public_key=public_hex(KEYRING[name]))


def _records(objects):
    rng = np.random.Generator(np.random.PCG64(11))
    sets = synthetic_catalogue(rng, objects, NOW_TAI_S)
    sets[1] = replace(sets[1], object_name=HOSTILE)
    open_label = Label({OWN: Component(purposes=frozenset({"safety"}))})
    secret = Label({OWN: Component(classification=2, readers=frozenset({"GBR"}))})
    radar = Site(id="nor-north", latitude_deg=69.6, longitude_deg=18.9, height_m=80.0)
    contents = [
        *((one, secret if n % 40 == 39 else open_label) for n, one in enumerate(sets)),
        (Sensor(id="NOR-radar-1", owner=OWN, site=radar, range_sigma_m=20.0), open_label),
        (Sensor(id="NOR-radar-2", owner=OWN, site=radar, range_sigma_m=2.0), secret),
    ]
    for n in range(8):
        seen = replace(
            track(1, name=f"NOR-T-{n:03d}").content,
            epoch_tai_s=NOW_TAI_S - 3_600.0 * (n + 0.5),
            first_observation_tai_s=NOW_TAI_S - 86_400.0,
            last_observation_tai_s=NOW_TAI_S - 3_600.0 * (n + 0.5),
        )
        contents.append((seen, open_label))
    for n in range(20):
        seen = replace(observation(n).content, epoch_tai_s=NOW_TAI_S - 900.0 * (n + 0.5))
        contents.append((seen, open_label))
    return [
        Record(id=record_id(OWN, content), originator=OWN, mode=Mode.EXERCISE, label=label, content=content)
        for content, label in contents
    ]


if __name__ == "__main__":
    from served import Served

    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--objects", type=int, default=20_000)
    options.add_argument("--people", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        demo = DemoRelease(folder, objects=chosen.objects, people=chosen.people)
        served = Served(demo.app, port=chosen.port)
        print(served.url, flush=True)  # noqa: T201
        threading.Event().wait()
