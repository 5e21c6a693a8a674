"""`Columns`: what the columns of a table mean. Learnt once, applied to every batch, kept in the fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from steepest.cells import refuse
from steepest.chunk import Array, Chunk, checked_weights
from steepest.codings import Category, Coding, Numeric, as_text, compute
from steepest.errors import InputError, InputTypeError, closest, listed

MOST_LEVELS = 10_000

NUMBERS = ("number", "boolean", "empty")
"""Kinds of columns that are read as numbers; no cell of the last has been seen yet."""


Place = Callable[[int], str]
"""Says how a reader finds a row of a batch: ``row 3``, or ``line 5`` of a text file."""

Slab = Callable[[], Iterator[tuple[Any, Place]]]
"""Some rows of a table: yields Arrow record batches when it is called, in any thread."""


Fingerprint = Mapping[str, int]
"""What tells that data have changed, by name."""


class Table(Protocol):
    """A table of named columns that can be read in slabs, and read again.

    Attributes
    ----------
    label : str
        What messages call it.
    kinds : mapping of str to str
        For every column, in order: ``"number"``, ``"boolean"``, ``"empty"`` if all cells that were seen are
        missing, ``"text"``, ``"dates"`` or another word.
    rows : int or None
        Number of rows, where it is known before they are read.
    """

    label: str
    kinds: Mapping[str, str]
    rows: int | None

    @property
    def repeatable(self) -> bool:
        """Whether it can be read more than once."""
        ...

    def slabs(self, names: Sequence[str], text: Sequence[str] = ()) -> Iterable[Slab]:
        """Return all rows of these columns; a sequence, where slabs can be read in any order.

        Columns in `text` are passed on as they stand.
        """
        ...

    def fingerprint(self) -> Fingerprint:
        """Return what changes when the table changes, by name."""
        ...

    def excerpt(self, name: str) -> tuple[str, ...]:
        """Return the lines that show where a column is named, with carets; none for what has no lines."""
        ...

    def witness(self, name: str) -> tuple[str, ...]:
        """Return the lines that show the first cell of a column that is no number."""
        ...

    def remedy(self, name: str) -> str:
        """Return what may help to read that cell as a number, if anything."""
        ...


@dataclass(frozen=True, slots=True)
class Columns:
    """The meaning of a table's columns.

    Attributes
    ----------
    target : str
    features : tuple of Coding
        In the order of the coefficients.
    weights : str or None
        The column of row weights.
    missing : {"error", "drop"}
        What becomes of rows with missing cells.
    """

    target: str
    features: tuple[Coding, ...]
    weights: str | None = None
    missing: str = "error"

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the columns of the design."""
        return tuple(name for feature in self.features for name in feature.names)

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the table's columns behind the features."""
        return tuple(feature.column for feature in self.features)

    @property
    def texts(self) -> tuple[str, ...]:
        """Names of the table's columns that are read as text."""
        return tuple(feature.column for feature in self.features if isinstance(feature, Category))

    @property
    def needed(self) -> tuple[str, ...]:
        """Names of the table's columns that a fit reads."""
        extra = () if self.weights is None else (self.weights,)
        return (*self.sources, self.target, *extra)

    def rows(self, batch: Any, place: Place = "row {}".format) -> Chunk:
        """Return a record batch as rows of features, target and weights."""
        kept, dropped = None, dict[str, int]()
        if self.missing == "drop":
            batch, kept, dropped = self._complete(batch)

        def where(row: int) -> str:
            return place(row if kept is None else int(kept[row]))

        parts = [*self._features(batch, where), *Numeric(self.target).parts(batch.column(self.target), where)]
        weights = None
        if self.weights is not None:
            (values,) = Numeric(self.weights).parts(batch.column(self.weights), where)
            weights = checked_weights(values, len(values), f"column {self.weights!r}", where)
        chunk = Chunk(tuple(parts), (*self.terms, self.target), weights, 0, dropped, kept, place)
        if weights is not None and not weights.all():
            refuse(chunk)
        return chunk.without_zero_weights()

    def design(self, batch: Any, place: Place = "row {}".format) -> Chunk:
        """Return a record batch as rows of features alone."""
        parts = tuple(self._features(batch, place)) or (np.empty((batch.num_rows, 0)),)
        return Chunk(parts, self.terms, place=place)

    def refuse_missing(self, table: Table) -> None:
        """Raise `InputError` if a table to predict from lacks a feature, naming all that it lacks."""
        missing = [name for name in self.sources if name not in table.kinds]
        if not missing:
            numbers = [name for name in self.sources if name not in self.texts]
            refuse_kinds(table, numbers, fix="Give the model numbers, as it was fitted to")
            return
        spare = [name for name in table.kinds if name not in self.sources and name != self.target]
        meant = [f"{closest(name, spare)!r} for {name!r}" for name in missing if closest(name, spare)]
        hint = f"Did you mean {listed(meant)}? Rename it" if meant else "Add what is missing"
        raise InputError(
            table.label,
            f"no column {listed(map(repr, missing))} that the model needs",
            hint,
            code="unknown-column",
        )

    def _features(self, batch: Any, where: Place) -> Iterator[Array]:
        for feature in self.features:
            yield from feature.parts(batch.column(feature.column), where)

    def _complete(self, batch: Any) -> tuple[Any, NDArray[np.intp] | None, dict[str, int]]:
        """Return the rows of a batch without missing cells, where they were, and what was dropped and why."""
        import pyarrow as pa

        pc = compute()
        complete, dropped = np.ones(batch.num_rows, dtype=bool), dict[str, int]()
        columns = {name: batch.column(name) for name in self.needed}
        columns |= {name: as_text(columns[name]) for name in self.texts}
        for name, values in columns.items():
            lost = complete & pc.is_null(values, nan_is_null=True).to_numpy(zero_copy_only=False)
            complete &= ~lost
            if lost.any():
                dropped[f"missing {name}"] = int(lost.sum())
        if not dropped:
            return batch, None, dropped
        whole = pa.RecordBatch.from_pydict(columns).filter(pa.array(complete))
        return whole, np.flatnonzero(complete), dropped


