"""``commonsky catalogue``: what is in a catalogue file, and what is wrong with it."""

import sys
from collections import Counter
from operator import attrgetter
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from commonsky.astro.orbit import semi_major_axis_m
from commonsky.cli.render import CommandError, Exit, Report, Table, show
from commonsky.cli.written import written
from commonsky.domain import ElementSet
from commonsky.formats.catalogue import EXPECTED, Catalogue, read_catalogue
from commonsky.formats.errors import Rejection
from commonsky.formats.omm_csv import write_omm_csv
from commonsky.sharing.facets import regime_of

_STDIN = Path("-")
_SHOWN = 10


def catalogue(
    file: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    csv: Path | None = None,
    rejected: Annotated[bool, Parameter(negative="")] = False,
) -> Exit:
    """Read a catalogue (TLE or OMM, plain or in gzip) and say what is in it.

    Exit code 0: all is well; 3: some element sets were rejected, with line and reason; 2: no catalogue.

    Parameters
    ----------
    file
        The catalogue; ``-`` for standard input.
    as_json
        Print one JSON document.
    csv
        Also write the element sets to this file, as CSV with OMM keywords.
    rejected
        Show everything that was rejected, not the first ten only.

    """
    found = read_catalogue(_read(file), source="standard input" if file == _STDIN else str(file))
    if csv is not None:
        with written(csv) as place:
            place.write_text(write_omm_csv(found.element_sets), encoding="utf-8", newline="")
    return show(_report(found, everything=rejected), as_json=as_json)


def _read(file: Path) -> bytes:
    if file == _STDIN:
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CommandError(f"{file}: {reason}; expected a file with {EXPECTED}", Exit.UNUSABLE) from error


def _report(found: Catalogue, *, everything: bool) -> Report:
    regimes = _objects_by_regime(found.element_sets)
    epochs = _epoch_range_utc(found.element_sets)
    summary: dict[str, object] = {
        "format": found.form,
        "objects": found.object_count,
        "element_sets": len(found.element_sets),
    }
    tables = []
    if regimes:
        rows = [list(one) for one in regimes.items()]
        tables.append(Table("Objects by orbit regime", ["regime", "objects"], rows))
    if found.rejected:
        tables.append(_rejected_table(found.rejected, everything=everything))
    return Report(
        title=f"Catalogue {found.source}",
        facts=summary
        | {"first epoch": epochs and epochs[0], "last epoch": epochs and epochs[1]}
        | {"rejected": len(found.rejected)},
        tables=tables,
        document={"file": found.source}
        | summary
        | {"epoch_range": epochs, "regimes": regimes}
        | {"rejected": [msgspec.structs.asdict(one) for one in found.rejected]},
        exit_code=Exit.SOME_REJECTED if found.rejected else Exit.OK,
    )


def _rejected_table(rejected: list[Rejection], *, everything: bool) -> Table:
    shown = rejected if everything else rejected[:_SHOWN]
    title = "Rejected"
    if len(shown) < len(rejected):
        title += f" (the first {_SHOWN} of {len(rejected)}; all with --rejected)"
    rows = [[one.line and str(one.line), one.field, one.reason] for one in shown]
    return Table(title, ["line", "field", "reason"], rows)


def _epoch_range_utc(element_sets: list[ElementSet]) -> tuple[str, str] | None:
    if not element_sets:
        return None
    by_epoch = attrgetter("epoch_tai_s")
    return f"{min(element_sets, key=by_epoch).epoch_utc}Z", f"{max(element_sets, key=by_epoch).epoch_utc}Z"


def _objects_by_regime(element_sets: list[ElementSet]) -> dict[str, int]:
    """Count objects by the regime of their newest element set, most frequent first."""
    newest: dict[int, ElementSet] = {}
    for one in element_sets:
        known = newest.get(one.norad_cat_id)
        if known is None or one.epoch_tai_s > known.epoch_tai_s:
            newest[one.norad_cat_id] = one
    regimes = Counter(
        str(regime_of(semi_major_axis_m(one.mean_motion_rev_day), one.eccentricity))
        for one in newest.values()
    )
    return dict(regimes.most_common())
