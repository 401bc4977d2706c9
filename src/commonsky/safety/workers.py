"""Partitions of a screening on threads, on processes of this machine, or on a Dask cluster: the same pieces.

A worker that dies takes no result with it: what it had not handed in is done again by another.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commonsky.safety.screening import Partition, Plan, screen_partition

Done = tuple[int, NDArray[np.void]]
"""Place of a partition among those that were asked for, and its piece."""

CONNECT_S = 20.0
MOST_POOLS = 5
"""After so many pools that broke down it is not the workers' fault."""


@dataclass(frozen=True)
class Workers:
    """Who does the work: ``count`` threads, or processes, or the Dask cluster at an address (extra ``cluster``)."""

    count: int
    processes: bool = False
    scheduler: str | None = None


class WorkersLostError(RuntimeError):
    """The workers died again and again, or the cluster cannot be had."""


def work_off(work: Plan, parts: Sequence[Partition], workers: Workers) -> Iterator[Done]:
    """Screen the partitions, in whatever order they come out; raises WorkersLostError."""
    if workers.scheduler is not None:
        yield from _on_cluster(work, parts, workers.scheduler)
    elif workers.processes:
        yield from _on_processes(work, parts, workers.count)
    else:
        with ThreadPoolExecutor(workers.count) as pool:
            futures = {pool.submit(screen_partition, work, part): n for n, part in enumerate(parts)}
            try:
                for one in as_completed(futures):
                    yield futures[one], one.result()
            finally:
                _cancel(pool)


def _cancel(pool: Executor) -> None:
    pool.shutdown(wait=False, cancel_futures=True)


_plan_of_this_process: Plan | None = None


def _take_plan(work: Plan) -> None:
    global _plan_of_this_process  # noqa: PLW0603  # what a worker process holds for all of its partitions
    _plan_of_this_process = work


def _screen_own(part: Partition) -> NDArray[np.void]:
    assert _plan_of_this_process is not None
    return screen_partition(_plan_of_this_process, part)


def _on_processes(work: Plan, parts: Sequence[Partition], count: int) -> Iterator[Done]:
    left = dict(enumerate(parts))
    for _ in range(MOST_POOLS):
        pool = ProcessPoolExecutor(
            min(count, len(parts)) or 1, get_context("spawn"), initializer=_take_plan, initargs=(work,)
        )
        futures = {pool.submit(_screen_own, part): n for n, part in left.items()}
        try:
            while futures:
                done, _ = wait(futures, return_when=FIRST_COMPLETED)
                for one in done:
                    n = futures.pop(one)
                    yield n, one.result()
                    del left[n]
        except BrokenProcessPool:
            continue
        finally:
            _cancel(pool)
        return
    raise WorkersLostError(f"{MOST_POOLS} pools of workers died in a row, with {len(left)} partitions to do")


def _on_cluster(work: Plan, parts: Sequence[Partition], address: str) -> Iterator[Done]:
    try:
        distributed: Any = import_module("distributed")  # an extra, without types
    except ImportError as error:
        raise WorkersLostError(
            f"a Dask scheduler needs the extra: pip install 'commonsky[cluster]' ({error})"
        ) from error
    try:
        client = distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise WorkersLostError(f"no Dask scheduler at {address}: {error}") from error
    with client:
        # On every worker, so that one that dies does not take the only copy with it.
        held = client.scatter(work, broadcast=True)
        futures = {
            client.submit(screen_partition, held, part, pure=False, retries=MOST_POOLS): n
            for n, part in enumerate(parts)
        }
        for one, piece in distributed.as_completed(list(futures), loop=client.loop, with_results=True):
            yield futures.pop(one), piece  # and the cluster can forget it
