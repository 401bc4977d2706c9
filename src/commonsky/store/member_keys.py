"""Keys that partners took after the one that is pinned for them, each on the word of the one before."""

from sqlalchemy import select

from commonsky.store.schema import member_keys
from commonsky.store.session import Session, insert_missing


class MemberKeys(Session):
    """Questions about partners' keys."""

    def note_key(self, member: str, old: str, new: str, *, at_tai_s: float) -> None:
        """Keep that a member's key follows another one; both are public keys in hexadecimal."""
        row = {"member": member, "old": old, "new": new, "at_tai_s": at_tai_s}
        with self._writing() as connection:
            connection.execute(insert_missing(connection, member_keys), row)

    def keys_of(self, member: str) -> list[str]:
        """Give every key that a member had before another one, or after."""
        query = select(member_keys.c.old, member_keys.c.new).where(member_keys.c.member == member)
        with self._reading() as connection:
            return sorted({key for row in connection.execute(query) for key in row})

    def keys_after(self, member: str, pinned: str) -> list[str]:
        """Give the keys that a member took after the pinned one, in their order."""
        query = select(member_keys.c.old, member_keys.c.new).where(member_keys.c.member == member)
        with self._reading() as connection:
            follows = {row[0]: row[1] for row in connection.execute(query)}
        found = [pinned]
        while (following := follows.get(found[-1])) is not None and following not in found:
            found.append(following)
        return found[1:]
