"""Notices to and from partners: posted, sealed, received, obeyed.

INVARIANTS
- A notice is posted in the transaction of what it tells of, and sealed in the transaction of its envelope: once in
  each generation of the feed.
- A received notice enters with its envelope, and waits until what it asks for is done: obeying it again is harmless.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from commonsky.domain import Accepted, EnvelopeHeader
from commonsky.store.rows import HeldNotice, PostedNotice
from commonsky.store.schema import notices_in, notices_out
from commonsky.store.session import Session

_UNSEALED = (
    select(notices_out)
    .where(notices_out.c.aud == bindparam("to"), notices_out.c.seq.is_(None))
    .order_by(notices_out.c.n)
    .limit(bindparam("most"))
)
_UNOBEYED = (
    select(notices_in).where(notices_in.c.outcome.is_(None)).order_by(notices_in.c.n).limit(bindparam("most"))
)
_TO_TELL = select(notices_out.c.aud).where(notices_out.c.seq.is_(None)).distinct().order_by(notices_out.c.aud)
"""Made once: these are asked with every look for work."""


class Notices(Session):
    """Questions about what members tell each other beside records."""

    def post(self, aud: str, kind: str, content: bytes, *, at_tai_s: float) -> None:
        """Have a member told something with the next envelope on its feed; ``content`` is canonical JSON."""
        row = {"aud": aud, "kind": kind, "content": content.decode(), "posted_tai_s": at_tai_s}
        with self._writing() as connection:
            connection.execute(insert(notices_out), row)

    def waits_to_be_told(self) -> list[str]:
        """Give the members for whom notices wait."""
        with self._reading() as connection:
            return list(connection.scalars(_TO_TELL))

    def unsealed(self, aud: str, limit: int) -> list[PostedNotice]:
        """Give the notices that wait for an envelope to this member, in the order in which they were posted."""
        with self._reading() as connection:
            rows = connection.execute(_UNSEALED, {"to": aud, "most": limit})
            return [_posted(row) for row in rows]

    def mark_sealed(self, notices: Sequence[PostedNotice], header: EnvelopeHeader) -> None:
        """Note which envelope carries these notices."""
        numbers = [one.n for one in notices]
        with self._writing() as connection:
            connection.execute(
                update(notices_out).where(notices_out.c.n.in_(numbers)).values(gen=header.gen, seq=header.seq)
            )

    def tell_again(self, aud: str) -> None:
        """Have all that this member was told put on its feed once more, in the same order."""
        with self._writing() as connection:
            connection.execute(update(notices_out).where(notices_out.c.aud == aud).values(gen=None, seq=None))

    def posted(self, aud: str, kind: str, limit: int = 100) -> list[PostedNotice]:
        """Give our notices of a kind to a member, the newest first."""
        query = select(notices_out).where(notices_out.c.aud == aud, notices_out.c.kind == kind)
        with self._reading() as connection:
            return [
                _posted(row)
                for row in connection.execute(query.order_by(notices_out.c.n.desc()).limit(limit))
            ]

    def unobeyed(self, limit: int) -> list[HeldNotice]:
        """Give received notices on which nothing was done yet, in the order in which they came."""
        with self._reading() as connection:
            return [_held(row) for row in connection.execute(_UNOBEYED, {"most": limit})]

    def mark_obeyed(self, n: int, outcome: str) -> None:
        """Note in words what came of a received notice."""
        with self._writing() as connection:
            connection.execute(update(notices_in).where(notices_in.c.n == n).values(outcome=outcome))

    def told(self, iss: str, kind: str, limit: int = 100) -> list[HeldNotice]:
        """Give notices of a kind that a member sent us, the newest first."""
        query = select(notices_in).where(notices_in.c.iss == iss, notices_in.c.kind == kind)
        with self._reading() as connection:
            return [
                _held(row) for row in connection.execute(query.order_by(notices_in.c.n.desc()).limit(limit))
            ]


def keep_notices(connection: Connection, accepted: Accepted, at_tai_s: float) -> None:
    """Keep the notices of an envelope, in the transaction that stores it."""
    header = accepted.header
    place = {"iss": header.iss, "gen": header.gen, "seq": header.seq, "received_tai_s": at_tai_s}
    rows = [
        {**place, "line": one.line, "kind": one.kind, "content": one.content.decode()}
        for one in accepted.told
    ]
    if rows:
        connection.execute(insert(notices_in), rows)


def _posted(row: Row[*tuple[Any, ...]]) -> PostedNotice:
    return PostedNotice(
        n=row.n,
        aud=row.aud,
        kind=row.kind,
        content=row.content.encode(),
        posted_tai_s=row.posted_tai_s,
        gen=row.gen,
        seq=row.seq,
    )


def _held(row: Row[*tuple[Any, ...]]) -> HeldNotice:
    return HeldNotice(
        n=row.n,
        iss=row.iss,
        kind=row.kind,
        content=row.content.encode(),
        received_tai_s=row.received_tai_s,
        outcome=row.outcome,
    )
