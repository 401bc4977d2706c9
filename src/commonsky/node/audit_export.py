"""An audit for somebody outside: a proof of one decision, and the whole log in one file, closed or open.

A file holds one JSON object on each line: what it is, then leaves, then checkpoints with their cosignatures. A closed
one has leaf hashes alone, from which nobody learns more than how many there are; an open one has every leaf with its
salt, every trace, and the key of the traces.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from commonsky.federation.audit_proof import AuditProof, ShownLeaf, hash_of_shown, shown_leaf
from commonsky.federation.checkpoint import (
    KeysOf,
    cosigned_unix_s,
    open_checkpoint,
    with_cosignatures,
)
from commonsky.node.audit_check import Tree
from commonsky.node.audit_entries import Book, book_of, content_of, contents_of
from commonsky.sharing.audit_leaf import DECISION, salt_of, trace_key
from commonsky.sharing.merkle import HASH_BYTES
from commonsky.store import HeldCheckpoint, Store
from commonsky.store.audit_reading import DecisionRow, EnvelopeRow

EXPORT_TYPE = "commonsky-audit-v1"

_ENCODE = msgspec.json.Encoder().encode


class NotCoveredError(LookupError):
    """No decision of this kind is under a checkpoint; the message says what is missing."""


class Line(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A line of an exported log: what it is; leaf hashes from ``first`` on; a leaf with its trace; or a checkpoint."""

    type: str | None = None
    log: str | None = None
    size: int | None = None
    trace_key: bytes | None = None
    first: int | None = None
    hashes: bytes | None = None
    leaf: ShownLeaf | None = None
    trace: str | None = None
    checkpoint: str | None = None


class CheckedExport(Struct, frozen=True, kw_only=True):
    """What an exported log holds, and what is wrong with it."""

    log: str
    leaves: int
    opened: int
    checkpoints: int
    cosignatures: int
    faults: tuple[str, ...]


def prove(store: Store, log: str, record: str, reader: str) -> AuditProof:
    """Return the proof of the newest decision on a record for a reader that a checkpoint covers.

    Raises NotCoveredError where there is none.
    """
    with store.audit_reader() as audit:
        rows = audit.decisions_on(record, reader)
        if not rows:
            raise NotCoveredError(f"no decision on {record} for {reader} is on record")
        secret, book = audit.secret(), book_of(audit)
    covered = [(row, one) for row in rows if (one := _best_checkpoint(store, row.leaf or 0))]
    if not covered:
        raise NotCoveredError(
            "no checkpoint covers this decision yet: sign one with `commonsky audit checkpoint`"
        )
    row, over = covered[-1]
    index = row.leaf or 0
    return AuditProof(
        log=log,
        leaf=shown_leaf(index, salt_of(secret, index), *contents_of([row], book)),
        proof=store.audit_inclusion(index, over.size),
        checkpoint=_with_all(store, over),
    )


def export(store: Store, log: str, *, opened: bool) -> Iterator[bytes]:
    """Give the lines of an exported log."""
    with store.audit_reader() as audit:
        secret = audit.secret()
        key = trace_key(secret)
        yield _line(
            Line(type=EXPORT_TYPE, log=log, size=store.audit_size(), trace_key=key if opened else None)
        )
        if opened:
            book = book_of(audit)
            for entry in audit.entries():
                yield from _opened(entry, book, secret)
        else:
            for first, hashes in audit.leaves():
                yield _line(Line(first=first, hashes=hashes))
    for one in store.checkpoints():
        yield _line(Line(checkpoint=_with_all(store, one)))


