"""A node tells its partners things on their feeds, and does what they tell it, once or again."""

import pytest

from commonsky.domain import NoticeKind
from commonsky.node import jobs, notices


@pytest.fixture
def obeyed(monkeypatch):
    """What was asked for, by a handler of one kind."""
    seen = []

    def handler(node, notice):
        if notice.content == b'{"bad":1}':
            raise ValueError("this makes no sense")
        seen.append((node.id, notice.iss, notice.content))
        return "done"

    monkeypatch.setitem(notices.HANDLERS, NoticeKind.QUESTION, handler)
    return seen


def post(node, reader, content, kind=NoticeKind.QUESTION):
    node.store.post(reader, kind, content, at_tai_s=node.now_tai_s())
    jobs.share(node)


def test_a_notice_reaches_its_reader_in_order_and_is_obeyed_once(coalition, obeyed):
    aur, bor = coalition.nodes["AUR"], coalition.nodes["BOR"]
    post(aur, "BOR", b'{"a":1}')
    post(aur, "BOR", b'{"a":2}')
    coalition.exchange()
    coalition.exchange()
    assert obeyed == [("BOR", "AUR", b'{"a":1}'), ("BOR", "AUR", b'{"a":2}')]
    assert {one.outcome for one in bor.store.told("AUR", NoticeKind.QUESTION)} == {"done"}
    assert aur.store.unsealed("BOR", 1) == []


def test_what_was_not_obeyed_when_a_process_ended_is_obeyed_by_the_next(coalition, obeyed, monkeypatch):
    aur, bor = coalition.nodes["AUR"], coalition.nodes["BOR"]
    post(aur, "BOR", b'{"a":1}')
    with monkeypatch.context() as ended:
        ended.setattr(jobs, "obey_notices", lambda node: 0)
        coalition.exchange()
    assert obeyed == []
    assert len(bor.store.unobeyed(10)) == 1
    coalition.exchange()
    assert obeyed == [("BOR", "AUR", b'{"a":1}')]


def test_what_makes_no_sense_or_is_not_known_is_refused_in_words_and_stops_nothing(coalition, obeyed):
    aur, bor = coalition.nodes["AUR"], coalition.nodes["BOR"]
    post(aur, "BOR", b'{"bad":1}')
    post(aur, "BOR", b"{}", kind="something_new")
    post(aur, "BOR", b'{"a":3}')
    coalition.exchange()
    assert obeyed == [("BOR", "AUR", b'{"a":3}')]
    assert bor.store.told("AUR", NoticeKind.QUESTION)[1].outcome == "refused: this makes no sense"
    assert "does not know notices of kind something_new" in bor.store.told("AUR", "something_new")[0].outcome


def test_notices_go_out_though_an_agreement_cannot_be_read(coalition, obeyed):
    aur = coalition.nodes["AUR"]
    (aur.folder.agreements / "broken.toml").write_text("id = ")
    post(aur, "BOR", b'{"a":1}')
    coalition.exchange()
    assert obeyed == [("BOR", "AUR", b'{"a":1}')]
