"""A member takes a new key: partners follow on its word, and on nobody else's."""

import pytest
from test_jobs import first_file

from commonsky.domain import NoticeKind
from commonsky.federation.keys import public_hex
from commonsky.node import jobs
from commonsky.node.config import read_config
from commonsky.node.start import roll_key


def reopened(coalition, member):
    coalition.nodes[member].store.close()
    coalition.nodes[member] = coalition.open(member)
    return coalition.nodes[member]


def roll(coalition, member="BOR", entropy=b"n" * 32):
    coalition.nodes[member].store.close()
    told = roll_key(coalition.nodes[member].folder.path, entropy)
    coalition.nodes[member] = coalition.open(member)
    return told


def test_partners_follow_a_new_key_and_the_feed_goes_on(coalition, rehearsal):
    coalition.exchange()
    old, new = roll(coalition)
    assert coalition.nodes["BOR"].config.member.public_key == new == public_hex(coalition.nodes["BOR"].key)
    coalition.deliver(first_file(rehearsal, "BOR"))
    arrivals = coalition.exchange()
    assert arrivals["BOR", "AUR"].records > 10
    assert arrivals["BOR", "AUR"].refused == ()
    assert coalition.nodes["AUR"].key_chain("BOR") == [old, new]


def test_agreements_that_were_signed_with_the_old_key_stay_in_force(coalition):
    coalition.exchange()
    roll(coalition)
    coalition.exchange()
    for member in ("AUR", "BOR"):
        shelf = coalition.nodes[member].agreements()
        assert shelf.faults == ()
        assert shelf.shelved("BOR-AUR@1").standing.binding


def test_a_roll_that_ended_half_way_goes_on_and_tells_once(coalition, monkeypatch):
    coalition.exchange()
    folder = coalition.nodes["BOR"].folder
    coalition.nodes["BOR"].store.close()
    for step in ("announce", "write_config"):
        with monkeypatch.context() as ended:
            ended.setattr(f"commonsky.node.start.{step}", _ends)
            with pytest.raises(KeyboardInterrupt):
                roll_key(folder.path, b"1" * 32)
    old, new = roll_key(folder.path, b"2" * 32)
    assert read_config(folder.config).member.public_key == new
    assert not folder.next_key.exists()
    node = coalition.nodes["BOR"] = coalition.open("BOR")
    assert len(node.store.posted("AUR", NoticeKind.KEY_ROLL)) == 1
    coalition.exchange()
    assert coalition.nodes["AUR"].key_chain("BOR") == [old, new]


def _ends(*_, **__):
    raise KeyboardInterrupt


def test_a_roll_that_ended_before_the_key_was_moved_is_ended_by_opening(coalition, monkeypatch):
    coalition.exchange()
    folder = coalition.nodes["BOR"].folder
    coalition.nodes["BOR"].store.close()
    with monkeypatch.context() as ended:
        ended.setattr("pathlib.Path.replace", _ends_for(folder.next_key))
        with pytest.raises(KeyboardInterrupt):
            roll_key(folder.path, b"1" * 32)
    assert folder.next_key.exists()
    node = coalition.nodes["BOR"] = coalition.open("BOR")
    assert public_hex(node.key) == node.config.member.public_key
    assert not folder.next_key.exists()


def _ends_for(file):
    from pathlib import Path

    whole = Path.replace

    def replace(self, target):
        if self == file:
            raise KeyboardInterrupt
        return whole(self, target)

    return replace


def test_a_new_key_that_does_not_follow_the_one_in_use_is_refused(coalition):
    coalition.exchange()
    giver = coalition.nodes["BOR"]
    content = b'{"new_public_key":"' + b"a" * 64 + b'","old_public_key":"' + b"b" * 64 + b'"}'
    giver.store.post("AUR", NoticeKind.KEY_ROLL, content, at_tai_s=coalition.now_tai_s)
    jobs.share(giver)
    coalition.exchange()
    node = coalition.nodes["AUR"]
    assert node.key_chain("BOR") == [public_hex(giver.key)]
    assert node.store.told("BOR", NoticeKind.KEY_ROLL)[0].outcome.startswith("refused: ")
