"""Replay one history with its log, or run many: ``python -m simulation --seed N``.

``src``, ``tests`` and ``tests/coalition`` must be on the path.
"""

import argparse
import sys
import time

from simulation.coverage import Coverage
from simulation.history import run, shorter


def say(words):
    sys.stdout.write(f"{words}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=1, help="so many seeds from this one on")
    parser.add_argument("--shorter", action="store_true", help="leave out steps that do not matter")
    chosen = parser.parse_args()
    total, began_s, failures = Coverage(), time.monotonic(), []
    for seed in range(chosen.seed, chosen.seed + chosen.count):
        coverage, failure = run(seed, say=say if chosen.count == 1 else None)
        total.add(coverage)
        if failure:
            failures.append(failure)
            say(f"seed {seed}, step {failure.step}: {failure.words.splitlines()[0][:200]}")
    for failure in failures[:1]:
        told, left_out = shorter(failure) if chosen.shorter else (failure, ())
        say(f"without {len(left_out)} of its steps:\n{told}")
    say("\n".join(total.lines()))
    say(f"never seen: {', '.join(total.missing())}")
    say(f"{chosen.count / (time.monotonic() - began_s):.1f} histories a second, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
