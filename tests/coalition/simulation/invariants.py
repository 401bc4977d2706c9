"""What must hold after every step, at every machine; an InvariantError names the machine and the record."""

import dataclasses
import json
import math
import re

from commonsky.node.jobs import explain
from rfc6962 import mth
from simulation import force, questions, reasons
from simulation.errors import InvariantError
from simulation.errors import require as _require
from simulation.model import LEAVABLE, Case, label_allows

TELLS_THE_ORBIT = {
    "track": ("epoch_tai_s", "position_m", "velocity_m_s", "covariance"),
    "element_set": ("epoch_tai_s", "mean_anomaly_deg"),
}


WITHHELD = '{"signature":'
EXPLAINED_EACH = 3
_DECISIONS = """
SELECT decisions.n, source, records.agreement, originator, id, body, decisions.reader, allowed, rulings.agreement,
       clause, reason, trace, decided_tai_s
FROM decisions JOIN rulings ON rulings.n = ruling JOIN records ON records.n = entry
WHERE decisions.n > ? ORDER BY decisions.n
"""


def look(world, life, coverage):
    """Look at all that is new on a machine's disk since the last look."""
    _records(world, life, coverage)
    _decisions(world, life, coverage, _outbox(world, life, coverage))
    _inbox(world, life)
    questions.look(world, life, _new(life, "notices_out", "aud, kind, content, posted_tai_s", "n"), coverage)
    _nothing_lost(life)
    _audit(life)


def _new(life, table, columns, order="rowid"):
    """Rows beyond the last look."""
    rows = life.query(
        f"SELECT {order}, {columns} FROM {table} WHERE {order} > ? ORDER BY {order}", life.seen.get(table, 0)
    )
    if rows:
        life.seen[table] = rows[-1][0]
    return [row[1:] for row in rows]


def claims_of(life):
    """Who says which name of which track, as held here: (track, name, source, originator)."""
    rows = life.query(
        "SELECT source, originator, body FROM records WHERE kind = 'identity_claim' AND body != x''"
    )
    plain = [(source, who, json.loads(body)["content"]) for source, who, body in rows]
    return [(one["track_id"], one["designator"], source, who) for source, who, one in plain]


def case_of(life, fact, reader, now, claims, held, deals):
    named, alleged = set(), set()
    if fact.kind in {"track", "conjunction_warning"}:
        for track, name, source, who in claims:
            if track in fact.objects:
                alleged.add(name)
                if source == "" or source == who == fact.originator:
                    named.add(name)
    return Case(fact, life.member, reader, now, deals, held, frozenset(named), frozenset(alleged))


def _records(world, life, coverage):
    """No record is at a node that no clause entitled, nor anything derived from it."""
    for source, agreement, originator, name, body in _new(
        life, "records", "source, agreement, originator, id, body", "n"
    ):
        where = f"{name} at {life.member}"
        fact = world.facts.get((originator, name))
        if source == "":
            _require(
                originator == life.member and fact is not None and fact.body == body,
                f"{where} is not its own",
            )
            continue
        _require(originator != life.member, f"{where} is its own and came from {source}")
        if source == world.hostile:
            known = genuine(world, originator, name, body)
            _from_hostile(world, life, source, agreement, known, body, where, coverage)
        else:
            given = world.given.get((source, life.member), ())
            # What came under an agreement that is over is deleted at once: its name is left.
            came = (agreement, body or (originator, name))
            _require(came in given, f"{where}: {source} never rightly gave it under {agreement}")


def _from_hostile(world, life, source, agreement, fact, body, where, coverage):
    """Of a partner that lies: what is passed on as its originator wrote it must be let through by its label."""
    if fact is None:
        life.tainted.add(body)
        coverage.count("hostile", "altered or invented record kept")
        return
    deal = next(deal for deal in life.deals if deal.reference == agreement)
    at = life.query("SELECT max(received_tai_s) FROM inbox WHERE iss = ?", source)[0][0] - 1.0
    _require(
        deal.giver == source and life.member in deal.readers, f"{where}: not under an agreement of the two"
    )
    allowed = label_allows(fact, giver=source, reader=life.member, deal=deal, at=at)
    _require(allowed, f"{where}: its label did not let {source} pass it on")
    coverage.count("hostile", "true record rightly kept")


