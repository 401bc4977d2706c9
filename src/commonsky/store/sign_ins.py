"""Who is logged in, what a login still waits for, and how often one was tried.

Tokens never come in here: the callers give their SHA-256, so that a copy of the database opens no session.
"""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct
from sqlalchemy import delete, insert, select, update

from commonsky.store.people_schema import attempts, ceremonies, sessions
from commonsky.store.session import Session, insert_or, portions


class HeldSession(Struct, frozen=True, kw_only=True):
    """One login: of whom, by which means, since when, when last used, and when the person last proved who it is."""

    account: str
    means: str
    began_tai_s: float
    active_tai_s: float
    proved_tai_s: float


class Ceremony(Struct, frozen=True, kw_only=True):
    """A step that waits for its answer, which may come once: ``data`` is what the answer is held against."""

    kind: str
    account: str | None
    data: str
    ends_tai_s: float


class Bucket(NamedTuple):
    """How many attempts may come at once, and after how many seconds one more."""

    size: float
    refill_s: float


class SignIns(Session):
    """Questions about logins."""

    def begin_session(self, token_sha256: str, session: HeldSession) -> None:
        """Keep a new session."""
        row = {name: getattr(session, name) for name in HeldSession.__struct_fields__}
        with self._writing() as connection:
            connection.execute(insert(sessions), {"token_sha256": token_sha256, **row})

    def session(self, token_sha256: str) -> HeldSession | None:
        """Give the session of a token, whether or not its time is over."""
        with self._reading() as connection:
            row = connection.execute(select(sessions).where(sessions.c.token_sha256 == token_sha256)).first()
        if row is None:
            return None
        return HeldSession(
            account=row.account,
            means=row.means,
            began_tai_s=row.began_tai_s,
            active_tai_s=row.active_tai_s,
            proved_tai_s=row.proved_tai_s,
        )

    def note_active(self, token_sha256: str, now_tai_s: float) -> None:
        """Keep that the person at a session did something."""
        change = update(sessions).where(sessions.c.token_sha256 == token_sha256)
        with self._writing() as connection:
            connection.execute(change.values(active_tai_s=now_tai_s))

    def renew_session(self, old_sha256: str, new_sha256: str, *, means: str, proved_tai_s: float) -> bool:
        """Let a session go on under another token after a new proof; give whether the old one was there."""
        change = update(sessions).where(sessions.c.token_sha256 == old_sha256)
        fields = {
            "token_sha256": new_sha256,
            "means": means,
            "proved_tai_s": proved_tai_s,
            "active_tai_s": proved_tai_s,
        }
        with self._writing() as connection:
            return connection.execute(change.values(**fields)).rowcount == 1

    def end_session(self, token_sha256: str) -> bool:
        """Forget a session; give whether it was there."""
        with self._writing() as connection:
            gone = connection.execute(delete(sessions).where(sessions.c.token_sha256 == token_sha256))
            return gone.rowcount == 1

    def end_sessions_of(self, account: str, *, but: str = "") -> int:
        """Forget all sessions of an account, but for that of one token; give how many there were."""
        which = (sessions.c.account == account) & (sessions.c.token_sha256 != but)
        with self._writing() as connection:
            return connection.execute(delete(sessions).where(which)).rowcount

    def sweep(self, *, began_before_tai_s: float, now_tai_s: float) -> None:
        """Forget sessions that began before a time, ceremonies that are over, and attempts of a day ago."""
        with self._writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.began_tai_s < began_before_tai_s))
            connection.execute(delete(ceremonies).where(ceremonies.c.ends_tai_s < now_tai_s))
            connection.execute(delete(attempts).where(attempts.c.at_tai_s < now_tai_s - 86_400.0))

    def begin_ceremony(self, token_sha256: str, ceremony: Ceremony) -> None:
        """Keep what the answer to a step will be held against."""
        row = {name: getattr(ceremony, name) for name in Ceremony.__struct_fields__}
        with self._writing() as connection:
            connection.execute(insert(ceremonies), {"token_sha256": token_sha256, **row})

    def take_ceremony(self, token_sha256: str, kind: str, now_tai_s: float) -> Ceremony | None:
        """Give a ceremony and forget it, so that no answer counts twice; ``None`` when it is over or was never."""
        which = (ceremonies.c.token_sha256 == token_sha256) & (ceremonies.c.kind == kind)
        with self._writing() as connection:
            row = connection.execute(delete(ceremonies).where(which).returning(ceremonies)).first()
        if row is None or row.ends_tai_s < now_tai_s:
            return None
        return Ceremony(kind=row.kind, account=row.account, data=row.data, ends_tai_s=row.ends_tai_s)

    def take_attempt(self, buckets: Mapping[str, Bucket], now_tai_s: float) -> float:
        """Take one from each bucket; give 0, or if one is empty take none and give the seconds to wait.

        A bucket that nobody has touched is full. A clock that was set back fills none.
        """
        with self._writing() as connection:
            held = {}
            for names in portions(sorted(buckets)):
                query = select(attempts).where(attempts.c.bucket.in_(names))
                held.update({row.bucket: row for row in connection.execute(query)})
            level = {}
            for name, bucket in buckets.items():
                row = held.get(name)
                level[name] = bucket.size
                if row is not None:
                    gained = max(0.0, now_tai_s - row.at_tai_s) / bucket.refill_s
                    level[name] = min(bucket.size, row.tokens + gained)
            wait_s = max((1.0 - level[name]) * bucket.refill_s for name, bucket in buckets.items())
            if wait_s > 0.0:
                return wait_s
            for name in buckets:
                fields = {"tokens": level[name] - 1.0, "at_tai_s": now_tai_s}
                put = insert_or(connection, attempts).values(bucket=name, **fields)
                connection.execute(put.on_conflict_do_update(index_elements=["bucket"], set_=fields))
        return 0.0

    def give_back_attempt(self, name: str, size: float) -> None:
        """Put one back into a bucket, to its size at most: the attempt was right."""
        with self._writing() as connection:
            tokens = connection.scalar(select(attempts.c.tokens).where(attempts.c.bucket == name))
            if tokens is not None:
                change = update(attempts).where(attempts.c.bucket == name)
                connection.execute(change.values(tokens=min(size, tokens + 1.0)))
