"""Put the questions of the conformance suite to a giver through a NATS broker."""

import time
from collections.abc import Callable, Iterable

from commonsky.federation import PullRequest, SigningKey, sign_pull
from commonsky.federation.conformance import Reply, Trait
from commonsky.node.link import LinkError
from commonsky.web.feed_api import ENVELOPES_PER_ANSWER
from commonsky.web.nats_connection import BrokerConnection
from commonsky.web.nats_link import Question, ask


class NatsProbe:
    """A giver at the broker, asked through the account of one reader; what is new is pushed, so no answer waits."""

    traits = frozenset({Trait.LIMITS, Trait.ANSWERS_ONCE})

    def __init__(self, connection: BrokerConnection, *, issuer: str, reader: str) -> None:
        self._connection = connection
        self._issuer = issuer
        self._reader = reader

    def ask(
        self,
        request: PullRequest,
        key: SigningKey,
        *,
        limit: int | None = None,
        wait_s: float = 0.0,  # noqa: ARG002  # of other links
    ) -> Reply:
        """Put a question, signed by a key."""
        credentials = sign_pull(request, key)
        question = Question(credentials=credentials, limit=ENVELOPES_PER_ANSWER if limit is None else limit)
        began_s = time.monotonic()
        try:
            outcome, data = ask(self._connection, self._issuer, self._reader, question)
        except LinkError as error:
            raise OSError(str(error)) from error
        return Reply(outcome=outcome, data=data, looks=str(outcome), took_s=time.monotonic() - began_s)

    def own_checks(self) -> Iterable[tuple[str, Callable[[], str]]]:
        """Give no more checks: only members come as far as asking."""
        return ()
