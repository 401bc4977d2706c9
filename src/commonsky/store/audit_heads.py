"""Heads of audit trees: our own that we signed, who cosigned them, and what we saw of the trees of others.

A head of another tree is kept with who told us of it (its log, or a member that cosigned it) and with how it stood to
what was known then. Heads that contradict each other all stay: they are the evidence.
"""

from collections.abc import Collection
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, insert, select, update

from commonsky.domain.tree_head import TreeHead
from commonsky.store.schema import audit_checkpoints, audit_cosignatures, audit_heads, decisions
from commonsky.store.session import Session, insert_missing, insert_or


class HeldCheckpoint(Struct, frozen=True, kw_only=True):
    """A head of our tree as we signed it."""

    gen: int
    size: int
    root: bytes
    note: str
    made_tai_s: float


class HeldCosignature(Struct, frozen=True, kw_only=True):
    """A checkpoint of ours with the cosignature of a witness."""

    gen: int
    size: int
    witness: str
    note: str
    signed_unix_s: int


class HeldHead(Struct, frozen=True, kw_only=True):
    """A head of another tree, who told us of it, and how it stood to what was known."""

    head: TreeHead
    told_by: str
    standing: str
    note: str
    seen_tai_s: float


class AuditHeads(Session):
    """Questions about heads of audit trees."""

    def newest_decision_leaf(self) -> int:
        """Give the index of the leaf of the newest decision, -1 when there is none."""
        query = select(decisions.c.leaf).order_by(decisions.c.n.desc()).limit(1)
        with self._reading() as connection:
            leaf = connection.scalar(query)
        return -1 if leaf is None else int(leaf)

    def keep_checkpoint(self, head: TreeHead, note: str, *, made_tai_s: float) -> None:
        """Keep a head of our tree that we signed."""
        row = {"gen": head.gen, "size": head.size, "root": head.root, "note": note, "made_tai_s": made_tai_s}
        with self._writing() as connection:
            connection.execute(insert(audit_checkpoints), row)

    def checkpoints(self) -> list[HeldCheckpoint]:
        """Give all checkpoints of ours, the oldest first."""
        query = select(audit_checkpoints).order_by(audit_checkpoints.c.gen, audit_checkpoints.c.size)
        with self._reading() as connection:
            return [_checkpoint(row) for row in connection.execute(query)]

    def last_checkpoint(self) -> HeldCheckpoint | None:
        """Give our newest checkpoint."""
        query = select(audit_checkpoints).order_by(
            audit_checkpoints.c.gen.desc(), audit_checkpoints.c.size.desc()
        )
        with self._reading() as connection:
            row = connection.execute(query.limit(1)).first()
        return None if row is None else _checkpoint(row)

    def checkpoint_of(self, gen: int, size: int) -> HeldCheckpoint | None:
        """Give our checkpoint of this generation and size."""
        query = select(audit_checkpoints).where(
            audit_checkpoints.c.gen == gen, audit_checkpoints.c.size == size
        )
        with self._reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _checkpoint(row)

    def checkpoint_over(self, leaf: int) -> HeldCheckpoint | None:
        """Give our earliest checkpoint of a tree with this leaf."""
        query = select(audit_checkpoints).where(audit_checkpoints.c.size > leaf)
        with self._reading() as connection:
            row = connection.execute(
                query.order_by(audit_checkpoints.c.size, audit_checkpoints.c.gen).limit(1)
            ).first()
        return None if row is None else _checkpoint(row)

    def keep_cosignature(
        self, head: TreeHead, witness: str, note: str, signed_unix_s: int, *, received_tai_s: float
    ) -> None:
        """Keep the cosignature of a witness on a checkpoint of ours; the first one stands."""
        row = {
            "gen": head.gen,
            "size": head.size,
            "witness": witness,
            "note": note,
            "signed_unix_s": signed_unix_s,
            "received_tai_s": received_tai_s,
        }
        with self._writing() as connection:
            connection.execute(insert_missing(connection, audit_cosignatures), row)

    def cosignatures(self) -> list[HeldCosignature]:
        """Give all cosignatures on our checkpoints, the oldest checkpoint first."""
        table = audit_cosignatures
        query = select(table).order_by(table.c.gen, table.c.size, table.c.witness)
        with self._reading() as connection:
            return [
                HeldCosignature(
                    gen=row.gen,
                    size=row.size,
                    witness=row.witness,
                    note=row.note,
                    signed_unix_s=row.signed_unix_s,
                )
                for row in connection.execute(query)
            ]

    def keep_head(self, head: TreeHead, note: str, *, told_by: str, standing: str, seen_tai_s: float) -> None:
        """Keep a head of another tree; told again by the same member, it stands as it does now."""
        row = {
            "log": head.log,
            "gen": head.gen,
            "size": head.size,
            "root": head.root,
            "told_by": told_by,
            "standing": standing,
            "note": note,
            "seen_tai_s": seen_tai_s,
        }
        with self._writing() as connection:
            put = insert_or(connection, audit_heads).values(row)
            told = ["log", "gen", "size", "told_by", "root"]
            connection.execute(put.on_conflict_do_update(index_elements=told, set_={"standing": standing}))

    def restand_head(self, held: HeldHead, standing: str) -> None:
        """Note how a head that a member told us of stands by what is known now."""
        head = held.head
        same = (
            (audit_heads.c.log == head.log)
            & (audit_heads.c.gen == head.gen)
            & (audit_heads.c.size == head.size)
            & (audit_heads.c.root == head.root)
            & (audit_heads.c.told_by == held.told_by)
        )
        with self._writing() as connection:
            connection.execute(update(audit_heads).where(same).values(standing=standing))

    def heads(self, log: str | None = None, *, standings: Collection[str] | None = None) -> list[HeldHead]:
        """Give the heads of another tree, or of all, in the order of tree, generation and size."""
        table = audit_heads
        query = select(table).order_by(table.c.log, table.c.gen, table.c.size, table.c.n)
        if log is not None:
            query = query.where(table.c.log == log)
        if standings is not None:
            query = query.where(table.c.standing.in_(sorted(standings)))
        with self._reading() as connection:
            return [_head(row) for row in connection.execute(query)]

    def last_head(self, log: str, *, standings: Collection[str]) -> HeldHead | None:
        """Give the newest head of another tree that stood so."""
        table = audit_heads
        query = select(table).where(table.c.log == log, table.c.standing.in_(sorted(standings)))
        with self._reading() as connection:
            row = connection.execute(query.order_by(table.c.gen.desc(), table.c.size.desc()).limit(1)).first()
        return None if row is None else _head(row)

    def first_head(self, log: str, gen: int, *, standings: Collection[str]) -> HeldHead | None:
        """Give the oldest head of a generation of another tree that stood so."""
        table = audit_heads
        query = select(table).where(
            table.c.log == log, table.c.gen == gen, table.c.standing.in_(sorted(standings))
        )
        with self._reading() as connection:
            row = connection.execute(query.order_by(table.c.size).limit(1)).first()
        return None if row is None else _head(row)

    def head_root(self, log: str, gen: int, size: int, *, told_by: str | None = None) -> bytes | None:
        """Give the root that a log signed for a size: told by one member, or by anyone, the first one told."""
        table = audit_heads
        query = select(table.c.root).where(table.c.log == log, table.c.gen == gen, table.c.size == size)
        if told_by is not None:
            query = query.where(table.c.told_by == told_by)
        with self._reading() as connection:
            root = connection.scalar(query.order_by(table.c.n).limit(1))
        return None if root is None else bytes(root)


def _checkpoint(row: Row[*tuple[Any, ...]]) -> HeldCheckpoint:
    return HeldCheckpoint(
        gen=row.gen, size=row.size, root=bytes(row.root), note=row.note, made_tai_s=row.made_tai_s
    )


def _head(row: Row[*tuple[Any, ...]]) -> HeldHead:
    return HeldHead(
        head=TreeHead(log=row.log, gen=row.gen, size=row.size, root=bytes(row.root)),
        told_by=row.told_by,
        standing=row.standing,
        note=row.note,
        seen_tai_s=row.seen_tai_s,
    )
