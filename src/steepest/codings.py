"""How a column of a table becomes columns of the design."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

import numpy as np

from steepest.chunk import Array
from steepest.errors import InputError, listed
from steepest.exact import Pair, as_pair, multiply, two_sum

Part = tuple[Array, Array | None]
"""Columns of the design (n,) or (n, k), and what float64 leaves of them, if anything."""

Place = Callable[[int], str]
"""Says how a reader finds a row of a batch: ``row 3``, or ``line 5`` of a text file."""


class Coding(Protocol):
    """How columns of a table become columns of the design."""

    @property
    def kind(self) -> str:
        """What model files call the coding."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns in the table."""
        ...

    @property
    def texts(self) -> tuple[str, ...]:
        """Those of them that are read as text."""
        ...

    @property
    def dates(self) -> tuple[str, ...]:
        """Those of them that are dates."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of the design."""
        ...

    def parts(self, batch: Any, where: Place) -> tuple[Part, ...]:
        """Return the columns of the design, for an Arrow record batch; `where` names the place of a row."""
        ...


INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
PLAIN = INTEGERS | {"halffloat", "float", "double"}
"""The Arrow types that NumPy reads in place; the others are converted first."""

DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
"""Its length in the units of Arrow."""


@dataclass(frozen=True, slots=True)
class _OfOne:
    """A coding of one column of the table."""

    column: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def texts(self) -> tuple[str, ...]:
        return ()

    @property
    def dates(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Numeric(_OfOne):
    """A column of numbers, taken as it is; missing cells are NaN."""

    kind = "numeric"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.column,)

    def parts(self, batch: Any, where: Place) -> tuple[Part, ...]:
        return ((numbers(batch.column(self.column)), None),)


@dataclass(frozen=True, slots=True)
class Days(_OfOne):
    """A column of dates or times, as days since the beginning of 1970 (UTC)."""

    kind = "days"

    @property
    def dates(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def names(self) -> tuple[str, ...]:
        return (f"days({self.column})",)

    def parts(self, batch: Any, where: Place) -> tuple[Part, ...]:
        import pyarrow as pa

        values = batch.column(self.column)
        if pa.types.is_date(values.type):
            return ((numbers(values.cast(pa.date32()).cast(pa.int32())), None),)
        day, missing = DAY[values.type.unit], values.is_null().to_numpy(zero_copy_only=False)
        whole, rest = np.divmod(values.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False), day)
        high, low = two_sum(whole.astype(np.float64), rest / day)
        return ((np.where(missing, np.nan, high), low),)


@dataclass(frozen=True, slots=True)
class Powers(_OfOne):
    """The powers of a column of numbers from the first to the highest, in pairs of numbers.

    Attributes
    ----------
    column : str
    degree : int
    """

    degree: int
    kind = "powers"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.column, *(f"{self.column}^{power}" for power in range(2, self.degree + 1)))

    def parts(self, batch: Any, where: Place) -> tuple[Part, ...]:
        x = numbers(batch.column(self.column))
        base = power = as_pair(x)
        parts: list[Part] = [(x, None)]
        for _ in range(self.degree - 1):
            power = multiply(power, base)
            parts.append(power)
        return tuple(parts)


@dataclass(frozen=True, slots=True)
class Category(_OfOne):
    """A column of levels: an indicator for each of them but the first, which is the baseline.

    Attributes
    ----------
    column : str
    levels : tuple of str
        Sorted as text.
    """

    levels: tuple[str, ...]
    kind = "category"

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.column}[{level}]" for level in self.levels[1:])

    def parts(self, batch: Any, where: Place) -> tuple[Part, ...]:
        import pyarrow as pa

        pc = compute()
        text = as_text(batch.column(self.column))
        codes = pc.index_in(text, pa.array(self.levels, pa.string())).fill_null(-1)
        found = codes.to_numpy(zero_copy_only=False)
        lost = np.flatnonzero(found < 0)
        if len(lost):
            self._meet([text[int(row)].as_py() for row in lost], f"{len(found)} values", where(int(lost[0])))
        return (((found[:, None] == np.arange(1, len(self.levels))).view(np.uint8), None),)

    def _meet(self, unknown: list[str | None], of: str, place: str) -> None:
        """Raise `InputError` for cells that are no known level."""
        first = unknown[0]
        kind = "missing" if first is None else f'of levels unseen at the fit, such as "{first[:40]}"'
        raise InputError(
            f"column {self.column!r}",
            f"{len(unknown)} of {of} are {kind}, first at {place}",
            "Drop or fill these rows first" if first is None else f"Use one of {listed(self.levels)}",
            code="missing-values" if first is None else "unseen-level",
        )


