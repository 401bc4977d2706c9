"""What ``commonsky screen`` says: tables, CSV, JSON and conjunction data messages."""

import csv
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from commonsky import __version__
from commonsky.astro.frames import teme_to_gcrf
from commonsky.astro.orbit import rtn_axes
from commonsky.astro.time import SECONDS_PER_DAY, utc_from_tai_s, utc_texts_from_tai_s
from commonsky.cli.render import CommandError, Exit, Report, Table
from commonsky.cli.screen_files import Intake
from commonsky.cli.written import written
from commonsky.formats.ccsds.cdm import Cdm, CdmObject, write_cdm
from commonsky.safety.population import Assembly, ScreenedObject, rows
from commonsky.safety.rescreening import Answer, Question
from commonsky.safety.screening import ApproachKind, Box, states_at

Array = NDArray[np.float64]

COLUMNS = ("object_1", "object_2", "tca_utc", "miss_distance_m", "relative_speed_m_s", "kind")
_KINDS = {int(ApproachKind.APPROACH): "approach", int(ApproachKind.CO_MOVING): "co-moving"}
_SHOWN = 20
_AT_ONCE = 10_000
"""States are brought to events in pieces of so many: bounds memory."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.-]+")


@dataclass(frozen=True)
class Outcome:
    """All that a report can tell of."""

    intake: Intake
    assembly: Assembly
    question: Question
    answer: Answer

    @cached_property
    def rows(self) -> list[ScreenedObject]:
        """The objects by the indices of events."""
        return rows(self.assembly.objects)

    @property
    def events(self) -> NDArray[np.void]:
        """All events by time of closest approach."""
        return self.answer.screening.approaches

    def of_kind(self, kind: ApproachKind) -> NDArray[np.void]:
        """Events of one kind."""
        chosen: NDArray[np.void] = self.events[self.events["kind"] == int(kind)]
        return chosen

    @cached_property
    def not_screened(self) -> list[tuple[str, str, float | None]]:
        """Id, reason, and from when on, of all that was read and was not screened to the end; once per object."""
        found: dict[str, tuple[str, str, float | None]] = {}
        for one in self.answer.screening.unusable:
            found.setdefault(self.rows[one.index].id, (self.rows[one.index].id, one.reason, one.from_tai_s))
        return [*((one.id, one.reason, None) for one in self.assembly.set_aside), *found.values()]

    @property
    def failed_the_asked(self) -> bool:
        """Whether an object that was asked for, or every one of a catalogue, could not be screened: some never can."""
        asked = self.question.primaries or frozenset()
        not_screened = self.not_screened
        none_can = len(not_screened) == len(self.assembly.objects)
        return none_can or any(one in asked for one, _, _ in not_screened)


def report(outcome: Outcome, *, as_json: bool) -> Report:
    """Build the tables of a screening, or its document: that needs the states of all events."""
    approaches, together = (outcome.of_kind(kind) for kind in (ApproachKind.APPROACH, ApproachKind.CO_MOVING))
    answer, span = outcome.answer, outcome.question.span
    facts: dict[str, object] = {
        "objects": len(outcome.assembly.objects),
        "from": utc_from_tai_s(span.start_tai_s, digits=0),
        "until": utc_from_tai_s(span.end_tai_s, digits=0),
        "volume": _volume(outcome.question),
        "close approaches": len(approaches),
        "pairs that stay together": len(np.unique(together[["first", "second"]])),
        "not screened, or not to the end": len(outcome.not_screened),
        "lines rejected": len(outcome.intake.rejected),
    }
    if outcome.assembly.older_sets:
        sets = sum(outcome.assembly.older_sets.values())
        facts["older element sets"] = f"{sets:,} of {len(outcome.assembly.older_sets):,} objects are not used"
    if outcome.assembly.replaced:
        facts["by their own ephemeris"] = ", ".join(outcome.assembly.replaced[:_SHOWN])
    if answer.kept or answer.mended:
        facts["kept from before"] = f"{answer.kept} of {answer.partitions} partitions, {answer.mended} mended"
    return Report(
        title=f"Close approaches in {outcome.intake.source}",
        facts=facts,
        tables=[] if as_json else [one for one in _tables(outcome, approaches, together) if one.rows],
        document=_document(outcome) if as_json else None,
        exit_code=Exit.SOME_REJECTED if outcome.intake.rejected or outcome.failed_the_asked else Exit.OK,
    )


def write_csv(outcome: Outcome, file: Path) -> None:
    """Write all events under `COLUMNS`, by time of closest approach."""
    with written(file) as place, place.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for start in range(0, len(outcome.events), _AT_ONCE):
            writer.writerows(_csv_rows(outcome, outcome.events[start : start + _AT_ONCE]))


def write_cdms(outcome: Outcome, folder: Path, *, created_tai_s: float) -> None:
    """Write a conjunction data message (KVN) for every approach that is no stay, named by objects and time."""
    approaches = outcome.of_kind(ApproachKind.APPROACH)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for start in range(0, len(approaches), _AT_ONCE):
            some = approaches[start : start + _AT_ONCE]
            for one, states in zip(some, _states_gcrf(outcome, some), strict=True):
                message = _cdm(outcome, one, states, created_tai_s)
                name = _NOT_IN_NAMES.sub("-", message.message_id)
                (folder / f"{name}.cdm").write_bytes(write_cdm(message))
    except OSError as error:
        raise CommandError(f"{folder}: cannot be written: {error.strerror or error}") from error


def _volume(question: Question) -> str:
    volume = question.volume
    if isinstance(volume, Box):
        sides = " x ".join(
            f"{side:,g}" for side in (volume.radial_m, volume.in_track_m, volume.cross_track_m)
        )
        return f"box of half widths {sides} m (radial, in-track, cross-track)"
    return f"sphere of {volume.radius_m:,g} m"


def _csv_rows(outcome: Outcome, events: NDArray[np.void]) -> list[list[str]]:
    names = outcome.rows
    times = utc_texts_from_tai_s(events["tca_tai_s"], digits=6)
    columns = (
        events[name].tolist() for name in ("first", "second", "miss_distance_m", "relative_speed_m_s", "kind")
    )
    return [
        [names[first].id, names[second].id, time, f"{miss:.3f}", f"{speed:.4f}", _KINDS[kind]]
        for time, first, second, miss, speed, kind in zip(times, *columns, strict=True)
    ]


def _tables(outcome: Outcome, approaches: NDArray[np.void], together: NDArray[np.void]) -> list[Table]:
    nearest = np.argsort(approaches["miss_distance_m"], kind="stable")[:_SHOWN]
    columns = ["object 1", "name", "object 2", "name", "closest, UTC", "miss, m", "speed, m/s"]
    shown = [_event_row(outcome, one) for one in approaches[nearest]]
    longest = np.argsort(together["begin_tai_s"] - together["end_tai_s"], kind="stable")[:_SHOWN]
    stays = [
        [*_event_row(outcome, one), round(float(one["end_tai_s"] - one["begin_tai_s"]) / 3600.0, 3)]
        for one in together[longest]
    ]
    reasons = Counter(_kind_of_reason(reason) for _, reason, _ in outcome.not_screened)
    rejected = [
        [source, one.line and str(one.line), one.field, one.reason] for source, one in outcome.intake.rejected
    ]
    return [
        Table(f"Closest {len(shown):,} of {len(approaches):,} approaches", columns, shown),
        Table(f"Pairs that stay together: {len(stays):,} of {len(together):,}", [*columns, "hours"], stays),
        Table(
            "Not screened, or not to the end (all with --json)",
            ["reason", "objects"],
            [*map(list, reasons.most_common())],
        ),
        Table(
            f"Rejected: {min(len(rejected), _SHOWN)} of {len(rejected):,}",
            ["file", "line", "field", "reason"],
            rejected[:_SHOWN],
        ),
    ]


def _event_row(outcome: Outcome, one: np.void) -> list[object]:
    first, second = outcome.rows[one["first"]], outcome.rows[one["second"]]
    when = utc_from_tai_s(float(one["tca_tai_s"]))
    miss, speed = float(one["miss_distance_m"]), float(one["relative_speed_m_s"])
    return [first.id, first.name, second.id, second.name, when, round(miss, 1), round(speed, 1)]


def _kind_of_reason(reason: str) -> str:
    """Reasons that differ in a time or an age alone count together."""
    return re.sub(r" from \S+Z on$", " on the way", re.sub(r" \d+\.\d+ days ", " too many days ", reason))


def _document(outcome: Outcome) -> dict[str, object]:
    span, intake = outcome.question.span, outcome.intake
    return {
        "catalogue": intake.source,
        "start_utc": utc_from_tai_s(span.start_tai_s, digits=6),
        "end_utc": utc_from_tai_s(span.end_tai_s, digits=6),
        "days": (span.end_tai_s - span.start_tai_s) / SECONDS_PER_DAY,
        "volume": outcome.question.volume.__dict__,
        "objects": len(outcome.assembly.objects),
        "approaches": _events_json(outcome, outcome.of_kind(ApproachKind.APPROACH)),
        "co_moving": _events_json(outcome, outcome.of_kind(ApproachKind.CO_MOVING)),
        "not_screened": [
            {"object": key, "reason": reason, "from_utc": None if since is None else utc_from_tai_s(since)}
            for key, reason, since in outcome.not_screened
        ],
        "older_element_sets": outcome.assembly.older_sets,
        "by_ephemeris": outcome.assembly.replaced,
        "rejected": [{"file": source} | msgspec.structs.asdict(one) for source, one in intake.rejected],
        "partitions": {
            "all": outcome.answer.partitions,
            "kept": outcome.answer.kept,
            "mended": outcome.answer.mended,
        },
    }


def _events_json(outcome: Outcome, events: NDArray[np.void]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for start in range(0, len(events), _AT_ONCE):
        some = events[start : start + _AT_ONCE]
        times, begins, ends = (
            utc_texts_from_tai_s(some[name], digits=6) for name in ("tca_tai_s", "begin_tai_s", "end_tai_s")
        )
        relative = _relative_rtn(_states_teme(outcome, some))
        for n, one in enumerate(some):
            first, second = outcome.rows[one["first"]], outcome.rows[one["second"]]
            event: dict[str, object] = {
                "object_1": first.id,
                "object_2": second.id,
                "name_1": first.name,
                "name_2": second.name,
                "tca_utc": times[n],
                "miss_distance_m": float(one["miss_distance_m"]),
                "relative_speed_m_s": float(one["relative_speed_m_s"]),
                "kind": _KINDS[int(one["kind"])],
                "relative_position_rtn_m": relative[n, :3].tolist(),
                "relative_velocity_rtn_m_s": relative[n, 3:].tolist(),
            }
            if one["kind"] == int(ApproachKind.CO_MOVING):
                event |= {"begin_utc": begins[n], "end_utc": ends[n]}
            found.append(event)
    return found


def _states_teme(outcome: Outcome, events: NDArray[np.void]) -> Array:
    """(events, 2, 6): both objects at the closest approach, TEME."""
    times = events["tca_tai_s"]
    sides = [states_at(outcome.answer.population, events[name], times) for name in ("first", "second")]
    return np.stack([np.concatenate(side, axis=1) for side in sides], axis=1)


def _states_gcrf(outcome: Outcome, events: NDArray[np.void]) -> Array:
    states = _states_teme(outcome, events)
    for side in range(2):
        place = states[:, side, :3], states[:, side, 3:]
        states[:, side] = np.concatenate(teme_to_gcrf(*place, events["tca_tai_s"]), axis=1)
    return states


def _relative_rtn(states: Array) -> Array:
    """(n, 6): the second object from the first, on the first one's radial, along-track and cross-track axes."""
    relative = states[:, 1] - states[:, 0]
    axes = rtn_axes(states[:, 0])
    parts = [np.einsum("nij,nj->ni", axes, relative[:, part]) for part in (slice(0, 3), slice(3, 6))]
    return np.concatenate(parts, axis=1)


