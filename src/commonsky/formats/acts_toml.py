"""The acts on an agreement as TOML, one ``[[act]]`` table each in the order of their times, to be read and compared.

Nobody edits them by hand: each one is signed, and its text is exact, times too.
"""

import tomllib
from collections.abc import Iterable
from typing import Any

import msgspec
import tomli_w

from commonsky.astro.time import tai_s_from_utc, utc_text_from_tai_s
from commonsky.domain import AgreementAct
from commonsky.formats.errors import FormatError

_ORDER = ("act", "member", "at_utc", "reason", "actors", "agreement", "document_sha256", "signature")


def read_acts(data: bytes, *, source: str) -> tuple[AgreementAct, ...]:
    """Return the acts in a file, unverified; raises FormatError with the act and the field for anything else."""
    try:
        document = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise FormatError(source, f"is not TOML: {error}") from error
    tables = document.get("act", [])
    if set(document) - {"act"} or not isinstance(tables, list):
        raise FormatError(source, "holds nothing but tables, each headed [[act]]")
    acts = tuple(_read(table, f"act {number}", source) for number, table in enumerate(tables, 1))
    if len({act.agreement for act in acts}) > 1:
        raise FormatError(source, "holds acts on more than one agreement")
    return acts


def write_acts(acts: Iterable[AgreementAct]) -> str:
    """Return the text of the acts on one agreement."""
    plain = [_written(act) for act in acts]
    head = (
        "# What the parties declared on this agreement. Each act is signed by the member's key: one that is\n"
    )
    head += "# changed by hand stops all release.\n\n"
    return head + tomli_w.dumps({"act": plain})


def _read(table: Any, place: str, source: str) -> AgreementAct:  # noqa: ANN401  # whatever stands in the file
    try:
        fields = dict(table)
        fields["at_tai_s"] = tai_s_from_utc(fields.pop("at_utc"))
        return msgspec.convert(fields, AgreementAct, strict=True)
    except KeyError as error:
        raise FormatError(source, "is missing", field=f"{place}, {error.args[0]}") from error
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise FormatError(source, str(error), field=place) from error


def _written(act: AgreementAct) -> dict[str, Any]:
    fields = msgspec.to_builtins(act)
    fields["at_utc"] = utc_text_from_tai_s(fields.pop("at_tai_s"))
    return {name: fields[name] for name in _ORDER if name in fields}
