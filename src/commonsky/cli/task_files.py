"""The files behind a tasking plan: terms, catalogues, and the plan itself, each known by its digest."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.structs import replace

from commonsky.astro.earth_orientation import OutsideEarthOrientationError
from commonsky.astro.time import utc_from_tai_s
from commonsky.cli.render import CommandError, Exit
from commonsky.domain import ElementSet
from commonsky.domain.tasking import PlanFile, Reservation, TaskingPlan, TaskingTerms
from commonsky.formats.catalogue import read_catalogue
from commonsky.formats.errors import Rejection
from commonsky.formats.tasking_toml import joined, read_terms_file
from commonsky.planning.plan import Scene, scene


@dataclass(frozen=True)
class Given:
    """What the files gave."""

    terms: TaskingTerms
    element_sets: list[ElementSet]
    rejected: list[tuple[str, Rejection]]
    digests: dict[Path, str]

    def listed(self, plan: Path | None) -> tuple[PlanFile, ...]:
        """The files by their path from the plan, or from here."""
        start = plan.parent if plan else Path()
        return tuple(
            PlanFile(path=os.path.relpath(file, start), sha256=digest)
            for file, digest in self.digests.items()
        )


def given(files: Sequence[Path]) -> Given:
    """Read terms (names that end in .toml) and catalogues (all others)."""
    parts, element_sets, rejected, digests = [], [], [], {}
    for file in files:
        data = _bytes(file)
        digests[file] = hashlib.sha256(data).hexdigest()
        if file.suffix.lower() == ".toml":
            part = read_terms_file(data, source=str(file))
            parts.append(part)
            rejected += [(str(file), one) for one in part.rejected]
        else:
            catalogue = read_catalogue(data, source=str(file))
            element_sets += catalogue.element_sets
            rejected += [(str(file), one) for one in catalogue.rejected]
    if not element_sets:
        raise CommandError("no catalogue among the files: of which objects are tracks wanted?", Exit.UNUSABLE)
    return Given(joined(parts), element_sets, rejected, digests)


def laid_out(terms: TaskingTerms, element_sets: Sequence[ElementSet]) -> Scene:
    """Lay out the problem; raises CommandError for a span of which the Earth's orientation is not known."""
    try:
        return scene(terms, element_sets)
    except OutsideEarthOrientationError as error:
        raise CommandError(f"the plan cannot be placed in time: {error}", Exit.UNUSABLE) from error


def without(terms: TaskingTerms, sensors: Iterable[str], from_tai_s: float | None) -> TaskingTerms:
    """Take sensors out of the plan from a time on; what their owners sold stays sold. Raises CommandError."""
    known = {one.id for one in terms.sensors}
    for name in sensors:
        if name not in known:
            raise CommandError(
                f"--without: {name} is no sensor of the plan; there are {', '.join(sorted(known))}",
                Exit.UNUSABLE,
            )
    dropped = tuple(
        Reservation(sensor=name, reason="the sensor has dropped out", begins_tai_s=from_tai_s)
        for name in sensors
    )
    return replace(terms, reservations=terms.reservations + dropped)


def read_plan(file: Path) -> TaskingPlan:
    """Read a plan; raises CommandError naming the file and what is wrong."""
    try:
        return msgspec.json.decode(_bytes(file), type=TaskingPlan)
    except msgspec.DecodeError as error:
        raise CommandError(f"{file}: is not a tasking plan: {error}", Exit.UNUSABLE) from error


def given_of(plan: TaskingPlan, place: Path, *, unchanged: bool) -> Given:
    """Read again what a plan was made from; if ``unchanged``, refuse files that are not what they were."""
    found = given([place.parent / one.path for one in plan.files])
    for one, (file, digest) in zip(plan.files, found.digests.items(), strict=True):
        if unchanged and digest != one.sha256:
            raise CommandError(f"{file}: is not what {place} was made from: plan again", Exit.UNUSABLE)
    return found


def plan_bytes(plan: TaskingPlan) -> bytes:
    """Write a plan as JSON, with UTC beside each task's time for who reads it."""
    document = msgspec.to_builtins(plan)
    for task in document["tasks"]:
        task["at_utc"] = utc_from_tai_s(task["at_tai_s"])
    return msgspec.json.format(msgspec.json.encode(document), indent=1)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {(error.strerror or str(error)).lower()}", Exit.UNUSABLE) from error
