"""What a partner would see: the same as `explain` says of each record, counted, and what an edit would change."""

import pytest

from commonsky.domain import ActKind, RecordKind
from commonsky.formats.agreement_toml import read_agreement
from commonsky.node import jobs
from commonsky.node.release_proposed import proposed, proposed_text
from commonsky.node.release_view import ReleaseView
from commonsky.node.release_what_if import what_if
from demo_release import TO_FRA, TO_GBR, DemoRelease

KINDS = [RecordKind.TRACK, RecordKind.ELEMENT_SET, RecordKind.SENSOR, RecordKind.OBSERVATION]


@pytest.fixture
def demo(tmp_path):
    made = DemoRelease(tmp_path, objects=60)
    yield made
    made.node.store.close()


@pytest.fixture
def view(demo):
    return ReleaseView(demo.node)


def rows(view, reader):
    """What is said of each record, by its id."""
    seen = view.seen_by(reader)
    return {
        record: (seen.said[number], one.revisit_tai_s.get(row))
        for one in seen.kinds
        for row, (record, number) in enumerate(zip(view.held(one.kind).record, one.said, strict=True))
    }


@pytest.mark.parametrize("reader", ["GBR", "FRA", "DEU"])
def test_what_a_partner_would_see_is_what_explain_says_of_every_record(demo, view, reader):
    found = rows(view, reader)
    assert len(found) == 60 + 2 + 8 + 20
    for record, (said, revisit_tai_s) in found.items():
        _, decision = jobs.explain(demo.node, record, reader)
        assert (said.verdict in {"released", "coarsened"}, said.reason) == (decision.allowed, decision.reason)
        assert (said.agreement, said.clause, revisit_tai_s) == (
            decision.agreement,
            decision.clause,
            decision.revisit_tai_s,
        )
        assert said.form == (decision.form.words if decision.allowed else "")


def test_counts_by_kind_add_up_and_tell_coarsened_from_released(view):
    kinds = {one.kind: one for one in view.seen_by("GBR").kinds}
    for one in kinds.values():
        assert sum(one.verdicts.values()) == one.held == len(one.said)
    assert kinds[RecordKind.TRACK].verdicts == {"withheld": 4, "released": 4}
    assert kinds[RecordKind.ELEMENT_SET].verdicts["coarsened"] > 0
    assert kinds[RecordKind.ELEMENT_SET].verdicts["withheld"] == 2
    assert kinds[RecordKind.SENSOR].verdicts == {"released": 1, "withheld": 1}


def test_time_alone_releases_what_waits_for_a_delay(demo, view):
    [first] = [row for row, _ in sorted(_track(view).revisit_tai_s.items(), key=lambda pair: pair[1])[:1]]
    demo.on(_track(view).revisit_tai_s[first] - demo.now_tai_s)
    assert first not in _track(view).revisit_tai_s
    assert _track(view).verdicts == {"withheld": 3, "released": 5}


def _track(view):
    return next(one for one in view.seen_by("GBR").kinds if one.kind is RecordKind.TRACK)


def test_a_document_that_cannot_be_read_withholds_all_and_says_so(demo, view):
    (demo.node.folder.agreements / "broken.toml").write_text("id = ")
    seen = view.seen_by("GBR")
    assert all("withheld" in one.verdicts or not one.held for one in seen.kinds)
    assert {one.verdict for one in seen.said} == {"withheld"}
    assert "broken.toml" in seen.faults[0]


def test_a_partners_own_records_are_nothing_to_release_to_it(demo, view):
    seen = view.seen_by("NOR")  # as if it asked for its own
    assert {one.verdict for one in seen.said} == {"its own"}


def test_the_sheet_has_every_test_and_the_form_that_it_would_go_out_in(demo, view):
    demo.share()
    low = next(r for r, (said, _) in rows(view, "GBR").items() if said.verdict == "coarsened")
    sheet = view.sheet("GBR", low)
    assert sheet.said.form == "coarsened to 5000 m"
    assert sheet.trace[-1].endswith("releases, coarsened to 5000 m")
    assert [one.allowed for one in sheet.past] == [True]
    assert view.sheet("GBR", "nothing") is None


