"""Every job that a node does, one short function each, from top to bottom as an observation travels. READ FIRST.

    sensor file -> ingest   1 formats   bytes -> records, labelled by their sensor's owner
                            2 store     append: what we hold
                            3 share     decide for each partner; decisions and sealed envelope in one transaction
                            4 estimate  observations -> track; its label is the join of its sources' labels
                            5 share     the same for the track
       ~~ wire ~~ -> receive 6 accept   verify, or refuse with a reason
                            7 store     the bytes as received, never merged in place
                            8 obey      what a partner tells beside records: notices, in the order of its feed

    what is held -> screen     orbits -> warnings of close approaches; a warning's label is the join of the orbits'

Jobs take the node and data, call the rooms below in order, and hold no state of their own.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from commonsky.domain import (
    Accepted,
    Decision,
    Envelope,
    Observation,
    Record,
    RecordKind,
)
from commonsky.domain.tree_head import TreeHead
from commonsky.federation import Refused, accept, read_wire, seal
from commonsky.federation.position import Action
from commonsky.federation.withheld import withheld_body
from commonsky.formats.canonical import decode
from commonsky.formats.errors import Rejection
from commonsky.node.agreements import Shelf, policy_of
from commonsky.node.audit import checkpoint_is_due, make_checkpoint
from commonsky.node.context import decide_now, facets_of
from commonsky.node.deciding import decide_batch
from commonsky.node.estimating import estimated_records
from commonsky.node.holdings import keep_holdings, renew_leases
from commonsky.node.intake import FileContent, own_record, read_file
from commonsky.node.link import Transport
from commonsky.node.locks import alone
from commonsky.node.node import Node
from commonsky.node.notices import obey_notices, seal_notices
from commonsky.node.rederiving import rederived_records
from commonsky.node.refereeing import EnginesDisagreeError
from commonsky.node.screened import Screened
from commonsky.node.screening import screened
from commonsky.store import Appended, IngestedFile, LinkState, StoredRecord, Transaction

RECORDS_PER_ENVELOPE = 1_000
RECORDS_PER_TRANSACTION = 10_000
"""That came from a partner: one flush to the disk for many, and others may write in between."""

ORBIT_KINDS = (RecordKind.TRACK, RecordKind.ELEMENT_SET, RecordKind.IDENTITY_CLAIM)


class Intake(Struct, frozen=True, kw_only=True):
    """What became of a file."""

    source: str
    records: int
    duplicates: int
    rejected: tuple[Rejection, ...]
    tracks: tuple[str, ...] = ()


class Arrival(Struct, frozen=True, kw_only=True):
    """What came from a partner in one go; ``refused`` says why of each envelope that did not enter."""

    envelopes: int = 0
    records: int = 0
    unfit: int = 0
    refused: tuple[str, ...] = ()
    targets: frozenset[str] = frozenset()


def ingest(node: Node, data: bytes, source: str) -> Intake:
    """Take in a sensor file or a catalogue; raises FormatError for a file that is neither."""
    with node.stopwatch.file_landed():
        read = read_file(node, data, source)
        appended = _keep(node, read, data, source)
        share(node)
        # Also of records that were there: a process that ended in between has kept them and not used them.
        tracks = estimate(node, _targets(read.records))
    return Intake(
        source=source,
        records=len(appended.added),
        duplicates=len(appended.repeated) + len(appended.conflicting),
        rejected=read.rejected,
        tracks=tracks,
    )


def declare_sensors(node: Node) -> None:
    """Put our own sensors on record, so that partners who may know of them can use their data."""
    records = [own_record(node, own.sensor, own.label) for own in node.config.sensors]
    node.store.append(records)
    share(node)


def estimate(node: Node, targets: Collection[str]) -> tuple[str, ...]:
    """Bring the tracks of these claimed targets up to date with all observations that we hold; share them."""
    made = []
    for target in sorted(targets):
        with alone(node.folder.estimating_lock):
            found = estimated_records(node, target)
            node.store.append(found.records, found.information)
            if node.config.rederive:
                rederive(node, target)
        made += [record.id for record in found.records[:1]]
    if made:
        share(node)
    return tuple(made)


def rederive(node: Node, target: str) -> tuple[str, ...]:
    """Fit the tracks of a target again for the partners that may not have ours, to what may count for them."""
    made = []
    for found in rederived_records(node, target):
        node.store.append(found.records, found.information)
        made += [record.id for record in found.records[:1]]
    return tuple(made)


def share(node: Node) -> int:
    """Decide what each partner may have of what is new or due, and put it on its feed; give how many went out.

    INVARIANT: while an agreement cannot be read, nothing is decided and nothing goes out.
    """
    for peer in node.config.peers:
        _begin_generation(node, peer.member.id)
    for reader in node.store.waits_to_be_told():
        seal_notices(node, reader)  # whatever stops releases
    shelf = node.agreements()
    if shelf.faults:
        node.say_once("agreements", f"nothing is released until this is mended: {'; '.join(shelf.faults)}")
        return 0
    for waiting in shelf.waiting:
        node.say_once(waiting.agreement.reference, f"releases nothing: {waiting.words}")
    if node.agreements_changed(shelf):
        for peer in node.config.peers:
            node.store.reconsider(peer.member.id, node.now_tai_s())
    return sum(_share_unless_in_doubt(node, peer.member.id, shelf) for peer in node.config.peers)


def keep_agreements(node: Node) -> tuple[str, ...]:
    """Renew the leases that we give; lock, free or delete what we hold as agreements stand; mend our tracks after it.

    Gives the tracks that were estimated anew, without what may not be used any more.
    """
    renew_leases(node)
    return estimate(node, keep_holdings(node))


def screen(node: Node) -> Screened:
    """Screen our assets against every orbit that we hold; keep and share the warnings that are new."""
    records, told = screened(node)
    node.store.append(records)
    node.last_screening = told
    if records:
        node.store.write_log(node.now_tai_s(), "screening", told.words)
        share(node)
    return told


def screen_when_due(node: Node) -> Screened | None:
    """Screen if there are orbits and the last screening is long enough ago.

    Also when no orbit has changed: the days ahead are others by then.
    """
    last = node.last_screening
    if last is not None and node.now_tai_s() - last.at_tai_s < node.config.screening.every_s:
        return None
    return screen(node) if node.store.last_entry(ORBIT_KINDS) else None


def checkpoint_when_due(node: Node) -> TreeHead | None:
    """Sign where our audit tree stands, and show it to every partner, once enough was decided since the last time."""
    if not checkpoint_is_due(node):
        return None
    head = make_checkpoint(node)
    share(node)
    return head


def receive(node: Node, issuer: str, transport: Transport) -> Arrival:
    """Pull what is next on a partner's feed until there is no more; use new observations for our own tracks."""
    arrival = Arrival()
    while node.store.link_state(issuer) is not LinkState.CUT:
        came = fetch(node, issuer, transport)
        arrival = _added(arrival, came)
        if not came.envelopes:
            break
    estimate(node, arrival.targets)
    return arrival


