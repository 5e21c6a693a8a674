"""From data to a fit: the whole story in one place, with no scikit-learn."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.anytime import Until, sample_of
from steepest.cells import CODE, Cells
from steepest.certificate import Certificate
from steepest.chunk import Chunk, Counts, no_rows
from steepest.codes import Code, Occurrences, codes, suspects
from steepest.columns import Columns
from steepest.descent import Descent, Status, descend
from steepest.engines.local import Watch, fold
from steepest.engines.tree import Tree
from steepest.errors import DataChangedError, InputError, listed
from steepest.limits import limits_of, refuse_divergence
from steepest.memory import available
from steepest.methods.base import Method
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.objective import Quadratic
from steepest.parameters import Parameters, check
from steepest.refinement import refine, wanting
from steepest.replay import fit_of, stop
from steepest.result import Fit
from steepest.sampled import Sampled
from steepest.sources.base import Source, shuffled
from steepest.thin import Thin
from steepest.threads import alone_on
from steepest.trace import Row

Array = NDArray[np.float64]

COPIES = 6
"""Matrices of products that a pass and the solution hold at a time."""

WIDE = 256
"""Columns up to which their products are gathered even if there are fewer rows."""

COPIES_OF_SETS = 5
"""Those that every set of rows takes which is told apart: its own, and what the others say without it."""

UNASKED = 1 << 24
"""Bytes that are there on any machine."""

LOOK_SECONDS = 2.0
"""How long rows are read again to count what cannot be used."""

LARGEST_WEIGHT = 1e150
"""Weights of a diverged descent whose distance is not worth computing."""

Observer = Callable[[int, Certificate, Callable[[], Fit]], bool]
"""Told the number of every step, its certificate and, if it asks, the fit as it would be after it; ends the
descent by returning True."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a source, to be read again."""

    source: Source
    watch: Watch | None = None

    def sum(self, each: Any) -> Any:
        """Return the sum of a fold over all rows."""
        return fold(self.source, each, watch=self.watch)[0]

    def visit(self, rng: np.random.Generator | None) -> Iterator[Chunk]:
        """Yield all rows; given a generator, the pieces of the source in a random order."""
        pieces = self.source.pieces()
        return chain.from_iterable(piece() for piece in (pieces if rng is None else shuffled(pieces, rng)))


def fit(
    source: Source,
    parameters: Parameters,
    *,
    watch: Watch | None = None,
    observe: Observer | None = None,
    former: Fit | None = None,
    tree: Tree | None = None,
    until: Mapping[str, float] | None = None,
    max_dropped: float = 1.0,
) -> Fit:
    """Fit a line to a source: data → moments → problem → descent → fit.

    Parameters
    ----------
    source : Source
    parameters : Parameters
    watch : callable, optional
        Called after every piece of the source; see `Watch`.
    observe : callable, optional
        Called after every step; see `Observer`.
    former : Fit, optional
        Whose coefficients the descent begins with.
    tree : Tree, optional
        What was gathered of the first pieces before.
    until : mapping of str to float, optional
        Half-widths by name of the coefficient, at which no more is read; `tree` must keep groups apart.
    max_dropped : float
        Largest share of the rows that may be dropped.

    Raises
    ------
    InputError
        If data or parameters cannot be used.
    DivergenceError
        If the learning rate is beyond the limit of the data.
    DataChangedError
        If the source changed while it was read.
    """
    check(parameters)
    if until and parameters.penalised:
        what = "a penalty leaves no intervals to wait for"
        raise InputError("until", what, "Read all rows, or pass alpha=0")
    enough = None if not until else Until.of(source, until, intercept=parameters.fit_intercept)
    if enough is not None and tree is not None and tree.nodes and enough(tree):
        moments, counts = tree.total()
    else:
        known = {"watch": _watching(watch, enough), "tree": tree, "max_dropped": max_dropped}
        moments, counts = collect(source, Thin if is_wide(source) else Moments, **known)
    stopped = None if enough is None else enough.reached
    result = solve(
        moments,
        parameters,
        rows=Rows(source, watch) if source.repeatable and stopped is None else None,
        counts=counts,
        columns=source.columns,
        observe=observe,
        former=former,
    )
    refuse_changes(source)
    return result if stopped is None else replace(result, sample=sample_of(result, stopped, source.rows))


def _watching(watch: Watch | None, enough: Until | None) -> Watch | None:
    if enough is None:
        return watch

    def both(tree: Tree) -> bool:
        ended = watch is not None and watch(tree) is True
        return enough(tree) or ended

    return both