def _outbox(world, life, coverage):
    """Learn what stands on the feeds since the last look: per reader, pairs of an agreement and a record's bytes."""
    lines = {}
    for reader, digest, header, body in _new(life, "outbox", "aud, header_sha256, header, body"):
        world.sealed[life.member].add(digest)
        at = json.loads(header)["iat_tai_s"]
        _require(at == life.expected_now(), f"{life.member} sealed at {at}, and now is {life.expected_now()}")
        lines.setdefault(reader, []).extend(map(_parted, _records_of(body, coverage)))
    return lines


def _records_of(body, coverage=None):
    """The lines of a body that are records; the others are notices, or say that the body is withheld."""
    for line in body.splitlines():
        kind = re.fullmatch(r'{"content":.*,"notice":"(\w+)"}', line)
        if kind is None:
            if not line.startswith(WITHHELD):
                yield line
        elif coverage is not None:
            coverage.count("notice", kind[1])


def _parted(line):
    """Agreement and record of a line, by its fixed form and not by the product's reader."""
    opening, separator = '{"agreement":"', '","record":'
    agreement, found, rest = line.removeprefix(opening).partition(separator)
    _require(
        line.startswith(opening) and found and rest.endswith("}"), f"a line of another form: {line[:60]}"
    )
    return agreement, rest[:-1].encode()


def _decisions(world, life, coverage, lines):
    """Each decision is right, at its time and under the documents of that time, and rightly explained.

    What went out are the records that were decided to go, in the form that was decided, and nothing else.
    """
    rows = life.query(_DECISIONS, life.seen.get("decisions", 0))
    if rows:
        life.seen["decisions"] = rows[-1][0]
    claims = claims_of(life) if rows else []
    now, held = life.expected_now(), life.held() if rows else []
    deals = force.bearing(held, now)
    for (
        n,
        source,
        under,
        originator,
        record,
        body,
        reader,
        allowed,
        agreement,
        clause,
        reason,
        trace,
        at,
    ) in rows:
        where = f"{life.member} on {record} for {reader}"
        _require(at == life.expected_now(), f"{where}: decided at {at}, and now is {life.expected_now()}")
        fact = genuine(world, originator, record, body)
        decision = _Said(bool(allowed), agreement, clause, reason, trace.split("\n") if trace else None)
        if fact is None:
            coverage.count("hostile", "decided on an altered or invented record")
            true_copy_held = _own_copy(life, originator, record, body)
            _require(
                not (allowed and true_copy_held),
                f"{where}: an altered copy goes out, and the true one is held",
            )
        else:
            case = case_of(life, fact, reader, at, claims, held, deals)
            life.judged[reader, originator, record] = (case.named, case.alleged)
            _explained(life, case, decision, coverage, where)
            if n % EXPLAINED_EACH == 0 and life.node is not None:
                _, told = explain(life.node, record, reader)
                _explained(life, case, told, coverage, f"{where}, as explained")
        if allowed:
            usable = fact is None or _usable(world, life, fact, source, under, held, now)
            _require(usable, f"{where}: it went out, and may not be used here any more")
            _require(lines.get(reader), f"{where}: it was to go out, and did not")
            sent_under, sent_body = lines[reader].pop(0)
            _require(sent_under == agreement, f"{where}: it went out under {sent_under}")
            _went_out(world, life, reader, fact, body, decision, sent_body)
            told = json.loads(sent_body)
            names = (sent_under, sent_body), (sent_under, (told["originator"], told["id"]))
            world.given.setdefault((life.member, reader), set()).update(names)
            life.sent.add((reader, originator, record))
    _require(not any(lines.values()), f"{life.member} has put on its feeds what was not decided: {lines}")


