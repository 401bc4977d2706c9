"""Every message of the corpus judged as Orekit judges it, and carried through both notations without loss."""

import json
from pathlib import Path

import pytest

from commonsky.formats.ccsds.check import check_document
from commonsky.formats.ccsds.document import read_document
from commonsky.formats.ccsds.kvn import write_kvn
from commonsky.formats.ccsds.ndm_xml import write_xml
from commonsky.formats.ccsds.tree import meaning
from commonsky.formats.errors import FormatError

GOLDEN = Path(__file__).parents[2] / "golden" / "orekit" / "ccsds" / "verdicts.json"
VERDICTS = json.loads(GOLDEN.read_text())["verdicts"]
KINDS = sorted({verdict["kind"] for verdict in VERDICTS.values()})


def errors_of(data, source):
    """Give what is wrong with the message, as one text each."""
    try:
        findings = check_document(read_document(data, source=source))
    except FormatError as error:
        return [str(error)]
    return [f"line {one.line}, {one.keyword}: {one.text}" for one in findings if one.severity == "error"]


@pytest.mark.parametrize("kind", KINDS)
def test_all_that_orekit_reads_is_valid_and_all_that_it_refuses_is_not(kind, reference_data):
    folder = reference_data("ccsds")
    wrong = {}
    for path, verdict in VERDICTS.items():
        if verdict["kind"] != kind or not (folder / path).exists():
            continue
        errors = errors_of((folder / path).read_bytes(), path)
        if bool(errors) == verdict["accepted"]:
            wrong[path] = errors[:3] or verdict.get("reason")
    assert wrong == {}


def test_what_is_refused_is_refused_with_a_place(reference_data):
    folder = reference_data("ccsds")
    without = []
    for path, verdict in VERDICTS.items():
        if verdict["accepted"]:
            continue
        try:
            findings = check_document(read_document((folder / path).read_bytes(), source=path))
        except FormatError as error:
            if error.line is None:
                without.append(path)
            continue
        if not all(one.line and one.text for one in findings if one.severity == "error"):
            without.append(path)
    # Three inputs are no message at all, so there is no line to name.
    assert len(without) <= 3, without


@pytest.mark.parametrize("kind", ["cdm", "tdm", "apm", "aem", "acm"])
def test_a_message_means_the_same_after_the_way_through_the_other_notation(kind, reference_data):
    folder = reference_data("ccsds")
    changed = []
    for path, verdict in VERDICTS.items():
        if verdict["kind"] != kind or not verdict["accepted"]:
            continue
        for message in read_document((folder / path).read_bytes(), source=path).messages:
            there = read_document(write_xml(message).encode(), source=path).messages[0]
            again = read_document(write_kvn(there).encode(), source=path).messages[0]
            if meaning(again.root) != meaning(
                read_document(write_kvn(message).encode(), source=path).messages[0].root
            ):
                changed.append(path)
            if meaning(there.root) != meaning(message.root):
                changed.append(f"{path} in XML")
    assert changed == []
