"""Turns for the threads of many nodes in one process.

Each call of a database gives up the interpreter and asks for it again. With dozens of threads at work on two
processors, handing it back and forth took half of the time; who takes turns does not compete for it.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock that is taken in the order of asking, and given up while its holder waits for somebody else."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._taken = False
        self._asked: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._asked.append(mine)
        try:
            mine.acquire()  # released by whoever has the turn before
        except BaseException:  # an interrupt of the main thread: the turn must not be left with who is gone
            self._give_up(mine)
            raise

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._asked:
                self._asked.popleft().release()
            else:
                self._taken = False

    def _give_up(self, mine: threading.Lock) -> None:
        with self._guard:
            if mine in self._asked:
                self._asked.remove(mine)
                return
        self.__exit__()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let others go on during the block, which waits; the holder goes on when its turn comes again."""
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()


class Freely(Turns):
    """No turns: the threads of one node in a process of its own."""

    def __enter__(self) -> None:
        """Go on at once."""

    def __exit__(self, *_: object) -> None:
        """Keep nobody waiting."""
