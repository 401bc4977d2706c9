"""What an input holds, whatever its notation."""

from commonsky.formats.ccsds.kvn import read_kvn
from commonsky.formats.ccsds.ndm_json import is_json_message, read_json
from commonsky.formats.ccsds.ndm_xml import read_xml
from commonsky.formats.ccsds.notation import is_xml
from commonsky.formats.ccsds.tree import Document, Message
from commonsky.formats.errors import FormatError

MAX_BYTES = 500_000_000
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_document(data: bytes, *, source: str) -> Document:
    """Return the messages of an input in KVN, XML or the JSON of `ndm_json`; which one, its beginning says.

    Raises FormatError, with the line, only for what is no CCSDS message at all; `check` tells what is wrong in one.
    """
    if len(data) > MAX_BYTES:
        raise FormatError(source, f"is larger than {MAX_BYTES} bytes")
    if is_xml(data) or data.startswith(_UTF16):
        return read_xml(data, source=source)
    if is_json_message(data):
        return read_json(data, source=source)
    messages = read_kvn(data, source=source)
    return Document(messages, "kvn", source, combined=len(messages) > 1)


def read_message(data: bytes, *, source: str) -> Message:
    """Return the one message of an input; raises FormatError as `read_document`, or when there are several."""
    messages = read_document(data, source=source).messages
    if len(messages) != 1:
        raise FormatError(source, f"holds {len(messages)} messages where one is expected")
    return messages[0]
