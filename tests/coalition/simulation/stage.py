"""A coalition whose steps a test chooses itself: the same nodes, links, disks and invariants as in a history."""

import random
from contextlib import contextmanager

from commonsky.node.jobs import fetch
from simulation import actions, agreeing, breaking, hostile, invariants, link, records
from simulation.coverage import Coverage
from simulation.history import History, peace
from simulation.model import LEAVABLE, Deal, Rule, Terms
from simulation.world import BEGIN_TAI_S, World

EVERYTHING = Rule(id="all", kinds=frozenset(LEAVABLE))


class Stage:
    """Everything happens at once and in order, unless a test says otherwise; every step is looked at."""

    def __init__(self, folder, names=("NOR", "GBR", "FRA"), *, hostile=None):
        self.world = World(names, folder)
        self.world.hostile = hostile
        self.chance = random.Random(1)
        self.history = History(self.world, Coverage(), [])
        for life in self.world.every_life():
            life.terms = Terms()
            life.start()

    def life(self, name):
        return self.world.lives[name][0]

    def agree(self, giver, *readers, rules=(EVERYTHING,), **changes):
        """Put an agreement into the folders of all parties; give it."""
        fields = {
            "id": f"{giver}-{'-'.join(readers)}",
            "version": 1,
            "purpose": "safety",
            "begins": BEGIN_TAI_S - 1e5,
            "ends": BEGIN_TAI_S + 1e6,
            "onward": False,
        }
        deal = Deal(giver=giver, readers=frozenset(readers), rules=tuple(rules), **(fields | changes))
        for member in {giver, *readers}:
            for life in self.world.lives[member]:
                life.put(f"{deal.id}.v{deal.version}.toml", deal)
        self.world.deals[deal.id] = deal
        self.world.every_deal.append(deal)
        return deal

    def declare(self, name, kind, deal):
        """Let a party suspend, resume or withdraw, and its node tell the others with its next envelopes."""
        life = self.life(name)
        agreeing.declare(self.history, life, kind, deal.reference)
        self.share(name)

    def make(self, name, terms=None, *, share=True, life=None):
        """Let a member keep an observation; give its record."""
        life = life or self.life(name)
        record, _ = records.observation(self.chance, self.world, life, terms or Terms())
        life.store.append([record])
        life.acknowledged.add(record.id)
        if share:
            self.share(name, life=life)
        return record

    def keep(self, name, content, terms=None, **facets):
        """Let a member keep a content of the test's own; give its record."""
        life = self.life(name)
        record, _ = records.first_hand(self.world, life, content, terms or Terms(), **facets)
        life.store.append([record])
        life.acknowledged.add(record.id)
        return record

    def derive(self, name, *sources, make=records.track):
        """Let a member derive a record from records that it holds; give it."""
        life = self.life(name)
        facts = [self.world.facts[one.originator, one.id] for one in sources]
        (record, *others) = make(self.chance, self.world, life, list(sources), facts)
        life.store.append([record, *others])
        self.share(name)
        return record

    def share(self, name, *, life=None):
        life = life or self.life(name)
        actions.tick(self.history, life)

    def pull(self, reader, giver, *, source=None, fault=None):
        """Let a member pull all that waits for it; give what is said of it."""
        life = self.life(reader)
        words = actions.pull(self.history, self.chance, life, source or self.life(giver), fault)
        self.look()
        return words

    def give(self, reader, issuer, wire):
        """Let bytes arrive that a reader takes for the answer of an issuer; give what it made of them."""
        data = wire if isinstance(wire, bytes) else link.encode_wire(wire)
        came = fetch(self.life(reader).node, issuer, lambda _: data)
        self.look()
        return came

    def mind(self, reader):
        """What the hostile member can do to a reader."""
        return hostile.Hostile(self.world, self.life(self.world.hostile), self.life(reader), self.chance)

    def trick(self, reader, name):
        """Let a reader pull from the hostile member, who plays a trick."""
        life = self.life(reader)
        mind = self.mind(reader)
        came = fetch(life.node, self.world.hostile, lambda head: mind.answer(name, head))
        self.look()
        return came

    def twin(self, name, **changes):
        """Start a second machine from a copy of a node's disk."""
        life = self.life(name)
        twin = self.world.new_life(name, f"{name}-twin")
        breaking.fill_from(twin, self.backup(name))
        twin.label, twin.terms = life.label, life.terms
        twin.generation = changes.get("generation", life.generation)
        twin.start()
        for file, deal in life.documents.items():
            twin.put(file, deal)
        self.world.lives[name].append(twin)
        return twin

    def backup(self, name):
        return breaking.backup_of(self.life(name))

    def restore(self, name, backup, *, generation):
        life = self.life(name)
        life.crashed()
        breaking.fill_from(life, backup)
        life.generation = generation
        life.start()

    def wait(self, seconds):
        self.world.now_tai_s += seconds

    def look(self):
        for life in self.world.every_life():
            invariants.look(self.world, life, self.history.coverage)

    def peace(self):
        """All faults end; then everybody must have everything."""
        peace(self.history, self.chance)

    def held(self, name, source=None):
        """Ids of the records that a member holds from a partner, or from all of them."""
        rows = self.life(name).query("SELECT id, source FROM records WHERE source != ''")
        return {record for record, came_from in rows if source in {None, came_from}}

    def apart(self, name):
        """Codes and reasons of what a member has set apart."""
        return dict(self.life(name).query("SELECT code, reason FROM quarantine ORDER BY n"))

    def decision(self, giver, record, reader):
        """The newest decision of a giver on a record: whether it is released, and why."""
        rows = self.life(giver).query(
            "SELECT allowed, reason FROM decisions JOIN rulings ON rulings.n = ruling JOIN records ON records.n = entry"
            " WHERE id = ? AND decisions.reader = ? AND newest",
            record.id,
            reader,
        )
        return (bool(rows[0][0]), rows[0][1]) if rows else (False, "no decision")

    def close(self):
        self.world.close()


@contextmanager
def stage(folder, *names, hostile=None):
    """A stage that is cleared when the block ends."""
    made = Stage(folder, names or ("NOR", "GBR", "FRA"), hostile=hostile)
    try:
        yield made
    finally:
        made.close()
