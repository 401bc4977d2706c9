"""A node of the giver with one partner, as a fixture."""

import pytest

from commonsky.domain import Member, MemberKind, Mode
from commonsky.federation.keys import public_hex
from commonsky.node.config import NodeConfig, Peer
from commonsky.node.start import found_node, open_node
from partners import GIVER, KEYS, NOW_TAI_S, READER
from signing import sign_for_all
from two_nodes import AGREEMENT


def member(name):
    return Member(id=name, name=name, kind=MemberKind.NATION, public_key=public_hex(KEYS[name]))


@pytest.fixture
def node(tmp_path):
    config = NodeConfig(
        operation="Test",
        mode=Mode.REAL,
        member=member(GIVER),
        url="http://127.0.0.1:1",
        peers=(Peer(member=member(READER), url="http://127.0.0.1:2"),),
    )
    home = found_node(tmp_path / "giver", config, KEYS[GIVER])
    sign_for_all(home.agreements, AGREEMENT, KEYS)
    opened = open_node(tmp_path / "giver", lambda: NOW_TAI_S)
    yield opened
    opened.store.close()
