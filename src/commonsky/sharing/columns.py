"""Records side by side: for each side of a record that clauses can restrict, one array.

What many records have alike stands once: a label class (label, maker, mode, kind and shares), a set of names. Rows
have its number. What takes long to compute (the orbit regime, the place below) is computed when a clause asks for it.
"""

import math
from collections.abc import Callable, Collection, Hashable, Sequence
from functools import cached_property
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from commonsky.domain import Label, RecordKind, Regime, Region
from commonsky.sharing.facets import Facets

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int32]

KINDS = tuple(RecordKind)
REGIMES = tuple(Regime)
UNKNOWN = -1

_ENCODER = msgspec.msgpack.Encoder(order="sorted")
_T = TypeVar("_T")


class NameSets:
    """The set of names that each row has, each set kept once; ``None`` says that a row does not tell."""

    def __init__(self, sets: Sequence[frozenset[str] | None]) -> None:
        numbers: dict[frozenset[str] | None, int] = {}
        self.row = np.array([numbers.setdefault(one, len(numbers)) for one in sets], dtype=np.int32)
        self._sets = list(numbers)
        self._known: Mask = np.array([one is not None for one in self._sets], dtype=bool)
        self._with_name: dict[str, list[int]] = {}
        for number, one in enumerate(self._sets):
            for name in one or ():
                self._with_name.setdefault(name, []).append(number)
        self._asked: dict[tuple[frozenset[str], bool], tuple[Mask, Mask]] = {}

    def compare(self, names: frozenset[str], *, every: bool) -> tuple[Mask, Mask]:
        """Tell which rows are known to have a name among these (or none beside them), and which are known not to."""
        answer = self._asked.get((names, every))
        if answer is None:
            met = self._within(names) if every else self._touching(names)
            answer = (met & self._known)[self.row], (~met & self._known)[self.row]
            self._asked[names, every] = answer
        return answer

    def _touching(self, names: frozenset[str]) -> Mask:
        met = np.zeros(len(self._sets), dtype=bool)
        for name in names:
            met[self._with_name.get(name, [])] = True
        return met

    def _within(self, names: frozenset[str]) -> Mask:
        return np.array([one is not None and one <= names for one in self._sets], dtype=bool)


class Columns:
    """Records as columns, in the order given.

    Attributes
    ----------
    facets
        The records themselves.
    label_class, classes
        The number of each row's label class, and one record of each class.
    kind, classification, floor_m, owners
        By class: the number in `KINDS`; highest classification and coarsest floor of the label; originators.
    sigma_m, epoch_tai_s
        NaN for not known.
    objects, alleged, sensors
        Names, as `Facets` has them.
    odd
        Rows of which something cannot be put into a column: these are decided one by one.

    """

    def __init__(self, facets: Sequence[Facets]) -> None:
        self.facets = list(facets)
        self.odd = np.zeros(len(self.facets), dtype=bool)
        self.label_class, self.classes = self._classes()
        labels = [one.record.label for one in self.classes]
        self.kind = np.array([KINDS.index(one.kind) for one in self.classes], dtype=np.int32)
        self.classification = np.array([one.classification for one in labels], dtype=np.int64)
        self.floor_m = np.array([one.precision_floor_m for one in labels], dtype=np.float64)
        self.owners = NameSets([one.originators for one in self.classes])
        self.sigma_m = self._numbers(lambda one: one.position_sigma_m, most=math.inf)
        self.epoch_tai_s = self._numbers(lambda one: one.epoch_tai_s, most=math.nextafter(math.inf, 0.0))
        self.objects = NameSets([one.objects or None for one in self.facets])
        self.alleged = NameSets([one.alleged_objects or None for one in self.facets])
        self.sensors = NameSets([one.sensors for one in self.facets])

    def __len__(self) -> int:
        return len(self.facets)

    @cached_property
    def regime(self) -> tuple[Numbers, Mask]:
        """Number in `REGIMES` of each row's orbit regime, `UNKNOWN` for none; and the rows where finding it fails."""
        values, failed = self._each(lambda one: one.regime)
        numbers = [UNKNOWN if one is None else REGIMES.index(one) for one in values]
        return np.array(numbers, dtype=np.int32), failed

    @cached_property
    def subpoint_deg(self) -> tuple[list[tuple[float, float] | None], Mask]:
        """Latitude and longitude below each row's object, where it tells them; and the rows where finding it fails."""
        return self._each(lambda one: one.subpoint_deg)

    def made_by(self, member: str) -> Mask:
        """By class, whether this member made its records."""
        return np.array([one.record.originator == member for one in self.classes], dtype=bool)

    def is_of(self, kinds: Collection[RecordKind]) -> Mask:
        """By class, whether it is of one of these kinds."""
        return np.array([kind in kinds for kind in KINDS], dtype=bool)[self.kind]

    def in_regimes(self, regimes: Collection[Regime]) -> tuple[Mask, Mask]:
        """By row, whether its orbit is known to be in one of these regimes, and whether known not to be."""
        number, _ = self.regime
        wanted = np.array([regime in regimes for regime in REGIMES] + [False], dtype=bool)
        met = wanted[number]
        return met, ~met & (number != UNKNOWN)

    def in_region(self, region: Region) -> tuple[Mask, Mask]:
        """By row, whether it is known to be over this region, and whether known not to be."""
        points, _ = self.subpoint_deg
        within = [None if point is None else region.contains(*point) for point in points]
        return np.array([one is True for one in within]), np.array([one is False for one in within])

    def _classes(self) -> tuple[Numbers, list[Facets]]:
        numbers: dict[Hashable, int] = {}
        examples: list[Facets] = []
        labels = _Labels()
        rows = []
        for one in self.facets:
            record = one.record
            shares = None if one.shares is None else tuple(sorted(one.shares.items()))
            key = (labels.number(record.label), record.originator, record.mode, one.kind, shares)
            number = numbers.setdefault(key, len(examples))
            if number == len(examples):
                examples.append(one)
            rows.append(number)
        return np.array(rows, dtype=np.int32), examples

    def _numbers(self, side: Callable[[Facets], float | None], *, most: float) -> NDArray[np.float64]:
        values, failed = self._each(side)
        numbers = np.array([math.nan if one is None else one for one in values], dtype=np.float64)
        told = np.array([one is not None for one in values], dtype=bool)
        self.odd |= failed | (told & ~(np.abs(numbers) <= most))
        return numbers

    def _each(self, side: Callable[[Facets], _T | None]) -> tuple[list[_T | None], Mask]:
        """One side of every record, and where asking for it failed."""
        values: list[_T | None] = []
        failed = np.zeros(len(self.facets), dtype=bool)
        for row, one in enumerate(self.facets):
            try:
                values.append(side(one))
            except Exception:  # noqa: BLE001  # whatever fails here fails again, and refuses, in `decide`
                values.append(None)
                failed[row] = True
        return values, failed


class _Labels:
    """Numbers labels by what they say: two that are equal have one number."""

    def __init__(self) -> None:
        self._by_bytes: dict[bytes, int] = {}
        self._by_identity: dict[
            int, tuple[Label, int]
        ] = {}  # holds the label, so that its identity stays its own

    def number(self, label: Label) -> int:
        known = self._by_identity.get(id(label))
        if known is None:
            number = self._by_bytes.setdefault(_ENCODER.encode(label), len(self._by_bytes))
            known = self._by_identity[id(label)] = label, number
        return known[1]
