"""What a run has seen: actions, faults, transitions of feeds, refusals, sentences of reason."""

from collections import Counter
from contextlib import contextmanager

from commonsky.domain import FeedHead
from commonsky.federation import Refused, header_sha256, read_header
from commonsky.federation.position import RESUME, TRANSITIONS, FeedState, Refusal, relation, state_of
from commonsky.node import jobs

UNREACHABLE = {
    # A feed is asked for by name, and only partners whose key is pinned are asked.
    Refusal.UNKNOWN_ISSUER,
}


class Coverage:
    """Counts, by group and name."""

    def __init__(self):
        self.groups = {}

    def count(self, group, name, times=1):
        self.groups.setdefault(group, Counter())[str(name)] += times

    def add(self, other):
        for group, counter in other.groups.items():
            self.groups.setdefault(group, Counter()).update(counter)

    def seen(self, group):
        return set(self.groups.get(group, ()))

    def missing(self):
        """Transitions and refusals that the protocol's tables have, and that were never seen."""
        transitions = {transition_name(state, stands) for state, stands in TRANSITIONS} | {RESUMED}
        refusals = {str(one) for one in Refusal if one not in UNREACHABLE}
        return sorted(transitions - self.seen("transition")) + sorted(refusals - self.seen("refusal"))

    def lines(self):
        for group, counter in sorted(self.groups.items()):
            yield f"{group}: " + ", ".join(f"{name} {times}" for name, times in counter.most_common())


def transition_name(state, stands):
    return f"{state} / {stands}"


RESUMED = transition_name(FeedState(RESUME[0]), RESUME[2])


@contextmanager
def watching(coverage):
    """Count every envelope that a node judges, by where it stands on its feed and by what becomes of it."""
    accept = jobs.accept

    def watched(envelope, receiver, *, issuer, head, held, now_tai_s):
        outcome = accept(envelope, receiver, issuer=issuer, head=head, held=held, now_tai_s=now_tai_s)
        if isinstance(outcome, Refused):
            coverage.count("refusal", outcome.refusal)
            placed = outcome.refusal not in _BEFORE_ITS_PLACE
        else:
            placed = True
            for unfit in outcome.unfit:
                coverage.count("unfit", unfit.code)
        if placed:
            coverage.count("transition", _transition(envelope, head, held))
        return outcome

    jobs.accept = watched
    try:
        yield
    finally:
        jobs.accept = accept


_BEFORE_ITS_PLACE = {
    Refusal.UNREADABLE,
    Refusal.UNKNOWN_ISSUER,
    Refusal.WRONG_ISSUER,
    Refusal.WRONG_AUDIENCE,
    Refusal.BAD_SIGNATURE,
    Refusal.WRONG_MODE,
}


def _transition(envelope, head: FeedHead, held):
    header = read_header(envelope.header)
    stands = relation(header, header_sha256(envelope.header), head=head, held=held)
    return transition_name(state_of(head), stands)
