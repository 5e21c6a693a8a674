"""`steepest.fit` for tables, and `steepest.load` for model files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from steepest import persist
from steepest.columns import learn
from steepest.estimator import LinearRegression
from steepest.fitting import fit as fit_source
from steepest.progress import Progress
from steepest.sources.base import Selection
from steepest.sources.open import open_table


def fit(
    source: Any,
    *,
    target: str,
    features: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    weights: str | None = None,
    categorical: Sequence[str] = (),
    missing: str = "error",
    **parameters: Any,
) -> LinearRegression:
    """Fit a line to a table, and return a `LinearRegression` that knows the table's columns.

    Parameters
    ----------
    source : path, data frame, Arrow table or anything with the Arrow stream interface
        CSV, TSV and Parquet files are read in batches: memory stays flat.
    target : str
        The column to explain.
    features : sequence of str, optional
        The columns that explain it; all others in their order, if left out.
    exclude : sequence of str
        Columns that are no features.
    weights : str, optional
        The column of precision weights.
    categorical : sequence of str
        Features that are levels: each gets an indicator ``column[level]`` for every level but the first, the
        levels sorted as text. The table is read once more to learn them.
    missing : {"error", "drop"}, default="error"
        Whether rows with missing cells are refused, or left out and counted.
    **parameters
        Of `LinearRegression`.

    Raises
    ------
    InputError, InputTypeError
        If a column is unknown, holds no numbers, or lacks values.
    OSError
        If a file cannot be read.
    """
    model = LinearRegression(**parameters)
    table = open_table(source)
    columns = learn(
        table,
        target=target,
        features=features,
        exclude=exclude,
        weights=weights,
        categorical=categorical,
        missing=missing,
    )
    with Progress(table.label) as progress:
        rows, asked = Selection(table, columns), model._parameters()  # pyright: ignore[reportPrivateUsage]
        result = fit_source(rows, asked, watch=progress, observe=progress.step)
    return model._publish(result)  # pyright: ignore[reportPrivateUsage]


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
