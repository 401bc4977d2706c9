"""What must hold of questions of safety of flight, and of what is left after a withdrawal."""

import json

from simulation import force
from simulation.errors import require

DAY_S = 86_400.0


def look(world, life, told, coverage):
    """Look at what a machine tells others beside records: (reader, kind, content, when)."""
    for reader, kind, content, at in told:
        if kind == "question":
            _may_be_told(world, life, reader, json.loads(content)["orbit"])
        elif kind == "answer":
            verdict = json.loads(content)["verdict"]
            coverage.count("question", f"answered: {verdict}")
            if verdict != "refused":
                _may_be_answered(world, life, reader, at)


def _may_be_told(world, life, owner, orbit):
    """A question holds an orbit in full: nobody but the two may be behind it."""
    same = [fact for fact in world.facts.values() if fact.body and json.loads(fact.body)["content"] == orbit]
    behind = [sorted(fact.owners) for fact in same]
    rightly = not same or any(fact.owners <= {life.member, owner} for fact in same)
    require(rightly, f"{life.member} told {owner} in a question an orbit that rests on data of {behind}")


def _may_be_answered(world, life, asker, at):
    """Nobody is answered whom no agreement ever let ask, nor more often in a day than the most generous one allows."""
    deals = [one for one in world.every_deal if one.giver == life.member and asker in one.readers]
    allowed = [one.questions[0] for one in deals if one.questions]
    require(allowed, f"{life.member} answered {asker}, whom no agreement lets ask")
    answered = (*(one for one in life.seen.get(("answered", asker), ()) if at - one < DAY_S), at)
    life.seen["answered", asker] = answered
    words = f"{life.member} answered {asker} {len(answered)} times in a day, and may {max(allowed)} times"
    require(len(answered) <= max(allowed), words)


def nothing_is_left_of_what_was_withdrawn(world, life):
    """In peace: of what came under an agreement that a machine knows to be withdrawn, it holds no content."""
    held, now = life.held(), life.expected_now()
    for deal, acts in held:
        if life.member not in deal.readers:
            continue
        if force.state(deal, acts, force.newer_than(deal, held), now) != force.WITHDRAWN:
            continue
        query = "SELECT id FROM records WHERE source = ? AND agreement = ? AND body != x''"
        left = life.query(query, deal.giver, deal.reference)
        require(not left, f"{life.member} still holds {left} under {deal.reference}, which is withdrawn")