def _usable(world, life, fact, source, agreement, held, now):
    """Whether a node may still use a record: by the agreement that it came under, and those of all that is behind."""
    if source != "":
        return force.usable(agreement, held, now, _heard(life, source))
    return all(_usable_at_all(world, life, one, held, now) for one in fact.made_of)


def _usable_at_all(world, life, name, held, now):
    """Whether one of the ways by which the node got a record still stands."""
    query = "SELECT source, agreement FROM records WHERE originator = ? AND id = ?"
    fact = world.facts[name]
    return any(_usable(world, life, fact, *row, held, now) for row in life.query(query, *name))


def _heard(life, source):
    """When a giver was heard last; what it wrote may be dated a minute ahead."""
    last = life.query("SELECT max(received_tai_s) FROM inbox WHERE iss = ?", source)[0][0]
    return -math.inf if last is None else last + 60.0


def _went_out(world, life, reader, fact, body, decision, sent_body):
    """The record went out as it is, or as the form says; a changed content is a record of its own from then on."""
    if fact is None or fact.originator != life.member:
        _require(sent_body == body, f"{life.member} to {reader}: a partner's record was altered")
        return
    deal = next(deal for deal in life.deals if deal.reference == decision.agreement)
    rule = deal.rule(decision.clause)
    without, floor_m = rule.without & LEAVABLE[fact.kind], Case(fact, life.member, reader, 0.0).floor_m(rule)
    if not without and floor_m == 0.0:
        _require(sent_body == fact.sent_body, f"{life.member} to {reader}: {fact.id} was altered")
        return
    where = f"{fact.id} from {life.member} to {reader}"
    held, sent = json.loads(fact.sent_body), json.loads(sent_body)
    _require(
        sent["label"] == held["label"] and sent["inputs"] == [], f"{where}: label or lineage were altered"
    )
    told = {name for name in without if sent["content"][name]}
    _require(not told, f"{where}: {sorted(told)} were to be left out")
    changed = {name for name, value in sent["content"].items() if value != held["content"].get(name)}
    facets = {}
    if floor_m > 0.0:
        facets = _coarse(world, fact, sent, sent_body, without, floor_m, where)
    else:
        _require(changed <= without, f"{where}: {sorted(changed - without)} were altered")
    if "target" in changed:
        facets["objects"] = frozenset()
    facets |= {"id": sent["id"], "original": fact.id, "body": sent_body, "sent_body": sent_body}
    known = dataclasses.replace(fact, **facets)
    world.forms[fact.originator, known.id, sent_body] = known
    world.facts.setdefault((fact.originator, known.id), known)


def _coarse(world, fact, sent, sent_body, without, floor_m, where):
    """Nothing that tells the fine orbit is left, and everybody who gets this level gets the same bytes."""
    content, held = sent["content"], json.loads(fact.body)["content"]
    level_m = content["coarsened_to_m"]
    _require(level_m >= floor_m, f"{where}: coarsened to {level_m} m, and the floor is {floor_m} m")
    fine = TELLS_THE_ORBIT[fact.kind]
    kept = {name for name in fine if content[name] == held[name]}
    _require(not kept, f"{where}: {sorted(kept)} tell the fine orbit")
    same = world.coarse.setdefault((fact.originator, fact.id, level_m, without), sent_body)
    _require(same == sent_body, f"{where}: another orbit than others got: both together tell more")
    facets = {"epoch": content["epoch_tai_s"], "coarsened": True}
    if fact.kind == "track":
        covariance = content["covariance"]
        facets["sigma_m"] = math.sqrt(covariance[0] + covariance[2] + covariance[5])
        _require(facets["sigma_m"] >= floor_m, f"{where}: its covariance claims more than the floor")
    return facets


