"""Queries of databases: SQLite, and a PostgreSQL server that the tests start."""

import contextlib
import glob
import os
import shutil
import sqlite3
import subprocess
import tempfile

import adbc_driver_postgresql.dbapi
import numpy as np
import pandas as pd
import pytest

import steepest
from steepest.errors import InputError, InputTypeError

BINARIES = sorted(glob.glob("/usr/lib/postgresql/*/bin")) or [os.path.dirname(shutil.which("initdb") or "")]


def trips(n=30_000):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"km": rng.uniform(1, 30, n), "hour": rng.integers(0, 24, n)})
    table["zone"] = np.array(["a", "b", "c"])[rng.integers(0, 3, n)]
    table["fare"] = 3 + 1.5 * table.km + 0.1 * table.hour + rng.normal(size=n)
    return table


@pytest.fixture(scope="session")
def server():
    """Start a PostgreSQL server in a folder of its own; yield its address."""
    if not BINARIES[-1]:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:
        if root:
            shutil.chown(folder, "postgres")

        def run(program, *arguments):
            asked = ["runuser", "-u", "postgres", "--"] if root else []
            command = [*asked, os.path.join(BINARIES[-1], program), "-D", f"{folder}/data", *arguments]
            subprocess.run(command, check=True, capture_output=True, cwd=folder)

        run("initdb", "-A", "trust", "-U", "steepest")
        run("pg_ctl", "-w", "-o", f"-k {folder} -h '' -F", "-l", f"{folder}/log", "start")
        try:
            yield f"postgresql://steepest:sesame@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")


def execute(address, *statements):
    with adbc_driver_postgresql.dbapi.connect(address, autocommit=True) as connection:
        for statement in statements:
            with connection.cursor() as cursor:
                cursor.execute(statement)


@pytest.fixture(scope="session")
def postgres(server):
    with (
        adbc_driver_postgresql.dbapi.connect(server, autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        cursor.adbc_ingest("trips", trips(), mode="create")
    return server


@pytest.fixture
def sqlite(tmp_path):
    path = tmp_path / "trips.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        trips().to_sql("trips", connection, index=False)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgres"])
def address(request):
    return request.getfixturevalue(request.param)


def test_a_query_gives_the_fit_of_its_rows(address):
    expected = steepest.fit(trips(), target="fare", categorical=["zone"])
    for query in ("trips", 'SELECT zone, km, "hour", fare FROM trips;'):
        model = steepest.fit(
            address, query=query, target="fare", features=["km", "hour", "zone"], categorical=["zone"]
        )
        np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
        assert model.moments_.rows == 30_000


def test_rows_can_be_chosen_and_columns_computed(address):
    query = "SELECT km * 2 AS twice, fare FROM trips WHERE hour < 12"
    model = steepest.fit(address, query=query, target="fare")
    table = trips().query("hour < 12")
    assert model.moments_.rows == len(table)
    assert model.coef_[0] == pytest.approx(np.polyfit(2 * table.km, table.fare, 1)[0], rel=1e-9)


def test_a_model_predicts_from_a_query(address, tmp_path):
    model = steepest.fit(trips(), target="fare", features=["km", "hour"])
    with pytest.raises(InputError, match="there is none"):
        model.predict(address)


def test_numeric_of_postgres_is_a_number_and_null_is_missing(postgres):
    query = "SELECT (km::numeric(8, 3)) AS km, CASE WHEN hour = 5 THEN NULL ELSE fare END AS fare FROM trips"
    table = trips().query("hour != 5")
    model = steepest.fit(postgres, query=query, target="fare", missing="drop")
    assert model.moments_.rows == len(table)
    assert model.coef_[0] == pytest.approx(np.polyfit(table.km.round(3), table.fare, 1)[0], rel=1e-9)
    with pytest.raises(InputError, match=r"the target 'fare': \d+ of 30000 values are missing"):
        steepest.fit(postgres, query=query, target="fare")


def test_all_passes_see_the_same_rows(postgres, monkeypatch):
    """Rows that others write between two passes are not there."""
    execute(postgres, "DROP TABLE IF EXISTS growing", "CREATE TABLE growing AS SELECT km, fare FROM trips")
    from steepest.learning import learn
    from steepest.sources.base import Selection
    from steepest.sources.open import open_table
    from steepest.sources.reading import Reading

    table = open_table(postgres, Reading(query="growing"))
    source = Selection(table, learn(table, target="fare"))

    def rows():
        return sum(chunk.rows for piece in source.pieces() for chunk in piece())

    before = rows()
    execute(postgres, "INSERT INTO growing SELECT km, fare FROM trips")
    assert before == rows() == 30_000


def test_nothing_can_be_written(address, tmp_path):
    with pytest.raises(InputError):
        steepest.fit(address, query="DELETE FROM trips RETURNING km, fare", target="fare")
    assert steepest.fit(address, query="trips", target="fare", features=["km"]).moments_.rows == 30_000


@pytest.mark.parametrize(
    ("query", "error", "message"),
    [
        ("", InputError, "there is none"),
        ("nope", InputError, "nope"),
        ("SELECT km FROM WHERE", InputError, "syntax error"),
        ("SELECT km, km AS fare, fare FROM trips", InputError, "more than one column is called 'fare'"),
        ("SELECT zone, fare FROM trips", InputTypeError, "column 'zone': holds text"),
        ("SELECT fare FROM trips WHERE km < 0", InputError, "no column beside the target"),
        ("SELECT km, fare FROM trips WHERE km < 0", InputError, "no rows to fit"),
    ],
)
def test_bad_queries_are_refused(address, query, error, message):
    with pytest.raises(error, match=message):
        steepest.fit(address, query=query, target="fare")


def test_names_are_quoted(address):
    name = 'x"; DROP TABLE trips; --'
    quoted = name.replace('"', '""')
    query = f'SELECT km AS "{quoted}", fare FROM trips'
    model = steepest.fit(address, query=query, target="fare")
    assert model.feature_names_in_.tolist() == [name]
    assert steepest.fit(address, query="trips", target="fare", features=["km"]).moments_.rows == 30_000


def test_text_among_numbers_of_sqlite_is_refused(tmp_path):
    path = tmp_path / "t.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x, y)")
        rows = [(i if i < 3000 else i + 0.5, 2 * i + i % 7) for i in range(5000)]
        connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
        connection.commit()
        assert steepest.fit(f"sqlite:///{path}", query="t", target="y").moments_.rows == 5000
        connection.execute("INSERT INTO t VALUES ('n/a', 1)")
        connection.commit()
    with pytest.raises(InputError, match="a row cannot be read"):
        steepest.fit(f"sqlite:///{path}", query="t", target="y")


def test_the_command_reads_queries_and_tells_no_password(steepest, postgres, tmp_path):
    done = steepest("fit", postgres, "--query", "SELECT km, fare FROM trips", "-t", "fare")
    assert done.code == 0
    assert "30000 rows" in done.out
    for arguments, code in [(("--query", "nope"), 3), (("--query", "trips", "--checkpoint", "c.ckpt"), 3)]:
        done = steepest("fit", postgres, "-t", "fare", "-x", "km", *arguments)
        assert done.code == code
        assert "sesame" not in done.err
    done = steepest("fit", "postgresql://u:sesame@localhost:1/db", "--query", "t", "-t", "y")
    assert done.code == 4
    assert "sesame" not in done.err
    assert steepest("fit", f"sqlite:///{tmp_path}/none.db", "--query", "t", "-t", "y").code == 4
