"""What may happen in one step of a history. An action gives words for the log, or None when it cannot happen now."""

from commonsky.node.incoming import take_incoming
from commonsky.node.jobs import checkpoint_when_due, fetch, keep_agreements, share
from commonsky.node.link import LinkError
from commonsky.store import LinkState, StoreError
from simulation import agreeing, breaking, hostile, invariants, link, records, trusting
from simulation.coverage import RESUMED
from simulation.disk import Crash
from simulation.model import Terms

MOST_PULLS = 12


def guarded(history, life, what, job, *arguments):
    """Let a node do something, with whatever its disk has in store for it. None when it did not come to its end."""
    try:
        return job(*arguments)
    except Crash:
        history.say(f"  {life.member} stops in the middle of it ({what})")
        history.coverage.count("fault", "disk: crash")
        history.interrupted.add(life.member)
        life.crashed()
    except StoreError as fault:
        if "the disk is full" not in str(fault):
            raise
        history.say(f"  {life.member}: the disk is full")
        history.coverage.count("fault", "disk: full")
        history.interrupted.add(life.member)
    return None


# -- what a node does


def tick(history, life):
    """Once around, as a node that serves: take in what landed, release what is due, note the time."""

    def once():
        keep_agreements(life.node)
        for _taken in take_incoming(life.node):
            pass
        records.learn(history.world, life)
        share(life.node)
        if history.world.audited:
            checkpoint_when_due(life.node)
        life.store.note_time(life.node.now_tai_s())
        return True

    done = guarded(history, life, "tick", once)
    records.learn(history.world, life)
    history.shared(life, whole=bool(done))


def do_make(history, chance):
    life = history.some_life(chance)
    maker = chance.choice((records.observation, records.observation, records.sensor))
    made = [maker(chance, history.world, life) for _ in range(chance.choice((1, 2, 3)))]
    kept = guarded(history, life, "append", life.store.append, [record for record, _ in made])
    if kept:
        life.acknowledged |= {record.id for record, _ in made}
    if life.node and chance.random() < 0.7:
        tick(history, life)
    return f"{life.member} keeps {len(made)} of {made[0][1].kind}"


def do_file_lands(history, chance):
    """A sensor or provider drops a file; it is gone from the folder only when the node has kept it."""
    life = history.some_life(chance)
    data = records.catalogue_file(chance, history.world, life)
    (life.path / "incoming" / f"{history.world.number()}.json").write_bytes(data)
    tick(history, life)
    return f"a file lands at {life.member}"


def do_tick(history, chance):
    life = history.some_life(chance)
    tick(history, life)
    return f"{life.member} looks what is due"


def do_derive(history, chance):
    life = history.some_life(chance)
    made = records.derived_record(chance, history.world, life)
    if made is None:
        return None
    kept = guarded(history, life, "derive", life.store.append, made)
    if kept:
        life.acknowledged |= {record.id for record in made}
    if life.node:
        tick(history, life)
    return f"{life.member} derives a {made[0].kind} from {len(made[0].inputs)}"


def do_pull(history, chance):
    """Ask a partner until there is no more, with a fault of the link at first, now and then."""
    world = history.world
    reader = history.some_life(chance)
    giver = chance.choice([one for one in world.names if one != reader.member])
    if giver == world.hostile:
        return _pull_hostile(history, chance, reader)
    fault = chance.choice(link.FAULTS) if chance.random() < 0.5 else None
    source = chance.choice(world.lives[giver])
    return pull(history, chance, reader, source, fault)


def pull(history, chance, reader, source, fault=None):
    words = f"{reader.member} pulls from {source.member}" + (f", {fault}" if fault else "")
    ask = link.transport(history.world, reader, source, fault, chance, history.coverage)
    for _ in range(MOST_PULLS):
        if reader.node is None or reader.store.link_state(source.member) is LinkState.CUT:
            break
        try:
            came = guarded(history, reader, "receive", fetch, reader.node, source.member, ask)
        except LinkError as error:
            return f"{words}: {error}"
        invariants.look(history.world, reader, history.coverage)
        if came is None or not came.envelopes:
            break
    return words


