"""Bytes of a file into records of ours: labelled by their owner's rule, checked against the clock."""

import re
from collections.abc import Iterable

from msgspec import Struct

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import Component, Content, Label, Observation, Record
from commonsky.formats.canonical import record_id
from commonsky.formats.catalogue import read_catalogue
from commonsky.formats.errors import Rejection
from commonsky.formats.tdm import read_tdm
from commonsky.node.node import Node

CLOCK_TOLERANCE_S = 60.0

_SNIFFED = 4_096
_TRACKING_DATA = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:COMMENT[^\n]*\s+)*CCSDS_TDM_VERS|.*?<(?:\w+:)?tdm[\s>]", re.DOTALL
)


class FileContent(Struct, frozen=True, kw_only=True):
    """The records that a file gave, and what in it was left out and why."""

    records: tuple[Record, ...]
    rejected: tuple[Rejection, ...]


def read_file(node: Node, data: bytes, source: str) -> FileContent:
    """Read tracking data of our own sensors, or a catalogue; raises FormatError for anything else."""
    if _TRACKING_DATA.match(data[:_SNIFFED]):
        return _tracking_data(node, data, source)
    catalogue = read_catalogue(data, source=source)
    records = (own_record(node, sets, node.config.catalogue_label) for sets in catalogue.element_sets)
    return FileContent(records=tuple(records), rejected=tuple(catalogue.rejected))


def own_record(node: Node, content: Content, component: Component) -> Record:
    """Make a first-hand record of ours, with our word on what it may be used for."""
    return Record(
        id=record_id(node.id, content),
        originator=node.id,
        mode=node.config.mode,
        label=Label({node.id: component}),
        content=content,
    )


def _tracking_data(node: Node, data: bytes, source: str) -> FileContent:
    sensors = node.sensors
    read = read_tdm(data, source=source, sensors={name: own.sensor for name, own in sensors.items()})
    latest_tai_s = node.now_tai_s() + CLOCK_TOLERANCE_S
    timely, early = _split(read.observations, latest_tai_s)
    return FileContent(
        records=tuple(own_record(node, seen, sensors[seen.sensor].label) for seen in timely),
        rejected=(*read.rejected, *(_from_the_future(seen) for seen in early)),
    )


def _split(
    observations: Iterable[Observation], latest_tai_s: float
) -> tuple[list[Observation], list[Observation]]:
    timely: list[Observation] = []
    early: list[Observation] = []
    for seen in observations:
        (timely if seen.epoch_tai_s <= latest_tai_s else early).append(seen)
    return timely, early


def _from_the_future(seen: Observation) -> Rejection:
    when = utc_from_tai_s(seen.epoch_tai_s)
    return Rejection(field="EPOCH", reason=f"{seen.kind} of {seen.sensor} at {when} lies in the future")
