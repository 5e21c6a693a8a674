"""`History`: the steps of a descent as columns."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.errors import choices
from steepest.result import Fit

Array = NDArray[Any]

COLUMNS = ("iteration", "loss", "gap", "gradient_norm", "distance_se", "learning_rate", "duration_ms")

FRAMES = ("pandas", "polars", "pyarrow")


@dataclass(frozen=True)
class History:
    """The steps of a descent: all of the first few hundred, then fewer and fewer; first and last always.

    ``history["gap"]`` is a column, one number for every row:

    ===================  ===========================================================================
    ``iteration``        steps taken (epochs, for stochastic methods); 0 is the start
    ``loss``             the objective: half the mean squared error, and the penalty
    ``gap``              how far the loss is from its minimum, at most
    ``gradient_norm``    length of the gradient, in the coordinates of the descent
    ``distance_se``      bound on the distance from the exact answer, in the unit of the certificate
    ``learning_rate``    length of the step that led there; NaN at the start
    ``duration_ms``      milliseconds that a step took, on average since the row before
    ===================  ===========================================================================

    `iteration`, `loss`, `learning_rate` and `duration_ms` are called as in BigQuery's ``ML.TRAINING_INFO``,
    whose loss is twice this one.

    Attributes
    ----------
    coef : ndarray of shape (rows, p + 1)
        Intercept (0 where none is fitted) and coefficients of every row, in the user's units.
    names : tuple of str
        Of the columns of `coef`.
    """

    _fit: Fit

    def __len__(self) -> int:
        return len(self._fit.trace)

    def __iter__(self) -> Iterator[str]:
        return iter(COLUMNS)

    def __getitem__(self, column: str) -> Array:
        if column not in COLUMNS:
            raise KeyError(f'no column "{column}". {choices(str(column), COLUMNS)}.')
        return self._columns[column]

    @cached_property
    def _columns(self) -> dict[str, Array]:
        fit, rows = self._fit, self._fit.trace
        unit = float(fit.moments.unit[-1])
        iteration = np.array([row.iteration for row in rows])
        gap = np.array([row.gap for row in rows])
        seconds = np.array([row.seconds for row in rows])
        taken = np.diff(seconds, prepend=0.0) / np.maximum(np.diff(iteration, prepend=0), 1)
        problem, yardstick = fit.problem, fit.problem.yardstick
        with np.errstate(over="ignore", invalid="ignore"):
            norms = [np.linalg.norm(problem.gradient(row.point)) for row in rows]
            return {
                "iteration": iteration,
                "loss": np.array([problem.loss(row.point) for row in rows]) * unit * unit,
                "gap": gap * unit * unit,
                "gradient_norm": np.array(norms) * unit,
                "distance_se": np.array([yardstick.certificate(row.gap).in_se for row in rows]),
                "learning_rate": np.array([row.rate for row in rows]),
                "duration_ms": taken * 1e3,
            }

    @property
    def names(self) -> tuple[str, ...]:
        return ("(intercept)", *self._fit.names)

    @cached_property
    def coef(self) -> Array:
        pairs = (self._fit.problem.coefficients(row.point) for row in self._fit.trace)
        return np.array([np.append(intercept, coef) for coef, intercept in pairs])

    def to_frame(self) -> Any:
        """Return the columns, and then the coefficients, as a data frame.

        Of polars if that is imported already, else of pandas or polars, whichever is installed; without them
        a pyarrow table.
        """
        table = dict(self._columns)
        for name, values in zip(self.names, self.coef.T, strict=True):
            while name in table:
                name = f"coef[{name}]"
            table[name] = values
        in_use = ("polars",) if "polars" in sys.modules else ()
        library = next(name for name in (*in_use, *FRAMES) if find_spec(name) is not None)
        if library == "pyarrow":
            import pyarrow as pa

            return pa.table(table)
        return __import__(library).DataFrame(table)

    def __repr__(self) -> str:
        last = {name: float(self[name][-1]) for name in ("iteration", "loss", "distance_se")}
        shown = ", ".join(f"{name} {value:.6g}" for name, value in last.items() if not math.isnan(value))
        return f"History({len(self)} rows; last: {shown})"
