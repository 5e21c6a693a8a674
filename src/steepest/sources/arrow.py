"""Data frames and Arrow data, by the Arrow stream interface or narwhals."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from steepest.columns import Slab
from steepest.errors import InputError, InputTypeError, listed
from steepest.sources.base import Unlined, slabs_of


def kind_of(type_: Any) -> str:
    """Return the kind of an Arrow type, as a word for messages."""
    from pyarrow import types

    if types.is_null(type_):
        return "empty"
    if types.is_boolean(type_):
        return "boolean"
    if types.is_integer(type_) or types.is_floating(type_) or types.is_decimal(type_):
        return "number"
    if types.is_dictionary(type_):
        return "categories"
    if types.is_string(type_) or types.is_large_string(type_) or types.is_string_view(type_):
        return "text"
    if types.is_temporal(type_):
        return "dates" if types.is_date(type_) or types.is_timestamp(type_) else "times"
    return str(type_)


def kinds_of(schema: Any, label: str) -> dict[str, str]:
    """Return the kinds of all columns; raise `InputError` if a name occurs twice."""
    refuse_twins(schema.names, label)
    index = _index_columns(schema)
    return {field.name: kind_of(field.type) for field in schema if field.name not in index}


def refuse_twins(names: Sequence[str], label: str) -> None:
    """Raise `InputError` if columns share a name, saying which and where."""
    twice = [name for name, times in Counter(names).items() if times > 1]
    if not twice:
        return
    places = [f"{name!r} (columns {_places(names, name)})" for name in twice]
    what = f"more than one column is called {listed(places)}"
    raise InputError(label, what, "Give every column its own name", code="columns")


def _places(names: Sequence[str], name: str) -> str:
    return ", ".join(str(at + 1) for at, each in enumerate(names) if each == name)


def _index_columns(schema: Any) -> set[str]:
    """Return the columns that are the index of a pandas frame, which is no column of it."""
    try:
        index = json.loads((schema.metadata or {}).get(b"pandas", b"{}")).get("index_columns") or ()
    except (ValueError, AttributeError):
        return set()
    return {name for name in index if isinstance(name, str)}


def _refuse_odd_names(columns: Any, label: str) -> None:
    """Raise an error for the names of a data frame that are no texts, or occur twice."""
    names = list(columns)
    odd = [name for name in names if not isinstance(name, str)]
    if odd and isinstance(odd[0], int | tuple):
        what = f"{len(odd)} of {len(names)} columns are not named by text, first {odd[0]!r}"
        raise InputTypeError(label, what, "Rename them: frame.columns = frame.columns.map(str)")
    if not odd:
        refuse_twins(names, label)


class ArrowTable(Unlined):
    """Anything that exports an Arrow stream: Arrow tables and datasets, pandas, polars, DuckDB relations."""

    label = "the table"

    def __init__(self, data: Any) -> None:
        self._data = data
        self.repeatable = not hasattr(data, "read_next_batch")
        self._opened = self._open()
        self.kinds: Mapping[str, str] = kinds_of(self._opened.schema, self.label)

    @staticmethod
    def recognises(data: Any) -> bool:
        """Return whether `data` exports an Arrow stream."""
        return hasattr(data, "__arrow_c_stream__")

    @classmethod
    def recognise(cls, data: Any, reading: object = None) -> ArrowTable | None:
        """Return the table that `data` is, or None."""
        if cls.recognises(data):
            return cls(data)
        if hasattr(data, "scanner") or hasattr(data, "collect_batches"):
            return cls(data)
        import narwhals.stable.v2 as nw

        with contextlib.suppress(TypeError):
            frame = nw.from_native(data)
            return cls((frame.collect() if isinstance(frame, nw.LazyFrame) else frame).to_arrow())
        return None

    def _open(self) -> Any:
        import pyarrow as pa

        if hasattr(self._data, "collect_batches"):
            return _lazily(self._data)
        if hasattr(self._data, "columns"):
            _refuse_odd_names(self._data.columns, self.label)
        try:
            if hasattr(self._data, "scanner"):
                return self._data.scanner().to_reader()
            return pa.RecordBatchReader.from_stream(self._data)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            fix = "Pass a table of plain columns, and a stream only once"
            raise InputTypeError(self.label, f"cannot be read as Arrow data ({error})", fix) from error

    def slabs(self, names: Sequence[str], text: Sequence[str] = ()) -> Iterator[Slab]:
        reader, self._opened = self._opened or self._open(), None
        yield from slabs_of(batch.select(names) for batch in reader)


def _lazily(frame: Any) -> Any:
    """Return the batches of a lazy frame of polars, which are computed as they are read."""
    import pyarrow as pa

    schema = frame.limit(0).collect().to_arrow().schema
    batches = (batch for part in frame.collect_batches() for batch in part.to_arrow().to_batches())
    return pa.RecordBatchReader.from_batches(schema, batches)
