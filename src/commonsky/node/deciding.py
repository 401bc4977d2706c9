"""What a partner may have of a batch of records: decided together, and brought into the forms in which they go out."""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from commonsky.node.agreements import Shelf
from commonsky.node.coarse import coarse
from commonsky.node.context import all_facets, in_form
from commonsky.node.node import Node
from commonsky.node.refereeing import ask_referee, compare_with_reference
from commonsky.sharing import Columns, Verdicts, decide, decide_all
from commonsky.store import Batch, StoredRecord, Transaction

Trace = tuple[str, ...]


class DecidedBatch(Struct, frozen=True, kw_only=True):
    """Decisions on log entries for one reader, and what goes out: agreement and bytes of each record."""

    decisions: Batch
    released: list[tuple[str, bytes]]


def decide_batch(
    node: Node, tx: Transaction, reader: str, due: Sequence[StoredRecord], shelf: Shelf
) -> DecidedBatch:
    """Decide now, by the agreements of the shelf, whether each of these entries goes to a reader.

    Raises EnginesDisagreeError when another engine that is asked gives another answer.
    """
    given, held, now_tai_s = shelf.given_by(node.id), shelf.held_by(node.id), node.now_tai_s()
    facets = all_facets(tx, due)
    verdicts = decide_all(Columns(facets), reader, given, giver=node.id, now_tai_s=now_tai_s, held=held)
    traces: list[Trace] = [()] * len(due)
    ask_referee(node, due, facets, verdicts, shelf, reader)
    if node.config.keep_traces:
        reference = [
            decide(one, reader, given, giver=node.id, now_tai_s=now_tai_s, held=held) for one in facets
        ]
        compare_with_reference(verdicts, reference)
        traces = [one.trace for one in reference]
    numbers = {ruling: number for number, ruling in enumerate(verdicts.rulings)}
    said, released = verdicts.ruling.tolist(), []
    for row in np.flatnonzero(verdicts.allowed).tolist():
        decision = replace(verdicts.decision(row), trace=traces[row])
        made, body = in_form(due[row], decision, partial(coarse, node, tx))
        said[row], traces[row] = numbers.setdefault(made.ruling, len(numbers)), made.trace
        if body is not None:
            released.append((str(made.agreement), body))
    batch = replace(_batch(reader, due, verdicts), rulings=tuple(numbers), ruling=said)
    if node.config.keep_traces:
        batch = replace(batch, traces=["\n".join(trace) for trace in traces])
    return DecidedBatch(decisions=batch, released=released)


def _batch(reader: str, due: Sequence[StoredRecord], verdicts: Verdicts) -> Batch:
    times = verdicts.revisit_tai_s.tolist()
    return Batch(
        reader=reader,
        decided_tai_s=verdicts.decided_tai_s,
        rulings=verdicts.rulings,
        entries=[entry.n for entry in due],
        records=[(entry.id, entry.body_sha256) for entry in due],
        ruling=verdicts.ruling.tolist(),
        revisit_tai_s=[time if math.isfinite(time) else None for time in times],
    )
