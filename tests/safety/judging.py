"""The screen's events beside those of the brute force: what was missed, what is false, and how far they are apart."""

from collections import defaultdict
from dataclasses import dataclass, field

from brute_force import Approach, brute_force
from sgp4.api import Satrec, jday

from commonsky.astro.time import tai_s_from_utc
from commonsky.formats.catalogue import read_catalogue
from commonsky.safety.population import assemble, rows
from commonsky.safety.rescreening import Question, screen_objects
from commonsky.safety.screening import ApproachKind, Span, Sphere
from commonsky.safety.workers import Workers

START_UTC = "2024-08-09T00:00:00"
START_JD = jday(2024, 8, 9, 0, 0, 0.0)
EDGE_M = 1.0
EDGE_S = 1e-3
SPEED_EDGE_M_S = 0.01
"""An event so near 10 m/s may change its kind."""


@dataclass
class Verdict:
    """Figures of one comparison; ``edge`` names events that only one of the two has, at the edge of what is asked."""

    objects: int
    approaches: int = 0
    stays: int = 0
    missed: list = field(default_factory=list)
    false: list = field(default_factory=list)
    edge: list = field(default_factory=list)
    worst_s: float = 0.0
    worst_m: float = 0.0
    lost: int = 0

    def __str__(self):
        return (
            f"{self.objects} objects ({self.lost} lost by the theory), "
            f"{self.approaches} approaches and {self.stays} stays: "
            f"{len(self.missed)} missed, {len(self.false)} false, {len(self.edge)} at the edge; "
            f"at most {self.worst_s * 1e3:.4f} ms and {self.worst_m:.5f} m apart"
        )


def screened(lines, span_s, threshold_m):
    """Answer and objects of the screen, on the way that the command goes."""
    text = "\n".join(f"{one}\n{two}" for one, two in lines)
    start = tai_s_from_utc(START_UTC)
    found = assemble(read_catalogue(text.encode(), source="lines").element_sets, start_tai_s=start)
    question = Question(Span(start, start + span_s), Sphere(threshold_m), max_age_s=1e9)
    return screen_objects(found.objects, question, workers=Workers(2)), rows(found.objects)


def judged(lines, span_s, threshold_m, *, step_s=4.0, processes=2):
    """Screen a set of element lines both ways and compare."""
    reference = brute_force(lines, START_JD, span_s, threshold_m + EDGE_M, step_s=step_s, processes=processes)
    answer, objects = screened(lines, span_s, threshold_m)
    numbers = [str(Satrec.twoline2rv(*pair).satnum) for pair in lines]
    verdict = Verdict(len(lines), lost=len(reference.lost))
    start = tai_s_from_utc(START_UTC)
    lost = {numbers[one]: float("inf") for one in reference.lost}
    for one in answer.screening.unusable:
        if objects[one.index].id in lost:
            lost[objects[one.index].id] = one.from_tai_s - start
    approaches, stays = _by_pair(answer, objects, span_s)
    _compare_approaches(verdict, reference, numbers, approaches, (span_s, threshold_m), lost)
    _compare_stays(verdict, reference, numbers, stays, span_s)
    return verdict


def _by_pair(answer, objects, span_s):
    start = tai_s_from_utc(START_UTC)
    approaches, stays = defaultdict(list), defaultdict(list)
    for one in answer.screening.approaches:
        pair = frozenset((objects[one["first"]].id, objects[one["second"]].id))
        if one["kind"] == int(ApproachKind.APPROACH):
            place = float(one["tca_tai_s"]) - start
            found = Approach(0, 0, place, float(one["miss_distance_m"]), float(one["relative_speed_m_s"]))
            approaches[pair].append(found)
        else:
            stays[pair].append((float(one["begin_tai_s"]) - start, float(one["end_tai_s"]) - start))
    return approaches, stays


def _compare_approaches(verdict, reference, numbers, ours, asked, lost):
    span_s, threshold_m = asked
    verdict.approaches = len(reference.approaches)
    for one in reference.approaches:
        pair = frozenset((numbers[one.first], numbers[one.second]))
        match = min(ours[pair], key=lambda other: abs(other.seconds - one.seconds), default=None)
        apart_s = float("inf") if match is None else abs(match.seconds - one.seconds)
        if apart_s <= EDGE_S and abs(match.distance_m - one.distance_m) <= EDGE_M:
            ours[pair].remove(match)
            verdict.worst_s = max(verdict.worst_s, apart_s)
            verdict.worst_m = max(verdict.worst_m, abs(match.distance_m - one.distance_m))
        elif _is_edge(one, span_s, threshold_m) or any(one.seconds >= lost.get(each, 1e99) for each in pair):
            verdict.edge.append((sorted(pair), one))
        else:
            verdict.missed.append((sorted(pair), one))
    for pair, rest in ours.items():
        for one in rest:
            kind = verdict.edge if _is_edge(one, span_s, threshold_m) or pair & {*lost} else verdict.false
            kind.append((sorted(pair), one))


def _is_edge(one, span_s, threshold_m):
    at_span = min(one.seconds, span_s - one.seconds) < EDGE_S
    at_speed = abs(one.speed_m_s - 10.0) < SPEED_EDGE_M_S
    return at_span or at_speed or one.distance_m > threshold_m - EDGE_M


def _compare_stays(verdict, reference, numbers, ours, span_s):
    """Every stay with a slow minimum is told, with its ends to the fine step; nothing else is."""
    verdict.stays = len(reference.together)
    for first, second, begin_s, end_s, has_minimum in reference.together:
        pair = frozenset((numbers[first], numbers[second]))
        near = [one for one in ours[pair] if one[0] <= end_s + 1.0 and one[1] >= begin_s - 1.0]
        if any(abs(one[0] - begin_s) <= 1.0 and abs(one[1] - end_s) <= 1.0 for one in near):
            ours[pair] = [one for one in ours[pair] if one not in near]
            continue
        kind = verdict.missed if has_minimum and not near else verdict.edge
        kind.append((sorted(pair), (begin_s, end_s), near))
        ours[pair] = [one for one in ours[pair] if one not in near]
    for pair, rest in ours.items():
        verdict.false += [(sorted(pair), one) for one in rest]