def learn(
    table: Table,
    *,
    target: str,
    features: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    weights: str | None = None,
    categorical: Sequence[str] = (),
    missing: str = "error",
) -> Columns:
    """Learn what the columns of a table mean, before a row is read.

    Parameters
    ----------
    table : Table
    target : str
    features : sequence of str, optional
        All other columns in their order, if left out.
    exclude : sequence of str
        Columns that are no features.
    weights : str, optional
    categorical : sequence of str
        Features that are levels, not numbers; the table is read once to learn them.
    missing : {"error", "drop"}

    Raises
    ------
    InputError
        If a name is unknown, occurs twice, or has two meanings.
    InputTypeError
        If a column holds text or dates.
    """
    for argument, names in {"features": features, "exclude": exclude, "categorical": categorical}.items():
        if isinstance(names, str) or not (names is None or isinstance(names, Iterable)):
            raise InputTypeError(argument, f"got {names!r}", "Pass a list of column names")
    if missing not in ("error", "drop"):
        raise InputError("missing", f"got {missing!r}", 'Pass "error" or "drop"')
    features = (
        None if features is None else expanded(features, table.kinds, without=(target, weights, *exclude))
    )
    exclude, categorical = expanded(exclude, table.kinds), expanded(categorical, table.kinds)
    asked = [target, *(features or ()), *exclude, *categorical, *(() if weights is None else (weights,))]
    for name in asked:
        if not isinstance(name, str):
            raise InputTypeError("columns", f"{name!r} is no name", "Name columns by text")
        if name not in table.kinds:
            raise _unknown(table, name)
    taken = {target, weights, *exclude}
    chosen = [name for name in table.kinds if name not in taken] if features is None else list(features)
    twice = sorted(
        {name for name in [*chosen, weights] if [*chosen, target, weights].count(name) > 1 and name}
    )
    twice += sorted({*chosen} & {*exclude})
    if twice:
        raise InputError(
            "features",
            f"{listed(map(repr, twice))} would have two meanings",
            "Name every column once",
            code="columns",
        )
    stray = [name for name in categorical if name not in chosen]
    if stray:
        what = f"{listed(map(repr, stray))} is no feature"
        raise InputError("categorical", what, "Choose from the features", code="columns")
    if not chosen and features is None and not exclude:
        what = f"there is no column beside the target {target!r}"
        raise InputError(table.label, what, "Pass features=[] for a mean alone", code="columns")
    refuse_kinds(
        table,
        [target],
        what="the target",
        fix="Choose a column of numbers; levels are classified, not fitted",
    )
    numbers = [name for name in chosen if name not in categorical]
    refuse_kinds(table, numbers if weights is None else [*numbers, weights])
    levels = _levels(table, categorical)
    codings = [Category(name, levels[name]) if name in levels else Numeric(name) for name in chosen]
    return Columns(target, tuple(codings), weights, missing)


