"""What people do with agreements: conclude, amend, withdraw, deliver late, spoil a document."""

from simulation import records
from simulation.model import ALL, LEAVABLE, Deal, Rule


def random_deal(chance, world, giver, *, before=None):
    """An agreement of few clauses, as varied as agreements can be; a new version of ``before``."""
    others = [one for one in world.names if one != giver]
    now = world.now_tai_s
    if before is None:
        readers = frozenset(chance.sample(others, chance.choice((1, 1, 2)) if len(others) > 1 else 1))
        name, version = f"{giver}-{world.number()}", 1
    else:
        readers, name, version = before.readers, before.id, before.version + 1
    begins = now + chance.choice((-1e5,) * 7 + (1_000.0,))
    ends = now + chance.choice((1e6,) * 5 + (3_000.0,))
    return Deal(
        id=name,
        version=version,
        giver=giver,
        readers=readers,
        purpose=chance.choice((*records.PURPOSES, "safety", "safety")),
        begins=float(round(begins)),
        ends=float(round(ends)),
        onward=chance.random() < 0.6,
        rules=tuple(_rule(chance, world, giver, n) for n in range(chance.choice((1, 2, 2, 3)))),
    )


def _rule(chance, world, giver, number):
    withholds = number > 0 and chance.random() < 0.4
    kinds = frozenset(chance.sample(sorted(LEAVABLE), chance.choice((1, 3, 6))))
    fields = sorted(frozenset().union(*(LEAVABLE[kind] for kind in kinds)))
    seldom = lambda value: value if chance.random() < 0.15 else ALL  # noqa: E731
    limits = (
        {}
        if withholds
        else {
            "ceiling": chance.choice((0, 1)) if chance.random() < 0.25 else ALL,
            "floor_m": 20.0 if chance.random() < 0.06 else 0.0,
            "delay_s": chance.choice((300.0, 5_000.0)) if chance.random() < 0.15 else 0.0,
            "without": frozenset(chance.sample(fields, 1))
            if fields and chance.random() < 0.15
            else frozenset(),
        }
    )
    return Rule(
        id=f"c{number}",
        kinds=kinds,
        withholds=withholds,
        objects=seldom(frozenset(chance.sample(records.OBJECTS, 2))),
        owners=seldom(frozenset({giver, *chance.sample(world.names, 2)})),
        sensors=seldom(frozenset({f"{giver}-RADAR-1", f"{chance.choice(world.names)}-RADAR-2"})),
        regimes=seldom(frozenset(chance.sample(("LEO", "GEO", "MEO"), 2))),
        region=seldom(chance.choice(((20.0, 90.0, -180.0, 180.0), (-45.0, 15.0, -180.0, 180.0)))),
        **limits,
    )


def conclude(history, chance, deal):
    """Both sides put the document into their folders; some copies are late."""
    world = history.world
    world.deals[deal.id] = deal
    name = f"{deal.id}.v{deal.version}.toml"
    for member in (deal.giver, *sorted(deal.readers)):
        for life in world.lives[member]:
            if member != deal.giver and chance.random() < 0.25:
                world.undelivered.append((member, name, deal))
            else:
                life.put(name, deal)


def do_agree(history, chance):
    giver = chance.choice(history.world.names)
    deal = random_deal(chance, history.world, giver)
    conclude(history, chance, deal)
    return f"{deal.reference} is concluded"


def do_amend(history, chance):
    world = history.world
    if not world.deals:
        return None
    before = world.deals[chance.choice(sorted(world.deals))]
    deal = random_deal(chance, world, before.giver, before=before)
    conclude(history, chance, deal)
    return f"{deal.reference} takes the place of {before.reference}"


def do_withdraw(history, chance):
    """The giver takes the document away; the readers keep their copies of what they have received under."""
    life = history.some_life(chance)
    names = sorted(name for name, deal in life.documents.items() if deal and deal.giver == life.member)
    if not names:
        return None
    name = chance.choice(names)
    life.take_away(name)
    return f"{life.member} withdraws {name}"


def do_deliver(history, chance):
    world = history.world
    if not world.undelivered:
        return None
    member, name, deal = world.undelivered.pop(chance.randrange(len(world.undelivered)))
    for life in world.lives[member]:
        life.put(name, deal)
    return f"{member} gets its copy of {deal.reference}"


def do_spoil_document(history, chance):
    """A document becomes unreadable, and another time is mended."""
    life = history.some_life(chance)
    if None in life.documents.values():
        life.take_away("spoiled.toml")
        return f"{life.member} mends its documents"
    life.put("spoiled.toml", None)
    history.coverage.count("fault", "document: unreadable")
    return f"{life.member} has a document that cannot be read"
