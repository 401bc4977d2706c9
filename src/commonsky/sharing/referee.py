"""Cedar as the referee: the same questions, asked of an engine that others made and proved.

Whatever Cedar complains of is a refusal: a policy that it could not evaluate is one that did not count.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from commonsky.domain import Agreement, Component
from commonsky.sharing.cedar import NEVER, delay_name, delays_s, ordinal, policies, schema
from commonsky.sharing.facets import Facets

Attributes = dict[str, Any]


class PolicyError(ValueError):
    """Agreements gave policies that Cedar does not accept under the schema."""


class Referee:
    """Decides by Cedar what ``giver`` releases under some agreements; ``held`` are those under which it reads.

    ``members`` are all that may have a part in a label; a record with a part of another one is refused. Raises
    PolicyError for policies that do not validate.
    """

    def __init__(
        self,
        agreements: Iterable[Agreement],
        *,
        giver: str,
        members: Iterable[str],
        held: Iterable[Agreement] = (),
    ) -> None:
        import cedarpy  # noqa: PLC0415  # slow to import, and asked only about a sample

        ours = [one for one in agreements if one.giver == giver]
        held = list(held)
        clauses = [clause for one in ours for clause in one.clauses]
        self.members = frozenset(members) | {giver}.union(*(one.readers for one in ours))
        self._delays_s = delays_s(ours)
        self._asks_regime = any(clause.regimes is not None for clause in clauses)
        self._asks_place = any(clause.region is not None for clause in clauses)
        self.policies = policies(ours, held, giver=giver, members=self.members)
        self.schema = schema(self.members, self._delays_s)
        checked = cedarpy.validate_policies(self.policies, self.schema)
        if not checked.validation_passed:
            raise PolicyError("; ".join(str(error) for error in checked.errors))
        self._parsed = cedarpy.PolicySet.from_str(self.policies)
        self._parsed_schema = cedarpy.Schema.from_str(self.schema)

    def attributes(self, facets: Facets) -> Attributes:
        """Tell a record as Cedar reads it; raises whatever asking the record for something raises."""
        label = facets.record.label
        told: Attributes = {
            "kind": facets.kind.value,
            "mode": facets.record.mode.value,
            "maker": _member(facets.record.originator),
            "owners": [_member(one) for one in sorted(facets.originators)],
            "parted": [_member(one) for one in sorted(label.components)],
            "parts": {name: _part(component) for name, component in label.components.items()},
            "classification": facets.classification,
            "floor": ordinal(label.precision_floor_m),
            "objects": sorted(facets.objects),
            "alleged": sorted(facets.alleged_objects),
            "oldEnough": {},
        }
        if facets.position_sigma_m is not None:
            told["sigma"] = ordinal(facets.position_sigma_m)
        if facets.sensors is not None:
            told["sensors"] = sorted(facets.sensors)
        if facets.shares is not None:
            largest = max(facets.shares.values(), default=1.0)
            told["shares"] = {"count": len(facets.shares), "largest": ordinal(largest)}
        if facets.epoch_tai_s is not None:
            told["oldEnough"] = {
                delay_name(delay_s): ordinal(facets.epoch_tai_s + delay_s) for delay_s in self._delays_s
            }
        if self._asks_regime and facets.regime is not None:
            told["regime"] = facets.regime.value
        if self._asks_place and facets.subpoint_deg is not None:
            latitude_deg, longitude_deg = facets.subpoint_deg
            told["place"] = {"latitude": ordinal(latitude_deg), "longitude": ordinal(longitude_deg)}
        return told

    def allowed(self, records: Sequence[Facets], reader: str, *, now_tai_s: float) -> list[bool]:
        """Decide about records; one that cannot be told is refused."""
        told = {}
        for number, facets in enumerate(records):
            try:
                told[number] = self.attributes(facets)
            except Exception:  # noqa: BLE001, S112  # what cannot be told cannot be released
                continue
        permitted = self.permitted(told, reader, now_tai_s=now_tai_s)
        return [number in permitted for number in range(len(records))]

    def permitted(self, told: "dict[int, Attributes]", reader: str, *, now_tai_s: float) -> Collection[int]:
        """Give the numbers of the records that go to the reader; each is asked about by itself."""
        import cedarpy  # noqa: PLC0415

        permitted = set()
        for number, attributes in told.items():
            record = {"type": "Record", "id": str(number)}
            entities = [{"uid": record, "attrs": attributes, "parents": []}]
            request = {
                "principal": {"type": "Member", "id": reader},
                "action": {"type": "Action", "id": "read"},
                "resource": record,
                "context": {"now": ordinal(now_tai_s)},
            }
            try:
                answer = cedarpy.is_authorized(request, self._parsed, entities, self._parsed_schema)
            except Exception:  # noqa: BLE001, S112  # whatever Cedar cannot take is refused
                continue
            if answer.decision is cedarpy.Decision.Allow and not answer.diagnostics.errors:
                permitted.add(number)
        return permitted


def _member(name: str) -> Attributes:
    return {"__entity": {"type": "Member", "id": name}}


def _part(component: Component) -> Attributes:
    readers, purposes, expires_tai_s = component.readers, component.purposes, component.expires_tai_s
    return {
        "anyReader": readers is None,
        "readers": [_member(one) for one in sorted(readers or ())],
        "anyPurpose": purposes is None,
        "purposes": sorted(purposes or ()),
        "expires": NEVER if expires_tai_s is None else ordinal(expires_tai_s),
        "onward": component.onward,
    }
