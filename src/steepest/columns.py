"""`Columns`: what the columns of a table mean. Learnt once, applied to every batch, kept in the fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from steepest.cells import Cells, refuse
from steepest.chunk import Array, Chunk, Labels, checked_weights
from steepest.codings import Coding, Part, Place, as_text, compute, numbers
from steepest.errors import InputError, InputTypeError, closest, listed

NUMBERS = ("number", "boolean", "empty")
"""Kinds of columns that are read as numbers; no cell of the last has been seen yet."""


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
        """Return what tells the table from others, by name."""
        ...

    def changes(self) -> list[str]:
        """Return what has changed since the table was opened."""
        ...

    def excerpt(self, name: str) -> tuple[str, ...]:
        """Return the lines that show where a column is named, with carets; none for what has no lines."""
        ...

    def witness(self, name: str) -> tuple[str, ...]:
        """Return the lines that show the first cell of a column that is no number."""
        ...

    def nulls(self, names: Sequence[str]) -> Cells:
        """Return the missing cells of some columns that are known of before a row is read."""
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
    labels : str or None
        The column that says which set of rows each belongs to.
    """

    target: str
    features: tuple[Coding, ...]
    weights: str | None = None
    missing: str = "error"
    labels: str | None = None

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the columns of the design."""
        return tuple(name for feature in self.features for name in feature.names)

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the table's columns behind the features."""
        return tuple(dict.fromkeys(name for feature in self.features for name in feature.columns))

    @property
    def texts(self) -> tuple[str, ...]:
        """Names of the table's columns that are read as text."""
        labels = () if self.labels in (None, *self.sources) else (self.labels,)
        texts = (name for feature in self.features for name in feature.texts)
        return tuple(dict.fromkeys((*texts, *labels)))

    @property
    def needed(self) -> tuple[str, ...]:
        """Names of the table's columns that a fit reads."""
        extra = [name for name in (self.weights, self.labels) if name is not None]
        return tuple(dict.fromkeys((*self.sources, self.target, *extra)))

    def rows(self, batch: Any, place: Place = "row {}".format) -> Chunk:
        """Return a record batch as rows of features, target and weights."""
        kept, dropped = None, dict[str, int]()
        if self.missing == "drop":
            batch, kept, dropped = self._complete(batch)

        def where(row: int) -> str:
            return place(row if kept is None else int(kept[row]))

        parts, low = _split([*self._features(batch, where), (numbers(batch.column(self.target)), None)])
        weights = None
        if self.weights is not None:
            values = numbers(batch.column(self.weights))
            weights = checked_weights(values, len(values), f"column {self.weights!r}", where)
        names = (*self.terms, self.target)
        labels = None if self.labels is None else _labels(batch.column(self.labels), self.labels, where)
        chunk = Chunk(parts, names, weights, 0, dropped, kept, place, low, labels)
        if weights is not None and not weights.all():
            refuse(chunk)
        return chunk.without_zero_weights()

    def design(self, batch: Any, place: Place = "row {}".format) -> Chunk:
        """Return a record batch as rows of features alone."""
        parts, low = _split(self._features(batch, place) or [(np.empty((batch.num_rows, 0)), None)])
        return Chunk(parts, self.terms, place=place, low=low)

    def refuse_missing(self, table: Table) -> None:
        """Raise `InputError` if a table to predict from lacks a feature, naming all that it lacks."""
        missing = [name for name in self.sources if name not in table.kinds]
        if not missing:
            dates = [name for feature in self.features for name in feature.dates]
            plain = [name for name in self.sources if name not in self.texts and name not in dates]
            refuse_kinds(table, plain, fix="Give the model numbers, as it was fitted to")
            refuse_kinds(table, dates, ("dates",), fix="Give the model dates, as it was fitted to")
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

    def _features(self, batch: Any, where: Place) -> list[Part]:
        return [part for feature in self.features for part in feature.parts(batch, where)]

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


def _labels(values: Any, name: str, where: Place) -> Labels:
    """Return the labels in a column, as text; raise `InputError` where one is missing."""
    encoded = as_text(values).dictionary_encode()
    if encoded.null_count:
        first = where(encoded.is_null().to_pylist().index(True))
        what = f"labels are missing, first at {first}"
        raise InputError(f"column {name!r}", what, 'Fill them, or pass missing="drop"')
    return Labels(encoded.indices.to_numpy().astype(np.intp), tuple(encoded.dictionary.to_pylist()))


def _split(parts: Sequence[Part]) -> tuple[tuple[Array, ...], tuple[Array | None, ...]]:
    """Return columns, and what float64 leaves of them: nothing at all, if nothing is left of any."""
    low = tuple(rest for _, rest in parts)
    return tuple(values for values, _ in parts), low if any(rest is not None for rest in low) else ()


def refuse_kinds(
    table: Table, names: Iterable[str], kinds: Sequence[str] = NUMBERS, *, what: str = "", fix: str = ""
) -> None:
    """Raise `InputTypeError` naming every column of other kinds, which are those of numbers if left out."""
    bad = [name for name in names if table.kinds[name] not in kinds]
    if not bad:
        return
    quoted = ",".join(f'"{name}"' for name in bad)
    told = [f"column {name!r} holds {table.kinds[name]}" for name in bad]
    role = f", and is {what}" if what else ""
    dates = table.kinds[bad[0]] == "dates"
    coded = f", or treat {_it(bad)} as levels: categorical=[{quoted}]"
    coded += f", or count days in a formula: days({bad[0]})" if dates else ""
    raise InputTypeError(
        f"column {bad[0]!r}" if len(bad) == 1 else table.label,
        (
            f"holds {table.kinds[bad[0]]}, not {'numbers' if kinds is NUMBERS else kinds[0]}"
            if len(bad) == 1
            else listed(told)
        )
        + role,
        fix or table.remedy(bad[0]) or f"Leave {_it(bad)} out: exclude=[{quoted}]{coded}",
        code="not-a-number",
        excerpt=table.witness(bad[0]),
    )


def _it(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"
