"""The records of a JSON text, each with the line on which it begins, also where the text is broken here and there.

Publishers give a list of objects, one object, or an object a line. What is broken costs the record that it is in.
"""

import json
import re
from collections.abc import Iterator

from commonsky.formats.errors import Rejection

_BETWEEN = re.compile(r"[\s,]*")
_BEGIN = re.compile(r"\s*\[?[\s,]*")
_NEXT = re.compile(r"\}[\s,]*(?=\{)")
_MOST_FAULTS = 1_000
"""Each costs a look at all that stands before it: what has more is no catalogue with slips in it."""
_DECODER = json.JSONDecoder(parse_constant=str)


def records_by_line(data: bytes) -> Iterator[tuple[int, object] | Rejection]:
    """Yield line and content of each record, or the fault in its place; at last, where the text breaks off."""
    text = data.decode("utf-8-sig", "replace")
    in_list = text.lstrip().startswith("[")
    lines = _Lines(text)
    at = _end(_BEGIN, text, 0)
    faults = 0
    while at < len(text) and text[at] != "]":
        line = lines.of(at)
        try:
            record, after = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            reason = f"is not JSON: {error.msg if isinstance(error, json.JSONDecodeError) else error}"
            following = _NEXT.search(text, at)
            faults += 1
            if following is None or faults == _MOST_FAULTS:
                yield Rejection(line=line, reason=f"{reason}; the rest was left out")
                return
            yield Rejection(line=line, reason=reason)
            at = following.end()
        else:
            yield line, record
            at = _end(_BETWEEN, text, after)
    if in_list == (at == len(text)) or text[at:].strip() not in {"", "]"}:
        reason = "the list has no end" if at == len(text) else "is not JSON; the rest was left out"
        yield Rejection(line=lines.of(at), reason=reason)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


class _Lines:
    """Line numbers of rising places in a text."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._line = text, 0, 1

    def of(self, place: int) -> int:
        self._line += self._text.count("\n", self._at, place)
        self._at = place
        return self._line