def check_export(lines: Iterable[bytes], keys: Mapping[str, KeysOf]) -> CheckedExport:
    """Make the tree of an exported log anew and hold it against what was signed, by these keys.

    Raises ValueError, which names the line, for what is no exported log and where the log's key is not given.
    """
    read = _numbered(lines)
    _, begin = next(read, (0, Line()))
    if begin.type != EXPORT_TYPE or begin.log is None:
        raise ValueError(f"line 1: this is no exported audit ({EXPORT_TYPE})")
    if begin.log not in keys:
        raise ValueError(f"the key of {begin.log}, whose log it is, is needed")
    faults: list[str] = []
    leaves: list[bytes] = []
    notes: list[str] = []
    size = opened = 0
    for number, line in read:
        if line.checkpoint is not None:
            notes.append(line.checkpoint)
            continue
        first, hashes = _hashes(line, number)
        if first != size:
            faults.append(f"line {number}: leaf {first} stands where leaf {size} is due")
        if line.leaf is not None:
            opened += 1
            faults += [f"line {number}: {words}" for words in _trace_faults(line, begin.trace_key)]
        leaves.append(hashes)
        size = first + len(hashes) // HASH_BYTES
    tree = Tree(b"".join(leaves))
    if tree.size != begin.size:
        faults.append(f"{begin.size} leaves were promised, and {tree.size} are there")
    cosignatures = sum(len(_cosigners(note, begin.log, keys)) for note in notes)
    faults += [words for note in notes for words in _note_faults(note, begin.log, keys, tree)]
    return CheckedExport(
        log=begin.log,
        leaves=tree.size,
        opened=opened,
        checkpoints=len(notes),
        cosignatures=cosignatures,
        faults=tuple(faults),
    )


def _opened(entry: list[DecisionRow] | EnvelopeRow, book: Book, secret: bytes) -> Iterator[bytes]:
    """Give the lines of leaves that are shown."""
    rows: Sequence[DecisionRow | EnvelopeRow] = [entry] if isinstance(entry, EnvelopeRow) else entry
    contents = [content_of(entry)] if isinstance(entry, EnvelopeRow) else contents_of(entry, book)
    for row, content in zip(rows, contents, strict=True):
        if row.leaf is not None:
            shown = shown_leaf(row.leaf, salt_of(secret, row.leaf), content)
            yield _line(Line(leaf=shown, trace=row.trace if isinstance(row, DecisionRow) else None))


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, Line]]:
    decode = msgspec.json.Decoder(Line).decode
    for number, text in enumerate(lines, start=1):
        try:
            yield number, decode(text)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ValueError(f"line {number}: {error}") from error


def _hashes(line: Line, number: int) -> tuple[int, bytes]:
    try:
        if line.leaf is not None:
            return line.leaf.index, hash_of_shown(line.leaf)
    except ValueError as fault:
        raise ValueError(f"line {number}: {fault}") from fault
    if line.first is None or line.hashes is None or len(line.hashes) % HASH_BYTES:
        raise ValueError(f"line {number}: this is neither leaves nor a checkpoint")
    return line.first, line.hashes


def _trace_faults(line: Line, key: bytes | None) -> Iterator[str]:
    if line.leaf is None or line.leaf.content["type"] != DECISION or key is None:
        return
    made = _ENCODE(hmac.digest(key, (line.trace or "").encode(), "sha256"))
    if made != _ENCODE(line.leaf.content["trace_hmac"]):
        yield "the trace is not the one of the leaf"


def _note_faults(note: str, log: str, keys: Mapping[str, KeysOf], tree: Tree) -> Iterator[str]:
    try:
        head = open_checkpoint(note, log, keys[log])
    except ValueError as fault:
        yield f"a checkpoint: {fault}"
        return
    if head.size > tree.size or tree.root(head.size) != head.root:
        yield f"the checkpoint of {head.size} leaves is not of this tree"


def _cosigners(note: str, log: str, keys: Mapping[str, KeysOf]) -> list[str]:
    try:
        return [
            one for one, key in keys.items() if one != log and cosigned_unix_s(note, one, key) is not None
        ]
    except ValueError:  # no note at all; that is told of otherwise
        return []


def _best_checkpoint(store: Store, leaf: int) -> HeldCheckpoint | None:
    """The checkpoint over a leaf that most witnesses cosigned, the earliest of several."""
    cosigners: dict[tuple[int, int], int] = {}
    for one in store.cosignatures():
        cosigners[one.gen, one.size] = cosigners.get((one.gen, one.size), 0) + 1
    covering = [one for one in store.checkpoints() if one.size > leaf]
    return max(covering, key=lambda one: cosigners.get((one.gen, one.size), 0), default=None)


def _with_all(store: Store, one: HeldCheckpoint) -> str:
    notes = [held.note for held in store.cosignatures() if (held.gen, held.size) == (one.gen, one.size)]
    return with_cosignatures(one.note, notes)


def _line(line: Line) -> bytes:
    return _ENCODE(line) + b"\n"
