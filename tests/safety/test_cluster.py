"""A screening on a Dask cluster of this machine, one of whose workers dies on the way, gives the same answer."""

import os
import signal

import pytest
from test_rescreening import FRESH, ONE, QUESTION, START, objects, told

from commonsky.safety import workers
from commonsky.safety.rescreening import Question, screen_objects
from commonsky.safety.screening import Span
from commonsky.safety.workers import Workers, WorkersLostError

distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")


def test_a_scheduler_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr(workers, "CONNECT_S", 0.5)
    with pytest.raises(WorkersLostError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1"):
        screen_objects(objects(), QUESTION, workers=Workers(1, scheduler="tcp://127.0.0.1:1"))


@pytest.mark.prove
def test_a_worker_of_a_cluster_that_is_killed_changes_nothing():
    question = Question(Span(START, START + 86_400.0), QUESTION.volume)
    fresh = told(screen_objects(objects(), question, workers=ONE), objects())
    killed = []
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        nannies = dict(cluster.workers)

        def kill_one(done, of):
            if not killed and done >= 3:
                victim = next(iter(nannies.values())).process.process.pid
                os.kill(victim, signal.SIGKILL)
                killed.append((victim, done, of))

        answer = screen_objects(
            objects(), question, workers=Workers(3, scheduler=cluster.scheduler_address), progress=kill_one
        )
    print(f"\nkilled worker {killed} of 3, {len(fresh)} events")  # noqa: T201  # what make prove shows
    assert killed
    assert told(answer, objects()) == fresh


@pytest.mark.prove
def test_worker_processes_that_are_killed_change_nothing(monkeypatch):
    from multiprocessing import active_children

    killed = []

    def kill_one(done, of):
        if not killed and 0 < done < of:
            victim = active_children()[0].pid
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

    answer = screen_objects(objects(), QUESTION, workers=Workers(2, processes=True), progress=kill_one)
    assert killed
    assert told(answer, objects()) == FRESH
