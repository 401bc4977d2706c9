"""Turns of threads: one at a time, in the order of asking, and given up while waiting."""

import threading
from contextlib import suppress

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
