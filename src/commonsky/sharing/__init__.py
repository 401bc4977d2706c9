"""May this partner have this record, in what form, and why."""

from commonsky.sharing.bulk import Verdicts, decide_all
from commonsky.sharing.columns import Columns
from commonsky.sharing.decide import decide
from commonsky.sharing.facets import Facets, regime_of

__all__ = ["Columns", "Facets", "Verdicts", "decide", "decide_all", "regime_of"]
