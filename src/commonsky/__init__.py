"""Combined space operations made of sovereign nodes. ``docs/ARCHITECTURE.md`` is the way in."""

__version__ = "0.1.0"
