"""What a console is told: the picture when it changed, who may see an object, and how fast time really runs."""

import pytest

from commonsky.node import jobs
from commonsky.node.view import NodeView


class Real:
    """A real clock that a test moves."""

    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def real():
    return Real()


def view_of(coalition, real, member="AUR", rate=600.0):
    return NodeView(coalition.nodes[member], monotonic_s=real, rate=lambda: rate)


def test_the_picture_is_the_same_until_something_came_in(coalition, rehearsal, real):
    view = view_of(coalition, real)
    first = view.picture()
    real.now_s = 5.0
    assert view.picture() is first
    coalition.deliver(next(file for file in rehearsal.files if file.member == "AUR"))
    assert view.picture() is first  # not looked at more often than the interval
    real.now_s = 10.0
    assert view.picture().revision == first.revision + 1
    assert [one.kind for one in view.picture().objects] == ["track"]


def test_a_track_is_shown_with_the_number_that_is_claimed_for_it(coalition, rehearsal, real):
    jobs.ingest(coalition.nodes["AUR"], rehearsal.catalogue, "catalogue.csv")
    coalition.deliver(next(file for file in rehearsal.files if file.member == "AUR"))
    picture = view_of(coalition, real).picture()
    [track] = [one for one in picture.objects if one.kind == "track"]
    assert track.designator in {one.designator for one in picture.objects if one.kind == "element_set"}


def test_the_sheet_says_of_every_partner_whether_it_may_see_the_object_and_why(coalition, rehearsal, real):
    coalition.deliver(next(file for file in rehearsal.files if file.member == "AUR"))
    view = view_of(coalition, real)
    [track] = view.picture().objects
    sights = {one.member: one for one in view.object_panel(track.key).who_may_see}
    assert set(sights) == {"BOR", "CAL", "DOR", "EST"}
    assert (sights["BOR"].allowed, sights["BOR"].clause) == (True, "tracks")
    assert (sights["EST"].allowed, sights["EST"].reason) == (False, "no agreement covers EST")


def test_an_unknown_object_has_no_sheet(coalition, real):
    assert view_of(coalition, real).object_panel("track:none:1") is None


def test_the_pace_that_is_told_is_the_one_that_time_really_runs_at(coalition, real):
    view = view_of(coalition, real)
    assert view.status().rate == 600.0
    for _ in range(10):
        real.now_s += 1.0
        coalition.now_tai_s += 250.0
        told = view.status().rate
    assert told == pytest.approx(250.0)


def test_the_machines_own_pace_is_told_as_it_is(coalition, real):
    view = view_of(coalition, real, rate=1.0)
    for _ in range(10):
        real.now_s += 1.01
        assert view.status().rate == 1.0


def test_a_cut_link_shows(coalition, real):
    node = coalition.nodes["AUR"]
    node.store.cut("BOR", at_tai_s=0.0)
    node.note_link("CAL", "CAL does not answer")
    states = {one.member: one.state for one in view_of(coalition, real).status().links}
    assert states == {"BOR": "down", "CAL": "late", "DOR": "up", "EST": "up"}
