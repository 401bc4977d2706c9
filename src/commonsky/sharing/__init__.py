"""May this partner have this record, in what form, and why."""

from commonsky.sharing.decide import decide
from commonsky.sharing.facets import Facets, regime_of

__all__ = ["Facets", "decide", "regime_of"]
