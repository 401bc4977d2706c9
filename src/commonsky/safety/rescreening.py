"""A screening by partitions, on any workers, that can go on where it stopped and do again only what has changed.

Between two runs an orbit may be new, changed or gone. In each partition the events among orbits that are as before
stand; those of gone and changed ones are struck; the new and changed ones are screened against all. The outcome is
that of screening everything afresh, to the last bit: an event's figures depend on its two objects alone.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky import __version__
from commonsky.domain import ElementSet
from commonsky.safety.kept_pieces import KeptPiece, KeptPieces, Roster
from commonsky.safety.population import ScreenedObject, populated
from commonsky.safety.screening import (
    Box,
    Partition,
    Plan,
    Population,
    Screening,
    Span,
    Sphere,
    merged,
    partitions,
    plan,
)
from commonsky.safety.screening.paths import WINDOW_S
from commonsky.safety.workers import Workers, work_off

Piece = NDArray[np.void]
Progress = Callable[[int, int], None]

USUAL_AGE_S = 30 * 86400.0
PARTITION_S = 3600.0
_MARGIN_WINDOWS = 16
_MANY_CHANGED = 0.5
"""Beyond this share of changed objects all of a partition is done again."""


@dataclass(frozen=True)
class Question:
    """What is asked: in which span, how near, and of whom.

    A pair must have one of the ``primaries``, and beside it one of the ``others``; None means everybody.
    """

    span: Span
    volume: Sphere | Box
    primaries: frozenset[str] | None = None
    others: frozenset[str] | None = None
    max_age_s: float = USUAL_AGE_S


@dataclass(frozen=True)
class Answer:
    """The events, whose indices are rows of ``population`` (`commonsky.safety.population.rows`), and what it took.

    ``partitions`` were needed; of these ``kept`` stood as they were and ``mended`` were screened for what had
    changed.
    """

    screening: Screening
    population: Population
    partitions: int
    kept: int = 0
    mended: int = 0


@dataclass(frozen=True)
class _Job:
    """Partitions that are done under one plan: what is kept of them, to be completed, by place."""

    work: Plan
    places: list[int]
    standing: dict[int, Piece]


def screen_objects(
    objects: Sequence[ScreenedObject],
    question: Question,
    *,
    workers: Workers,
    folder: KeptPieces | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Answer the question; with a folder, as far as possible from what is kept there.

    Raises WorkersLostError, and OSError of the folder.
    """
    people = populated(objects)
    work = _plan(people, question)
    parts = partitions(work)
    pieces: dict[int, Piece] = {}
    jobs = [_Job(work, list(range(len(parts))), {})]
    mended = 0
    if folder is not None:
        rosters = _Rosters(objects, question, work)
        jobs, pieces = _what_is_left(folder, question, work, parts, rosters)
        mended = sum(len(job.standing) for job in jobs)
    kept = len(pieces)
    tell = progress or (lambda _done, _of: None)
    tell(kept, len(parts))
    for job in jobs:
        for n, fresh in work_off(job.work, [parts[place] for place in job.places], workers):
            place = job.places[n]
            piece = np.concatenate([job.standing[place], fresh]) if place in job.standing else fresh
            if folder is not None:
                folder.keep(_asked(question, parts[place]), rosters.of(parts[place]), piece)
            pieces[place] = piece
            tell(len(pieces), len(parts))
    if folder is not None:
        folder.tidy()
    return Answer(merged(work, list(pieces.values())), people, len(parts), kept, mended)


def _plan(people: Population, question: Question, involving: list[int] | None = None) -> Plan:
    def indices(ids: frozenset[str] | None) -> list[int] | None:
        return None if ids is None else [n for n, key in enumerate(people.ids) if key in ids]

    return plan(
        people,
        question.span,
        question.volume,
        primaries=indices(question.primaries),
        secondaries=indices(question.others),
        involving=involving,
        max_age_s=question.max_age_s,
        chunk_s=PARTITION_S,
    )


