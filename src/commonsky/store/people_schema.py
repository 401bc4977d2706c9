"""The tables of people: who may log in, who is logged in, how often it was tried, what waits for approval.

No token, challenge or password stands here as it is: of tokens the SHA-256, of passwords an Argon2 hash. Times are
those of the machine's clock, TAI seconds since J2000, as people do not live at the pace of an exercise.
"""

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, LargeBinary, Table, Text

from commonsky.store.schema import metadata

accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("password_hash", Text),
    Column("issuer", Text),
    Column("subject", Text),
    Column("handle", LargeBinary, nullable=False, unique=True),
    Column("made_tai_s", Double, nullable=False),
    Index("accounts_of_subject", "issuer", "subject", unique=True),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("account", Text, ForeignKey("accounts.name"), nullable=False),
    Column("label", Text, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("added_tai_s", Double, nullable=False),
    Column("used_tai_s", Double),
    Index("passkeys_of_account", "account"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.name"), nullable=False),
    Column("means", Text, nullable=False),
    Column("began_tai_s", Double, nullable=False),
    Column("active_tai_s", Double, nullable=False),
    Column("proved_tai_s", Double, nullable=False),
    Index("sessions_of_account", "account"),
)

ceremonies = Table(
    "ceremonies",
    metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("account", Text),
    Column("data", Text, nullable=False),
    Column("ends_tai_s", Double, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("bucket", Text, primary_key=True),
    Column("tokens", Double, nullable=False),
    Column("at_tai_s", Double, nullable=False),
)

proposals = Table(
    "proposals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("act", Text, nullable=False),
    Column("agreement", Text, nullable=False),
    Column("document_sha256", Text, nullable=False),
    Column("proposed_by", Text, ForeignKey("accounts.name"), nullable=False),
    Column("words", Text, nullable=False),
    Column("proposed_tai_s", Double, nullable=False),
    Column("ends_tai_s", Double, nullable=False),
    Column("spent_tai_s", Double),
    Index("proposals_by_time", "proposed_tai_s"),
)

votes = Table(
    "votes",
    metadata,
    Column("proposal", Text, ForeignKey("proposals.id"), primary_key=True),
    Column("account", Text, ForeignKey("accounts.name"), primary_key=True),
    Column("approves", Boolean, nullable=False),
    Column("words", Text, nullable=False),
    Column("means", Text, nullable=False),
    Column("at_tai_s", Double, nullable=False),
)
