"""Whatever is done to a database behind the node's back shows, and is called by its name."""

import hashlib
import shutil
from functools import partial
from itertools import count

import pytest
from sqlalchemy import text

from audited import ALL, EACH, ROUNDS, fill
from commonsky.domain import FeedHead, Mode
from commonsky.domain.tree_head import TreeHead
from commonsky.federation import read_header, seal
from commonsky.federation.checkpoint import checkpoint, cosigned
from commonsky.formats.canonical import encode
from commonsky.node.audit_check import check_audit
from commonsky.node.audit_entries import Damage
from commonsky.sharing.merkle import HASH_BYTES
from commonsky.store import Store
from commonsky.store.audit import backfill
from partners import (
    GIVER,
    KEYS,
    NOW_TAI_S,
    PUBLIC,
    READER,
    THIRD,
    agreement,
    judged,
    observation,
    receiver,
    sealed,
    track,
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request, tmp_path_factory):
    """The address of a database with an audit, closed, and what makes a copy of it."""
    if request.param == "sqlite":
        folder = tmp_path_factory.mktemp("filled")
        address = str(folder / "node.sqlite")
        numbers = count(1)

        def copy():
            return shutil.copyfile(address, folder / f"copy-{next(numbers)}.sqlite")
    else:
        new_database = request.getfixturevalue("postgresql")
        address = new_database()
        copy = partial(new_database, like=address)
    store = Store.open(address)
    fill(store)
    store.close()
    return copy


@pytest.fixture
def busy(filled):
    store = Store.open(filled())
    yield store
    store.close()


def change(store, *statements):
    with store._writing() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        for statement in statements:
            assert connection.execute(text(statement)).rowcount > 0, statement


def rewrite(store, edit):
    """Have decision 11 say something else: the edit of a column of what it says."""
    columns = ("reader", "allowed", "agreement", "clause", "reason", "form")
    name, value = edit.split(" = ")
    edited = ", ".join(value if one == name else one for one in columns)
    change(
        store,
        f"INSERT INTO rulings (n, sha256, {', '.join(columns)}) SELECT 99, audit_nodes.hash, {edited}"
        " FROM rulings, (SELECT hash FROM audit_nodes LIMIT 1) AS audit_nodes"
        " WHERE n = (SELECT ruling FROM decisions WHERE n = 11)",
        "UPDATE decisions SET ruling = 99 WHERE n = 11",
    )


def damage(store):
    return [one.damage for one in check(store).found]


def check(store):
    return check_audit(store, GIVER, PUBLIC[GIVER], {READER: PUBLIC[READER]})


def words(store):
    return [one.words for one in check(store).found]


def test_an_untouched_audit_is_whole(busy):
    checked = check(busy)
    assert checked.found == ()
    assert (checked.leaves, checked.decisions, checked.envelopes) == (ALL, ROUNDS * EACH, ROUNDS)
    assert (checked.records, checked.checkpoints, checked.cosignatures) == (ROUNDS * EACH, 2, 2)


def test_an_audit_is_whole_by_all_keys_that_were_used(busy):
    keys = {READER: (PUBLIC[THIRD], PUBLIC[READER])}
    assert check_audit(busy, GIVER, (PUBLIC[THIRD], PUBLIC[GIVER]), keys).found == ()


def test_an_empty_audit_is_whole(store):
    assert check(store).found == ()


def test_a_deleted_decision_is_missed(busy):
    change(busy, "DELETE FROM decisions WHERE n = 11")
    [one] = check(busy).found
    assert (one.damage, one.leaf) == (Damage.DELETED, 12)


@pytest.mark.parametrize(
    "edit",
    [
        "allowed = NOT allowed",
        "reason = 'clause all covers nothing'",
        "reader = 'FRA'",
        "agreement = 'FRA-gives v1'",
        "clause = NULL",
        "form = '{}'",
    ],
)
def test_a_decision_that_says_something_else_differs(busy, edit):
    rewrite(busy, edit)
    found = [one for one in check(busy).found if one.damage is Damage.EDITED]
    assert [one.leaf for one in found] == [12]
    assert found[0].words.startswith("decision 11 on ")


