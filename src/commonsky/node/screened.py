"""What became of a screening."""

from msgspec import Struct


class Screened(Struct, frozen=True, kw_only=True):
    """One screening: when, up to when, how many objects, and what became of it.

    ``unusable`` objects could not be screened for all of the time. ``staying`` counts pairs that stay together:
    docked, in formation, or one object under two names. They are not warned of.
    """

    at_tai_s: float
    until_tai_s: float
    objects: int
    assets: int
    missing: tuple[str, ...] = ()
    unusable: int = 0
    staying: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The screening in one line."""
        said = f"{self.assets} assets against {self.objects} objects: {len(self.warnings)} new warnings"
        if self.missing:
            said += f"; no orbit of {', '.join(self.missing)}"
        if self.unusable:
            said += f"; {self.unusable} objects cannot be followed all the time"
        if self.staying:
            said += f"; {self.staying} pairs stay together and are not warned of"
        return said