def _what_is_left(
    folder: KeptPieces, question: Question, work: Plan, parts: Sequence[Partition], rosters: "_Rosters"
) -> tuple[list[_Job], dict[int, Piece]]:
    """Sort partitions into those that are done and those to be done, by what has changed since."""
    pieces: dict[int, Piece] = {}
    afresh: list[int] = []
    changed: dict[tuple[int, ...], dict[int, Piece]] = {}
    for place, part in enumerate(parts):
        found = folder.find(_asked(question, part))
        if found is None:
            afresh.append(place)
            continue
        now = rosters.of(part)
        stale, standing = _compared(found, now)
        if not stale:
            pieces[place] = standing
            if found.roster.name != now.name:
                folder.keep(_asked(question, part), now, standing)
        elif len(stale) > _MANY_CHANGED * len(now.row_ids):
            afresh.append(place)
        else:
            changed.setdefault(tuple(stale), {})[place] = standing
    jobs = [
        _Job(_plan(work.objects, question, list(stale)), list(standing), standing)
        for stale, standing in changed.items()
    ]
    if afresh:
        jobs.insert(0, _Job(work, afresh, {}))
    return jobs, pieces


def _compared(found: KeptPiece, now: Roster) -> tuple[list[int], Piece]:
    """Rows that are new or changed, and the kept events among the others, counted by today's rows."""
    then = {key: n for n, key in enumerate(found.roster.row_ids.tolist())}
    before = np.array([then.get(key, -1) for key in now.row_ids.tolist()], dtype=np.int64)
    known = before >= 0
    same = np.zeros(len(before), dtype=bool)
    same[known] = found.roster.digests[before[known]] == now.digests[known]
    there = now.digests != _ABSENT
    stale = np.flatnonzero(there & ~same).tolist()
    today = np.full(len(then), -1, dtype=np.int64)
    today[before[same & there]] = np.flatnonzero(same & there)
    first, second = today[found.piece["first"]], today[found.piece["second"]]
    stands = (first >= 0) & (second >= 0)
    standing = found.piece[stands].copy()
    standing["first"], standing["second"] = first[stands], second[stands]
    return stale, standing


_DIGEST = np.dtype("V16")
_ABSENT = np.zeros(1, dtype=_DIGEST)[0]


class _Rosters:
    """Who takes part in each partition: mostly everybody, so that one list serves for most of them."""

    def __init__(self, objects: Sequence[ScreenedObject], question: Question, work: Plan) -> None:
        ids, digests = [], []
        for one in objects:
            role = repr(
                [None if side is None else one.id in side for side in (question.primaries, question.others)]
            )
            count = 1 if isinstance(one.orbit, ElementSet) else len(one.orbit)
            for segment in range(count):
                ids.append(one.id if segment == 0 else f"{one.id} #{segment + 1}")
                digests.append(_digest(one.digest, role.encode(), str(segment).encode()))
        self._ids = np.array(ids)
        self._digests = np.array(digests, dtype=_DIGEST)
        self._exist = work.exist
        self._made: dict[bytes, Roster] = {}

    def of(self, part: Partition) -> Roster:
        """Return the list of a partition: an object that fails in it is another one than where it does not."""
        digests = self._digests.copy()
        low_s, high_s = _around(part)
        begin = np.maximum(self._exist.begin_tai_s, low_s)
        end = np.minimum(self._exist.end_tai_s, high_s)
        digests[end <= begin] = _ABSENT
        swift = np.isfinite(self._exist.fast_error_m)
        for n in np.flatnonzero((end > begin) & ((begin > low_s) | (end < high_s) | ~swift)).tolist():
            limits = repr((float(begin[n]), float(end[n]), bool(swift[n]))).encode()
            digests[n] = np.frombuffer(_digest(bytes(self._digests[n]), limits), dtype=_DIGEST)[0]
        return self._made.setdefault(digests.tobytes(), Roster(self._ids, digests))


def _around(part: Partition) -> tuple[float, float]:
    """Give a time before and one after a partition beyond which nothing bears on its events."""
    return (part.first_window - _MARGIN_WINDOWS) * WINDOW_S, (part.last_window + _MARGIN_WINDOWS) * WINDOW_S


def _digest(*words: bytes) -> bytes:
    return hashlib.blake2b(b"\0".join(words), digest_size=_DIGEST.itemsize).digest()


def _asked(question: Question, part: Partition) -> list[object]:
    """Everything but the objects that bears on a partition's events."""
    low_s, high_s = _around(part)
    inside = max(question.span.start_tai_s, low_s), min(question.span.end_tai_s, high_s)
    sides = question.primaries is not None, question.others is not None
    return [__version__, question.volume, *sides, part.first_window, part.last_window, *inside]
