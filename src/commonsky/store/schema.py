"""The tables. What is appended is never changed, but for marks that say which row is the newest.

``records`` is the log of all that this node holds, its own (``source`` empty) and what partners gave, in the order
in which it came. A partner's record is kept per issuer and agreement, as received; nothing is merged in place.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

FIRST_TABLES = frozenset({"meta", "records", "decisions", "outbox", "inbox", "cursors", "watch_log"})
"""By these a node's database is known, of whatever version."""
OWN = ""
"""Source and agreement of the node's own records."""

metadata = MetaData()
_COUNTER = BigInteger().with_variant(Integer, "sqlite")

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

records = Table(
    "records",
    metadata,
    Column("n", _COUNTER, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("agreement", Text, nullable=False),
    Column("originator", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("object", Text),
    Column("sensor", Text),
    Column("epoch_tai_s", Double),
    Column("revision", Integer),
    Column("gen", Integer),
    Column("seq", Integer),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("id", "source", "agreement", "originator"),
    Index("records_of_source", "source", "n"),
    Index("records_of_kind", "kind", "n"),
    Index("records_of_object", "kind", "object", "epoch_tai_s"),
    sqlite_autoincrement=True,
)

lineage = Table(
    "lineage",
    metadata,
    Column("derived", Text, primary_key=True),
    Column("input", Text, primary_key=True),
    Column("information", Double),
    Index("lineage_of_input", "input"),
)

# What many decisions say alike stands once; a decision is one of these on one record at one time. Almost all are in
# force, so the few that were replaced have an index of their own.

rulings = Table(
    "rulings",
    metadata,
    Column("n", _COUNTER, primary_key=True, autoincrement=True),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    Column("reader", Text, nullable=False),
    Column("allowed", Boolean, nullable=False),
    Column("agreement", Text),
    Column("clause", Text),
    Column("reason", Text, nullable=False),
    Column("form", Text),
)

decisions = Table(
    "decisions",
    metadata,
    Column("n", _COUNTER, primary_key=True, autoincrement=True),
    Column("entry", _COUNTER, ForeignKey("records.n"), nullable=False),
    Column("reader", Text, nullable=False),
    Column("ruling", _COUNTER, ForeignKey("rulings.n"), nullable=False),
    Column("decided_tai_s", Double, nullable=False),
    Column("revisit_tai_s", Double),
    Column("newest", Boolean, nullable=False),
    Column("policy", _COUNTER),
    Column("leaf", _COUNTER),
    Column("trace", Text),
    Index(
        "decisions_newest",
        "reader",
        "entry",
        unique=True,
        sqlite_where=text("newest = 1"),
        postgresql_where=text("newest"),
    ),
    Index(
        "decisions_to_revisit",
        "reader",
        "revisit_tai_s",
        sqlite_where=text("newest = 1 AND revisit_tai_s IS NOT NULL"),
        postgresql_where=text("newest AND revisit_tai_s IS NOT NULL"),
    ),
    Index(
        "decisions_replaced",
        "entry",
        sqlite_where=text("newest = 0"),
        postgresql_where=text("NOT newest"),
    ),
)

object_names = Table(
    "object_names",
    metadata,
    Column("name", Text, primary_key=True),
    Column("object", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
)

decided_through = Table(
    "decided_through",
    metadata,
    Column("reader", Text, primary_key=True),
    Column("foreign_records", Boolean, primary_key=True),
    Column("n", _COUNTER, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("aud", Text, primary_key=True),
    Column("gen", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("header_sha256", Text, nullable=False),
    Column("header", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("leaf", _COUNTER),
    Column("withheld", Text),
)

inbox = Table(
    "inbox",
    metadata,
    Column("iss", Text, primary_key=True),
    Column("gen", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("header_sha256", Text, nullable=False),
    Column("header", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("received_tai_s", Double, nullable=False),
)

cursors = Table(
    "cursors",
    metadata,
    Column("iss", Text, primary_key=True),
    Column("gen", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("header_sha256", Text, nullable=False),
    Column("stopped", Boolean, nullable=False),
)

notices_out = Table(
    "notices_out",
    metadata,
    Column("n", _COUNTER, primary_key=True, autoincrement=True),
    Column("aud", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("posted_tai_s", Double, nullable=False),
    Column("gen", Integer),
    Column("seq", Integer),
    Index(
        "notices_to_seal", "aud", "n", sqlite_where=text("seq IS NULL"), postgresql_where=text("seq IS NULL")
    ),
    Index("notices_out_of_kind", "aud", "kind", "n"),
)

notices_in = Table(
    "notices_in",
    metadata,
    Column("n", _COUNTER, primary_key=True, autoincrement=True),
    Column("iss", Text, nullable=False),
    Column("gen", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("line", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("received_tai_s", Double, nullable=False),
    Column("outcome", Text),
    UniqueConstraint("iss", "gen", "seq", "line"),
    Index(
        "notices_to_obey", "n", sqlite_where=text("outcome IS NULL"), postgresql_where=text("outcome IS NULL")
    ),
    Index("notices_in_of_kind", "iss", "kind", "n"),
)

acknowledged = Table(
    "acknowledged",
    metadata,
    Column("aud", Text, primary_key=True),
    Column("gen", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("header_sha256", Text, nullable=False),
    Column("told_tai_s", Double, nullable=False),
)

answered = Table(
    "answered",
    metadata,
    Column("asker", Text, primary_key=True),
    Column("question", Text, primary_key=True),
    Column("object", Text, primary_key=True),
    Column("at_tai_s", Double, nullable=False),
    Index("answered_since", "asker", "at_tai_s"),
)

holdings = Table(
    "holdings",
    metadata,
    Column("source", Text, primary_key=True),
    Column("agreement", Text, primary_key=True),
    Column("heard_tai_s", Double, nullable=False),
    Column("renewed_until_tai_s", Double),
    Column("locked_tai_s", Double),
    Column("reason", Text),
    Column("deleted_tai_s", Double),
    Column("deleted_records", Integer),
)

locked_records = Table(
    "locked_records",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("agreement", Text, primary_key=True),
)

member_keys = Table(
    "member_keys",
    metadata,
    Column("member", Text, primary_key=True),
    Column("old", Text, primary_key=True),
    Column("new", Text, nullable=False),
    Column("at_tai_s", Double, nullable=False),
)

rederived = Table(
    "rederived",
    metadata,
    Column("track", Text, primary_key=True),
    Column("of_track", Text, nullable=False),
    Column("originators", Text, nullable=False),
    UniqueConstraint("of_track", "originators"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("n", _COUNTER, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("data_sha256", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("first_tai_s", Double, nullable=False),
    Column("last_tai_s", Double, nullable=False),
    Column("times", Integer, nullable=False),
    UniqueConstraint("source", "code", "data_sha256"),
)

links = Table(
    "links",
    metadata,
    Column("peer", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("since_tai_s", Double, nullable=False),
)

ingested = Table(
    "ingested",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("at_tai_s", Double, nullable=False),
    Column("records", Integer, nullable=False),
)

watch_log = Table(
    "watch_log",
    metadata,
    Column("sequence", _COUNTER, primary_key=True, autoincrement=True),
    Column("tai_s", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    sqlite_autoincrement=True,
)

# The audit tree: leaf hashes in runs, each under the index of its first; nodes over whole blocks of leaves; what the
# decisions were taken under; heads of our tree that we signed, and who signed them beside us.

audit_leaves = Table(
    "audit_leaves",
    metadata,
    Column("first", _COUNTER, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)

audit_nodes = Table(
    "audit_nodes",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("position", _COUNTER, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
)

audit_policies = Table(
    "audit_policies",
    metadata,
    Column("n", _COUNTER, primary_key=True, autoincrement=True),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
)

audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    Column("gen", Integer, primary_key=True),
    Column("size", _COUNTER, primary_key=True),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("made_tai_s", Double, nullable=False),
)

audit_cosignatures = Table(
    "audit_cosignatures",
    metadata,
    Column("gen", Integer, primary_key=True),
    Column("size", _COUNTER, primary_key=True),
    Column("witness", Text, primary_key=True),
    Column("note", Text, nullable=False),
    Column("signed_unix_s", _COUNTER, nullable=False),
    Column("received_tai_s", Double, nullable=False),
)

# Heads of the trees of others: ``told_by`` is the log itself, or the member that cosigned it.

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("n", _COUNTER, primary_key=True, autoincrement=True),
    Column("log", Text, nullable=False),
    Column("gen", Integer, nullable=False),
    Column("size", _COUNTER, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("told_by", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("seen_tai_s", Double, nullable=False),
    UniqueConstraint("log", "gen", "size", "told_by", "root"),
    Index("audit_heads_by_standing", "log", "standing"),
)
