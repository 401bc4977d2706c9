"""What people do with agreements: conclude, amend, withdraw, deliver late, spoil a document."""

from commonsky.domain import ActKind
from commonsky.node import agreeing
from simulation import records
from simulation.model import ALL, LEAVABLE, Deal, Rule
from simulation.world import document


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
        questions=(3, 2) if chance.random() < 0.3 else None,
        lease_s=chance.choice((500.0, 5_000.0)) if chance.random() < 0.15 else None,
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
    world.every_deal.append(deal)
    name = f"{deal.id}.v{deal.version}.toml"
    for member in (deal.giver, *sorted(deal.readers)):
        for life in world.lives[member]:
            if member != deal.giver and chance.random() < 0.25:
                world.undelivered.append((member, name, deal))
            else:
                life.put(name, deal)


def do_agree(history, chance):
    giver = chance.choice(history.world.names)
    return _agreed(history, chance, random_deal(chance, history.world, giver), "is concluded")


def do_amend(history, chance):
    world = history.world
    if not world.deals:
        return None
    before = world.deals[chance.choice(sorted(world.deals))]
    deal = random_deal(chance, world, before.giver, before=before)
    return _agreed(history, chance, deal, f"takes the place of {before.reference}")


def _agreed(history, chance, deal, words):
    """Signed by all at one table, or by its giver alone, who has the others told by its feeds."""
    life = history.world.lives[deal.giver][0]
    if life.node is None or chance.random() < 0.5:
        conclude(history, chance, deal)
        return f"{deal.reference} {words}"
    world = history.world
    world.deals[deal.id] = deal
    world.every_deal.append(deal)
    world.proposed[f"{deal.id}.v{deal.version}.toml"] = deal
    draft = life.path / "draft.toml"
    draft.write_text(document(deal))
    sign(history, life, draft)
    return f"{deal.giver} signs and proposes {deal.reference}, which {words}"


def sign(history, life, file):
    """Sign a document; what cannot be signed now is left."""
    try:
        history.guarded(life, "sign", lambda: agreeing.sign(life.node, agreeing.signable(life.node, file)))
    except agreeing.CannotAgreeError as fault:
        history.say(f"  {life.member} cannot sign: {fault}")
    life.learn_documents()


def do_sign(history, chance):
    """A member looks at what is proposed to it, and signs."""
    life = history.some_life(chance)
    proposed = agreeing.proposals(life.node)
    if not proposed:
        return None
    who, file = chance.choice(proposed)
    sign(history, life, file)
    return f"{life.member} signs {file.name} of {who}"


def do_declare(history, chance):
    """A party suspends, resumes or leaves an agreement."""
    life = history.some_life(chance)
    if not life.deals:
        return None
    deal = chance.choice(sorted(life.deals, key=lambda one: one.reference))
    kind = chance.choice((ActKind.SUSPEND, ActKind.RESUME, ActKind.RESUME, ActKind.WITHDRAW))
    return declare(history, life, kind, deal.reference)


def declare(history, life, kind, reference):
    try:
        history.guarded(life, kind, lambda: agreeing.declare(life.node, kind, reference))
    except agreeing.CannotAgreeError as fault:
        return f"{life.member} cannot {kind}: {fault}"
    history.coverage.count("act", kind)
    return f"{life.member}: {kind} of {reference}"


def tell_again(history, life):
    """A person has the node tell anew what it declared: after a crash or a restore nobody knows what went out."""
    if life.member not in history.interrupted:
        return
    for name, deal in sorted(life.documents.items()):
        own = [act for act in life.acts_of(deal) if act.member == life.member] if deal else []
        if not own:
            continue
        if name in history.world.proposed:
            sign(history, life, life.path / "agreements" / name)
        last = max(own, key=lambda act: act.at).kind
        if last != "sign":
            declare(history, life, ActKind(last), deal.reference)


def do_take_away(history, chance):
    """The giver takes the document away; the readers keep their copies of what they have received under."""
    life = history.some_life(chance)
    names = sorted(name for name, deal in life.documents.items() if deal and deal.giver == life.member)
    if not names:
        return None
    name = chance.choice(names)
    life.take_away(name)
    return f"{life.member} takes {name} away, without a word"


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
