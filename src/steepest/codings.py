"""How a column of a table becomes columns of the design."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from steepest.chunk import Array
from steepest.errors import InputError, listed


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
    """A column of numbers, taken as it is; missing cells are NaN."""

    column: str
    kind = "numeric"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.column,)

    def parts(self, values: Any, where: Callable[[int], str]) -> tuple[Array, ...]:
        if values.null_count or str(values.type) not in PLAIN:
            return (values.cast("double", safe=False).to_numpy(zero_copy_only=False),)
        return (np.from_dlpack(values),)


@dataclass(frozen=True, slots=True)
class Category:
    """A column of levels: an indicator for each of them but the first, which is the baseline.

    Attributes
    ----------
    column : str
    levels : tuple of str
        Sorted as text.
    """

    column: str
    levels: tuple[str, ...]
    kind = "category"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.column}[{level}]" for level in self.levels[1:])

    def parts(self, values: Any, where: Callable[[int], str]) -> tuple[Array, ...]:
        import pyarrow as pa

        pc = compute()
        text = as_text(values)
        codes = pc.index_in(text, pa.array(self.levels, pa.string())).fill_null(-1)
        found = codes.to_numpy(zero_copy_only=False)
        lost = np.flatnonzero(found < 0)
        if len(lost):
            first = text[int(lost[0])].as_py()
            kind = "missing" if first is None else f'of levels unseen at the fit, such as "{first[:40]}"'
            raise InputError(
                f"column {self.column!r}",
                f"{len(lost)} of {len(found)} values are {kind}, first at {where(int(lost[0]))}",
                "Drop or fill these rows first" if first is None else f"Use one of {listed(self.levels)}",
                code="missing-values" if first is None else "unseen-level",
            )
        return ((found[:, None] == np.arange(1, len(self.levels))).view(np.uint8),)


CODINGS: dict[str, type[Numeric] | type[Category]] = {each.kind: each for each in (Numeric, Category)}
"""The codings by kind: the only registry."""


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
    text = values.cast(pa.string())
    return pc.if_else(pc.equal(text, ""), None, text)