def test_the_revision_rises_with_records_with_acts_and_with_nothing_else(demo, view):
    first = view.revision()
    assert view.revision() == first
    demo.act("NOR-GBR@2", ActKind.SUSPEND, "GBR", "inventory")
    second = view.revision()
    assert second[0] > first[0]
    assert view.revision() == second
    assert rows(view, "GBR") != {}
    states = {one.reference: one.state for one in view.agreements()}
    assert states["NOR-GBR@2"] == "suspended"
    assert (states["NOR-GBR@1"], states["NOR-FRA@1"]) == ("superseded", "awaiting")


PROPOSED = TO_FRA.replace("NOR-FRA", "NOR-ALL").replace('["FRA"]', '["GBR"]')


def change_of(demo, view, text):
    return what_if(view, demo.node, read_agreement(text.encode(), source="edit"))


def test_an_edit_tells_what_goes_out_in_addition_no_longer_and_in_another_form(demo, view):
    edited = TO_GBR.replace("version = 2", "version = 3").replace('"200003", "200007"', '"200003", "200005"')
    found = change_of(demo, view, edited.replace("delay_s = 14400.0", "delay_s = 3600.0"))
    [reader] = found.readers
    assert (found.replaces, reader.reader) == (("NOR-GBR@2",), "GBR")
    counts = {one.kind: (one.more, one.less, one.changed) for one in reader.kinds}
    assert counts[RecordKind.ELEMENT_SET] == (1, 1, 0)
    assert counts[RecordKind.TRACK] == (3, 0, 0)
    more = {one.name for one in reader.examples["more"]}
    assert any(name.endswith("200007") for name in more)
    assert all(one.name.endswith("200005") for one in reader.examples["less"])
    finer = change_of(demo, view, TO_GBR.replace("version = 2", "version = 3").replace("5000.0", "100.0"))
    assert all(one.changed > 0 and one.more == one.less == 0 for one in finer.readers[0].kinds)


def test_an_edit_is_also_asked_of_every_record_that_there_can_be(demo, view):
    same = change_of(demo, view, TO_GBR.replace("version = 2", "version = 3"))
    assert [(one.reader, one.answer, one.words) for one in same.beyond] == [
        ("GBR", "proven not", "nothing more, proven")
    ]
    wider = TO_GBR.replace("version = 2", "version = 3").replace('["GEO", ', '["LEO", "GEO", ')
    wider = wider.replace('kinds = ["sensor"]', 'kinds = ["sensor", "conjunction_warning"]')
    found = change_of(demo, view, wider)
    [beyond] = found.beyond
    assert not any(one.kinds for one in found.readers)
    assert (beyond.reader, beyond.answer) == ("GBR", "found")
    assert "would go out by NOR-GBR@3 clause sensors" in beyond.words
    assert any(
        "of observations only those of the last 6 hours, the newest 5,000" in one for one in found.limits
    )


def test_counts_say_where_they_are_not_of_all_that_is_held(view):
    limits = {one.kind: one.limit for one in view.seen_by("GBR").kinds}
    assert limits[RecordKind.OBSERVATION] == "those of the last 6 hours, the newest 5,000"
    assert limits[RecordKind.TRACK] == ""


def test_what_a_partner_proposes_is_listed_and_given_to_be_tried(demo, view):
    before = view.revision()
    demo.propose("GBR", PROPOSED)
    assert view.revision() > before
    [line] = proposed(demo.node)
    assert (line.partner, line.reference, line.readers, line.other_text) == (
        "GBR",
        "NOR-ALL@1",
        ("GBR",),
        False,
    )
    assert proposed_text(demo.node, "GBR", "NOR-ALL@1") == PROPOSED
    assert proposed_text(demo.node, "FRA", "NOR-ALL@1") is None
    assert change_of(demo, view, PROPOSED).beyond[0].answer == "found"


def test_nothing_is_saved_by_trying(demo, view):
    before = sorted(demo.node.folder.agreements.rglob("*")), rows(view, "FRA")
    found = change_of(demo, view, TO_FRA)
    assert found.readers[0].kinds[0].more == 8
    assert (sorted(demo.node.folder.agreements.rglob("*")), rows(view, "FRA")) == before


def test_what_another_member_gives_lets_out_nothing_of_ours(demo, view):
    found = change_of(demo, view, TO_FRA.replace('giver = "NOR"', 'giver = "DEU"'))
    assert found.readers == ()
    assert "lets out nothing of ours" in found.notes[0]
