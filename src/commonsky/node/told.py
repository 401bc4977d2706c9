"""What partners told, as far as it can be read: a notice that makes no sense stays on record, and hinders nothing."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from commonsky.store import HeldNotice

T = TypeVar("T")


def readable(
    decoder: msgspec.json.Decoder[T], notices: Iterable[HeldNotice]
) -> Iterator[tuple[HeldNotice, T]]:
    """Give the notices that the decoder can read, each with what it says."""
    for notice in notices:
        try:
            said = decoder.decode(notice.content)
        except (ValueError, msgspec.MsgspecError):
            continue
        yield notice, said
