"""What was answered to whom, of which of our objects: the ledger that budgets of questions are counted in."""

from collections.abc import Iterable

from sqlalchemy import exists, func, insert, select

from commonsky.store.schema import answered, decisions, records, rulings
from commonsky.store.session import Session

NO_OBJECT = ""
"""Stands for the question itself, beside the rows of the objects that it touched."""
EXPLANATION = "?"
"""Stands for a question why a record did not go out: these have a budget of their own."""


class Questions(Session):
    """Questions about questions."""

    def note_answered(self, asker: str, question: str, objects: Iterable[str], *, at_tai_s: float) -> None:
        """Keep that a question was answered and which of our objects it touched."""
        row = {"asker": asker, "question": question, "at_tai_s": at_tai_s}
        rows = [{**row, "object": one} for one in sorted({NO_OBJECT, *objects})]
        with self._writing() as connection:
            connection.execute(insert(answered), rows)

    def has_answered(self, asker: str, question: str) -> bool:
        """Whether this question of a member was answered already."""
        return self._is_answered(asker, question, NO_OBJECT)

    def questions_since(self, asker: str, since_tai_s: float) -> int:
        """Count the questions of a member that were answered after a time."""
        return self.questions_by_object(asker, since_tai_s).get(NO_OBJECT, 0)

    def questions_by_object(self, asker: str, since_tai_s: float) -> dict[str, int]:
        """Count, by object of ours, the questions of a member that touched it after a time."""
        query = (
            select(answered.c.object, func.count().label("times"))
            .where(answered.c.asker == asker, answered.c.at_tai_s > since_tai_s)
            .group_by(answered.c.object)
        )
        with self._reading() as connection:
            return {row.object: row.times for row in connection.execute(query)}

    def note_explained(self, asker: str, question: str, *, at_tai_s: float) -> None:
        """Keep that a member was told why it does not have a record."""
        row = {"asker": asker, "question": question, "object": EXPLANATION, "at_tai_s": at_tai_s}
        with self._writing() as connection:
            connection.execute(insert(answered), row)

    def has_explained(self, asker: str, question: str) -> bool:
        """Whether this question of a member, why it does not have a record, was answered already."""
        return self._is_answered(asker, question, EXPLANATION)

    def explained_since(self, asker: str, since_tai_s: float) -> int:
        """Count the questions of a member, why it does not have a record, that were answered after a time."""
        return self.questions_by_object(asker, since_tai_s).get(EXPLANATION, 0)

    def was_let_out(self, record: str, reader: str) -> bool:
        """Whether the decision in force on any record of this id is to give it to a member."""
        released = select(rulings.c.n).where(rulings.c.reader == reader, rulings.c.allowed)
        query = exists().where(
            records.c.id == record,
            decisions.c.entry == records.c.n,
            decisions.c.reader == reader,
            decisions.c.newest,
            decisions.c.ruling.in_(released),
        )
        with self._reading() as connection:
            return bool(connection.scalar(select(query)))

    def _is_answered(self, asker: str, question: str, about: str) -> bool:
        query = exists().where(
            answered.c.asker == asker, answered.c.question == question, answered.c.object == about
        )
        with self._reading() as connection:
            return bool(connection.scalar(select(query)))

    def shown_in_full(self, reader: str) -> frozenset[str]:
        """Give the ids of records that a member was given as they are, by the decisions in force."""
        in_full = select(rulings.c.n).where(
            rulings.c.reader == reader, rulings.c.allowed, rulings.c.form.is_(None)
        )
        query = (
            select(records.c.id)
            .join(decisions, decisions.c.entry == records.c.n)
            .where(decisions.c.reader == reader, decisions.c.newest, decisions.c.ruling.in_(in_full))
        )
        with self._reading() as connection:
            return frozenset(connection.scalars(query))
