"""Turns of threads: one at a time, in the order of asking, and given up while waiting."""

import threading
from contextlib import suppress

import pytest

from commonsky.web.turns import Turns


def test_one_works_at_a_time_and_all_come_to_their_turn():
    turns, at_work, most, done = Turns(), [], [], []

    def work(name):
        for _ in range(200):
            with turns:
                at_work.append(name)
                most.append(len(at_work))
                at_work.remove(name)
        done.append(name)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=60.0)
    assert sorted(done) == list(range(8))
    assert max(most) == 1


def test_who_waits_lets_others_go_on_and_gets_its_turn_again():
    turns, seen = Turns(), []
    other = threading.Event()

    def second():
        with turns:
            seen.append("second")
        other.set()

    with turns:
        thread = threading.Thread(target=second)
        thread.start()
        with turns.away():
            assert other.wait(timeout=60.0)
        seen.append("first again")
    thread.join(timeout=60.0)
    assert seen == ["second", "first again"]


def test_a_turn_is_given_up_when_the_work_fails():
    turns = Turns()
    for _ in range(2):
        with suppress(ZeroDivisionError), turns:
            1 / 0  # noqa: B018  # it is the failing that matters
    with turns:
        pass


def test_an_interrupt_while_waiting_leaves_the_turn_to_the_next(monkeypatch):
    turns, came = Turns(), threading.Event()

    class Interrupted:
        def __init__(self):
            self.calls = 0

        def acquire(self):
            self.calls += 1
            if self.calls > 1:
                raise KeyboardInterrupt

        def release(self):
            """Nobody waits any longer."""

    def next_one():
        with turns:
            came.set()

    with turns:
        monkeypatch.setattr("commonsky.web.turns.threading.Lock", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            turns.__enter__()
        monkeypatch.undo()
        thread = threading.Thread(target=next_one)
        thread.start()
        assert not came.wait(timeout=0.05)
    assert came.wait(timeout=60.0)
    thread.join(timeout=60.0)