def genuine(world, originator, record, body):
    """The fact of which these bytes are a true copy; None for what a hostile partner altered or invented."""
    fact = world.facts.get((originator, record))
    if fact is not None and body in {fact.body, fact.sent_body}:
        return fact
    return world.forms.get((originator, record, body))


def _explained(life, case, decision, coverage, where):
    try:
        reasons.check(case, decision, coverage)
    except reasons.WrongReasonError as fault:
        trace = "\n".join(decision.trace or ())
        raise InvariantError(f"{where}: {fault}\n  reason: {decision.reason}\n  trace: {trace}") from fault


@dataclasses.dataclass
class _Said:
    """A decision as it is kept; not every node keeps what was tested, but each tells it when somebody asks."""

    allowed: bool
    agreement: str | None
    clause: str | None
    reason: str
    trace: list | None


def _own_copy(life, originator, record, body):
    """Whether a machine holds another copy of a record, from its originator itself."""
    rows = life.query(
        "SELECT body FROM records WHERE originator = ? AND source = ? AND id = ?",
        originator,
        originator,
        record,
    )
    return any(one not in {body, b""} for (one,) in rows)


def _inbox(world, life):
    """Envelopes of honest partners are ones that they sealed; a cursor never goes back."""
    for issuer, digest in _new(life, "inbox", "iss, header_sha256"):
        _require(
            issuer == world.hostile or digest in world.sealed[issuer],
            f"{life.member} took an envelope that {issuer} never sealed",
        )
    for issuer, gen, seq in life.query("SELECT iss, gen, seq FROM cursors"):
        before = life.seen.get(("cursor", issuer), (0, 0))
        _require((gen, seq) >= before, f"the cursor of {life.member} on {issuer} goes back from {before}")
        life.seen["cursor", issuer] = (gen, seq)
        held = life.query("SELECT count(*) FROM inbox WHERE iss = ? AND gen = ?", issuer, gen)[0][0]
        _require(
            held == seq,
            f"{life.member} holds {held} envelopes of {issuer} in generation {gen}, and stands at {seq}",
        )


def may_all_go(giver, answer, coverage):
    """Nothing leaves a node under an agreement that is not in force there when it leaves."""
    held, now = giver.held(), giver.expected_now()
    in_force = {
        deal.reference
        for deal, acts in held
        if deal.begins <= now < deal.ends
        and force.state(deal, acts, force.newer_than(deal, held), now) == force.IN_FORCE
    }
    for line in answer.splitlines():
        body = json.loads(line)["body"]
        if body.startswith(WITHHELD):
            coverage.count("withheld", "body not taken before its agreement ended or rested")
        for agreement, record in map(_parted, _records_of(body)):
            _require(agreement in in_force, f"{giver.member} gives {record} under {agreement}, not in force")


def _nothing_lost(life):
    held = {name for (name,) in life.query("SELECT id FROM records WHERE source = ''")}
    _require(life.acknowledged <= held, f"{life.member} has lost {sorted(life.acknowledged - held)}")


def _audit(life):
    """Each decision and each envelope is a leaf, and what was a leaf once stays where it is."""
    runs = life.query("SELECT hashes FROM audit_leaves ORDER BY first")
    hashes = b"".join(run for (run,) in runs)
    size, root = life.seen.get("audit", (0, mth([])))
    leaves = [hashes[k : k + 32] for k in range(0, len(hashes), 32)]
    if len(leaves) == size:
        return
    _require(mth(leaves[:size]) == root, f"the audit tree of {life.member} is not the one that it was")
    told = life.query("SELECT (SELECT count(*) FROM decisions) + (SELECT count(*) FROM outbox)")[0][0]
    _require(
        told == len(leaves), f"{life.member} has {len(leaves)} audit leaves of {told} decisions and envelopes"
    )
    life.seen["audit"] = len(leaves), mth(leaves)


