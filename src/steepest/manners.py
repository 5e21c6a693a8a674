"""What scikit-learn's users pass as X and y: taken as it is, column by column, or refused by name."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from numbers import Complex, Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.errors import DataWarning, InputError, InputTypeError, count, listed, quoted

Array = NDArray[Any]

LONGEST = 40
"""Characters of a value that a message shows."""

WORDS = {"String": "text", "Categorical": "categories", "Enum": "categories"}
DATES = ("Datetime", "Date", "Time", "Duration")


def positional(features: int) -> tuple[str, ...]:
    """Return the names of columns that have none."""
    return tuple(f"x{j}" for j in range(features))


def features(X: Any) -> tuple[Array, ...]:
    """Return X as arrays (n, k) and (n,) side by side, in their own numeric types.

    Raises
    ------
    InputError, InputTypeError
        Naming the columns and rows that cannot be used.
    """
    if type(X) is np.ndarray and X.ndim == 2 and X.dtype.kind in "fiub":
        parts = (_in_memory(X, "X"),)
    elif _is_sparse(X):
        parts = (_sparse(X),)
    elif _is_frame(X):
        parts = _frame(X)
    else:
        parts = _matrix(X)
    n, p = parts[0].shape[0] if parts else 0, sum(part.shape[1] if part.ndim == 2 else 1 for part in parts)
    if not p:
        what = f"0 feature(s) (shape=({n}, 0)) while a minimum of 1 is required"
        raise InputError("X", what, "Pass at least one column", code="no-columns")
    return parts


def target(y: Any, rows: int, upright: Callable[[], None]) -> Array:
    """Return y (n,) in its own numeric type; `upright` is called if it comes as a column."""
    if y is None:
        raise InputError("y", "requires y to be passed, but the target y is None", "Pass one number a row")
    values = _array(y, "y", "Pass one number for every row")
    if values.ndim == 2 and values.shape[1] == 1:
        upright()
        values = values[:, 0]
    if values.ndim != 1:
        fix = "Fit one target at a time" if values.ndim == 2 else "Pass one number for every row"
        raise InputError("y", f"y should be a 1d array, got an array of shape {values.shape} instead", fix)
    values = _numbers(values[:, None], "y")[0].reshape(-1)
    if len(values) != rows:
        what = f"X has {count(rows, 'row')}, y has {len(values)} (inconsistent numbers of samples)"
        raise InputError("y", what, "Pass one number for every row of X", code="length")
    return values


def refuse_masked(values: Any, name: str) -> None:
    """Raise `InputError` for masked cells, which NumPy would read as if they were there."""
    if isinstance(values, list | tuple) and any(isinstance(row, np.ma.MaskedArray) for row in values):
        values = np.ma.stack(values)
    if not (isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values)):
        return
    mask = np.ma.getmaskarray(values).reshape(len(values), -1)
    columns = np.flatnonzero(mask.any(axis=0)).tolist()
    where = f"column {_label(columns[0])}" if values.ndim == 2 else name
    told = f"{mask.sum()} of {mask.size} values are masked"
    inside = f" in columns {listed(map(_label, columns))}" if len(columns) > 1 else ""
    what = f"{told}{inside}, first at row {int(mask.any(axis=1).argmax())}"
    raise InputError(where, what, "Drop or fill these rows first", code="missing-values")


def warn_of_order(X: Any, other: Any, name: str) -> None:
    """Warn if two pandas objects have the same index in another order: they are paired by position."""
    if type(X) is np.ndarray or not (hasattr(X, "index") and hasattr(other, "index")):
        return
    with contextlib.suppress(AttributeError, TypeError):
        same = X.index.equals(other.index)
        if (
            not same
            and len(X.index) == len(other.index)
            and X.index.sort_values().equals(other.index.sort_values())
        ):
            what = f"{name} has the index of X in another order; rows are paired by position"
            warnings.warn(f"{what}. Align them first: {name}.loc[X.index].", DataWarning, stacklevel=4)


def _is_frame(X: Any) -> bool:
    if _is_lazy(X):
        return True
    named = hasattr(X, "columns") or hasattr(X, "__arrow_c_stream__")
    return named and len(getattr(X, "shape", (0, 0))) == 2


def _is_lazy(X: Any) -> bool:
    return hasattr(X, "collect_schema") and not hasattr(X, "shape")


def _is_sparse(X: Any) -> bool:
    return hasattr(X, "tocsr") and hasattr(X, "nnz")


def _sparse(X: Any) -> Any:
    """Return a sparse matrix by rows, entries that occur twice being summed."""
    if X.dtype.kind not in "fiub":
        _numbers(np.empty((0, 1), X.dtype), "X")
    rows = X.tocsr()
    rows.sum_duplicates()
    return rows


def _matrix(X: Any) -> tuple[Array, ...]:
    """Return anything that NumPy takes for a matrix."""
    if isinstance(X, str | bytes | os.PathLike):
        fix = "For a file use steepest.fit(path, target=...)"
        raise InputTypeError("X", f"got the text {str(X)[:LONGEST]!r}", fix)
    values = _array(X, "X", "Give all rows the same length")
    if values.ndim != 2:
        hint = "Reshape your data: X.reshape(-1, 1) if it is one feature, X.reshape(1, -1) if it is one row"
        what = f"Expected 2D array, got {values.ndim}D array of shape {values.shape}"
        if isinstance(X, list) and not X:
            what = "0 sample(s)"
        raise InputError("X", what, hint if values.ndim == 1 else "Pass rows of features", code="shape")
    return _numbers(values, "X")


def _array(values: Any, name: str, fix: str) -> Array:
    """Return an array; ragged lists, and what is no list at all, are refused."""
    refuse_masked(values, name)
    if values is None or isinstance(values, Mapping | set | frozenset) or callable(values):
        fix = "Pass a matrix, or a data frame" if name == "X" else "Pass one number for every row"
        raise InputTypeError(name, f"got a {type(values).__name__}, not numbers", fix)
    if hasattr(values, "__next__"):
        fix = "Pass a list, or fit batches one after the other with partial_fit"
        raise InputTypeError(name, f"a {type(values).__name__} can be read only once", fix)
    if _is_sparse(values):
        raise InputTypeError(name, "is sparse", "Pass a dense array: .toarray()")
    if hasattr(values, "to_numpy"):
        return _series(values)
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, RecursionError) as error:
        raise _ragged(values, name, fix, error) from error
    mappings = array.ndim == 1 and array.dtype.kind == "O" and len(array) and isinstance(array[0], Mapping)
    if array.dtype.names or mappings:
        kind = "a structured array" if array.dtype.names else "a list of mappings"
        raise InputTypeError(name, f"is {kind}", "Pass a data frame, or a matrix")
    return array


def _ragged(values: Any, name: str, fix: str, error: Exception) -> InputError:
    lengths = [len(row) if hasattr(row, "__len__") and not isinstance(row, str) else -1 for row in values]
    usual = Counter(lengths).most_common(1)[0][0] if lengths else 0
    bad = next((at for at, length in enumerate(lengths) if length != usual), None)
    if bad is None:
        return InputError(name, f"cannot be read as an array ({error})", fix, code="shape")
    found = f"has {count(lengths[bad], 'value')}" if lengths[bad] >= 0 else "is a single value"
    return InputError(name, f"row {bad} {found}, most have {usual}", fix, code="shape")


def _numbers(values: Array, name: str) -> tuple[Array, ...]:
    """Return a matrix of numbers, or its columns where it holds objects."""
    if values.dtype.kind in "fiub":
        return (_in_memory(values, name),)
    if values.dtype.kind == "O":
        return tuple(_objects(values[:, j], _where(name, j), name) for j in range(values.shape[1]))
    if values.dtype.kind == "c":
        fix = "Pass real numbers, such as the real and the imaginary part"
        raise InputError(name, "Complex data not supported", fix, code="not-a-number")
    kind = {"U": "text", "S": "text", "T": "text", "M": "dates", "m": "times"}.get(
        values.dtype.kind, "no numbers"
    )
    shown = f" (first value {str(values.flat[0])[:LONGEST]!r} at row 0)" if values.size else ""
    raise InputTypeError(name, f"holds {kind}{shown}, not numbers", _advice(kind, name), code="not-a-number")


def _in_memory(values: Array, name: str) -> Array:
    """Return numbers in a type that BLAS can be fed from: extended precision becomes float64."""
    if values.dtype.kind != "f" or values.dtype.itemsize <= 8:
        return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float64)
    lost = np.isinf(rounded) & np.isfinite(values)
    if lost.any():
        row, j = np.argwhere(lost.reshape(len(values), -1))[0]
        fix = "Measure it in other units"
        raise InputError(
            _where(name, int(j)), f"a value is beyond the range of float64, first at row {row}", fix
        )
    return rounded


def _frame(X: Any) -> tuple[Array, ...]:
    """Return the columns of a data frame; all that hold no numbers are named."""
    import narwhals.stable.v2 as nw

    if hasattr(X, "read_next_batch"):
        fix = "Use steepest.fit(reader, target=...), or read it: .read_all()"
        raise InputTypeError("X", "a stream of record batches can be read only once", fix)
    if _is_lazy(X):
        raise InputTypeError("X", "is a lazy frame", "Call .collect() first, or use steepest.fit")
    if hasattr(X, "sparse") and len(X.columns) and all(str(dtype).startswith("Sparse") for dtype in X.dtypes):
        return (_sparse(X.sparse.to_coo()),)
    names = list(getattr(X, "column_names", None) or X.columns)
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        places = [f"{name!r} at {[at for at, each in enumerate(names) if each == name]}" for name in twice]
        raise InputError("X", f"columns share a name: {listed(places)}", "Give every column its own name")
    if any(isinstance(name, str) for name in names) and not all(isinstance(name, str) for name in names):
        odd = next(name for name in names if not isinstance(name, str))
        raise InputTypeError(
            "X", f"column names are of mixed types, such as {odd!r}", "Name all columns by text"
        )
    try:
        frame = nw.from_native(X)
    except TypeError:
        if not hasattr(X, "__arrow_c_stream__"):
            return _matrix(np.asarray(X))
        import pyarrow as pa

        frame = nw.from_native(pa.table(X), eager_only=True)
    bad = [(j, name) for j, name in enumerate(frame.columns) if _word(frame.get_column(name).dtype)]
    if bad:
        raise _not_numbers(frame, bad)
    columns = enumerate(frame.columns)
    return tuple(_column(frame.get_column(name), f"column {_named(name, j)}", "X") for j, name in columns)


def _not_numbers(frame: Any, bad: Sequence[tuple[int, str]]) -> InputTypeError:
    told: list[str] = []
    for j, name in bad[:10]:
        series = frame.get_column(name)
        first = _shown(next(iter(series.drop_nulls().to_list()), None))
        told.append(f"column {_named(name, j)} holds {_word(series.dtype)} (first value {first})")
    more = f" and {len(bad) - 10} more" if len(bad) > 10 else ""
    kinds = {_word(frame.get_column(name).dtype) for _, name in bad}
    what = f"{', '.join(told)}{more}, not numbers"
    return InputTypeError(
        "X", what, _advice(kinds.pop() if len(kinds) == 1 else "", "X"), code="not-a-number"
    )


def _series(y: Any) -> Array:
    """Return a series of any library as an array of numbers."""
    import narwhals.stable.v2 as nw

    series = nw.from_native(y, series_only=True, pass_through=True)
    if not isinstance(series, nw.Series):
        return np.asarray(y)
    if _word(series.dtype):
        first = next(iter(series.drop_nulls().to_list()), None)
        what = f"the target holds {_word(series.dtype)} (first value {_shown(first)}), not numbers"
        raise InputTypeError("y", what, _advice("", "y"), code="not-a-number")
    return _column(series, "y", "y")


def _column(series: Any, where: str, name: str) -> Array:
    """Return a series as an array of numbers; missing values are NaN."""
    values = series.to_numpy()
    if series.null_count() and values.dtype.kind != "f":
        there = ~np.asarray(series.is_null().to_numpy(), dtype=bool)
        values = np.full(len(there), np.nan)
        values[there] = np.asarray(series.drop_nulls().to_numpy(), dtype=np.float64)
    if values.dtype.kind == "O":
        return _objects(values, where, name)
    return _in_memory(values[:, None], name)[:, 0]


def _objects(values: Array, where: str, name: str) -> Array:
    """Return objects as numbers; whole numbers keep their digits, texts are refused."""
    for row, value in enumerate(values.tolist()):
        if value is None or isinstance(value, bool | np.bool | int | float | Decimal):
            continue
        if isinstance(value, Complex) and not isinstance(value, complex | np.complexfloating):
            continue
        if type(value).__name__ == "NAType":
            values = values.copy()
            values[row] = None
            continue
        kind = "text" if isinstance(value, str | bytes) else f"a {type(value).__name__}"
        shown = f"{kind} ({_shown(value)} at row {row})"
        phrase = "" if kind == "text" else ": argument must be a string or a real number"
        what = f"the target holds {shown}" if name == "y" else f"holds {shown}, not numbers{phrase}"
        raise InputTypeError(where, what, _advice(kind, name), code="not-a-number")
    try:
        if len(values) and all(isinstance(value, Integral) for value in values):
            return np.array(values.tolist(), dtype=_whole_type(values))
        return values.astype(np.float64)
    except OverflowError:
        rows = [row for row, value in enumerate(values) if not -1.7e308 < value < 1.7e308]
        at = f", first at row {rows[0]}" if rows else ""
        what = f"a whole number is beyond the range of 64 bits{at}"
        raise InputError(
            where, what, "Subtract a whole number from all of them first", code="range"
        ) from None


def _whole_type(values: Array) -> type:
    """Return a type that holds whole numbers without loss."""
    if max(map(abs, values)) <= 2**53:
        return np.float64
    return np.int64 if min(values) < 0 else np.uint64


def _word(dtype: Any) -> str:
    """Return what a column holds that holds no numbers; nothing for one of numbers."""
    kind = str(dtype).split("(")[0]
    if kind in WORDS:
        return WORDS[kind]
    if kind.startswith(DATES):
        return "times" if kind.startswith(("Time", "Duration")) else "dates"
    if kind == "Unknown":
        return "values that are no numbers"
    return "" if dtype.is_numeric() or kind in ("Boolean", "Object") else kind.lower()


def _advice(kind: str, name: str) -> str:
    if name == "y":
        return "Pass numbers; to tell classes apart, use a classifier"
    return {
        "text": "Drop or encode these columns, or use steepest.fit with categorical=",
        "categories": "Drop or encode these columns, or use steepest.fit with categorical=",
        "dates": "Drop them, or pass the days since a date",
        "times": "Drop them, or pass the seconds that they last",
    }.get(kind, "Drop or encode these columns")


def _shown(value: Any) -> str:
    return repr(value if isinstance(value, str) else str(value))[: LONGEST + 2]


def _label(j: int) -> str:
    return _named(f"x{j}", j)


def _named(name: Any, j: int) -> str:
    return f"{quoted(name)} (X[:, {j}])"


def _where(name: str, j: int) -> str:
    return f"column {_label(j)}" if name == "X" else name
