"""What scikit-learn's validation does not see, or does not name."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.errors import InputError, InputTypeError, listed

NOT_NUMBERS = ("String", "Categorical", "Enum", "Datetime", "Date", "Time", "Duration", "Binary")


def positional(features: int) -> tuple[str, ...]:
    """Return the names of columns that have none."""
    return tuple(f"x{j}" for j in range(features))


def refuse_masked(values: Any, name: str) -> None:
    """Raise `InputError` for masked cells, which NumPy would read as if they were there."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise InputError(
            name, f"{np.ma.count_masked(values)} values are masked", "Drop or fill these rows first"
        )


def refuse_text(X: Any) -> None:
    """Raise `InputTypeError` naming the columns of a data frame that hold no numbers."""
    if isinstance(X, np.ndarray | list | tuple) or not hasattr(X, "columns"):
        return
    import narwhals.stable.v2 as nw

    try:
        schema = nw.from_native(X, eager_only=True).schema
    except TypeError:
        return
    bad = [name for name, dtype in schema.items() if str(dtype).startswith(NOT_NUMBERS)]
    if bad:
        kinds = listed(f"column {name!r} holds {_word(schema[name])}" for name in bad)
        raise InputTypeError(
            "X", f"{kinds}, not numbers", "Drop or encode these columns", code="not-a-number"
        )


def as_numbers(values: NDArray[Any], name: str) -> NDArray[Any]:
    """Return an array as NumPy can compute with it; raise `InputTypeError` for other kinds of values."""
    if values.dtype.kind in "fiub":
        return values
    if values.dtype.kind == "O":
        return values.astype(np.float64)
    raise InputTypeError(name, f"holds {values.dtype}, not numbers", "Pass numbers")


def _word(dtype: Any) -> str:
    return {"String": "text", "Categorical": "categories", "Enum": "categories"}.get(
        str(dtype).split("(")[0], "dates"
    )
