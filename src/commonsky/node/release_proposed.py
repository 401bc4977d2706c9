"""What partners propose and nobody here has signed: listed for the console, and given as text to be tried."""

from collections.abc import Iterator
from contextlib import suppress

from msgspec import Struct

from commonsky.domain import Agreement
from commonsky.formats.agreement_toml import read_agreement
from commonsky.formats.canonical_agreement import agreement_sha256
from commonsky.formats.errors import FormatError
from commonsky.node.agreeing import proposals
from commonsky.node.node import Node


class ProposedLine(Struct, frozen=True, kw_only=True):
    """An agreement that a partner proposes; ``other_text`` says that we hold another text of the same reference."""

    partner: str
    reference: str
    title: str
    giver: str
    readers: tuple[str, ...]
    begins_tai_s: float
    ends_tai_s: float
    clauses: int
    document_sha256: str
    other_text: bool


def proposed(node: Node) -> tuple[ProposedLine, ...]:
    """List what partners propose, as far as it can be read."""
    shelf = node.agreements()
    return tuple(
        ProposedLine(
            partner=partner,
            reference=agreement.reference,
            title=agreement.title,
            giver=agreement.giver,
            readers=tuple(sorted(agreement.readers)),
            begins_tai_s=agreement.begins_tai_s,
            ends_tai_s=agreement.ends_tai_s,
            clauses=len(agreement.clauses),
            document_sha256=agreement_sha256(agreement),
            other_text=shelf.shelved(agreement.reference) is not None,
        )
        for partner, agreement, _ in _read(node)
    )


def proposed_text(node: Node, partner: str, reference: str) -> str | None:
    """Give the text that a partner proposes under a reference, byte for byte; ``None`` when there is none."""
    texts = (text for who, one, text in _read(node) if (who, one.reference) == (partner, reference))
    return next(texts, None)


def _read(node: Node) -> Iterator[tuple[str, Agreement, str]]:
    for partner, file in proposals(node):
        with suppress(OSError, FormatError):  # it goes while we look when it is signed, or a person edits it
            data = file.read_bytes()
            yield partner, read_agreement(data, source=str(file)), data.decode("utf-8-sig")
