"""Keys that partners took after the one that is pinned for them, each on the word of the one before."""

from collections.abc import Mapping

from sqlalchemy import select

from commonsky.store.schema import member_keys
from commonsky.store.session import Session, insert_missing

_STEPS = select(member_keys.c.member, member_keys.c.old, member_keys.c.new)


class MemberKeys(Session):
    """Questions about partners' keys."""

    def note_key(self, member: str, old: str, new: str, *, at_tai_s: float) -> None:
        """Keep that a member's key follows another one; both are public keys in hexadecimal."""
        row = {"member": member, "old": old, "new": new, "at_tai_s": at_tai_s}
        with self._writing() as connection:
            connection.execute(insert_missing(connection, member_keys), row)

    def keys_of(self, member: str) -> list[str]:
        """Give every key that a member had before another one, or after."""
        return sorted({key for step in self.key_steps().get(member, {}).items() for key in step})

    def key_steps(self) -> dict[str, dict[str, str]]:
        """Give, by member, which key followed which."""
        steps: dict[str, dict[str, str]] = {}
        with self._reading() as connection:
            for row in connection.execute(_STEPS):
                steps.setdefault(row.member, {})[row.old] = row.new
        return steps


def keys_after(pinned: str, steps: Mapping[str, str]) -> list[str]:
    """Return the keys that were taken after the pinned one, in their order."""
    found = [pinned]
    while (following := steps.get(found[-1])) is not None and following not in found:
        found.append(following)
    return found[1:]
