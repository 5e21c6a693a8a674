"""`steepest.fit` and `steepest.path` for tables, and `steepest.load` for model files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from steepest import persist
from steepest.anytime import most_groups
from steepest.engines.tree import Tree
from steepest.errors import InputError, InputTypeError
from steepest.estimator import LinearRegression
from steepest.fitting import fit as fit_source
from steepest.formula import Formula, parse
from steepest.learning import learn
from steepest.parameters import seed_of
from steepest.progress import Progress
from steepest.selecting import LinearRegressionCV
from steepest.sources.base import Selection
from steepest.sources.open import open_table
from steepest.sources.reading import Reading


def fit(
    source: Any,
    *,
    target: str | None = None,
    features: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    weights: str | None = None,
    categorical: Sequence[str] = (),
    missing: str = "error",
    formula: str | None = None,
    max_dropped: float = 1.0,
    na: Sequence[str] = (),
    decimal: str = ".",
    query: str = "",
    order: str = "random",
    until: Mapping[str, float] | None = None,
    **parameters: Any,
) -> LinearRegression:
    """Fit a line to a table, and return a `LinearRegression` that knows the table's columns.

    Parameters
    ----------
    source : path, list of paths, address, data frame, Arrow table or other Arrow stream
        Files (CSV, TSV and NDJSON, also as ``.gz``, ``.zst`` or ``.bz2``; Parquet; Arrow IPC), folders and
        patterns of files, and databases (``sqlite:///path``, ``postgresql://...``) are read in batches, and
        memory stays flat.
    target : str
        The column to explain.
    features : sequence of str, optional
        The columns that explain it, or patterns such as ``lag_*``; all others in their order, if left out.
    exclude : sequence of str
        Columns that are no features.
    weights : str, optional
        The column of precision weights.
    categorical : sequence of str
        Features that are levels: each gets an indicator ``column[level]`` for every level but the first, the
        levels sorted as text. The table is read once more to learn them.
    missing : {"error", "drop"}, default="error"
        Whether rows with missing cells are refused, or left out and counted.
    formula : str, optional
        Instead of target, features, exclude and categorical, such as
        ``"y ~ a + b + a:b + C(city) + poly(x, 3) - 1"``; ``a*b`` is ``a + b + a:b``, ``.`` are all other
        columns, ``days(when)`` counts days since 1970. Nothing in it is ever run.
    max_dropped : float
        Largest share of the rows that may be dropped.
    na : sequence of str
        What stands for a missing value in text, beside what usually does.
    decimal : {".", ","}
        The decimal mark in text.
    query : str
        The table of a database, or a SELECT.
    order : {"random", "file"}
        In which pieces of files that have pieces (Parquet, Arrow IPC) are read. A random order, drawn from
        `random_state`, is what lets estimates on the way speak for all rows.
    until : mapping of str to float, optional
        Half-widths of 95 % intervals by name of the coefficient. No more is read once all are reached; the
        intervals of the fit then allow for having looked again and again.
    **parameters
        Of `LinearRegression`.

    Raises
    ------
    InputError, InputTypeError
        If a column is unknown, holds no numbers, or lacks values.
    OSError
        If a file cannot be read.
    """
    if until is not None and not isinstance(until, Mapping):
        raise InputTypeError("until", f"got {until!r}", "Pass half-widths by name of the coefficient")
    meaning = {"target": target, "features": features, "exclude": exclude, "weights": weights}
    meaning |= {"categorical": categorical, "missing": missing}
    parsed = _formula(formula, parameters)
    model = LinearRegression(**parameters)
    asked = model._parameters()  # pyright: ignore[reportPrivateUsage]
    reading = _reading(na, decimal, query, max_dropped)
    with _opened(source, reading, order, asked.random_state or 0, parsed, meaning) as (rows, progress):
        result = fit_source(
            rows,
            asked,
            watch=progress,
            observe=progress.step,
            tree=Tree(most_groups(len(rows.names))),
            until=until,
            max_dropped=max_dropped,
        )
    return model._publish(result)  # pyright: ignore[reportPrivateUsage]


def path(
    source: Any,
    *,
    target: str | None = None,
    cv: int = 5,
    folds: str | None = None,
    groups: str | None = None,
    ordered: bool = False,
    features: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    weights: str | None = None,
    categorical: Sequence[str] = (),
    missing: str = "error",
    formula: str | None = None,
    max_dropped: float = 1.0,
    na: Sequence[str] = (),
    decimal: str = ".",
    query: str = "",
    order: str = "random",
    random_state: int = 0,
    **parameters: Any,
) -> LinearRegressionCV:
    """Choose a penalty for a table by cross-validation, in one pass, and return a `LinearRegressionCV`.

    Parameters
    ----------
    source, target, features ... order : as in `steepest.fit`
    cv : int
        Number of folds, to which rows are dealt at random.
    folds : str, optional
        The column that says which fold a row is in.
    groups : str, optional
        The column whose equal values share a fold.
    ordered : bool
        Whether every fold is predicted from those before it, in the order of the values of `folds`.
    random_state : int
        Of the folds.
    **parameters
        Of `LinearRegressionCV`.

    Raises
    ------
    InputError, InputTypeError, OSError
        As `steepest.fit` does.
    """
    if folds is not None and groups is not None:
        raise InputError("folds", "groups leaves them to chance", "Name the column of one of the two")
    if ordered and folds is None:
        raise InputError("ordered", "there is no order of the folds", "Name a column: folds=")
    meaning = {"target": target, "features": features, "exclude": exclude, "weights": weights}
    meaning |= {"categorical": categorical, "missing": missing, "labels": groups if folds is None else folds}
    parsed = _formula(formula, parameters)
    model, seed = LinearRegressionCV(cv=cv, **parameters), seed_of(random_state)
    reading = _reading(na, decimal, query, max_dropped)
    with _opened(source, reading, order, seed or 0, parsed, meaning) as (rows, progress):
        return model._select(  # pyright: ignore[reportPrivateUsage]
            rows,
            given=folds is not None,
            ordered=ordered,
            seed=seed,
            watch=progress,
            told=progress.penalty,
            max_dropped=max_dropped,
        )


@contextmanager
def _opened(
    source: Any, reading: Reading, order: str, seed: int, formula: Formula | None, meaning: dict[str, Any]
) -> Iterator[tuple[Selection, Progress]]:
    """Yield the rows of a table, and what shows progress; `meaning` is that of its columns."""
    if order not in ("random", "file"):
        raise InputError("order", f"got {order!r}", 'Pass "random" or "file"')
    table = open_table(source, reading)
    with Progress(table.label) as progress:
        columns = learn(table, formula=formula, watch=progress.read, **meaning)
        yield Selection(table, columns, seed if order == "random" else None), progress


def _formula(formula: Any, parameters: dict[str, Any]) -> Formula | None:
    """Return a formula, which says itself whether there is an intercept."""
    if not isinstance(formula, str | None):
        raise InputTypeError("formula", f"got {formula!r}", 'Pass a text such as "y ~ a + b"')
    if formula is None:
        return None
    parsed = parse(formula)
    parameters["fit_intercept"] = parsed.intercept
    return parsed


def _reading(na: Any, decimal: str, query: str, max_dropped: Any) -> Reading:
    """Return how a table is to be read, after checking the arguments that say so."""
    if not isinstance(na, list | tuple) or not all(isinstance(each, str) for each in na):
        raise InputTypeError("na", f"got {na!r}", "Pass a list of texts")
    if not (isinstance(max_dropped, int | float) and 0 <= max_dropped <= 1):
        raise InputError("max_dropped", f"got {max_dropped!r}", "Pass a share between 0 and 1")
    return Reading(tuple(na), decimal, query=query)


def load(path: str | os.PathLike[str]) -> LinearRegression:
    """Return the fitted model in a file that `LinearRegression.save` or the command line wrote.

    Raises
    ------
    ModelFileError
        If the file is no intact model of a known schema.
    OSError
        If the file cannot be read.
    """
    result = persist.load(path)
    parameters = {name: getattr(result.parameters, name) for name in LinearRegression().get_params()}
    return LinearRegression(**parameters)._publish(result)  # pyright: ignore[reportPrivateUsage]
