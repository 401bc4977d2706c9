"""One append-only log of records and its views, in SQLite by default.

Every method of `Store` is a transaction of its own; called on what ``store.transaction()`` gives, it is a part of
that transaction. Bodies go in and out as bytes; only what is queried for stands in columns.
"""

from commonsky.store.accounts import Account, Passkey
from commonsky.store.audit_heads import HeldCheckpoint, HeldCosignature, HeldHead
from commonsky.store.database import Store, Transaction
from commonsky.store.errors import StoreError
from commonsky.store.proposals import Proposal, Vote
from commonsky.store.rows import (
    Appended,
    Batch,
    Counts,
    HeldDecision,
    HeldNotice,
    Holding,
    IngestedFile,
    LinkState,
    PostedNotice,
    QuarantinedBytes,
    ReleaseCount,
    StoredRecord,
    WatchLine,
)
from commonsky.store.sign_ins import Bucket, Ceremony, HeldSession

__all__ = [
    "Account",
    "Appended",
    "Batch",
    "Bucket",
    "Ceremony",
    "Counts",
    "HeldCheckpoint",
    "HeldCosignature",
    "HeldDecision",
    "HeldHead",
    "HeldNotice",
    "HeldSession",
    "Holding",
    "IngestedFile",
    "LinkState",
    "Passkey",
    "PostedNotice",
    "Proposal",
    "QuarantinedBytes",
    "ReleaseCount",
    "Store",
    "StoreError",
    "StoredRecord",
    "Transaction",
    "Vote",
    "WatchLine",
]
