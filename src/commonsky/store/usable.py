"""Which records may be used: all but those under an agreement that is locked here, and what we derived from them."""

from sqlalchemy import ColumnElement, Connection, FromClause, and_, exists, or_, select, true

from commonsky.store.schema import OWN, holdings, locked_records, records

_ANY_LOCKED = select(exists().where(holdings.c.locked_tai_s.is_not(None)))


def any_locked(connection: Connection) -> bool:
    """Whether anything is locked at all; nearly always, nothing is."""
    return bool(connection.scalar(_ANY_LOCKED))


def usable(connection: Connection) -> ColumnElement[bool]:
    """Return the condition on ``records`` that leaves out what is locked."""
    return unlocked() if any_locked(connection) else true()


def unlocked() -> ColumnElement[bool]:
    """Return the condition, whether anything is locked or not."""
    rests_on_it = exists().where(locked_records.c.id == records.c.id)
    return and_(~under_lock(records), or_(records.c.source != OWN, ~rests_on_it))


def under_lock(of: FromClause) -> ColumnElement[bool]:
    """Return the condition on ``records``, by whatever name, that an entry came under a locked agreement."""
    return exists().where(
        holdings.c.source == of.c.source,
        holdings.c.agreement == of.c.agreement,
        holdings.c.locked_tai_s.is_not(None),
    )