@dataclass(frozen=True, slots=True)
class Forgiving(Category):
    """A column of levels of which those that are not known are taken for the baseline, and counted.

    Attributes
    ----------
    column : str
    levels : tuple of str
    unseen : Counter
        Rows with unknown levels, by column.
    """

    unseen: Counter[str]

    def _meet(self, unknown: list[str | None], of: str, place: str) -> None:
        if None in unknown:
            Category._meet(self, [None] * unknown.count(None), of, place)
        self.unseen[self.column] += len(unknown)


def forgiving(codings: Sequence[Coding], unseen: Counter[str]) -> tuple[Coding, ...]:
    """Return codings that take unknown levels for the baseline; rows are counted once for every column."""
    met = set[str]()

    def forgiven(coding: Coding) -> Coding:
        if isinstance(coding, Interaction):
            return Interaction(tuple(map(forgiven, coding.factors)))
        if not isinstance(coding, Category):
            return coding
        counts = Counter[str]() if coding.column in met else unseen
        met.add(coding.column)
        return Forgiving(coding.column, coding.levels, counts)

    return tuple(map(forgiven, codings))


@dataclass(frozen=True, slots=True)
class Interaction:
    """The products of the columns of several codings, in pairs of numbers.

    Attributes
    ----------
    factors : tuple of Coding
    """

    factors: tuple[Coding, ...]
    kind = "interaction"

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for factor in self.factors for name in factor.columns)

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(name for factor in self.factors for name in factor.texts)

    @property
    def dates(self) -> tuple[str, ...]:
        return tuple(name for factor in self.factors for name in factor.dates)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(":".join(names) for names in product(*(factor.names for factor in self.factors)))

    def parts(self, batch: Any, where: Place) -> tuple[Part, ...]:
        sides = [_side_by_side(factor.parts(batch, where)) for factor in self.factors]
        total = sides[0]
        for side in sides[1:]:
            total = [multiply(a, b) for a in total for b in side]
        return tuple(total)


CODINGS: dict[str, Any] = {each.kind: each for each in (Numeric, Category, Days, Powers, Interaction)}
"""The codings by kind: the only registry."""


def numbers(values: Any) -> Array:
    """Return an Arrow array of numbers or truth values; missing ones are NaN."""
    if values.null_count or str(values.type) not in PLAIN:
        return values.cast("double", safe=False).to_numpy(zero_copy_only=False)
    return np.from_dlpack(values)


def _side_by_side(parts: tuple[Part, ...]) -> list[Pair]:
    """Return every column of some parts as a pair of float64 columns."""
    pairs: list[Pair] = []
    for high, low in parts:
        columns, rest = as_pair(high) if low is None else (high, low)
        pairs += list(zip(columns.reshape(len(high), -1).T, rest.reshape(len(high), -1).T, strict=True))
    return pairs


def compute() -> Any:
    """Return pyarrow's functions, whose names its type stubs do not know."""
    import pyarrow.compute

    return pyarrow.compute


def as_text(values: Any) -> Any:
    """Return an Arrow array as text; empty text is missing."""
    import pyarrow as pa

    pc = compute()
    if pa.types.is_dictionary(values.type):
        values = values.dictionary.cast(pa.string()).take(values.indices)
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), None, values)
    text = values.cast(pa.string())
    return pc.if_else(pc.equal(text, ""), None, text)
