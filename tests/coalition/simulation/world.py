"""Members with machines: each life of a node has a disk, a folder with documents and files, and a clock of its own."""

import hashlib
import json
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from msgspec.structs import replace

from commonsky.astro.time import tai_s_from_utc
from commonsky.domain import (
    Agreement,
    Clause,
    Component,
    Effect,
    Member,
    MemberKind,
    Mode,
    RecordKind,
    Regime,
    Region,
    SafetyOfFlight,
)
from commonsky.federation import PullGuard
from commonsky.federation.keys import public_hex, signing_key
from commonsky.formats.agreement_toml import write_agreement
from commonsky.node.config import NodeConfig, NodeFolder, Peer
from commonsky.node.start import start_node
from signing import sign_for_all
from simulation.disk import Disk
from simulation.force import Act

BEGIN_TAI_S = 850_000_000.0
MODE = Mode.EXERCISE
NAMES = ("NOR", "GBR", "FRA", "POL", "USA")
KEYS = {name: signing_key(hashlib.sha256(name.encode()).digest()) for name in NAMES}
MEMBERS = {
    name: Member(id=name, name=name, kind=MemberKind.NATION, public_key=public_hex(key))
    for name, key in KEYS.items()
}
PUBLIC = {name: key.public_key() for name, key in KEYS.items()}
_SPARE_DISKS: list[Disk] = []
_PAPERS: dict = {}  # Deal -> its document and the acts by which all parties signed it


@dataclass
class Life:
    """One machine that runs a member's node. A member has a second one when somebody starts its backup as well."""

    world: "World"
    member: str
    path: Path
    disk: Disk
    generation: int = 1
    skew_s: float = 0.0
    key: object = None
    terms: object = None  # of what it takes in from catalogue files
    label: Component = field(default_factory=Component)
    keeps_traces: bool = True
    node: object = None
    guard: object = None
    documents: dict = field(default_factory=dict)  # file name -> Deal, or None for one that cannot be read
    acknowledged: set = field(default_factory=set)  # ids of records that the node said it has kept
    sent: set = field(default_factory=set)  # (reader, originator, id) of all that stands on its feeds
    floor_tai_s: float = (
        -1e12
    )  # the latest time that this node has shown, or found on its disk when it started
    seen: dict = field(default_factory=dict)  # how far the invariants have looked, by table
    judged: dict = field(default_factory=dict)  # names known for an object when a decision on it was made
    acts_read: dict = field(default_factory=dict)  # by file: its stamp, and the acts in it
    tainted: set = field(default_factory=set)  # bytes of records that a hostile partner altered or invented

    def now(self):
        """What this machine's clock shows."""
        return self.world.now_tai_s + self.skew_s

    def asked_for_time(self):
        """The clock as the node reads it: what it has shown once is never taken back."""
        self.floor_tai_s = max(self.floor_tai_s, self.now())
        return self.now()

    def expected_now(self):
        """The node's own time, as it must be: that of the machine, but never before what it has shown or kept."""
        return max(self.floor_tai_s, self.now())

    @property
    def deals(self):
        return [deal for deal in self.documents.values() if deal is not None]

    def held(self):
        """Every document here, with what was declared on it as far as this node has heard."""
        return [(deal, self.acts_of(deal)) for deal in self.deals]

    def acts_of(self, deal):
        """Read what stands beside a document, as anybody can."""
        file = self.path / "agreements" / f"{deal.id}.v{deal.version}.acts.toml"
        if not file.exists():
            return ()
        status = file.stat()
        stamp = status.st_mtime_ns, status.st_size
        if self.acts_read.get(file.name, (None,))[0] != stamp:
            self.acts_read[file.name] = stamp, _acts(file)
        return self.acts_read[file.name][1]

    def learn_documents(self):
        """See what the node has put into its folder itself, by signing what a partner proposed."""
        for file in (self.path / "agreements").glob("*.toml"):
            deal = self.world.proposed.get(file.name)
            if deal is not None:
                self.documents.setdefault(file.name, deal)

    @property
    def store(self):
        return self.node.store

    def start(self):
        """Start the process: also after a crash."""
        home = NodeFolder(self.path)
        for part in (home.agreements, home.incoming):
            part.mkdir(parents=True, exist_ok=True)
        self.key = self.key or KEYS[self.member]
        config = NodeConfig(
            operation="Simulated",
            mode=MODE,
            member=replace(MEMBERS[self.member], public_key=public_hex(self.key)),
            url="http://127.0.0.1:8701",
            generation=self.generation,
            catalogue_label=self.label,
            keep_traces=self.keeps_traces,
            peers=tuple(
                Peer(member=MEMBERS[one], url="http://127.0.0.1:8701")
                for one in self.world.names
                if one != self.member
            ),
        )
        store = self.disk.open(self.member)
        self.floor_tai_s = self._kept_time()
        self.node = start_node(config, home, self.key, store, self.asked_for_time)
        self.guard = PullGuard(self.member, self.node.key_of, began_tai_s=-1e12, window_s=900.0)

    def _kept_time(self):
        """The latest time by which this node decided or told anything; a clock set back must not undercut it."""
        columns = ("decisions", "decided_tai_s"), ("watch_log", "tai_s")
        times = [self.query(f"SELECT max({column}) FROM {table}")[0][0] for table, column in columns]
        times += [
            float(value) for (value,) in self.query("SELECT value FROM meta WHERE key = 'latest_tai_s'")
        ]
        return max((time for time in times if time is not None), default=-1e12)

    def crashed(self):
        """The process is gone; what was committed is on the disk."""
        self.node = None

    def put(self, name, deal):
        """Put a document, signed by all its parties, into the folder; ``None`` for one that cannot be read."""
        self.documents[name] = deal
        folder = self.path / "agreements"
        if deal is None:
            (folder / name).write_text("this is no document")
            return
        acts = folder / name.replace(".toml", ".acts.toml")
        if deal in _PAPERS:
            (folder / name).write_bytes(_PAPERS[deal][0])
            acts.write_bytes(_PAPERS[deal][1])
            return
        keys = {one: KEYS[one] for one in {deal.giver, *deal.readers}}
        sign_for_all(folder, document(deal), keys, name=name)
        _PAPERS[deal] = (folder / name).read_bytes(), acts.read_bytes()

    def take_away(self, name):
        del self.documents[name]
        for file in (name, name.replace(".toml", ".acts.toml")):
            (self.path / "agreements" / file).unlink(missing_ok=True)

    def query(self, sql, *parameters):
        return self.disk.query(sql, parameters)


