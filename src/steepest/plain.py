"""Values of JSON documents, checked on the way back: `TypeError` or `ValueError` for what they cannot be."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any


def _checked(kind: type | tuple[type, ...], word: str) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise TypeError(f"{value!r} is no {word}")
        return value

    return check


text = _checked(str, "text")
flag = _checked(bool, "true or false")
_whole = _checked(int, "whole number")
_real = _checked((int, float), "number")


def integer(value: Any) -> int:
    """Return a whole number of 64 bits."""
    if abs(_whole(value)) >= 1 << 63:
        raise ValueError("a whole number is too large")
    return value


def count(value: Any) -> int:
    """Return a whole number that is not negative."""
    if integer(value) < 0:
        raise ValueError("a count is negative")
    return value


def number(value: Any) -> float:
    """Return a finite number."""
    found = float(_real(value))
    if not math.isfinite(found):
        raise ValueError("a number is not finite")
    return found


def finite(value: Any) -> Any:
    """Return a value as a document says it: None for a number that does not exist."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
