"""The wall behind the feed in PostgreSQL: every view and function, and what each role can read and cannot."""

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from commonsky.cli import main
from commonsky.store import Store, StoreError
from commonsky.store.egress import MOST_BYTES_OF_A_NAME, egress_role
from commonsky.store.schema import metadata
from partners import GIVER, NOW_TAI_S, READER, THIRD, chain, observation
from two_nodes import found_two

ODD = 'it\'s-a."reader"'
OWN_SCHEMAS = "NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg\\_t%'"


class Walled:
    """A node's database on a server, and sessions on it as anybody."""

    def __init__(self, address):
        self.admin = address
        self.owner = f"node_{make_url(address).database}"
        with self.session(autocommit=True) as run:
            run(f'CREATE ROLE "{self.owner}" LOGIN CREATEROLE')
            run(f'ALTER DATABASE "{make_url(address).database}" OWNER TO "{self.owner}"')
        self.store = Store.open(self.address_of(self.owner))

    def address_of(self, role):
        return make_url(self.admin).set(username=role).render_as_string(hide_password=False)

    def session(self, role=None, *, autocommit=False):
        return Session(self.admin if role is None else self.address_of(role), autocommit=autocommit)

    def login(self, reader):
        role = egress_role(GIVER, reader)
        with self.session(autocommit=True) as run:
            run(f"ALTER ROLE {quoted(role)} LOGIN")
        return self.session(role)


class Session:
    """Statements as one role; gives rows, or the error's code."""

    def __init__(self, address, *, autocommit):
        options = {"isolation_level": "AUTOCOMMIT"} if autocommit else {}
        self._engine = create_engine(address, **options)

    def __enter__(self):
        self._connection = self._engine.connect()
        return self

    def __exit__(self, *_):
        self._connection.rollback()
        self._connection.close()
        self._engine.dispose()

    def __call__(self, statement):
        answer = self._connection.execute(text(statement.replace(":", "\\:")))
        return [tuple(row) for row in answer] if answer.returns_rows else []

    def refused(self, statement):
        """The code of the error that a statement meets; empty for none."""
        try:
            self(statement)
        except DBAPIError as error:
            return error.orig.args[0]["C"]
        else:
            return ""
        finally:
            self._connection.rollback()


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


@pytest.fixture(scope="module")
def walled(postgresql):
    made = Walled(postgresql())
    store = made.store
    store.append([observation(1)])
    for aud, count in ((READER, 5), (THIRD, 3)):
        for envelope in chain(count, aud=aud):
            store.enqueue(envelope)
    store.cut(ODD, at_tai_s=NOW_TAI_S)
    store.set_up_egress(GIVER, [READER, THIRD, ODD])
    yield made
    store.close()