def collect(
    source: Source,
    gatherer: Any = Moments,
    *,
    watch: Watch | None = None,
    tree: Tree | None = None,
    max_dropped: float = 1.0,
    sets: int = 1,
) -> tuple[Any, Counts]:
    """Return the moments of all rows, or what else is gathered, and what became of the rows; see `fit`.

    `sets` is how many sets of rows are told apart.
    """
    _refuse_memory(source, sets)
    try:
        gathered, counts = fold(source, gatherer, Counts, watch=watch, tree=tree)
    except InputError as error:
        if error.code != CODE or not source.repeatable:
            raise
        raise _counted(source, watch) from None
    dropped = sum(counts.dropped.values())
    causes = ", ".join(f"{rows} {cause}" for cause, rows in counts.dropped.items())
    if dropped == counts.read and counts.dropped.keys() - {"zero weight"}:
        what = f"no rows to fit: all {dropped} were dropped ({causes})"
        raise InputError("data", what, "Exclude these columns, or fill the cells", code="no-rows")
    if dropped > max_dropped * counts.read:
        what = f"{dropped} of {counts.read} rows dropped ({causes}), more than {100 * max_dropped:g}%"
        raise InputError("data", what, "Exclude these columns, or raise max_dropped", code="too-many-dropped")
    return gathered, counts


def refuse_changes(source: Source) -> None:
    """Raise `DataChangedError` if a source changed while it was read."""
    changed = source.changes()
    if changed:
        what = f"changed while it was read ({listed(changed)})"
        raise DataChangedError("the data", what, "Fit again when it is complete")


def _counted(source: Source, watch: Watch | None) -> InputError:
    """Return the error that names all columns with cells that cannot be used, after a look of seconds."""
    started, complete = time.monotonic(), True

    def late(tree: Tree) -> bool:
        nonlocal complete
        if watch is not None:
            watch(tree)
        found = any((cells.missing + cells.infinite).any() for (cells,) in tree.groups())
        complete = not (found and time.monotonic() - started > LOOK_SECONDS)
        return not complete

    cells = fold(source.in_order(), Cells, watch=late)[0]
    remedy = ', or pass missing="drop"' if source.columns is not None else ""
    return cells.error(source.where, source.phrase(cells), remedy, complete=complete)


def is_wide(source: Source) -> bool:
    """Return whether the rows of a source take less room than the products of its columns, and are kept."""
    columns = len(source.names)
    return columns > WIDE and source.rows is not None and source.rows < columns and source.floating


def _refuse_memory(source: Source, sets: int) -> None:
    """Raise MemoryError if what is gathered of a source has no room on this machine."""
    columns, rows = len(source.names), source.rows
    wide = is_wide(source)
    copies = COPIES if sets == 1 else COPIES + COPIES_OF_SETS * sets
    needed = copies * 8 * columns * (rows if wide and rows is not None else columns)
    if needed < UNASKED:
        return
    there = available()
    if needed > there:
        what = f"{rows} rows" if wide else "the moments" if sets == 1 else f"the moments of {sets} folds"
        sizes = f"about {needed / 2**30:.1f} GB, and {there / 2**30:.1f} GB are there"
        raise MemoryError(f"{what} of {columns} columns need {sizes}")


def solve(
    moments: Moments,
    parameters: Parameters,
    *,
    rows: Rows | None = None,
    counts: Counts | None = None,
    columns: Columns | None = None,
    observe: Observer | None = None,
    former: Fit | None = None,
) -> Fit:
    """Fit a line to moments that are at hand.

    Parameters
    ----------
    moments : Moments
    parameters : Parameters
    rows : Rows, optional
        The rows once more. Without them the answer is as good as the moments, and the fit does not claim to
        have converged where that is not good enough.
    counts : Counts, optional
    columns : Columns, optional
    observe, former : as in `fit`
    """
    counts = counts or Counts(moments.rows + moments.dropped, moments.rows)
    with alone_on(moments.p):
        normal, found = prepare(moments, parameters, rows)
        known: dict[str, Any] = {"counts": counts, "columns": columns, "codes": found}
        return settle(normal, parameters, rows=rows, observe=observe, former=former, **known)


