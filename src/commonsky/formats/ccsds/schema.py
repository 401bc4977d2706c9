"""Which table describes a message: by kind and version, read from the modules of tables when it is first wanted."""

from functools import lru_cache
from importlib import import_module

from commonsky.formats.ccsds.tables import Table, TableSource, table

_MODULES = {
    "OPM": "odm_tables",
    "OMM": "odm_tables",
    "OEM": "odm_tables",
    "OCM": "ocm_table",
    "CDM": "cdm_table",
    "TDM": "tdm_table",
    "APM": "adm_tables",
    "AEM": "adm_tables",
    "ACM": "acm_table",
}
KINDS = tuple(_MODULES)
"""The kinds of messages that can be read."""


def versions(kind: str) -> tuple[str, ...]:
    """Return the published versions of a kind of message, oldest first."""
    return _source(kind).versions


def drafts(kind: str) -> tuple[str, ...]:
    """Return the version numbers in use that were never published."""
    return _source(kind).drafts


def schema(kind: str, version: str) -> Table:
    """Return the table of a message; of the newest version where the one named was never published."""
    known = versions(kind)
    return _table(kind, version if version in known else known[-1])


@lru_cache(maxsize=64)
def _table(kind: str, version: str) -> Table:
    source = _source(kind)
    return table(kind, standard=source.standard, version=version, text=source.text)


def _source(kind: str) -> TableSource:
    module = import_module(f"commonsky.formats.ccsds.{_MODULES[kind]}")
    found: TableSource = module.TABLES[kind]
    return found
