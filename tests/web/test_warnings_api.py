"""The console's interface to warnings, as JSON over the application of a node."""

from dataclasses import dataclass

import pytest
from asking import ask
from msgspec.structs import replace

from commonsky.domain import Component, ConjunctionWarning, EncounterPlane, WarnedObject
from commonsky.node.config import Asset
from commonsky.node.intake import own_record
from commonsky.safety.warning import plane_probability
from commonsky.web.app import application
from partners import NOW_TAI_S


def warning(
    provider, *, hours=0.0, radius_m=10.0, covariance=(1e4, 500.0, 9e4), tca_tai_s=NOW_TAI_S + 86_400.0
):
    plane = EncounterPlane(miss_m=(120.0, -160.0), covariance_m2=covariance)
    return ConjunctionWarning(
        provider=provider,
        made_tai_s=NOW_TAI_S - 7_200.0 + 3_600.0 * hours,
        tca_tai_s=tca_tai_s,
        object_1=WarnedObject(designator="40000", name="OTHER"),
        object_2=WarnedObject(designator="25544", name="OURS"),
        miss_distance_m=200.0,
        relative_position_rtn_m=(120.0, -100.0, 125.0),
        plane=plane,
        probability=plane_probability(plane, radius_m),
        method="2D Foster",
        is_bound=covariance is None,
        hard_body_radius_m=radius_m,
    )


@dataclass
class Api:
    """A node and requests to its console."""

    node: object
    app: object

    def keep(self, *warnings):
        self.node.store.append([own_record(self.node, one, Component()) for one in warnings])

    def get(self, path):
        return ask(self.app, f"/api/v1/warnings{path}")


@pytest.fixture
def api(node):
    node.config = replace(node.config, assets=(Asset(designator="25544"),))
    return Api(node, application(node, view=None, wall_clock_tai_s=lambda: NOW_TAI_S))


def test_a_node_without_warnings_gives_an_empty_list_and_what_it_screens_for(api):
    told = api.get("").json()
    assert told["events"] == []
    assert told["assets"] == [{"designator": "25544", "name": "", "owner": "NOR"}]
    assert told["thresholds"] == {"red": 1e-4, "amber": 1e-5}
    assert told["screened"]["at_tai_s"] is None


def test_the_list_gives_one_line_for_an_event_with_the_asset_first(api):
    api.keep(warning("CENTRE"), warning("OTHER", hours=1.0, radius_m=20.0))
    told = api.get("").json()
    [line] = told["events"]
    assert line["providers"] == ["CENTRE", "OTHER"]
    assert (line["object_1"]["designator"], line["object_2"]["designator"]) == ("25544", "40000")
    assert line["object_1"]["own"]
    assert line["deadline_tai_s"] == line["tca_tai_s"] - 43_200.0
    assert line["status"] == "open"
    assert line["severity"] == "red"
    assert line["updates"] == 2


def test_a_bound_is_never_red_and_one_below_the_thresholds_is_green(api):
    api.keep(
        warning("CENTRE", covariance=None), warning("CENTRE", covariance=None, radius_m=1e-4, tca_tai_s=9e8)
    )
    severities = [line["severity"] for line in api.get("").json()["events"]]
    assert severities == ["amber", "green"]


def test_the_sheet_has_every_part_and_the_plane_as_seen_from_the_asset(api):
    api.keep(warning("CENTRE"), warning("OTHER", hours=1.0, radius_m=20.0))
    event = api.get("").json()["events"][0]["event"]
    sheet = api.get(f"/{event}").json()
    assert sheet["event"] == event
    assert [one["provider"] for one in sheet["history"]] == ["CENTRE", "OTHER"]
    plane = sheet["geometry"][0]["b_plane"]
    assert plane["miss_m"] == [-120.0, -160.0]
    assert plane["covariance_m2"] == [[1e4, -500.0], [-500.0, 9e4]]
    [pair] = sheet["reconciliation"]["pairs"]
    assert [one["cause"] for one in pair["differences"]] == ["hard-body radius"]
    assert pair["differences"][0]["effect_decades"] == pytest.approx(pair["decades"])
    assert sheet["dilution"]["provider"] == sheet["headline_provider"]
    assert max(sheet["dilution"]["probability"]) <= sheet["dilution"]["maximum_probability"] * (1.0 + 1e-6)
    assert [one["member"] for one in sheet["who_may_see"]] == ["GBR"]
    assert sheet["label"][0]["originator"] == "NOR"


def test_an_event_that_is_not_there_is_said_so(api):
    answer = api.get("/none")
    assert answer.status_code == 404
    assert "none" in answer.json()["detail"]


def test_the_revision_rises_when_a_warning_comes_and_only_then(api):
    first = api.get("").json()["revision"]
    assert api.get("").json()["revision"] == first
    api.keep(warning("CENTRE"))
    assert api.get("").json()["revision"] == first + 1
