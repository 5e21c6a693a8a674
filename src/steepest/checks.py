"""What arguments are, whatever library their numbers come from."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any


def is_real(value: Any) -> bool:
    """Return whether a value is a number; True and False are not."""
    return isinstance(value, Real) and not isinstance(value, bool)


def is_whole(value: Any, least: int) -> bool:
    """Return whether a value is a whole number, `least` or more."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least
