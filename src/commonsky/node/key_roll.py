"""A member takes a new signing key: it says so on every feed, under the old one, and signs with the new from then on.

INVARIANTS
- A new key is believed only on the word of the key that it follows, in an envelope of the feed that this one signs.
- The chain of keys begins with the one that is pinned by hand: pinning another by hand ends the chain, so a stolen key
  that was rolled is got rid of by a person, on another way than this network.
"""

import msgspec
from msgspec import Struct

from commonsky.domain import NoticeKind
from commonsky.federation import SigningKey
from commonsky.federation.keys import public_hex, verify_key
from commonsky.node.node import Node
from commonsky.store import HeldNotice

_CANONICAL = msgspec.json.Encoder(order="sorted")


class KeyRoll(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The new key of a member, and the one that it follows, in hexadecimal."""

    old_public_key: str
    new_public_key: str


_ROLLS = msgspec.json.Decoder(KeyRoll)


def announce(node: Node, new: SigningKey) -> None:
    """Have every partner told of a new key, under the one in use; asked again it does nothing more."""
    old_hex, new_hex = public_hex(node.key), public_hex(new)
    content = _CANONICAL.encode(KeyRoll(old_public_key=old_hex, new_public_key=new_hex))
    now_tai_s = node.now_tai_s()
    with node.store.transaction() as tx:
        tx.note_key(node.id, old_hex, new_hex, at_tai_s=now_tai_s)
        for peer in node.config.peers:
            told = tx.posted(peer.member.id, NoticeKind.KEY_ROLL)
            if all(one.content != content for one in told):
                tx.post(peer.member.id, NoticeKind.KEY_ROLL, content, at_tai_s=now_tai_s)


def hear_roll(node: Node, notice: HeldNotice) -> str:
    """Trust the new key of a partner from here on in its feed."""
    roll = _ROLLS.decode(notice.content)
    verify_key(roll.new_public_key)
    known = node.key_chain(notice.iss)
    if roll.new_public_key in known:
        return "this key is known"
    if roll.old_public_key != known[-1]:
        raise ValueError("the new key does not follow the one that this feed is signed with")
    node.store.note_key(notice.iss, roll.old_public_key, roll.new_public_key, at_tai_s=node.now_tai_s())
    words = f"{notice.iss} signs with another key from now on: {roll.new_public_key}"
    node.store.write_log(node.now_tai_s(), "keys", words)
    return words
