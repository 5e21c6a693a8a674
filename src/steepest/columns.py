"""`Columns`: what the columns of a table mean. Learnt once, applied to every batch, kept in the fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from steepest.chunk import Array, Chunk, checked_weights
from steepest.errors import InputError, InputTypeError, closest, count, listed


class Table(Protocol):
    """A table of named columns that can be read in batches, and read again.

    Attributes
    ----------
    label : str
        What messages call it.
    kinds : mapping of str to str
        For every column, in order: ``"number"``, ``"boolean"``, ``"text"``, ``"date"`` or another word.
    """

    label: str
    kinds: Mapping[str, str]

    @property
    def repeatable(self) -> bool:
        """Whether it can be read more than once."""
        ...

    def batches(
        self, names: Sequence[str], order: Sequence[int] | None = None, text: Sequence[str] = ()
    ) -> Iterator[Any]:
        """Yield Arrow record batches of these columns.

        `order` lists the pieces to read, if there are any; columns in `text` are passed on as they stand.
        """
        ...

    def fingerprint(self) -> object:
        """Return what changes when the table changes."""
        ...

    def place(self, row: int) -> str:
        """Return how a reader finds a row, counted from 0: ``row 3``, or ``line 5`` of a text file."""
        ...

    def excerpt(self, name: str) -> tuple[str, ...]:
        """Return the lines that show where a column is named, with carets; none for what has no lines."""
        ...

    def witness(self, name: str) -> tuple[str, ...]:
        """Return the lines that show the first cell of a column that is no number."""
        ...


class Coding(Protocol):
    """How one column of a table becomes columns of the design."""

    @property
    def kind(self) -> str:
        """What model files call the coding."""
        ...

    @property
    def column(self) -> str:
        """Name of the column in the table."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of the design."""
        ...

    def parts(self, values: Any, where: Callable[[int], str]) -> tuple[Array, ...]:
        """Return the columns of the design, for an Arrow array; `where` names the place of a value."""
        ...


INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
PLAIN = INTEGERS | {"halffloat", "float", "double"}
"""The Arrow types that NumPy reads in place; the others are converted first."""


@dataclass(frozen=True, slots=True)
class Numeric:
    """A column of numbers, taken as it is."""

    column: str
    kind = "numeric"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.column,)

    def parts(self, values: Any, where: Callable[[int], str]) -> tuple[Array, ...]:
        if values.null_count:
            first = int(np.argmax(np.from_dlpack(values.is_null().cast("uint8"))))
            raise InputError(
                f"column {self.column!r}",
                f"{values.null_count} of {count(len(values), 'row')} read here are missing,"
                f" first at {where(first)}",
                "Drop or fill these rows first, or leave the column out",
                code="missing-values",
            )
        return (np.from_dlpack(values if str(values.type) in PLAIN else values.cast("double")),)


CODINGS: dict[str, type[Numeric]] = {Numeric.kind: Numeric}
"""The codings by kind: the only registry."""


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
    """

    target: str
    features: tuple[Coding, ...]
    weights: str | None = None

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the columns of the design."""
        return tuple(name for feature in self.features for name in feature.names)

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the table's columns behind the features."""
        return tuple(feature.column for feature in self.features)

    @property
    def needed(self) -> tuple[str, ...]:
        """Names of the table's columns that a fit reads."""
        extra = () if self.weights is None else (self.weights,)
        return (*self.sources, self.target, *extra)

    def rows(self, batch: Any, first_row: int = 0, place: Callable[[int], str] = "row {}".format) -> Chunk:
        """Return a record batch as rows of features, target and weights."""
        parts = [
            *self._features(batch, first_row, place),
            *self._column(Numeric(self.target), batch, first_row, place),
        ]
        weights = None
        if self.weights is not None:
            (values,) = self._column(Numeric(self.weights), batch, first_row, place)
            weights = checked_weights(
                values, len(values), f"column {self.weights!r}", lambda row: place(first_row + row)
            )
        chunk = Chunk(tuple(parts), (*self.terms, self.target), weights, first_row)
        return chunk.without_zero_weights()

    def design(self, batch: Any, first_row: int = 0, place: Callable[[int], str] = "row {}".format) -> Chunk:
        """Return a record batch as rows of features alone."""
        parts = tuple(self._features(batch, first_row, place)) or (np.empty((batch.num_rows, 0)),)
        return Chunk(parts, self.terms, first_row=first_row)

    def refuse_missing(self, table: Table) -> None:
        """Raise `InputError` if a table to predict from lacks a feature, naming all that it lacks."""
        missing = [name for name in self.sources if name not in table.kinds]
        if not missing:
            refuse_kinds(table, self.sources, fix="Give the model numbers, as it was fitted to")
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

    def _features(self, batch: Any, first_row: int, place: Callable[[int], str]) -> Iterator[Array]:
        for feature in self.features:
            yield from self._column(feature, batch, first_row, place)

    @staticmethod
    def _column(coding: Coding, batch: Any, first_row: int, place: Callable[[int], str]) -> tuple[Array, ...]:
        return coding.parts(batch.column(coding.column), lambda row: place(first_row + row))


def learn(
    table: Table,
    *,
    target: str,
    features: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    weights: str | None = None,
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

    Raises
    ------
    InputError
        If a name is unknown, occurs twice, or has two meanings.
    InputTypeError
        If a column holds text or dates.
    """
    for argument, names in {"features": features, "exclude": exclude}.items():
        if isinstance(names, str):
            raise InputTypeError(argument, f"got the text {names!r}", "Pass a list of column names")
    asked = [target, *(features or ()), *exclude, *(() if weights is None else (weights,))]
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
    refuse_kinds(table, [target], what="the target", fix="Choose a column of numbers")
    refuse_kinds(table, chosen if weights is None else [*chosen, weights])
    return Columns(target, tuple(Numeric(name) for name in chosen), weights)


def refuse_kinds(table: Table, names: Iterable[str], *, what: str = "", fix: str = "") -> None:
    """Raise `InputTypeError` naming every column that holds no numbers."""
    bad = [name for name in names if table.kinds[name] not in ("number", "boolean")]
    if not bad:
        return
    quoted = ",".join(f'"{name}"' for name in bad)
    kinds = [f"{name!r} holds {table.kinds[name]}" for name in bad]
    role = f", and is {what}" if what else ""
    raise InputTypeError(
        f"column {bad[0]!r}" if len(bad) == 1 else "columns",
        (f"holds {table.kinds[bad[0]]}, not numbers" if len(bad) == 1 else listed(kinds)) + role,
        fix or f"Leave {_it(bad)} out: exclude=[{quoted}]",
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
