"""The canonical JSON of an agreement: what its parties sign, whatever its file's comments and order of lines.

Fields that only say a default are left out, so that a field which a later version adds changes no digest.
"""

import hashlib
import math
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

from commonsky.domain import Agreement

_ENCODER = msgspec.json.Encoder(order="sorted")
_fields = cache(msgspec.structs.fields)


def canonical_agreement(agreement: Agreement) -> bytes:
    """Return the one text of an agreement; raises ValueError for a number in it that is not finite."""
    # Converted first: a whole number given where a float belongs is the same agreement.
    return _ENCODER.encode(_said(msgspec.convert(msgspec.to_builtins(agreement), Agreement)))


def agreement_sha256(agreement: Agreement) -> str:
    """Return the digest of an agreement's text, in hexadecimal; raises as `canonical_agreement`."""
    return hashlib.sha256(canonical_agreement(agreement)).hexdigest()


def _said(value: Any) -> Any:  # noqa: ANN401  # fields of any type
    match value:
        case Struct():
            fields = [(f, getattr(value, f.name)) for f in _fields(type(value))]
            return {f.name: _said(one) for f, one in fields if f.required or one != f.default}
        case tuple():
            return [_said(one) for one in value]
        case float() if not math.isfinite(value):
            raise ValueError(f"an agreement cannot say {value}")
        case float():
            return value + 0.0  # zero has no sign here
        case _:
            return value