@pytest.mark.parametrize(
    "edit",
    [
        "entry = entry + 1, newest = FALSE",
        "trace = 'nothing was looked at'",
        "trace = NULL",
        "decided_tai_s = decided_tai_s + 1",
        "policy = NULL",
    ],
)
def test_an_edited_decision_differs(busy, edit):
    change(busy, f"UPDATE decisions SET {edit} WHERE n = 11")
    found = [one for one in check(busy).found if one.damage is Damage.EDITED]
    assert [one.leaf for one in found] == [12]
    assert found[0].words.startswith("decision 11 on ")


def test_turning_a_refusal_into_a_release_shows_also_in_what_was_sent(busy):
    rewrite(busy, "allowed = NOT allowed")
    assert Damage.UNDECIDED in damage(busy)


def test_marks_that_may_change_do_not_matter(busy):
    change(busy, "UPDATE decisions SET newest = (n > 5), revisit_tai_s = 5.0")
    assert check(busy).found == ()


def test_decisions_that_changed_places_are_called_moved(busy):
    change(
        busy,
        "UPDATE decisions SET leaf = -1 WHERE n = 11",
        "UPDATE decisions SET leaf = (SELECT leaf FROM decisions WHERE n = 14) WHERE n = 11",
        "UPDATE decisions SET leaf = 12 WHERE n = 14",
    )
    found = check(busy).found
    assert {one.damage for one in found} == {Damage.REORDERED}
    moved = [one.words for one in found if "moved here" in one.words]
    assert any(one.startswith("decision 11 ") and one.endswith("from leaf 12") for one in moved)
    assert any(one.startswith("decision 14 ") and one.endswith("from leaf 15") for one in moved)


def test_a_decision_that_was_slipped_in_is_not_in_the_tree(busy):
    columns = "entry, reader, ruling, trace, decided_tai_s, newest, leaf"
    for place in ("NULL", "leaf"):
        rest = columns.replace(", newest, leaf", "")
        change(
            busy,
            f"INSERT INTO decisions ({columns}) SELECT {rest}, FALSE, {place} FROM decisions WHERE n = 11",
        )
    assert damage(busy) == [Damage.INSERTED, Damage.INSERTED]


def test_a_truncated_log_is_shorter_than_what_was_signed(busy):
    change(
        busy,
        f"DELETE FROM decisions WHERE leaf >= {ALL - 12}",
        f"DELETE FROM outbox WHERE leaf >= {ALL - 12}",
        f"DELETE FROM audit_leaves WHERE first >= {ALL - 12}",
    )
    assert damage(busy) == [Damage.TRUNCATED]
    assert words(busy) == [f"{ALL} leaves were signed, and {ALL - 12} are there"]


def test_a_log_that_was_cut_short_with_its_checkpoints_is_known_by_one_that_a_partner_kept(busy):
    kept = busy.last_checkpoint().note
    change(
        busy,
        f"DELETE FROM decisions WHERE leaf >= {ALL - 12}",
        f"DELETE FROM outbox WHERE leaf >= {ALL - 12}",
        f"DELETE FROM audit_leaves WHERE first >= {ALL - 12}",
        f"DELETE FROM audit_checkpoints WHERE size = {ALL}",
        f"DELETE FROM audit_cosignatures WHERE size = {ALL}",
    )
    assert check(busy).found == ()
    checked = check_audit(busy, GIVER, PUBLIC[GIVER], {}, held_elsewhere=[kept, "no note"])
    assert [one.damage for one in checked.found] == [Damage.TRUNCATED, Damage.CHECKPOINT]


