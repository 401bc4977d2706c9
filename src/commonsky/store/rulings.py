"""What decisions say, apart from which record they are on and when: each ruling is kept once."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from commonsky.domain import AS_IT_IS, Form, Ruling
from commonsky.sharing.audit_leaf import Said
from commonsky.store.schema import decisions, rulings
from commonsky.store.session import VALUES_PER_QUERY, insert_missing

REFUSED = decisions.c.ruling.in_(select(rulings.c.n).where(rulings.c.allowed.is_(False)))
"""Whether a decision is a refusal."""

_FORM_ENCODER = msgspec.json.Encoder(order="sorted")
_FORM_DECODER = msgspec.json.Decoder(Form)
_ENCODE = msgspec.json.Encoder().encode


def form_text(form: Form) -> str | None:
    """Return a form as it is kept; ``None`` for a record as it is."""
    return None if form == AS_IT_IS else _FORM_ENCODER.encode(form).decode()


def row_of(ruling: Ruling) -> dict[str, Any]:
    """Return the columns of a ruling."""
    row = {
        "reader": ruling.reader,
        "allowed": ruling.allowed,
        "agreement": ruling.agreement,
        "clause": ruling.clause,
        "reason": ruling.reason,
        "form": form_text(ruling.form),
    }
    return {**row, "sha256": sha256(_ENCODE(tuple(row.values()))).digest()}


def said_in_leaf(ruling: Ruling, decided_tai_s: float) -> Said:
    """Return what a leaf of the audit tree holds of a decision, beside the record."""
    form = form_text(ruling.form)
    return (
        ruling.reader,
        ruling.allowed,
        ruling.agreement,
        ruling.clause,
        ruling.reason,
        float(decided_tai_s),
        form,
    )


def ruling_of(row: Mapping[str, Any]) -> Ruling:
    """Return what the columns of a ruling say."""
    form = row["form"]
    return Ruling(
        reader=row["reader"],
        allowed=row["allowed"],
        agreement=row["agreement"],
        clause=row["clause"],
        reason=row["reason"],
        form=_FORM_DECODER.decode(form) if form else AS_IT_IS,
    )


def ruling_numbers(connection: Connection, said: Sequence[Ruling]) -> list[int]:
    """Give the numbers of rulings, and keep those that are new."""
    rows = [row_of(one) for one in said]
    known = _numbers(connection, (row["sha256"] for row in rows))
    if missing := [row for row in rows if row["sha256"] not in known]:
        connection.execute(insert_missing(connection, rulings), missing)
        known.update(_numbers(connection, (row["sha256"] for row in missing)))
    return [known[row["sha256"]] for row in rows]


def _numbers(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, int]:
    wanted = list(dict.fromkeys(digests))
    found: dict[bytes, int] = {}
    for k in range(0, len(wanted), VALUES_PER_QUERY):
        query = select(rulings.c.sha256, rulings.c.n).where(
            rulings.c.sha256.in_(wanted[k : k + VALUES_PER_QUERY])
        )
        found.update((bytes(digest), n) for digest, n in connection.execute(query))
    return found
