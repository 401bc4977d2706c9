"""What tracks of each object are worth, when, and for whom: from requests and from how well orbits are known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonsky.astro.time import SECONDS_PER_DAY
from commonsky.domain import ElementSet
from commonsky.domain.support_request import RequestKind, SupportRequest
from commonsky.domain.tasking import PlanTerms
from commonsky.tracking.identify import error_growth

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

TRACKING = frozenset({RequestKind.TRACK, RequestKind.CHARACTERISE, RequestKind.WATCH_REENTRY})
"""Kinds of request that tracks of named objects answer."""


@dataclass(frozen=True)
class Demand:
    """Requests that tracks answer, in order (R,); ``wanted`` (R, N) objects and ``window`` (R, T) slots of each."""

    requests: tuple[SupportRequest, ...]
    wanted: Bools
    window: Bools

    @property
    def asked(self) -> Bools:
        """In which slots somebody asks for each object: (N, T)."""
        # By matrix product of whole numbers: R is small, N and T are not.
        return np.asarray(self.wanted.T.astype(np.float32) @ self.window.astype(np.float32) > 0.0)

    def serving(self, target: NDArray[np.int64], slot: NDArray[np.int64]) -> Bools:
        """Which requests tracks of objects in slots (k,) would answer to: (R, k)."""
        return np.asarray(self.wanted[:, target] & self.window[:, slot])


def demand(terms: PlanTerms, requests: Iterable[SupportRequest], numbers: Sequence[int]) -> Demand:
    """Lay out the requests for tracks over the objects of a catalogue and the slots of a plan."""
    answerable = tuple(one for one in requests if one.kind in TRACKING)
    known = np.asarray(numbers, dtype=np.int64)
    wanted = [
        np.ones(len(known), dtype=np.bool_) if one.whole_catalogue else np.isin(known, one.objects)
        for one in answerable
    ]
    window = [slots_within(terms, one.begins_tai_s, one.ends_tai_s) for one in answerable]
    return Demand(
        requests=answerable,
        wanted=np.array(wanted, dtype=np.bool_).reshape(len(answerable), len(known)),
        window=np.array(window, dtype=np.bool_).reshape(len(answerable), terms.slot_count),
    )


def slots_within(terms: PlanTerms, begins_tai_s: float | None, ends_tai_s: float | None) -> Bools:
    """Which slots (T,) lie wholly within a window; None leaves a side open."""
    starts = terms.begins_tai_s + np.arange(terms.slot_count) * terms.slot_s
    within = np.ones(terms.slot_count, dtype=np.bool_)
    if begins_tai_s is not None:
        within &= starts >= begins_tai_s
    if ends_tai_s is not None:
        within &= starts + terms.slot_s <= ends_tai_s
    return within


def slots_touched(terms: PlanTerms, begins_tai_s: float | None, ends_tai_s: float | None) -> Bools:
    """Which slots (T,) a window touches at all."""
    starts = terms.begins_tai_s + np.arange(terms.slot_count) * terms.slot_s
    touched = np.ones(terms.slot_count, dtype=np.bool_)
    if begins_tai_s is not None:
        touched &= starts + terms.slot_s > begins_tai_s
    if ends_tai_s is not None:
        touched &= starts < ends_tai_s
    return touched


def weights(terms: PlanTerms, asked: Demand, element_sets: Sequence[ElementSet]) -> Array:
    """What a first track of each object in each bin is worth (N, B): its most urgent request times what is to learn."""
    bins = bin_of_slot(terms)
    urgency = np.zeros((asked.wanted.shape[1], bins[-1] + 1))
    for request, wanted, window in zip(asked.requests, asked.wanted, asked.window, strict=True):
        in_bin = np.bincount(bins[window], minlength=bins[-1] + 1) > 0
        urgency = np.maximum(
            urgency, np.outer(wanted, in_bin) * terms.precedence.get(request.precedence, 0.0)
        )
    sigma = along_track_sigma_m(terms, element_sets)
    return np.asarray(urgency * information(sigma, terms.wanted_sigma_m)[:, np.newaxis])


def bin_of_slot(terms: PlanTerms) -> NDArray[np.int64]:
    """The bin of each slot (T,)."""
    return np.arange(terms.slot_count) // terms.bin_slots


def information(sigma_m: Array, wanted_sigma_m: float) -> Array:
    """Nats that a measurement of the wanted accuracy tells of an orbit of some sigma: few of a good one."""
    return np.asarray(0.5 * np.log1p((sigma_m / wanted_sigma_m) ** 2))


def along_track_sigma_m(terms: PlanTerms, element_sets: Sequence[ElementSet]) -> Array:
    """How far off element sets of that age are along their orbits in the middle of the plan (n,)."""
    if not element_sets:
        return np.zeros(0)
    middle = terms.begins_tai_s + terms.hours / 24.0 * SECONDS_PER_DAY / 2.0
    return np.asarray(error_growth(element_sets).at(np.arange(len(element_sets)), middle).along_m)