def test_a_tree_that_was_made_anew_over_edited_decisions_is_not_the_one_that_was_signed(busy, tmp_path):
    """Who can write everything but has no partner's key: the tree is whole, and nobody signed it."""
    rewrite(busy, "reason = 'rewritten'")
    change(
        busy,
        "DELETE FROM audit_leaves",
        "DELETE FROM audit_nodes",
        "UPDATE decisions SET leaf = NULL, policy = NULL",
        "UPDATE outbox SET leaf = NULL",
    )
    with busy._writing() as connection:
        backfill(connection)
    assert damage(busy) == [Damage.CHECKPOINT]
    assert "not of this tree, nor do 1 later ones" in words(busy)[0]


def test_a_checkpoint_signed_anew_is_not_what_the_witness_signed(busy):
    last = busy.last_checkpoint()
    other = TreeHead(log=GIVER, gen=1, size=last.size, root=bytes(32))
    with busy._writing() as connection:
        connection.execute(
            text("UPDATE audit_checkpoints SET root = :root, note = :note WHERE size = :size"),
            {"root": other.root, "note": checkpoint(other, KEYS[GIVER]), "size": last.size},
        )
    assert damage(busy) == [Damage.CHECKPOINT, Damage.COSIGNATURE]


def test_a_checkpoint_of_another_key_is_refused(busy):
    last = busy.last_checkpoint()
    head = TreeHead(log=GIVER, gen=1, size=last.size, root=last.root)
    with busy._writing() as connection:
        connection.execute(
            text("UPDATE audit_checkpoints SET note = :note WHERE size = :size"),
            {"note": checkpoint(head, KEYS[READER]), "size": last.size},
        )
    assert words(busy) == [
        f"the one of {last.size} leaves: this checkpoint is not signed by the key of {GIVER}"
    ]


def test_a_cosignature_by_another_key_is_refused(busy):
    last = busy.last_checkpoint()
    forged = cosigned(last.note, READER, KEYS[GIVER], 1_764_000_000)
    with busy._writing() as connection:
        connection.execute(
            text("UPDATE audit_cosignatures SET note = :note WHERE size = :size"),
            {"note": forged, "size": last.size},
        )
    assert damage(busy) == [Damage.COSIGNATURE]


def test_an_edited_envelope_differs(busy):
    change(busy, "UPDATE outbox SET body = replace(body, 'radar-1', 'radar-2') WHERE seq = 7")
    assert Damage.OUTBOX in damage(busy)
    assert "its body is not the one that was sealed" in words(busy)[0]


def test_an_envelope_that_was_sealed_anew_is_not_the_one_in_the_tree(busy):
    """Who has the node's key and rewrites what went out."""
    [before] = busy.feed_after(READER, ROUNDS - 1, 1, gen=1)
    head = busy.feed_head(READER)
    header = read_header(before.header)
    again = sealed([observation(5_000)], FeedHead(gen=1, seq=head.seq - 1, header_sha256=header.prev))
    digest = hashlib.sha256(again.header.encode()).hexdigest()
    with busy._writing() as connection:
        connection.execute(
            text(
                "UPDATE outbox SET header = :h, signature = :s, body = :b, header_sha256 = :d WHERE seq = :n"
            ),
            {"h": again.header, "s": again.signature, "b": again.body, "d": digest, "n": head.seq},
        )
    assert {Damage.EDITED, Damage.UNDECIDED} <= set(damage(busy))
    assert any(
        f"envelope 1.{head.seq} to {READER} is not what was decided or sent" in one for one in words(busy)
    )


def test_a_deleted_envelope_is_missed(busy):
    change(busy, "DELETE FROM outbox WHERE seq = 7")
    assert Damage.DELETED in damage(busy)
    assert any("does not follow the one before" in one for one in words(busy))


def test_an_edited_signature_of_an_envelope_differs(busy):
    change(busy, "UPDATE outbox SET signature = replace(signature, '0', '1') WHERE seq = 7")
    assert damage(busy) == [Damage.EDITED]