def all_that_is_due_went_out(world, life, coverage):
    """After a node has shared to the end, nothing waits that a clause releases now."""
    claims, held, now = claims_of(life), life.held(), life.expected_now()
    deals = force.bearing(held, now)
    rows = life.query("SELECT DISTINCT originator, id, source, body, agreement FROM records")
    from_readers = {(who, name, source) for who, name, source, _, _ in rows}
    locked = {name for (name,) in life.query("SELECT id FROM locked_records")}
    lapsed = set(life.query("SELECT source, agreement FROM holdings WHERE reason LIKE 'its lease%'"))
    for originator, name, source, body, agreement in rows:
        fact = genuine(world, originator, name, body)
        if fact is None or name in locked or (source, agreement) in lapsed:
            continue
        if not _usable(world, life, fact, source, agreement, held, now):
            continue
        for reader in world.names:
            if reader in {life.member, originator} or (originator, name, reader) in from_readers:
                continue
            if (reader, originator, name) in life.sent:
                continue
            case = case_of(life, fact, reader, now, claims, held, deals)
            answer = case.answer()
            if not answer or any(case.floor_m(_rule(life, ref, clause)) > 0.0 for ref, clause in answer):
                continue
            judged = life.judged.get((reader, originator, name))
            if judged not in {None, (case.named, case.alleged)}:
                coverage.count("reason", "refused before a claim came")
                continue
            raise InvariantError(
                f"{life.member} does not release {name} to {reader}, and {sorted(case.answer())} say that it does"
            )


def _rule(life, reference, clause):
    return next(deal for deal in life.deals if deal.reference == reference).rule(clause)


def all_have_all(world):
    """In peace, every honest reader holds all that honest givers released to it, to the end of their feeds."""
    for life in world.every_life():
        questions.nothing_is_left_of_what_was_withdrawn(world, life)
    for giver in world.honest:
        for reader in world.honest:
            if giver == reader:
                continue
            (source,), (life,) = world.lives[giver], world.lives[reader]
            head, cursor = source.store.feed_head(reader), life.store.cursor(giver)
            where = f"{reader} on the feed of {giver}"
            same = (head.gen, head.seq, head.header_sha256) == (cursor.gen, cursor.seq, cursor.header_sha256)
            nothing_new = head.gen < source.generation  # since the restored node has begun its new generation
            _require(
                same or nothing_new,
                f"{where} stands at {cursor.gen}.{cursor.seq}, and the feed at {head.gen}.{head.seq}",
            )
            _all_arrived(world, source, life, where)


def _all_arrived(world, source, life, where):
    """Of earlier generations only what may still go: a new generation decides all anew, and tells it again.

    Where no agreement with the reader is left, nothing is decided: it waits for one.
    """
    reader, newest = life.member, source.store.feed_head(life.member).gen
    rows = life.query("SELECT agreement, body, id FROM records WHERE source = ?", source.member)
    held = {(agreement, body) for agreement, body, _ in rows}
    deleted = {(agreement, name) for agreement, body, name in rows if body == b""}
    bodies = {body for _, body in held}
    query = (
        "SELECT records.id FROM decisions d JOIN rulings ON rulings.n = d.ruling JOIN records ON records.n = d.entry"
        " WHERE d.reader = ? AND newest AND (NOT allowed OR revisit_tai_s IS NOT NULL)"
    )
    refused_now = {record for (record,) in source.query(query, reader)}
    for gen, body in source.query("SELECT gen, body FROM outbox WHERE aud = ?", reader):
        for agreement, record in map(_parted, _records_of(body)):
            plain = json.loads(record)
            name = plain["id"]
            fact = world.facts.get((plain["originator"], name))
            arrived = (agreement, record) in held if gen == newest else record in bodies
            arrived = arrived or (agreement, name) in deleted
            overtaken = gen < newest and {name, fact and fact.original} & refused_now
            _require(arrived or overtaken, f"{where} never got {record} under {agreement}")