class World:
    """All members, true time, and everything that the simulation knows to be so."""

    def __init__(self, names, folder):
        self.names = names
        self.folder = Path(folder)
        self.now_tai_s = BEGIN_TAI_S
        self.hostile = None
        self.facts = {}  # (originator, id) -> Fact
        self.forms = {}  # (originator, id, bytes) -> Fact of a record that went out in another form
        self.lives = {}  # member -> its lives; the first answers when nothing else is said
        self.sealed = {
            name: set() for name in names
        }  # digests of all headers that any life of a member sealed
        self.given = {}  # (giver, reader) -> bodies that rightly went out, as (agreement, record bytes)
        self.proposed = {}  # file name -> Deal that somebody wrote
        self.audited = False  # whether heads of audit trees are shown and witnessed
        self.coarse = {}  # (originator, id, level, fields left out) -> the bytes that went out
        self.undelivered = []  # (reader, file name, deal): copies of agreements on their way
        self.every_deal = []  # all that were ever made
        self.deals = {}  # id -> newest Deal that was ever made
        self.answers = {}  # (giver, reader) -> answers that were given before
        self.counter = 0
        for name in names:
            self.lives[name] = [self.new_life(name, name)]

    def new_life(self, member, folder):
        disk = _SPARE_DISKS.pop() if _SPARE_DISKS else Disk()
        (self.folder / folder).mkdir(parents=True)
        disk.format(self.folder / folder / "node.sqlite")
        return Life(self, member, self.folder / folder, disk)

    def end(self, life):
        """Scrap a machine for good."""
        self.lives[life.member].remove(life)
        life.disk.erase()
        _SPARE_DISKS.append(life.disk)

    def close(self):
        _PAPERS.clear()
        for life in self.every_life():
            life.disk.erase()
        _SPARE_DISKS.extend(life.disk for life in self.every_life())

    def every_life(self):
        return [life for lives in self.lives.values() for life in lives]

    @property
    def honest(self):
        return [name for name in self.names if name != self.hostile]

    def number(self):
        self.counter += 1
        return self.counter

    def fact_of(self, body):
        """What we know of the record that these bytes name; None for one that nobody of us made."""
        plain = json.loads(body)
        return self.facts.get((plain["originator"], plain["id"]))


def _acts(file):
    return _acts_in(file.read_text())


@lru_cache(maxsize=1_000)
def _acts_in(text):
    told = tomllib.loads(text)["act"]
    return tuple(Act(one["member"], one["act"], tai_s_from_utc(one["at_utc"])) for one in told)


def document(deal):
    """The agreement as the file that the product reads."""
    return write_agreement(
        Agreement(
            id=deal.id,
            version=deal.version,
            title=f"{deal.giver} to {', '.join(sorted(deal.readers))}",
            giver=deal.giver,
            readers=deal.readers,
            purpose=deal.purpose,
            mode=MODE,
            begins_tai_s=deal.begins,
            ends_tai_s=deal.ends,
            onward=deal.onward,
            lease_s=deal.lease_s,
            safety_of_flight=_safety(deal.questions),
            clauses=tuple(_clause(rule) for rule in deal.rules),
        )
    )


def _safety(questions):
    if questions is None:
        return None
    a_day, an_object = questions
    return SafetyOfFlight(questions_per_day=a_day, questions_per_object=an_object)


def _clause(rule):
    south, north, west, east = rule.region or (0.0, 0.0, 0.0, 0.0)
    region = Region(south_deg=south, north_deg=north, west_deg=west, east_deg=east)
    return Clause(
        id=rule.id,
        kinds=frozenset(map(RecordKind, rule.kinds)),
        effect=Effect.WITHHOLD if rule.withholds else Effect.RELEASE,
        objects=rule.objects,
        owners=rule.owners,
        sensors=rule.sensors,
        regimes=None if rule.regimes is None else frozenset(map(Regime, rule.regimes)),
        region=None if rule.region is None else region,
        classification_ceiling=rule.ceiling,
        precision_floor_m=rule.floor_m,
        delay_s=rule.delay_s,
        withheld_fields=rule.without,
    )


def component(terms):
    """The product's form of an originator's terms."""
    return Component(
        readers=terms.readers,
        purposes=terms.purposes,
        classification=terms.level,
        expires_tai_s=None if terms.expires == float("inf") else terms.expires,
        onward=terms.onward,
        precision_floor_m=terms.floor_m,
    )