def _pull_hostile(history, chance, reader):
    """A hostile partner answers a few times; it knows what the reader holds."""
    world = history.world
    evil = world.lives[world.hostile][0]
    if reader.store.link_state(evil.member) is LinkState.CUT:
        return None
    mind = hostile.Hostile(world, evil, reader, chance)
    tricks = chance.sample(mind.tricks(), chance.choice((1, 2, 4, 6)))
    if chance.random() < 0.3:
        tricks.insert(chance.randrange(len(tricks) + 1), "fork")
    for trick in tricks:
        if reader.node is not None:
            _fall_for(history, reader, evil, mind, trick)
    return f"{reader.member} pulls from the hostile {evil.member}: {', '.join(tricks)}"


def _fall_for(history, reader, evil, mind, trick):
    history.coverage.count("trick", trick)
    came = guarded(
        history, reader, "receive", fetch, reader.node, evil.member, lambda head: mind.answer(trick, head)
    )
    if came is not None:
        assert not (came.envelopes and trick in hostile.NEVER_ACCEPTED), f"{trick}: an envelope was accepted"
        assert not (came.records and trick in hostile.NO_RECORD_KEPT), f"{trick}: a record was kept"


def do_exchange(history, chance):
    """A member makes something that anybody may have, and a partner pulls: what happens most of the time."""
    world = history.world
    givers = [life for life in world.every_life() if life.node and life.member != world.hostile]
    if not givers:
        return None
    giver = chance.choice(givers)
    reader = history.some_life(chance)
    if reader.member == giver.member:
        return None
    record, _ = records.observation(chance, world, giver, Terms())
    if guarded(history, giver, "append", giver.store.append, [record]):
        giver.acknowledged.add(record.id)
    if giver.node:
        tick(history, giver)
    words = (
        pull(history, chance, reader, giver) if giver.node and reader.node else f"{reader.member} cannot pull"
    )
    return f"{giver.member} makes an observation; {words}"


def do_carry_file(history, chance):
    """The whole feed comes as a file by hand, whatever the reader holds of it."""
    world = history.world
    reader = history.some_life(chance)
    source = chance.choice([one for one in world.every_life() if one.member != reader.member])
    if source.member == world.hostile or source.node is None:
        return None
    data = link.carried(source, reader.member)
    guarded(history, reader, "receive", fetch, reader.node, source.member, lambda _: data)
    return f"a file carries the feed of {source.member} to {reader.member}"


# -- what people do


def do_cut(history, chance):
    world = history.world
    life = history.some_life(chance)
    peer = chance.choice([one for one in world.names if one != life.member])
    if life.store.link_state(peer) is LinkState.CUT:
        guarded(history, life, "restore", lambda: life.store.restore(peer, at_tai_s=life.now()))
        return f"{life.member} restores the link to {peer}"
    guarded(history, life, "cut", lambda: life.store.cut(peer, at_tai_s=life.now()))
    history.coverage.count("fault", "link: cut")
    return f"{life.member} cuts the link to {peer}"


def do_resume(history, chance):
    """A person has looked at the evidence and lets a stopped feed go on."""
    stopped = [
        (life, peer)
        for life in history.world.every_life()
        if life.node
        for peer in history.world.names
        if peer != life.member and life.store.cursor(peer).stopped
    ]
    if not stopped:
        return None
    life, peer = chance.choice(stopped)
    return resume(history, life, peer)


def resume(history, life, peer):
    if guarded(history, life, "resume", lambda: life.store.resume_feed(peer) or True):
        history.coverage.count("transition", RESUMED)
    return f"{life.member} resumes the feed of {peer}"


WEIGHTS = {
    do_make: 10,
    do_file_lands: 5,
    do_tick: 6,
    do_derive: 7,
    do_exchange: 16,
    do_pull: 24,
    do_carry_file: 4,
    agreeing.do_agree: 3,
    agreeing.do_amend: 3,
    agreeing.do_sign: 4,
    agreeing.do_declare: 3,
    agreeing.do_take_away: 1,
    agreeing.do_deliver: 3,
    agreeing.do_spoil_document: 1,
    trusting.do_roll_key: 2,
    trusting.do_ask: 3,
    trusting.do_expel: 1,
    do_cut: 3,
    do_resume: 3,
    breaking.do_time_passes: 6,
    breaking.do_skew: 3,
    breaking.do_disk_fault: 6,
    breaking.do_mend_disks: 3,
    breaking.do_restart: 4,
    breaking.do_back_up: 3,
    breaking.do_restore: 3,
    breaking.do_twin: 2,
    breaking.do_hostile_request: 1,
}
