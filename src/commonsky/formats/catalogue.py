"""A catalogue of element sets from a file of any common form: TLE, OMM, plain or compressed.

The form is found from the content; names and endings of files do not matter.
"""

from msgspec import Struct

from commonsky.domain import ElementSet
from commonsky.formats.ccsds.notation import is_xml, lines_of
from commonsky.formats.compressed import unpacked
from commonsky.formats.errors import FormatError, Rejection
from commonsky.formats.mean_elements import PlacedSets
from commonsky.formats.omm import read_omm_csv, read_omm_json, read_omm_kvn, read_omm_xml
from commonsky.formats.tle import read_tle

EXPECTED = "TLE lines, or OMM in KVN, XML, JSON or CSV, plain or in gzip"


class Catalogue(Struct, frozen=True):
    """The element sets of one input.

    Attributes
    ----------
    form
        ``3le``, ``2le``, ``omm-kvn``, ``omm-xml``, ``omm-json`` or ``omm-csv``.
    element_sets
        In the order of the input; one object may have sets of several epochs.
    lines
        The line at which each element set begins.
    rejected
        What was left out, in the order of the input, with line and reason.

    """

    source: str
    form: str
    element_sets: list[ElementSet]
    lines: list[int | None]
    rejected: list[Rejection]

    @property
    def object_count(self) -> int:
        """The number of different catalogue numbers."""
        return len({one.norad_cat_id for one in self.element_sets})

    @property
    def epoch_range_tai_s(self) -> tuple[float, float] | None:
        """First and last epoch, TAI seconds; None without element sets."""
        epochs = [one.epoch_tai_s for one in self.element_sets]
        return (min(epochs), max(epochs)) if epochs else None


def read_catalogue(data: bytes, *, source: str) -> Catalogue:
    """Return the element sets of a file's bytes.

    Raises FormatError when the bytes are no catalogue at all; a catalogue whose every set is bad is one with
    rejections only.
    """
    content, damage = unpacked(data, source=source)
    found = _read(content, source).without_repeats()
    rejected = sorted(found.rejected, key=lambda one: one.line or 0)
    if damage:
        rejected.append(damage)
    return Catalogue(source, found.form, found.sets, found.lines, rejected)


def _read(data: bytes, source: str) -> PlacedSets:
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if is_xml(data):
        return read_omm_xml(data, source=source)
    if start[:1] in {b"[", b"{"}:
        found = read_omm_json(data.removeprefix(b"\xef\xbb\xbf"), source=source)
        if not found.sets and not found.rejected:
            raise FormatError(source, "is an empty list: no element sets")
        return found
    first_line = start.partition(b"\n")[0].upper()
    if b"NORAD_CAT_ID" in first_line and b"," in first_line:
        found = read_omm_csv(lines_of(data, source=source))
        if not found.sets and not found.rejected:
            raise FormatError(source, "is a header without rows: no element sets")
        return found
    if b"CCSDS_OMM_VERS" in first_line:
        return read_omm_kvn(lines_of(data, source=source))
    if not start:
        raise FormatError(source, f"is empty; expected {EXPECTED}")
    found = read_tle(data.removeprefix(b"\xef\xbb\xbf"))
    if found.form == "none":
        raise FormatError(source, f"is not a catalogue; expected {EXPECTED}")
    return found
