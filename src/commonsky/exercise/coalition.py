"""Found all nodes of a scenario side by side: folders, keys, pinned partners, signed agreements, public catalogue."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from commonsky.domain import ActKind, Agreement, AgreementAct, Member, SignedAgreement
from commonsky.exercise.scenario import Scenario, ScenarioMember
from commonsky.federation import SigningKey
from commonsky.federation.acts import next_act, sign_act
from commonsky.federation.keys import public_hex, signing_key
from commonsky.formats.agreement_toml import read_agreement
from commonsky.formats.canonical_agreement import agreement_sha256
from commonsky.node.agreement_files import add_acts
from commonsky.node.config import NodeConfig, Peer
from commonsky.node.start import found_node, open_node
from commonsky.store import LinkState, Store


@dataclass(frozen=True)
class Coalition:
    """The folders of an exercise's nodes, by member id."""

    scenario: Scenario
    folder: Path
    urls: dict[str, str]

    def home(self, member: str) -> Path:
        """The folder of one node."""
        return self.folder / member

    def settled(self) -> bool:
        """Whether every file was taken in, and every reader holds its feeds, as far as links are up."""
        if any(file for member in self.urls for file in (self.home(member) / "incoming").iterdir()):
            return False
        stores = {member: Store.open(self.home(member) / "node.sqlite") for member in self.urls}
        try:
            return all(
                _held(stores, giver, reader) for giver in stores for reader in stores if giver != reader
            )
        finally:
            for store in stores.values():
                store.close()


def _held(stores: dict[str, Store], giver: str, reader: str) -> bool:
    cut = LinkState.CUT in {stores[giver].link_state(reader), stores[reader].link_state(giver)}
    return cut or stores[giver].feed_head(reader).seq == stores[reader].cursor(giver).seq


def found_coalition(scenario: Scenario, source: Path, folder: Path, *, first_port: int) -> Coalition:
    """Make every member's node below ``folder``; raises FormatError where one stands already.

    Keys follow from the scenario's seed, so that an exercise replays byte for byte. They protect nothing real.
    """
    keys = {member.id: exercise_key(scenario.seed, member.id) for member in scenario.members}
    urls = {member.id: f"http://127.0.0.1:{first_port + n}" for n, member in enumerate(scenario.members)}
    members = {one.id: _member(one, keys[one.id]) for one in scenario.members}
    for one in scenario.members:
        config = NodeConfig(
            operation=scenario.operation,
            mode=scenario.mode,
            member=members[one.id],
            url=urls[one.id],
            exercise_clock=True,
            sensors=one.sensors,
            assets=one.assets,
            screening=scenario.screening,
            peers=tuple(Peer(member=m, url=urls[m.id]) for m in members.values() if m.id != one.id),
        )
        home = found_node(folder / one.id, config, keys[one.id])
        for document in sorted((source / "agreements").glob("*.toml")):
            agreement = read_agreement(document.read_bytes(), source=str(document))
            if one.id in agreement.parties:
                shutil.copyfile(document, home.agreements / document.name)
                add_acts(
                    home.agreements, agreement.reference, signatures(agreement, keys, scenario.begins_tai_s)
                )
        open_node(home.path, lambda: scenario.begins_tai_s).store.close()
    return Coalition(scenario, folder, urls)


def exercise_key(seed: int, member: str) -> SigningKey:
    """Derive a member's key from the seed of the exercise: for rehearsal only, since anybody can derive it."""
    return signing_key(hashlib.sha256(f"commonsky exercise {seed} {member}".encode()).digest())


def signatures(
    agreement: Agreement, keys: Mapping[str, SigningKey], at_tai_s: float
) -> Iterator[AgreementAct]:
    """Sign an agreement for all of its parties whose keys are given."""
    document = SignedAgreement(agreement=agreement, sha256=agreement_sha256(agreement))
    for party in sorted(agreement.parties & keys.keys()):
        yield sign_act(next_act(ActKind.SIGN, party, document, now_tai_s=at_tai_s), keys[party])


def _member(one: ScenarioMember, key: SigningKey) -> Member:
    return Member(id=one.id, name=one.name, kind=one.kind, public_key=public_hex(key))