def _cdm(outcome: Outcome, one: np.void, states: Array, created_tai_s: float) -> Cdm:
    """Make a message without covariance: element sets have none, and none is made up."""
    sides = [outcome.rows[one[name]] for name in ("first", "second")]
    tca_tai_s = float(one["tca_tai_s"])
    relative = _relative_rtn(states[np.newaxis])[0].tolist()
    when = utc_from_tai_s(tca_tai_s).translate({ord("-"): None, ord(":"): None})
    first, second = (_cdm_object(side, state) for side, state in zip(sides, states, strict=True))
    return Cdm(
        message_id=f"{sides[0].id}-{sides[1].id}-{when}",
        originator="COMMONSKY",
        creation_tai_s=created_tai_s,
        tca_tai_s=tca_tai_s,
        object_1=first,
        object_2=second,
        miss_distance_m=float(one["miss_distance_m"]),
        relative_speed_m_s=float(one["relative_speed_m_s"]),
        relative_position_rtn_m=tuple(relative[:3]),
        relative_velocity_rtn_m_s=tuple(relative[3:]),
        comments=(f"screened by commonsky {__version__}",),
    )


def _cdm_object(one: ScreenedObject, state: Array) -> CdmObject:
    position, velocity = state[:3].tolist(), state[3:].tolist()
    return CdmObject(
        designator=one.id,
        name=one.name or "UNKNOWN",
        international_designator=one.designator or "UNKNOWN",
        reference_frame="GCRF",
        position_m=(position[0], position[1], position[2]),
        velocity_m_s=(velocity[0], velocity[1], velocity[2]),
    )
