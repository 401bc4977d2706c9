"""The partner protocol, with no sockets and no clock: seal, accept, ask for more.

Each member is the only writer of one signed, hash-chained feed per receiver; there is no shared state to agree on.
`accept` holds the safety argument, `position` the state table of a feed.
"""

from commonsky.federation.accept import Receiver, Refused, accept
from commonsky.federation.carriage import CarriageError, CarriageHeader, read_carriage, sign_carriage
from commonsky.federation.keys import SigningKey, VerifyKey
from commonsky.federation.position import Action, FeedState, Refusal, Relation, state_diagram
from commonsky.federation.pull import Outcome, PullGuard, PullRefused, PullRequest, sign_pull
from commonsky.federation.seal import header_sha256, read_header, seal
from commonsky.federation.wire import Wire, WireFault, encode_wire, read_wire

__all__ = [
    "Action",
    "CarriageError",
    "CarriageHeader",
    "FeedState",
    "Outcome",
    "PullGuard",
    "PullRefused",
    "PullRequest",
    "Receiver",
    "Refusal",
    "Refused",
    "Relation",
    "SigningKey",
    "VerifyKey",
    "Wire",
    "WireFault",
    "accept",
    "encode_wire",
    "header_sha256",
    "read_carriage",
    "read_header",
    "read_wire",
    "seal",
    "sign_carriage",
    "sign_pull",
    "state_diagram",
]