def test_there_is_one_view_no_function_and_nothing_runs_with_the_rights_of_its_definer(walled):
    with walled.session() as run:
        views = run(
            "SELECT nspname, relname, reloptions FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
            f"WHERE relkind IN ('v', 'm') AND nspname {OWN_SCHEMAS}"
        )
        functions = run(
            f"SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname {OWN_SCHEMAS}"
        )
        triggers = run("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        rules = run(
            "SELECT rulename FROM pg_rules WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
    assert views == [("egress", "feed", ["security_invoker=true", "security_barrier=true"])]
    assert (functions, triggers, rules) == ([], [], [])


def test_row_level_security_is_forced_and_each_policy_is_for_one_role(walled):
    with walled.session() as run:
        tables = run("SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relrowsecurity")
        policies = run("SELECT tablename, policyname, roles, cmd FROM pg_policies")
    assert sorted(tables) == [("links", True, True), ("outbox", True, True)]
    readers = {egress_role(GIVER, reader) for reader in (READER, THIRD, ODD)}
    assert {(table, name) for table, name, *_ in policies} == {
        (table, name) for table in ("links", "outbox") for name in {"the node itself", *readers}
    }
    assert all(
        roles == [walled.owner if name == "the node itself" else name] for _, name, roles, _ in policies
    )
    assert all(cmd == "SELECT" for _, name, _, cmd in policies if name in readers)


def test_each_role_reads_its_own_feed_and_no_envelope_of_another(walled):
    for reader, count in ((READER, 5), (THIRD, 3), (ODD, 0)):
        with walled.login(reader) as run:
            rows = run("SELECT gen, seq, header, signature, body FROM egress.feed ORDER BY gen, seq")
            assert len(rows) == count
            assert all(f'"aud":"{reader}"' in header for _, _, header, _, _ in rows)
    envelopes = walled.store.feed_after(READER, 0, 10, gen=0)
    with walled.login(READER) as run:
        rows = run("SELECT header, signature, body FROM egress.feed ORDER BY seq")
    assert rows == [(one.header, one.signature, one.body) for one in envelopes]


def test_no_role_names_a_table_of_the_node_or_changes_anything(walled):
    denied = "42501"
    with walled.login(READER) as run:
        for table in metadata.tables:
            assert run.refused(f"SELECT * FROM public.{table}") == denied, table
            assert run.refused(f"INSERT INTO public.{table} DEFAULT VALUES") == denied, table
        for statement in (
            "DELETE FROM egress.feed",
            "UPDATE egress.feed SET body = ''",
            "INSERT INTO egress.feed (gen) VALUES (1)",
            "CREATE TABLE egress.mine (n int)",
            "CREATE TABLE public.mine (n int)",
            "CREATE FUNCTION egress.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE TEMPORARY TABLE mine (n int)",
            f'SET ROLE "{walled.owner}"',
            f"SET ROLE {quoted(egress_role(GIVER, THIRD))}",
            "COPY egress.feed TO PROGRAM 'cat'",
            "COPY egress.feed TO '/tmp/feed'",
            "SELECT pg_read_file('/etc/passwd')",
            "ALTER VIEW egress.feed SET (security_invoker = false)",
            "DROP VIEW egress.feed",
            "ALTER TABLE public.outbox DISABLE ROW LEVEL SECURITY",
            "SELECT nextval('public.records_n_seq')",
        ):
            assert run.refused(statement) == denied, statement


def test_no_role_gets_around_row_level_security_or_sees_traces_of_other_rows(walled):
    with walled.login(READER) as run:
        run("SET row_security = off")
        assert run.refused("SELECT * FROM egress.feed") == "42501"
    with walled.session(walled.owner, autocommit=True) as run:
        run("ANALYZE public.outbox")
    with walled.login(READER) as run:
        assert run("SELECT * FROM pg_stats WHERE tablename IN ('outbox', 'links')") == []
        assert run("SELECT * FROM pg_stats_ext") == []
        leaky = (
            "SELECT count(*) FROM egress.feed WHERE 1 / (CASE WHEN header LIKE '%FRA%' THEN 0 ELSE 1 END) = 1"
        )
        assert run(leaky) == [(5,)]
        columns = run(
            "SELECT column_name FROM information_schema.columns WHERE table_name NOT LIKE 'pg%' "
            "AND table_schema = 'public'"
        )
        assert {name for (name,) in columns} <= {
            *("aud", "gen", "seq", "header_sha256", "header", "signature", "body", "peer", "state")
        }


def test_a_cut_link_shows_nothing_until_it_is_restored(walled):
    walled.store.cut(THIRD, at_tai_s=NOW_TAI_S)
    with walled.login(THIRD) as run:
        assert run("SELECT * FROM egress.feed") == []
    with walled.login(READER) as run:
        assert len(run("SELECT * FROM egress.feed")) == 5
    walled.store.restore(THIRD, at_tai_s=NOW_TAI_S)
    with walled.login(THIRD) as run:
        assert len(run("SELECT * FROM egress.feed")) == 3


def test_the_node_works_on_behind_the_wall(walled):
    store = walled.store
    before = store.feed_head(READER)
    store.append([observation(77)])
    [more] = chain(1, start=50, previous=before)
    store.enqueue(more)
    assert store.feed_after(READER, before.seq, 10, gen=before.gen) == [more]
    with walled.login(READER) as run:
        assert run("SELECT max(seq) FROM egress.feed") == [(6,)]


def test_made_anew_it_serves_the_partners_of_now_and_nobody_that_has_left(postgresql):
    walled = Walled(postgresql())
    walled.store.enqueue(chain(1)[0])
    first = walled.store.set_up_egress(GIVER, [READER, THIRD])
    again = walled.store.set_up_egress(GIVER, [READER, THIRD])
    assert any(one.startswith("CREATE SCHEMA") for one in first)
    assert not any(one.startswith("CREATE ROLE") for one in again)
    with walled.login(READER) as run:
        assert len(run("SELECT * FROM egress.feed")) == 1
    walled.store.set_up_egress(GIVER, [THIRD])
    with walled.session() as run:
        left = run(
            "SELECT table_name FROM information_schema.column_privileges "
            f"WHERE grantee = '{egress_role(GIVER, READER)}'"
        )
        may = run(
            f"SELECT has_database_privilege('{egress_role(GIVER, READER)}', current_database(), 'CONNECT')"
        )
    assert (left, may) == ([], [(False,)])
    walled.store.close()


def test_a_node_role_that_may_not_make_roles_is_told_and_nothing_is_done(postgresql):
    walled = Walled(postgresql())
    with walled.session(autocommit=True) as run:
        run(f'ALTER ROLE "{walled.owner}" NOCREATEROLE')
    with pytest.raises(StoreError, match="permission denied to create role"):
        walled.store.set_up_egress(GIVER, ["SOMEBODY-NEW"])
    with walled.session() as run:
        assert run("SELECT 1 FROM pg_namespace WHERE nspname = 'egress'") == []
    walled.store.close()


def test_sqlite_has_no_such_wall_and_the_command_says_so(tmp_path, capsys):
    giver, reader = found_two(tmp_path)
    for node in (giver, reader):
        node.store.close()
    assert main(["node", "egress", str(giver.folder.path)]) == 1
    assert "only PostgreSQL has roles" in " ".join(capsys.readouterr().err.split())


def test_the_command_says_what_it_did(tmp_path, postgresql, capsys):
    walled = Walled(postgresql())
    address = walled.address_of(walled.owner)
    giver, reader = found_two(tmp_path)
    for node in (giver, reader):
        node.store.close()
    file = giver.folder.config
    file.write_text(f'database = "{address}"\n' + file.read_text())
    assert main(["node", "egress", str(giver.folder.path)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"egress {GIVER}>{READER}" in said
    assert "FORCE ROW LEVEL SECURITY" in said
    walled.store.close()


@pytest.mark.parametrize(("own", "reader"), [("A" * 32, "B" * 32), ("A", "B"), ("A>B", "C"), ("A", "B>C")])
def test_role_names_fit_and_differ(own, reader):
    assert len(egress_role(own, reader)) <= MOST_BYTES_OF_A_NAME
    assert egress_role("A" * 32, "B" * 32) != egress_role("A" * 32, "B" * 31 + "C")
