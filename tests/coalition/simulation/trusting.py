"""What a member does about trust: it takes a new key, asks an owner about a close approach, or is expelled."""

import hashlib

from commonsky.domain import ActKind
from commonsky.federation.keys import public_hex, signing_key
from commonsky.node.asking import ask
from commonsky.node.key_roll import announce
from commonsky.node.notices import seal_notices
from commonsky.node.start import _build_bridge
from simulation import agreeing, records

QUESTION_DAYS = 0.02


def do_roll_key(history, chance):
    """A member takes a new signing key; whoever does it does it again until it is done, before the node serves."""
    life = history.some_life(chance)
    if life.member == history.world.hostile or len(history.world.lives[life.member]) > 1:
        return None
    seed = hashlib.sha256(f"{life.member} {history.world.number()}".encode()).digest()
    following = signing_key(seed)
    if not history.guarded(life, "roll", lambda: _roll(life, following)):
        life.disk.mend()
        life.start()
        _roll(life, following)
    life.key = following
    life.crashed()
    history.start(life)
    history.backups.pop(life.member, None)  # it knows nothing of the roll: nobody puts it back
    history.coverage.count("key", "rolled")
    return f"{life.member} takes a new key"


def _roll(life, following):
    """As `commonsky.node.start.roll_key` does, from the keys of the simulation."""
    announce(life.node, following)
    _build_bridge(life.node, following)
    for peer in life.node.config.peers:
        seal_notices(life.node, peer.member.id)
    return True


def pin_by_hand(history, life, giver):
    """A person pins the new key of a partner that began a new generation before its roll was heard.

    All that the old key signed is overtaken then, its word on the new key too.
    """
    known = life.node.key_chain(giver.member)
    if giver.member in {life.member, history.world.hostile} or public_hex(giver.key) in known:
        return False
    life.store.note_key(giver.member, known[-1], public_hex(giver.key), at_tai_s=life.now())
    history.coverage.count("key", "pinned by hand")
    return True


def do_ask(history, chance):
    """A member asks another whether anything that it hides comes near an object."""
    world = history.world
    life = history.some_life(chance)
    owner = chance.choice([one for one in world.names if one != life.member])
    designator = chance.choice(records.OBJECTS)
    try:
        asked = history.guarded(
            life,
            "ask",
            lambda: ask(life.node, owner, designator, days=QUESTION_DAYS, hard_body_radius_m=10.0),
        )
    except LookupError:
        history.coverage.count("question", "no orbit that may be told")
        return f"{life.member} has no orbit of {designator} to ask {owner} about"
    if asked:
        history.coverage.count("question", "asked")
    return f"{life.member} asks {owner} about {designator}"


def do_expel(history, chance):
    """All others end what they have with a member, and cut it off."""
    world = history.world
    expelled = chance.choice(world.names)
    for life in world.every_life():
        if life.member == expelled:
            continue
        if life.node is None:
            history.start(life)
        for deal in sorted(life.deals, key=lambda one: one.reference):
            if life.node is not None and expelled in {deal.giver, *deal.readers}:
                history.say("  " + agreeing.declare(history, life, ActKind.WITHDRAW, deal.reference))
        if life.node is not None:
            history.guarded(life, "cut", lambda life=life: life.store.cut(expelled, at_tai_s=life.now()))
    history.coverage.count("act", "expelled")
    return f"{expelled} is expelled"
