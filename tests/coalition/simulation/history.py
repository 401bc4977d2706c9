"""One seed, one history: a coalition begins, things happen to it step by step, and in the end there is peace.

Every step draws from a generator of its own, made of the seed and the step's number: a history can be replayed with
steps left out, which is how a failing one is made shorter.
"""

import random
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from commonsky.store import LinkState
from simulation import actions, agreeing, invariants, records, trusting
from simulation.coverage import Coverage, watching
from simulation.world import BEGIN_TAI_S, NAMES, World, component

ROUNDS_OF_PEACE = 40
MEMORY = Path("/dev/shm")


@dataclass
class Failure:
    """What broke, in which step, and how it came to that."""

    seed: int
    step: int
    steps: int
    words: str
    log: list

    def __str__(self):
        told = "\n".join(self.log[-60:])
        return f"seed {self.seed}, step {self.step} of {self.steps}: {self.words}\n{told}"


@dataclass
class History:
    """A history as it runs."""

    world: World
    coverage: Coverage
    log: list
    backups: dict = field(default_factory=dict)
    generations: dict = field(default_factory=dict)
    needs_generation: set = field(default_factory=set)
    interrupted: set = field(
        default_factory=set
    )  # members some of whose work was cut off, or forgotten by a restore

    def say(self, words):
        self.log.append(words)

    def some_life(self, chance):
        """A machine that runs; one that is down starts first, since somebody wants it to do something."""
        life = chance.choice(self.world.every_life())
        if life.node is None:
            self.start(life)
        return life

    def guarded(self, life, what, job):
        return actions.guarded(self, life, what, job)

    def start(self, life):
        actions.guarded(self, life, "start", life.start)
        if life.node is None:
            life.start()

    def next_generation(self, member):
        number = (
            max([self.generations.get(member, 1), *(life.generation for life in self.world.lives[member])])
            + 1
        )
        self.generations[member] = number
        return number

    def shared(self, life, *, whole):
        """A node has shared what was due: look at it, and if it came to its end, that nothing was left out."""
        invariants.look(self.world, life, self.coverage)
        if whole and None not in life.documents.values():
            invariants.all_that_is_due_went_out(self.world, life, self.coverage)


def run(seed, *, left_out=frozenset(), say=None):
    """Run the history of a seed; give its coverage and, if something broke, the Failure."""
    coverage, log = Coverage(), _Log(say)
    chance = random.Random(f"{seed} founding")
    folder = tempfile.mkdtemp(prefix="simulated-", dir=MEMORY if MEMORY.is_dir() else None)
    names = NAMES[: chance.choice((3, 3, 3, 4, 5))]
    world = World(names, folder)
    history = History(world, coverage, log)
    steps = chance.randrange(30, 61) if chance.random() < 0.1 else chance.randrange(12, 30)
    step = 0
    try:
        with watching(coverage):
            _found(history, chance)
            for step in range(1, steps + 1):
                if step not in left_out:
                    _step(history, random.Random(f"{seed} step {step}"))
            step = steps + 1
            peace(history, random.Random(f"{seed} peace"))
    except Exception as fault:  # noqa: BLE001  # whatever breaks is told with its seed
        words = f"{type(fault).__name__}: {fault}"
        return coverage, Failure(seed, step, steps, words, log)
    finally:
        world.close()
        shutil.rmtree(folder, ignore_errors=True)
    coverage.count("histories", f"{len(names)} members" + (", one hostile" if world.hostile else ""))
    coverage.count("steps", "all", steps)
    return coverage, None


class _Log(list):
    def __init__(self, say):
        super().__init__()
        self._say = say

    def append(self, words):
        super().append(words)
        if self._say:
            self._say(words)


def _found(history, chance):
    world = history.world
    if chance.random() < 0.5:
        world.hostile = chance.choice(world.names)
    world.audited = chance.random() < 0.15
    for life in world.every_life():
        life.terms = records.random_terms(chance, world, life.member)
        life.label = component(life.terms)
        life.keeps_traces = chance.random() < 0.3
        life.start()
    for giver in world.names:
        for _ in range(chance.choice((1, 1, 2))):
            agreeing.conclude(history, chance, agreeing.random_deal(chance, world, giver))


def _step(history, chance):
    action = chance.choices(list(actions.WEIGHTS), list(actions.WEIGHTS.values()))[0]
    words = action(history, chance)
    if words is None:
        return
    history.say(f"{history.world.now_tai_s - BEGIN_TAI_S:9.0f} s  {words}")
    history.coverage.count("action", action.__name__.removeprefix("do_"))
    for life in history.world.every_life():
        invariants.look(history.world, life, history.coverage)


def peace(history, chance):
    """All faults end, people put right what only people can; then everybody must have everything."""
    world = history.world
    history.say("peace")
    for member in world.names:
        for twin in world.lives[member][1:]:
            world.end(twin)
    for life in world.every_life():
        _put_right(history, life)
    while world.undelivered:
        agreeing.do_deliver(history, chance)
    world.now_tai_s = max(world.now_tai_s, *(life.floor_tai_s for life in world.every_life())) + 1.0
    for life in world.every_life():
        agreeing.tell_again(history, life)
    moved = {life.member for life in world.every_life()}
    for _ in range(ROUNDS_OF_PEACE):
        moved = _round(history, chance, moved)
        if not moved:
            break
    else:
        raise invariants.InvariantError("the coalition does not come to rest")
    invariants.all_have_all(world)


def _put_right(history, life):
    life.disk.mend()
    life.skew_s = 0.0
    if life.member in history.needs_generation:
        life.generation = history.next_generation(life.member)
        life.crashed()
    if life.node is None:
        life.start()
    if None in life.documents.values():
        life.take_away("spoiled.toml")
    for peer in history.world.names:
        if peer != life.member and life.store.link_state(peer) is LinkState.CUT:
            life.store.restore(peer, at_tai_s=life.now())


def _round(history, chance, moved):
    """Whoever got something new shares what follows from it, and everybody pulls; gives who got something."""
    world = history.world
    for member in sorted(moved):
        actions.tick(history, world.lives[member][0])
    moved = set()
    for life in world.every_life():
        for giver in world.honest:
            source = world.lives[giver][0]
            if giver == life.member or _level(source, life):
                continue
            before = life.store.cursor(giver)
            if before.stopped:
                actions.resume(history, life, giver)
            actions.pull(history, chance, life, source)
            if life.store.cursor(giver) != before or trusting.pin_by_hand(history, life, source):
                moved.add(life.member)
    return moved


def _level(source, life):
    """Whether a reader stands at the end of a feed."""
    place = "gen, seq, header_sha256"
    end = source.query(
        f"SELECT {place} FROM outbox WHERE aud = ? ORDER BY gen DESC, seq DESC LIMIT 1", life.member
    )
    held = life.query(f"SELECT {place} FROM cursors WHERE iss = ? AND NOT stopped", source.member)
    return end == held


def shorter(failure, *, most_runs=120):
    """Leave out steps as long as the same thing breaks; give the shorter failure and the steps left out."""
    left_out = frozenset(range(failure.step + 1, failure.steps + 1))
    kind = failure.words.split(":")[0]
    size = max(1, failure.step // 4)
    best = failure
    while size and most_runs > 0:
        begin = 1
        while begin <= failure.step and most_runs > 0:
            tried = left_out | frozenset(range(begin, begin + size))
            if tried != left_out:
                most_runs -= 1
                _, again = run(failure.seed, left_out=tried)
                if again is not None and again.words.split(":")[0] == kind:
                    left_out, best = tried, again
            begin += size
        size //= 2
    return best, left_out
