"""What goes wrong with machines, clocks, disks and backups, and what a hostile member asks for."""

import shutil
from dataclasses import dataclass

from commonsky.federation import sign_pull
from commonsky.federation.pull import PullRefused, PullRequest
from simulation.world import KEYS

DISK_FAULTS = ("crash at a write", "crash before a commit", "crash after a commit", "disk full")


@dataclass
class Backup:
    """A copy of a disk, with what is known to be on it."""

    image: bytes
    acknowledged: set
    seen: dict
    sent: set
    generation: int


def do_time_passes(history, chance):
    passed_s = chance.choice((1.0, 60.0, 400.0, 400.0, 3_600.0, 90_000.0))
    history.world.now_tai_s += passed_s
    return f"{passed_s:g} s pass"


def do_skew(history, chance):
    life = history.some_life(chance)
    life.skew_s = chance.choice((0.0, 0.0, -30.0, 45.0, 300.0, -5_000.0, 2_000.0))
    history.coverage.count("fault", "clock: skewed")
    return f"the clock of {life.member} is {life.skew_s:g} s off"


def do_disk_fault(history, chance):
    """The next work of a node is cut off: its machine stops, or its disk is full."""
    life = history.some_life(chance)
    fault = chance.choice(DISK_FAULTS)
    match fault:
        case "crash at a write":
            life.disk.crash_after(chance.randrange(1, 14), "write")
        case "crash before a commit":
            life.disk.crash_after(chance.randrange(1, 6), "commit")
        case "crash after a commit":
            life.disk.crash_after(chance.randrange(1, 6), "committed")
        case "disk full":
            life.disk.fill(chance.choice((0, 0, 1, 2)))
    return f"{life.member} is about to have: {fault}"


def do_mend_disks(history, chance):
    for life in history.world.every_life():
        life.disk.mend()
    return "there is space on all disks"


def do_restart(history, chance):
    """A process ends between two jobs, or one that is down starts again."""
    life = chance.choice(history.world.every_life())
    if life.node is None:
        history.start(life)
        return f"{life.member} starts again"
    life.crashed()
    history.coverage.count("fault", "process: ended")
    return f"the process of {life.member} ends"


def do_back_up(history, chance):
    life = history.some_life(chance)
    history.backups[life.member] = backup_of(life)
    return f"{life.member} is backed up"


def do_restore(history, chance):
    """A disk is lost and its backup takes its place; whoever does it thinks of the generation, or forgets."""
    life = history.some_life(chance)
    backup = history.backups.get(life.member)
    if backup is None:
        return None
    life.crashed()
    fill_from(life, backup)
    thought_of_it = chance.random() < 0.6
    if thought_of_it:
        life.generation = history.next_generation(life.member)
    else:
        life.generation = backup.generation
        history.needs_generation.add(life.member)
    history.start(life)
    history.coverage.count(
        "fault", f"restored from a backup, generation {'raised' if thought_of_it else 'kept'}"
    )
    return f"{life.member} is restored from its backup, generation {life.generation}"


def backup_of(life):
    return Backup(
        image=life.disk.image(),
        acknowledged=set(life.acknowledged),
        seen=dict(life.seen),
        sent=set(life.sent),
        generation=life.generation,
    )


def fill_from(life, backup):
    life.disk.restore(backup.image)
    life.acknowledged = set(backup.acknowledged)
    life.seen = dict(backup.seen)
    life.sent = set(backup.sent)


def do_twin(history, chance):
    """Somebody starts a copy of a node while the node itself still runs: two machines, one name."""
    world = history.world
    life = history.some_life(chance)
    if len(world.lives[life.member]) > 1 or len(world.every_life()) > len(world.names):
        return None
    twin = world.new_life(life.member, f"{life.member}-twin-{world.number()}")
    fill_from(twin, backup_of(life))
    twin.label, twin.terms, twin.key = life.label, life.terms, life.key
    for file in ("orbit.secret", "node.bridges.pem"):
        if (life.path / file).exists():
            shutil.copy(life.path / file, twin.path / file)
    twin.generation = history.next_generation(life.member) if chance.random() < 0.4 else life.generation
    history.start(twin)
    for name, deal in life.documents.items():
        twin.put(name, deal)
    world.lives[life.member].append(twin)
    history.needs_generation.add(life.member)
    history.interrupted.add(life.member)
    history.coverage.count("fault", "two machines of one node")
    return f"a second machine of {life.member} starts, generation {twin.generation}"


def do_hostile_request(history, chance):
    """The hostile member asks for feeds that are not its own, and repeats what others asked."""
    world = history.world
    if world.hostile is None:
        return None
    giver = history.some_life(chance)
    if giver.member == world.hostile:
        return None
    victim = chance.choice([one for one in world.names if one not in {giver.member, world.hostile}])
    fields = {
        "reader": victim,
        "issuer": giver.member,
        "gen": 0,
        "seq": 0,
        "header_sha256": "0" * 64,
        "at_tai_s": giver.now(),
        "nonce": str(world.number()),
    }
    right = PullRequest(**fields)
    served = sign_pull(right, KEYS[victim])
    giver.guard.judge(served, now_tai_s=giver.now())
    attempts = {
        "signed by another": sign_pull(right, KEYS[world.hostile]),
        "repeated": served,
        "no member": sign_pull(PullRequest(**fields | {"reader": "NOBODY"}), KEYS[world.hostile]),
        "for another giver": sign_pull(
            PullRequest(**fields | {"issuer": victim, "nonce": "x"}), KEYS[victim]
        ),
        "old": sign_pull(PullRequest(**fields | {"at_tai_s": giver.now() - 5e3, "nonce": "y"}), KEYS[victim]),
        "unreadable": "Commonsky-Pull e30.00",
    }
    for name, credentials in attempts.items():
        judged = giver.guard.judge(credentials, now_tai_s=giver.now())
        assert isinstance(judged, PullRefused), f"a request is served: {name}"
        history.coverage.count("pull refusal", judged.refusal)
    return f"{world.hostile} asks {giver.member} for the feed of {victim}"