def fetch(node: Node, issuer: str, transport: Transport) -> Arrival:
    """Ask a partner once for what is next on its feed, and keep what it gives; nothing is estimated yet."""
    obey_notices(node)  # what a process that ended in between has left undone
    wire = read_wire(transport(node.store.cursor(issuer)))
    for fault in wire.faults:
        node.store.quarantine(issuer, fault.code, fault.reason, fault.data, at_tai_s=node.now_tai_s())
    admitted = take_in(node, issuer, wire.envelopes)
    accepted = [one for one in admitted if isinstance(one, Accepted)]
    under = {one.agreement for envelope in accepted for one in envelope.received}
    if any(one.told for one in accepted) or not under <= node.agreements().binding:
        keep_agreements(node)  # what comes too late is not used until the next look
        share(node)  # answers, and what a new agreement lets out
    return Arrival(
        envelopes=len(accepted),
        records=sum(len(one.received) for one in accepted),
        unfit=sum(len(one.unfit) for one in accepted),
        refused=(
            *(f"line {fault.line} of the answer: {fault.reason}" for fault in wire.faults),
            *(one.reason for one in admitted if isinstance(one, Refused)),
        ),
        targets=_targets(one.record for envelope in accepted for one in envelope.received),
    )


def take_in(node: Node, issuer: str, envelopes: Sequence[Envelope]) -> list[Accepted | Refused]:
    """Judge envelopes that came from a partner, in their order, and keep each, or set it apart with the reason.

    Those that may enter are kept run by run, each in one transaction. A run ends with an envelope that tells something:
    what comes behind is judged by what it told.
    """
    outcomes: list[Accepted | Refused] = []
    while len(outcomes) < len(envelopes):
        now_tai_s = node.now_tai_s()
        run, refused = _judge_run(node, issuer, envelopes[len(outcomes) :], now_tai_s)
        if run and not node.store.admit_all(run, received_tai_s=now_tai_s):
            break  # another process has taken them in meanwhile
        for _, accepted in run:
            outcomes.append(accepted)
            node.stopwatch.admitted(accepted.header)
            for note in accepted.notes:
                node.store.write_log(now_tai_s, "feed", note)
        if run and run[-1][1].told:
            obey_notices(node)
        if refused is not None:
            _set_apart(node, issuer, envelopes[len(outcomes)], refused)
            outcomes.append(refused)
    return outcomes


