"""A giving and a receiving node on disk, that know each other and hold the same agreement."""

from commonsky.domain import Member, MemberKind, Mode
from commonsky.federation.keys import public_hex
from commonsky.node.config import NodeConfig, Peer
from commonsky.node.start import found_node, open_node
from partners import GIVER, KEYS, NOW_TAI_S, READER
from signing import sign_for_all

AGREEMENT = f"""
id = "{GIVER}-gives"
version = 1
title = "Observations for safety"
giver = "{GIVER}"
readers = ["{READER}"]
purpose = "safety"
mode = "REAL"
from_utc = "2020-01-01T00:00:00Z"
until_utc = "2100-01-01T00:00:00Z"

[[clause]]
id = "all"
kinds = ["observation", "track", "sensor"]
"""


def member(name):
    return Member(id=name, name=name, kind=MemberKind.NATION, public_key=public_hex(KEYS[name]))


def found_two(folder, *, urls=None, now_tai_s=lambda: NOW_TAI_S, members=(GIVER, READER), broker=None):
    """Found the nodes of two members below a folder and open them, giver first."""
    urls = urls or dict.fromkeys(members, "file:")
    nodes = []
    for own in members:
        config = NodeConfig(
            operation="Test",
            mode=Mode.REAL,
            member=member(own),
            url="http://127.0.0.1:1",
            broker=broker,
            peers=tuple(Peer(member=member(one), url=urls[one]) for one in members if one != own),
        )
        home = found_node(folder / own, config, KEYS[own])
        sign_for_all(home.agreements, AGREEMENT, KEYS)
        nodes.append(open_node(folder / own, now_tai_s))
    return nodes