def test_an_edited_record_differs_from_its_digest_and_from_the_leaf(busy):
    [entry] = [one for one in busy.observations() if one.n == 11]
    body = entry.body.replace(b"radar-1", b"radar-2")
    with busy._writing() as connection:
        connection.execute(text("UPDATE records SET body = :b WHERE n = 11"), {"b": body})
    assert Damage.RECORD in damage(busy)
    digest = hashlib.sha256(body).digest()
    with busy._writing() as connection:
        connection.execute(text("UPDATE records SET body_sha256 = :d WHERE n = 11"), {"d": digest})
    assert damage(busy) == [Damage.EDITED]


def test_lost_and_invented_lineage_shows(busy):
    change(busy, f"DELETE FROM lineage WHERE input = '{observation(0).id}'")
    assert damage(busy) == [Damage.LINEAGE]
    change(busy, f"INSERT INTO lineage (derived, input) VALUES ('{track(1).id}', 'obs:never:held')")
    assert damage(busy) == [Damage.LINEAGE, Damage.LINEAGE]


def test_an_edited_policy_shows(busy):
    with busy._writing() as connection:
        connection.execute(text("UPDATE audit_policies SET body = :b"), {"b": b"[1]"})
    assert damage(busy) == [Damage.POLICY]
    with busy._writing() as connection:
        connection.execute(
            text("UPDATE audit_policies SET sha256 = :d"), {"d": hashlib.sha256(b"[1]").digest()}
        )
    assert damage(busy)[0] is Damage.EDITED


def test_a_changed_leaf_hash_and_a_changed_node_show(busy):
    with busy._writing() as connection:
        row = connection.execute(text("SELECT hashes FROM audit_leaves WHERE first = 12")).one()
        forged = bytes(HASH_BYTES) + bytes(row.hashes)[HASH_BYTES:]
        connection.execute(text("UPDATE audit_leaves SET hashes = :h WHERE first = 12"), {"h": forged})
    found = damage(busy)
    assert found[0] is Damage.EDITED
    assert Damage.TREE in found
    assert Damage.CHECKPOINT in found


def test_a_node_that_is_missing_shows(busy):
    change(busy, "DELETE FROM audit_nodes WHERE level = 6 AND position = 0")
    assert words(busy) == ["the node over leaves 0 to 63 is missing"]


def test_a_run_of_leaves_that_is_missing_shows(busy):
    change(busy, "DELETE FROM audit_leaves WHERE first = 12")
    assert Damage.TREE in damage(busy)
    assert Damage.TRUNCATED in damage(busy)


def test_many_damages_at_once_are_all_told(busy):
    change(busy, "UPDATE rulings SET reason = 'rewritten'")
    found = check(busy).found
    assert len([one for one in found if one.damage is Damage.EDITED]) == ROUNDS * EACH


def test_what_was_deleted_under_an_agreement_is_no_damage_and_what_was_emptied_without_one_is(busy):
    theirs = agreement(THIRD, (GIVER,))
    envelope = seal(
        [(theirs.reference, encode(observation(900, originator=THIRD)))],
        previous=FeedHead(),
        iss=THIRD,
        aud=GIVER,
        mode=Mode.REAL,
        gen=1,
        key=KEYS[THIRD],
        iat_tai_s=NOW_TAI_S,
    )
    by_us = receiver(GIVER, agreements={theirs.reference: theirs})
    accepted = judged(envelope, receiver_=by_us, issuer=THIRD)
    assert busy.admit(envelope, accepted, received_tai_s=NOW_TAI_S)
    assert busy.delete_holding(THIRD, theirs.reference, at_tai_s=NOW_TAI_S) == 1
    assert check(busy).found == ()
    change(busy, "UPDATE holdings SET deleted_tai_s = NULL")
    assert damage(busy) == [Damage.RECORD]
