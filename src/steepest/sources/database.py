"""Queries of databases, by ADBC: SQLite and PostgreSQL, read only, all passes in one transaction."""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from steepest.columns import Slab
from steepest.errors import InputError
from steepest.sources.arrow import kind_of, refuse_twins
from steepest.sources.base import Unlined, slabs_of
from steepest.sources.reading import Reading

WORTH = 16_384
"""Rows from which a batch is worth folding; drivers deliver fewer at a time."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What is particular to a database.

    Attributes
    ----------
    title, extra, driver : str
        What messages call it, what is installed for it, and the module of its driver.
    begin : str
        Opens the transaction, after which the data do not change any more.
    number : str
        An expression that makes a number of a column.
    outline : str
        What shows the columns of a query.
    """

    title: str
    extra: str
    driver: str
    begin: str
    number: str
    outline: str

    def address(self, uri: str) -> str:
        """Return an address as the driver takes it; raise OSError if there is no such file."""
        if self.extra != "sqlite":
            return uri
        path = Path(unquote(urlsplit(uri).path.removeprefix("/")))
        if not path.is_file():
            raise FileNotFoundError(f"no such database: {path}")
        return f"file:{path}?mode=ro"


SQLITE = Dialect(
    "SQLite",
    "sqlite",
    "adbc_driver_sqlite.dbapi",
    "SELECT 1",
    "CASE typeof({0}) WHEN 'integer' THEN CAST({0} AS REAL) ELSE {0} END",
    "{0}",
)
POSTGRES = Dialect(
    "PostgreSQL",
    "postgres",
    "adbc_driver_postgresql.dbapi",
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "CAST({0} AS double precision)",
    "SELECT * FROM ({0}) AS q LIMIT 0",
)
DIALECTS = {"sqlite": SQLITE, "postgresql": POSTGRES, "postgres": POSTGRES}
"""By the scheme of the address: the only registry."""


def recognise(data: Any, reading: Reading) -> Database | None:
    """Return the query of the database that `data` is the address of, or None if it is no address."""
    scheme, colon, _ = data.partition("://") if isinstance(data, str) else ("", "", "")
    return Database(data, DIALECTS[scheme], reading.query) if colon and scheme in DIALECTS else None


class Database(Unlined):
    """The rows of a query."""

    repeatable = True

    def __init__(self, uri: str, dialect: Dialect, query: str) -> None:
        self.label = f"the {dialect.title} query"
        self._secret, self._dialect = urlsplit(uri).password, dialect
        if not query.strip():
            fix = 'Pass query="SELECT ...", or the name of a table'
            raise InputError(self.label, "there is none", fix, code="query")
        named = re.fullmatch(r"[\w.]+", query.strip())
        parts = ".".join(map(quoted_name, query.strip().split(".")))
        self._query = f"SELECT * FROM {parts}" if named else query.strip().rstrip(";")
        self._connection = self._connected(dialect.address(uri))
        weakref.finalize(self, self._connection.close)
        self._run(dialect.begin).close()
        schema = self._schema()
        refuse_twins(schema.names, self.label)
        self.kinds: Mapping[str, str] = {field.name: _kind(field.type) for field in schema}

    def slabs(self, names: Sequence[str], text: Sequence[str] = ()) -> Iterator[Slab]:
        columns = ", ".join(self._column(name, name in text) for name in names)
        with self._run(f"SELECT {columns} FROM ({self._query}) AS q") as cursor:
            yield from slabs_of(self._gathered(cursor.fetch_record_batch()))

    def _column(self, name: str, text: bool) -> str:
        column = quoted_name(name)
        if text or self.kinds[name] != "number":
            return column
        return f"{self._dialect.number.format(column)} AS {column}"

    def _schema(self) -> Any:
        with self._run(self._dialect.outline.format(self._query)) as cursor:
            return cursor.fetch_record_batch().schema

    def _gathered(self, reader: Any) -> Iterator[Any]:
        """Yield batches of a good size."""
        import pyarrow as pa

        waiting, rows = list[Any](), 0
        for batch in self._safely(reader):
            waiting.append(batch)
            rows += batch.num_rows
            if rows >= WORTH:
                yield from pa.Table.from_batches(waiting).combine_chunks().to_batches()
                waiting, rows = [], 0
        if rows:
            yield from pa.Table.from_batches(waiting).combine_chunks().to_batches()

    def _safely(self, reader: Any) -> Iterator[Any]:
        """Yield batches; say what is wrong in our words if there is no next one."""
        try:
            yield from reader
        except OSError as error:
            what = f"a row cannot be read ({self._clean(error)})"
            raise InputError(self.label, what, "Cast the columns in the query", code="query") from error

    def _run(self, sql: str) -> Any:
        from adbc_driver_manager import Error

        cursor = self._connection.cursor()
        try:
            cursor.execute(sql)
        except Error as error:
            cursor.close()
            fix = "Try the query in the database's own shell"
            raise InputError(self.label, self._clean(error), fix, code="query") from None
        return cursor

    def _connected(self, address: str) -> Any:
        import importlib

        try:
            driver = importlib.import_module(self._dialect.driver)
        except ImportError as error:
            what = f"the driver of {self._dialect.title} is missing"
            fix = f'pip install "steepest[{self._dialect.extra}]"'
            raise InputError(self.label, what, fix, code="missing-extra") from error
        try:
            return driver.connect(address)
        except driver.Error as error:
            raise ConnectionError(f"{self._dialect.title}: {self._clean(error)}") from None

    def _clean(self, error: Exception) -> str:
        """Return the first line of a message, without the password."""
        text = str(error).strip().splitlines()[0].rstrip(".")
        return text.replace(self._secret, "***") if self._secret else text


def quoted_name(name: str) -> str:
    """Return a name of SQL in quotes; raise `InputError` if it cannot be one."""
    if "\0" in name:
        raise InputError("query", f"the name {name!r} holds a NUL", "Rename it")
    return '"' + name.replace('"', '""') + '"'


def _kind(type_: Any) -> str:
    """Return the kind of a type, PostgreSQL's NUMERIC being a number."""
    return "number" if "type_name=numeric" in str(type_) else kind_of(type_)