def settle(
    normal: NormalEquations,
    parameters: Parameters,
    *,
    rows: Rows | None,
    observe: Observer | None = None,
    former: Fit | None = None,
    **known: Any,
) -> Fit:
    """Descend to the answer of normal equations; `known` are fields of `Fit` that no descent changes."""
    problem, method = parameters.problem(normal), parameters.way
    smooth = bool(parameters.early_stopping)
    limits = limits_of(parameters.learning_rate, method, problem, smooth=smooth)
    if parameters.on_divergence == "raise":
        refuse_divergence(limits, method, problem, parameters.tol)
    began = None if former is None else _warm(problem, former)
    start = began if began is not None else problem.reached if parameters.on_rows else problem.start
    most, early = parameters.max_iter, None
    if smooth:
        most, early = stop(problem, limits, start, str(parameters.early_stopping), most)

    def fitted(descent: Descent) -> Fit:
        return fit_of(
            problem,
            descent,
            parameters=parameters,
            method=method.title,
            steps=descent.steps,
            repeatable=rows is not None,
            began=began,
            early=early if descent.steps == most else None,
            **known,
        )

    descent = descend(
        _visited(problem, method, rows, parameters.random_state),
        method,
        start,
        limits=limits,
        yardstick=problem.yardstick,
        tol=problem.tolerance(parameters.tol),
        max_iter=most,
        exactly=smooth,
        observe=None if observe is None else _told(observe, problem, fitted),
    )
    if parameters.on_rows and began is None:
        descent = _after_passes(problem, descent)
    if smooth and descent.status is not Status.CONVERGED:
        descent = replace(descent, status=Status.STOPPED)
    return fitted(descent)


def _after_passes(problem: Quadratic, descent: Descent) -> Descent:
    """Return a descent that counts the passes which measured the rows again as its first steps."""
    passes, v = problem.normal.expansion.passes, problem.start
    if not passes:
        return descent
    reached, *others = (row._replace(iteration=row.iteration + passes) for row in descent.trace)
    rows = (Row(0, v, problem.gap(v), math.nan, 0.0), reached._replace(rate=1.0), *others)
    return replace(descent, steps=descent.steps + passes, trace=rows)


def prepare(
    moments: Moments, parameters: Parameters, rows: Rows | None
) -> tuple[NormalEquations, tuple[Code, ...]]:
    """Return the normal equations, as precise as is asked, and numbers that may stand for missing values."""
    if not moments.rows:
        raise no_rows(moments.dropped)
    if not (moments.p or parameters.fit_intercept):
        what = "there is neither a feature nor an intercept to fit"
        raise InputError("features", what, "Name a feature, or fit the intercept", code="no-columns")
    normal = NormalEquations.of(moments, intercept=parameters.fit_intercept)
    if rows is None:
        return normal, ()
    ends = suspects(normal)
    found = codes(normal, ends, rows.sum(Occurrences(ends))) if ends else ()
    precise = parameters.precise is True
    if isinstance(moments, Thin):
        return normal, found
    if wanting(normal, parameters.tol, precise=precise):
        normal = refine(normal, rows.sum, parameters.tol, precise=precise)
    return normal, found


def _warm(problem: Quadratic, former: Fit) -> Array:
    """Return the coordinates of a former fit."""
    with np.errstate(over="ignore", invalid="ignore"):
        v = problem.coordinates(former.coef, former.intercept)
        near = math.isfinite(problem.loss(v))
    if not near:
        what = "the fit before is too far away to begin with"
        raise InputError("warm_start", what, "Fit with warm_start=False first")
    return v


def _visited(problem: Quadratic, method: Method, rows: Rows | None, seed: int | None) -> Quadratic:
    """Return the problem with its rows, if the method visits them."""
    if not method.stochastic:
        return problem
    if rows is None:
        what = f"{method.title} visits the rows again and again, and these can be read only once"
        raise InputError("method", what, 'Fit all rows at once, or choose method="newton"')
    return Sampled.on(problem, rows.visit, seed)


def _told(
    observe: Observer, problem: Quadratic, fitted: Callable[[Descent], Fit]
) -> Callable[[int, Array, float], bool]:
    def told(steps: int, point: Array, gap: float) -> bool:
        certificate = problem.yardstick.certificate(gap, exact=problem.smooth)
        ended = Descent(point, Status.STOPPED, steps, certificate, ())
        return observe(steps, certificate, lambda: fitted(ended))

    return told


def assess(moments: Moments, coef: Array, intercept: float, *, epochs: int, method: str) -> Fit:
    """Return the fit of coefficients that were found by epochs over the rows, with their certificate."""
    normal = NormalEquations.of(moments, intercept=True)
    problem, near = Quadratic.of(normal, "none"), np.abs(coef).max(initial=abs(intercept)) < LARGEST_WEIGHT
    offset, mean_residual = normal.displacement(coef, intercept) if near else (np.zeros(normal.k), 0.0)
    gap = normal.gap(offset) + mean_residual**2 / 2 if near else math.inf
    return Fit(
        coef=coef,
        intercept=intercept,
        offset=offset,
        mean_residual=mean_residual,
        problem=problem,
        parameters=Parameters(scale="none"),
        method=method,
        status=Status.OUT_OF_EPOCHS,
        steps=epochs,
        bound=problem.yardstick.certificate(gap),
        counts=Counts(moments.rows + moments.dropped, moments.rows),
    )
