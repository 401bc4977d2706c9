"""``commonsky screen``: every close approach between the objects of a catalogue."""

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from commonsky.astro.time import SECONDS_PER_DAY, tai_s_from_jd_utc, tai_s_from_utc
from commonsky.cli.progress import Steps, steps
from commonsky.cli.render import CommandError, Exit, show
from commonsky.cli.screen_files import Intake, read_intake
from commonsky.cli.screen_output import Outcome, report, write_cdms, write_csv
from commonsky.safety.kept_pieces import KeptPieces
from commonsky.safety.population import Assembly, assemble, plain_designator, usual_start_tai_s
from commonsky.safety.rescreening import Answer, Question, screen_objects
from commonsky.safety.screening import Box, Span, Sphere
from commonsky.safety.workers import Workers, WorkersLostError

_LENGTH = re.compile(r"((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,2})?)\s*(km|m)", re.IGNORECASE | re.ASCII)
_METRES = {"m": 1.0, "km": 1000.0}
_UNIX_EPOCH_JD = 2_440_587.5
_LONGEST_DAYS = 3660.0
_FARTHEST_M = 1e6
"""Beyond, everything is near everything: not what a screening is for."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ScreenOptions:
    """What to screen and how.

    Attributes
    ----------
    against
        Screen the objects of CATALOGUE against those of this file only, not against each other.
    object_id
        Screen this object (catalogue number or designator) against all others; may be given several times.
    ephemeris
        An operator's OEM or OCM, in place of the element set of the same object; may be given several times.
        NUMBER=FILE says which object it is of.
    start
        Begin, UTC, as 2024-08-09 or 2024-08-09T12:00:00, or "now". Without it: the hour after nine in ten epochs of the
        element sets, about when the catalogue was published, and in a folder to resume the start of the run before.
    days
        Length of the span in days.
    within
        Distance under which an approach is reported, as 5km or 800m.
    box
        Instead of a distance: half widths of a box, radial, in-track and cross-track, as 0.4km,44km,51km, on the axes
        of object 1.
    max_age
        Element sets that are older than this at the start are not screened but listed, in days.
    workers
        How many partitions are worked on at a time; as many as there are processors when not given.
    processes
        Let processes do the work in place of threads.
    scheduler
        Let the Dask cluster at this address do the work, as tcp://host:8786.
    resume
        Keep finished work in this folder: run again, it goes on where it stopped and screens only what has changed.

    """

    against: Path | None = None
    object_id: Annotated[list[str] | None, Parameter(name="--object", negative="")] = None
    ephemeris: Annotated[list[str] | None, Parameter(negative="")] = None
    start: str | None = None
    days: float = 1.0
    within: str = "5km"
    box: str | None = None
    max_age: float = 30.0
    workers: int | None = None
    processes: Annotated[bool, Parameter(negative="")] = False
    scheduler: str | None = None
    resume: Path | None = None


_DEFAULTS = ScreenOptions()


def screen(
    catalogue: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    options: ScreenOptions = _DEFAULTS,
    csv: Path | None = None,
    cdm: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> Exit:
    """Find every approach under a distance between the objects of a catalogue, once for each local minimum.

    Pairs slower than 10 m/s to each other at their closest stay together (docked, in formation, listed twice): they
    are a kind of their own. Exit code 0: done; what is too old, decayed or cannot be propagated is listed; 3: done, but
    lines were rejected, or nothing or not all that was asked for could be screened; 2: wrong usage or no catalogue.

    Parameters
    ----------
    catalogue
        Element sets (TLE or OMM, plain or in gzip) or ephemerides (OEM, OCM); ``-`` for standard input.
    options
        What to screen and how.
    csv
        Write all events to this file.
    cdm
        Write a conjunction data message for every approach into this folder.
    as_json
        Print one JSON document with everything.

    """
    _check_numbers(options)
    volume = _volume(options)
    if csv is not None and not csv.absolute().parent.is_dir():
        raise CommandError(f"{csv}: there is no such folder", Exit.UNUSABLE)
    with steps() as shown:
        shown.begin("reading")
        intake = read_intake(catalogue, options.against, options.ephemeris or [])
        folder = None if options.resume is None else KeptPieces(options.resume)
        question, assembly = _question(options, volume, intake, folder)
        shown.begin(f"screening {len(assembly.objects):,} objects")
        answer = _answer(question, assembly, options, folder, shown)
    outcome = Outcome(intake, assembly, question, answer)
    if csv is not None:
        write_csv(outcome, csv)
    if cdm is not None:
        write_cdms(outcome, cdm, created_tai_s=_now_tai_s())
    return show(report(outcome, as_json=as_json), as_json=as_json)


def _answer(
    question: Question, assembly: Assembly, options: ScreenOptions, folder: KeptPieces | None, shown: Steps
) -> Answer:
    count = options.workers or len(os.sched_getaffinity(0))
    workers = Workers(count, processes=options.processes, scheduler=options.scheduler)
    try:
        return screen_objects(assembly.objects, question, workers=workers, folder=folder, progress=shown.tell)
    except WorkersLostError as error:
        raise CommandError(str(error)) from error


def _question(
    options: ScreenOptions, volume: Sphere | Box, intake: Intake, folder: KeptPieces | None
) -> tuple[Question, Assembly]:
    begin_tai_s = _start_tai_s(options, intake, folder)
    if folder is not None:
        folder.start_tai_s = begin_tai_s
    span = Span(begin_tai_s, begin_tai_s + options.days * SECONDS_PER_DAY)
    assembly = assemble(intake.element_sets, intake.ephemerides, start_tai_s=begin_tai_s)
    primaries, others = intake.primaries, intake.others
    if options.object_id:
        primaries = _asked(options.object_id, assembly, intake.source)
    question = Question(span, volume, primaries, others, options.max_age * SECONDS_PER_DAY)
    return question, assembly


def _asked(names: Sequence[str], assembly: Assembly, source: str) -> frozenset[str]:
    """Return the ids of objects that are asked for by catalogue number or designator."""
    known = {one.id: one.id for one in assembly.objects}
    designated = {plain_designator(one.designator): one.id for one in assembly.objects}
    found = {
        name: known.get(name.lstrip("0") or name) or designated.get(plain_designator(name) or "no designator")
        for name in names
    }
    if missing := [name for name, one in found.items() if one is None]:
        raise CommandError(f"{source}: holds no object {', '.join(missing)}", Exit.UNUSABLE)
    return frozenset(one for one in found.values() if one)


def _start_tai_s(options: ScreenOptions, intake: Intake, folder: KeptPieces | None) -> float:
    if options.start == "now":
        return _now_tai_s()
    if options.start is not None:
        try:
            return tai_s_from_utc(options.start if "T" in options.start else f"{options.start}T00:00:00")
        except ValueError as error:
            raise CommandError(f"--start: {error}, or now", Exit.UNUSABLE) from error
    if folder is not None and (before := folder.start_tai_s) is not None:
        return before
    return usual_start_tai_s(intake.element_sets, intake.ephemerides)


def _volume(options: ScreenOptions) -> Sphere | Box:
    if options.box is None:
        return Sphere(_metres("--within", options.within))
    sides = [_metres("--box", one) for one in options.box.split(",")]
    if len(sides) != 3:
        raise CommandError(f"--box: {options.box!r} is not three lengths, as 0.4km,44km,51km", Exit.UNUSABLE)
    return Box(*sides)


def _metres(option: str, text: str) -> float:
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        raise CommandError(f"{option}: {text!r} is not a length with its unit, as 5km or 800m", Exit.UNUSABLE)
    metres = float(match[1]) * _METRES[match[2].lower()]
    if not 0.0 < metres <= _FARTHEST_M:
        raise CommandError(
            f"{option}: {text!r} is not between 0 and {_FARTHEST_M / 1e3:,.0f} km", Exit.UNUSABLE
        )
    return metres


def _check_numbers(options: ScreenOptions) -> None:
    if not 0.0 < options.days <= _LONGEST_DAYS:
        raise CommandError(f"--days: {options.days:g} is not between 0 and {_LONGEST_DAYS:g}", Exit.UNUSABLE)
    if not options.max_age > 0.0:
        raise CommandError(f"--max-age: {options.max_age:g} is not above 0", Exit.UNUSABLE)
    if options.workers is not None and options.workers < 1:
        raise CommandError(f"--workers: {options.workers} is not 1 or more", Exit.UNUSABLE)
    if options.object_id and options.against:
        raise CommandError("--object and --against exclude each other", Exit.UNUSABLE)


def _now_tai_s() -> float:
    clock_s = time.time()  # noqa: TID251  # a command may look at the clock: asked for "now", and to date messages
    return float(tai_s_from_jd_utc(_UNIX_EPOCH_JD, clock_s / SECONDS_PER_DAY))