def expanded(
    names: Sequence[str], known: Iterable[str], without: Sequence[str | None] = ()
) -> tuple[str, ...]:
    """Return names of columns, with patterns (``lag_*``) replaced by the columns that they match."""
    columns, found = list(known), list[str]()
    for name in names:
        if name in columns or not isinstance(name, str):
            found.append(name)
            continue
        matching = [each for each in columns if fnmatchcase(each, name) and each not in without]
        found += [each for each in matching if each not in found] or [name]
    return tuple(found)


def _levels(table: Table, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read a table once to learn the levels of some columns."""
    pc = compute()
    if not names:
        return {}
    if not table.repeatable:
        what = f"levels of {listed(map(repr, names))} take a pass of their own, but it can be read only once"
        raise InputError(table.label, what, "Pass a table, or a file")
    found: dict[str, set[str]] = {name: set() for name in names}
    for batch, _ in chain.from_iterable(slab() for slab in table.slabs(list(names), list(names))):
        for name, levels in found.items():
            levels.update(pc.unique(as_text(batch.column(name))).drop_null().to_pylist())
            if len(levels) > MOST_LEVELS:
                what, fix = f"it has more than {MOST_LEVELS} levels", "Leave it out, or group its levels"
                raise InputError(f"column {name!r}", what, fix, code="levels")
    return {name: tuple(sorted(levels)) for name, levels in found.items()}


def refuse_kinds(table: Table, names: Iterable[str], *, what: str = "", fix: str = "") -> None:
    """Raise `InputTypeError` naming every column that holds no numbers."""
    bad = [name for name in names if table.kinds[name] not in NUMBERS]
    if not bad:
        return
    quoted = ",".join(f'"{name}"' for name in bad)
    kinds = [f"column {name!r} holds {table.kinds[name]}" for name in bad]
    role = f", and is {what}" if what else ""
    coded = f", or treat {_it(bad)} as levels: categorical=[{quoted}]"
    raise InputTypeError(
        f"column {bad[0]!r}" if len(bad) == 1 else table.label,
        (f"holds {table.kinds[bad[0]]}, not numbers" if len(bad) == 1 else listed(kinds)) + role,
        fix or table.remedy(bad[0]) or f"Leave {_it(bad)} out: exclude=[{quoted}]{coded}",
        code="not-a-number",
        excerpt=table.witness(bad[0]),
    )


def _it(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"


def _unknown(table: Table, name: str) -> InputError:
    meant = closest(name, table.kinds)
    known = listed(table.kinds)
    return InputError(
        table.label,
        f'no column "{name}"',
        f'Did you mean "{meant}"? The columns are {known}' if meant else f"The columns are {known}",
        code="unknown-column",
        excerpt=table.excerpt(meant) if meant else (),
        replace=(name, meant) if meant else None,
    )
