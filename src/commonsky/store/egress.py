"""A second wall behind the feed, in PostgreSQL: a role for each reader that can read its feed and nothing else.

A process that hands out feeds, in another zone than the node, connects as such a role and finds one view,
``egress.feed``. Whatever goes wrong in that process, its connection reaches no record, no other reader's envelope and
no decision:

- the role may enter the schema ``egress`` alone: tables in the node's schema cannot even be named;
- of the outbox it may read the columns of envelopes, and row-level security, forced on the owner too, leaves the rows
  of its own reader, and none while the link is cut;
- the view runs with the rights of whoever asks (``security_invoker``), so the two walls stand behind it; there is no
  function, and nothing runs with the rights of its definer.
"""

import hashlib
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from commonsky.store.rows import LinkState
from commonsky.store.schema import links, outbox
from commonsky.store.session import Session

SCHEMA = "egress"
VIEW_COLUMNS = ("gen", "seq", "header_sha256", "header", "signature", "body")
MOST_BYTES_OF_A_NAME = 63
_POLICY_OF_NODE = "the node itself"

_quoted = postgresql.dialect().identifier_preparer.quote_identifier  # type: ignore[no-untyped-call]


def egress_role(own: str, reader: str) -> str:
    """Return the name of a reader's role; roles are known to all databases of a server, so it names the giver too."""
    name = f"egress {own}>{reader}"
    if len(name) > MOST_BYTES_OF_A_NAME:
        return f"egress {hashlib.sha256(name.encode()).hexdigest()[:48]}"
    return name


class Egress(Session):
    """The wall of one node's database."""

    def set_up_egress(self, own: str, readers: Sequence[str]) -> list[str]:
        """Make the wall, or make it anew for the readers as they are now, all or nothing; return what was done.

        The roles cannot log in until an administrator lets them. Raises StoreError for a database that has no
        roles, and when the node's own role may not do this.
        """
        with self._writing() as connection:
            if connection.dialect.name != "postgresql":
                raise self._error(
                    "only PostgreSQL has roles and row-level security; this is another database"
                )
            done = list(_statements(connection, own, readers))
            for statement in done:
                connection.exec_driver_sql(statement)
            return done


def _statements(connection: Connection, own: str, readers: Sequence[str]) -> Iterator[str]:
    owner, schema, database = connection.execute(
        text("SELECT current_user, current_schema(), current_database()")
    ).one()
    roles = {reader: egress_role(own, reader) for reader in readers}
    there = set(connection.scalars(text("SELECT rolname FROM pg_roles WHERE rolname LIKE 'egress %'")))
    yield f"REVOKE ALL ON SCHEMA {_quoted(schema)} FROM PUBLIC"
    yield f"REVOKE ALL ON DATABASE {_quoted(database)} FROM PUBLIC"
    yield f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"
    yield f"REVOKE ALL ON SCHEMA {SCHEMA} FROM PUBLIC"
    for table in (outbox, links):
        yield from _guarded(connection, table.name, owner)
    yield from _view()
    for role in sorted(_had(connection) - set(roles.values())):
        yield from _taken(role, database)
    for reader, role in roles.items():
        if role not in there:
            yield f"CREATE ROLE {_quoted(role)} NOLOGIN NOINHERIT"
        yield from _given(reader, role, database)


def _guarded(connection: Connection, table: str, owner: str) -> Iterator[str]:
    """Let nobody but the node see a row, except as the policies of readers say; old policies go."""
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
    of_table = text(
        "SELECT policyname FROM pg_policies WHERE schemaname = current_schema() AND tablename = :table"
    )
    for policy in connection.scalars(of_table, {"table": table}):
        yield f"DROP POLICY {_quoted(policy)} ON {table}"
    yield f"CREATE POLICY {_quoted(_POLICY_OF_NODE)} ON {table} TO {_quoted(owner)} USING (true) WITH CHECK (true)"


def _view() -> Iterator[str]:
    read = f"SELECT {', '.join(VIEW_COLUMNS)} FROM {outbox.name}"  # noqa: S608  # names of this module alone
    yield f"DROP VIEW IF EXISTS {SCHEMA}.feed"
    yield f"CREATE VIEW {SCHEMA}.feed WITH (security_invoker = true, security_barrier = true) AS {read}"


def _given(reader: str, role: str, database: str) -> Iterator[str]:
    name, word = _quoted(role), _literal(reader)
    yield f"GRANT CONNECT ON DATABASE {_quoted(database)} TO {name}"
    yield f"GRANT USAGE ON SCHEMA {SCHEMA} TO {name}"
    yield f"GRANT SELECT ON {SCHEMA}.feed TO {name}"
    yield f"GRANT SELECT ({', '.join(('aud', *VIEW_COLUMNS))}) ON {outbox.name} TO {name}"
    yield f"GRANT SELECT (peer, state) ON {links.name} TO {name}"
    cut = f"EXISTS (SELECT 1 FROM {links.name} WHERE peer = {word} AND state = {_literal(LinkState.CUT)})"  # noqa: S608
    yield f"CREATE POLICY {name} ON {outbox.name} FOR SELECT TO {name} USING (aud = {word} AND NOT {cut})"
    yield f"CREATE POLICY {name} ON {links.name} FOR SELECT TO {name} USING (peer = {word})"


def _had(connection: Connection) -> set[str]:
    """Roles that have had their part in this database."""
    grantees = text(
        "SELECT DISTINCT grantee FROM information_schema.column_privileges "
        "WHERE table_schema = current_schema() AND table_name = :table AND grantee LIKE 'egress %'"
    )
    return set(connection.scalars(grantees, {"table": outbox.name}))


def _taken(role: str, database: str) -> Iterator[str]:
    """Leave nothing to a role whose reader is no partner any more; the role itself may have its part elsewhere."""
    name = _quoted(role)
    yield f"REVOKE ALL ON DATABASE {_quoted(database)} FROM {name}"
    yield f"REVOKE ALL ON SCHEMA {SCHEMA} FROM {name}"
    for table, columns in ((outbox.name, ("aud", *VIEW_COLUMNS)), (links.name, ("peer", "state"))):
        yield f"REVOKE ALL ({', '.join(columns)}) ON {table} FROM {name}"


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
