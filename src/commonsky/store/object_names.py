"""Under which one name each object is known where it must never have two: names that it got later lead back to it."""

from collections.abc import Sequence

from sqlalchemy import func, select

from commonsky.store.schema import object_names
from commonsky.store.session import Session, insert_missing


class ObjectNames(Session):
    """Questions about names that are one object's."""

    def object_behind(self, names: Sequence[str]) -> str:
        """Give the name under which the object of these names was first asked for; each leads to it from now on.

        Never asked for before, that is the first of the names. Where some of the names were different objects' until
        now, the earliest of them is taken: what was done under the later one cannot be undone.
        """
        with self._writing() as connection:
            known = (
                select(object_names.c.object)
                .where(object_names.c.name.in_(names))
                .order_by(object_names.c.n, object_names.c.name)
                .limit(1)
            )
            found = connection.scalar(known)
            named = names[0] if found is None else str(found)
            next_n = (connection.scalar(select(func.max(object_names.c.n))) or 0) + 1
            rows = [{"name": name, "object": named, "n": next_n} for name in names]
            connection.execute(insert_missing(connection, object_names), rows)
        return named