def _judge_run(
    node: Node, issuer: str, envelopes: Sequence[Envelope], now_tai_s: float
) -> tuple[list[tuple[Envelope, Accepted]], Refused | None]:
    """Judge the next envelopes up to the first that is refused, that tells something, or that is enough for once."""
    receiver, head = node.receiver(), node.store.cursor(issuer)
    places: dict[tuple[int, int], str] = {}
    run: list[tuple[Envelope, Accepted]] = []
    records = 0

    def held(gen: int, seq: int) -> str | None:
        return places.get((gen, seq)) or node.store.held_header(issuer, gen, seq)

    for envelope in envelopes:
        outcome = accept(envelope, receiver, issuer=issuer, head=head, held=held, now_tai_s=now_tai_s)
        if isinstance(outcome, Refused):
            return run, outcome
        run.append((envelope, outcome))
        head = outcome.head
        places[head.gen, head.seq] = head.header_sha256
        records += len(outcome.received)
        if outcome.told or records >= RECORDS_PER_TRANSACTION:
            break
    return run, None


def _set_apart(node: Node, issuer: str, envelope: Envelope, refused: Refused) -> None:
    """Keep an envelope that does not enter as evidence, and stop its feed, if that is what follows from it."""
    if refused.action in {Action.QUARANTINE, Action.STOP}:
        evidence = f"{envelope.header}\n{envelope.signature}\n{envelope.body}".encode(errors="replace")
        node.store.quarantine(issuer, refused.refusal, refused.reason, evidence, at_tai_s=node.now_tai_s())
        node.say_once(f"refused from {issuer}", f"an envelope of {issuer} is refused: {refused.reason}")
    if refused.action is Action.STOP:
        node.store.stop_feed(issuer)


def explain(node: Node, record_id: str, reader: str) -> tuple[StoredRecord, Decision]:
    """Decide now, by the agreements as they stand, whether a record may go to a member; nothing is stored.

    Raises KeyError when no record of this id is held here.
    """
    copies = node.store.copies(record_id)
    if not copies:
        raise KeyError(record_id)
    entry = copies[0]
    with node.store.transaction() as tx:
        facets = facets_of(tx, decode(entry.body))
    return entry, decide_now(node, facets, reader)


def _keep(node: Node, read: FileContent, data: bytes, source: str) -> Appended:
    """Append what was read and set apart what was not, in one transaction."""
    now_tai_s = node.now_tai_s()
    digest = hashlib.sha256(data).hexdigest()
    with node.store.transaction() as tx:
        known = tx.ingested(digest)
        appended = tx.append(read.records)
        tx.note_ingested(
            IngestedFile(sha256=digest, name=source, at_tai_s=now_tai_s, records=len(read.records))
        )
        for rejection in read.rejected:
            reason = str(rejection)
            tx.quarantine(source, "rejected", reason, reason.encode(), at_tai_s=now_tai_s)
        words = f"{source}: {len(appended.added)} new records"
        if read.rejected:
            words += f", {len(read.rejected)} rejected"
        if known is not None:
            words += f"; the same file came before, as {known.name}"
        tx.write_log(now_tai_s, "ingest", words)
    return appended


