"""Passwords: which ones will do, their Argon2 hashes, and the comparison that takes one path for right and wrong."""

import unicodedata
from collections.abc import Collection
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
LONGEST = 256
FEWEST_CHARACTERS = 5
"""Of different ones: what repeats itself is guessed first."""

_AT_ONCE = BoundedSemaphore(2)
"""Each hash takes 64 MiB: many logins at once wait, and do not fill the memory."""


class Passwords:
    """Makes hashes and compares with them; ``hasher`` says at which cost (by default RFC 9106's second choice)."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobodys = ""

    def hashed(self, password: str) -> str:
        """Hash a password, with a salt of its own."""
        with _AT_ONCE:
            return self._hasher.hash(_normal(password))

    def match(self, password_hash: str | None, password: str) -> bool:
        """Whether a password is that of the hash; where there is none, the work is the same and the answer no."""
        if not self._nobodys:
            self._nobodys = self.hashed("the password of nobody")
        with _AT_ONCE:
            try:
                right = self._hasher.verify(password_hash or self._nobodys, _normal(password))
            except (VerificationError, InvalidHashError):
                return False
        return right and password_hash is not None

    def outdated(self, password_hash: str) -> bool:
        """Whether a hash was made at another cost than is asked for now."""
        return self._hasher.check_needs_rehash(password_hash)


def check_acceptable(password: str, names: Collection[str]) -> None:
    """Raise ValueError, with what is wrong, for a password that is short, trivial, or holds one of the names."""
    text = _normal(password)
    if len(text) < SHORTEST:
        raise ValueError(f"a password has at least {SHORTEST} characters (several words do well)")
    if len(text) > LONGEST:
        raise ValueError(f"a password has at most {LONGEST} characters")
    if len(set(text)) < FEWEST_CHARACTERS:
        raise ValueError("this password repeats too few characters")
    lower = text.casefold()
    for name in names:
        if len(name) > 2 and name.casefold() in lower:
            raise ValueError(f"a password does not hold the name {name}")


def _normal(password: str) -> str:
    """The same letters, however a keyboard composed them; what is too long is cut, as no password is so long."""
    return unicodedata.normalize("NFKC", password[: 4 * LONGEST])
