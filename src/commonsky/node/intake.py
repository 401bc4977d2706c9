"""Bytes of a file into records of ours: labelled by their owner's rule, checked against the clock."""

import re
from collections import Counter

from msgspec import Struct

from commonsky.astro.time import utc_from_tai_s
from commonsky.domain import Component, Content, Label, Record
from commonsky.formats.canonical import record_id
from commonsky.formats.catalogue import read_catalogue
from commonsky.formats.ccsds.cdm import read_cdm
from commonsky.formats.errors import FormatError, Rejection
from commonsky.formats.tdm import read_tdm
from commonsky.node.node import Node
from commonsky.node.provider_warnings import warning_of_message

CLOCK_TOLERANCE_S = 60.0

_SNIFFED = 4_096
_TRACKING_DATA = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:COMMENT[^\n]*\s+)*CCSDS_TDM_VERS|.*?<(?:\w+:)?tdm[\s>]", re.DOTALL
)


_CONJUNCTION_DATA = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:COMMENT[^\n]*\s+)*CCSDS_CDM_VERS|.*?<(?:\w+:)?cdm[\s>]|.*?\bCDM_ID\b", re.DOTALL
)


class FileContent(Struct, frozen=True, kw_only=True):
    """The records that a file gave, and what in it was left out and why."""

    records: tuple[Record, ...]
    rejected: tuple[Rejection, ...]


def read_file(node: Node, data: bytes, source: str) -> FileContent:
    """Read tracking data of our sensors, conjunction messages or a catalogue; raises FormatError for all else."""
    if _TRACKING_DATA.match(data[:_SNIFFED]):
        return _tracking_data(node, data, source)
    if _CONJUNCTION_DATA.match(data[:_SNIFFED]):
        return _conjunction_data(node, data, source)
    try:
        catalogue = read_catalogue(data, source=source)
    except FormatError as error:
        if error.line is not None:
            raise
        raise FormatError(source, f"is no tracking data message, and {error.reason}") from error
    records = (own_record(node, sets, node.config.catalogue_label) for sets in catalogue.element_sets)
    return FileContent(records=tuple(records), rejected=tuple(catalogue.rejected))


def _conjunction_data(node: Node, data: bytes, source: str) -> FileContent:
    """Take in the warnings of other providers; what one dates into the future would stay the newest for good."""
    read = read_cdm(data, source=source)
    latest_tai_s = node.now_tai_s() + CLOCK_TOLERANCE_S
    kept: list[Record] = []
    rejected = list(read.rejected)
    for message in read.messages:
        warning = warning_of_message(message)
        if isinstance(warning, Rejection):
            rejected.append(warning)
        elif warning.made_tai_s > latest_tai_s:
            when = utc_from_tai_s(warning.made_tai_s)
            reason = f"message {warning.message}: its creation, {when}, lies in the future"
            rejected.append(Rejection(field="CREATION_DATE", reason=reason))
        else:
            kept.append(own_record(node, warning, node.config.screening.label))
    return FileContent(records=tuple(kept), rejected=tuple(rejected))


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
    kept: list[Record] = []
    rejected = list(read.rejected)
    strangers: Counter[str] = Counter()
    ahead: dict[str, list[float]] = {}
    for seen in read.observations:
        if seen.sensor not in sensors:
            strangers[seen.sensor] += 1
        elif seen.epoch_tai_s > latest_tai_s:
            ahead.setdefault(seen.sensor, []).append(seen.epoch_tai_s)
        else:
            kept.append(own_record(node, seen, sensors[seen.sensor].label))
    for sensor, epochs in ahead.items():
        when = f"{utc_from_tai_s(min(epochs))} to {utc_from_tai_s(max(epochs))}"
        reason = f"{len(epochs)} observations of {sensor}: their time, {when}, lies in the future"
        rejected.append(Rejection(field="EPOCH", reason=reason))
    rejected += [
        Rejection(
            field="PARTICIPANT", reason=f"{count} observations of {name}, which is no sensor of {node.id}"
        )
        for name, count in strangers.items()
    ]
    return FileContent(records=tuple(kept), rejected=tuple(rejected))