def _begin_generation(node: Node, reader: str) -> None:
    """Have all that was told and released before a new generation go out once more, as far as it still may.

    The reader may have followed another copy of this node: then it never gets what ours put on the feed before.
    """
    generation = node.config.generation
    if not node.first_time_for(reader):
        return
    if 0 < node.store.feed_head(reader).gen < generation:
        with node.store.transaction() as tx:
            if tx.begin_generation(reader, generation):
                tx.tell_again(reader)
                tx.reconsider(reader, node.now_tai_s(), released_too=True)
    node.note_begun(reader)


def _share_unless_in_doubt(node: Node, reader: str, shelf: Shelf) -> int:
    """Share with a partner; where two engines differ, its link is cut until a person restores it."""
    try:
        return _share_with(node, reader, shelf)
    except EnginesDisagreeError as fault:
        node.store.cut(reader, at_tai_s=node.now_tai_s())
        node.say_once("alarm", f"the link to {reader} is cut, since two engines decide differently: {fault}")
        return 0


def _share_with(node: Node, reader: str, shelf: Shelf) -> int:
    """Decide batch after batch; what no agreement with the reader speaks of is refused without a row.

    No batch is decided under agreements that have changed since: the rest waits for the next time.
    """
    ours = [agreement for agreement in shelf.given_by(node.id) if reader in agreement.readers]
    kinds = {kind for agreement in ours for clause in agreement.clauses for kind in clause.kinds}
    onward = any(agreement.onward for agreement in ours)
    released = 0
    while kinds and node.due(reader, kinds):
        newest = node.store.last_entry()
        with node.store.transaction() as tx:
            if node.agreements() is not shelf:
                break
            due = tx.undecided(reader, RECORDS_PER_ENVELOPE, node.now_tai_s(), kinds=kinds, onward=onward)
            went_out = _decide_and_seal(node, tx, reader, due, shelf)
            tx.settle(reader, kinds=kinds)
        released += went_out
        if went_out:
            node.note_sealed()
        if len(due) < RECORDS_PER_ENVELOPE:
            node.note_settled(reader, newest)
    return released


def _decide_and_seal(
    node: Node, tx: Transaction, reader: str, due: Sequence[StoredRecord], shelf: Shelf
) -> int:
    """Keep the decisions, the envelope of what is released, and the audit leaf of each in one transaction, or none."""
    if not due:
        return 0
    made = decide_batch(node, tx, reader, due, shelf)
    policy = policy_of([*shelf.given_by(node.id), *shelf.held_by(node.id)])
    tx.record_batch(made.decisions, policy=tx.note_policy(policy))
    if made.released:
        envelope = seal(
            made.released,
            previous=tx.feed_head(reader),
            iss=node.id,
            aud=reader,
            mode=node.config.mode,
            gen=node.config.generation,
            key=node.key,
            iat_tai_s=made.decisions.decided_tai_s,
        )
        tx.enqueue(envelope, withheld=withheld_body(envelope.header, node.key))
        node.stopwatch.sealed(envelope)
    return len(made.released)


def _targets(records: Iterable[Record]) -> frozenset[str]:
    """What the sensors say they looked at, as far as they say it."""
    contents = (record.content for record in records)
    return frozenset(seen.target for seen in contents if isinstance(seen, Observation) and seen.target)


def _added(one: Arrival, other: Arrival) -> Arrival:
    return Arrival(
        envelopes=one.envelopes + other.envelopes,
        records=one.records + other.records,
        unfit=one.unfit + other.unfit,
        refused=one.refused + other.refused,
        targets=one.targets | other.targets,
    )
