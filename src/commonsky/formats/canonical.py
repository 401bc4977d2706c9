"""The canonical JSON of a record: one record, one sequence of bytes, so that bytes can be hashed and signed.

Field names and sets are sorted, numbers are the shortest text that reads back the same, nothing is optional
in the spelling. What is not in this form is refused, not repaired: two spellings of one record would have two
digests, and one spelling that two readers understand differently would be a way around a label.
"""

import hashlib
import re

import msgspec

from commonsky.domain import (
    ConjunctionWarning,
    Content,
    ElementSet,
    IdentityClaim,
    Observation,
    Record,
    Sensor,
    Track,
)
from commonsky.formats.errors import FormatError

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(Record)

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,47}")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
_DIGEST_LENGTH = 24


def encode(record: Record) -> bytes:
    """Return the canonical JSON of a record.

    Raises FormatError when the record has no canonical form: a number that is not finite (JSON would say
    null, and an expiry that is not a number would become "never"), text that is not Unicode, a wrong type.
    """
    source = f"record {record.id!r}"
    try:
        read_back = _DECODER.decode(_ENCODER.encode(record))
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise FormatError(source, f"has no canonical form: {error}") from error
    if read_back != record:
        raise FormatError(source, "has no canonical form: it holds a number that is not finite")
    return _ENCODER.encode(read_back)


def decode(data: bytes) -> Record:
    """Return the record whose canonical JSON is ``data``.

    Raises FormatError when the bytes are not JSON, not a record, or not spelled as `encode` spells it: that
    catches doubled and unknown keys, other orders, blanks, and other ways to write a number or a letter.
    """
    try:
        record = _DECODER.decode(data)
        canonical = _ENCODER.encode(record)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        raise FormatError("record", f"is not a record in canonical JSON: {error}") from error
    if canonical != data:
        raise FormatError("record", f"is not in canonical form: {_first_difference(data, canonical)}")
    return record


def record_id(originator: str, content: Content) -> str:
    """Return the id of a record that ``originator`` makes of ``content``: the same content, the same id.

    Ids are made of letters, digits and ``-._~:``, so they stand in a URL path as they are. A name that is
    long or has other characters is replaced by what is left of it with a digest; two names never become one.
    """
    match content:
        case Observation(sensor=sensor):
            return f"obs:{_plain(originator)}:{_plain(sensor)}:{_digest(content)}"
        case ElementSet(norad_cat_id=number):
            return f"elset:{_plain(originator)}:{number}:{_digest(content)}"
        case Sensor(id=name):
            return f"sensor:{_plain(name)}:{_digest(content)}"
        case Track(track_id=track_id, revision=revision, coarsened_to_m=mark):
            level = "" if mark is msgspec.UNSET else f":{mark:g}m"
            return f"track:{_plain(track_id)}:{revision}{level}"
        case IdentityClaim(track_id=track_id, designator=designator):
            return f"claim:{_plain(track_id)}:{_plain(designator)}:{_digest(content)}"
        case ConjunctionWarning(provider=provider):
            return f"warning:{_plain(originator)}:{_plain(provider)}:{_digest(content)}"


def _digest(content: Content) -> str:
    # Decoding first makes 1 and 1.0 the same number, as in the record's own canonical form.
    plain = msgspec.convert(msgspec.to_builtins(content), type(content))
    return hashlib.sha256(_ENCODER.encode(plain)).hexdigest()[:_DIGEST_LENGTH]


def _plain(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
    return f"{_NOT_PLAIN.sub('-', name)[:24].strip('-.')}~{digest}"


def _first_difference(data: bytes, canonical: bytes) -> str:
    at = next(
        (i for i, (a, b) in enumerate(zip(data, canonical, strict=False)) if a != b),
        min(len(data), len(canonical)),
    )
    return f"byte {at + 1} should begin {canonical[at : at + 12]!r}, not {data[at : at + 12]!r}"
