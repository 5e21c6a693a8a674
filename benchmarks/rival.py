"""What a rival is: a way to fit, or a limit that no way to fit can beat."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

OURS = "steepest"

MANY = 100_000
"""Rows beyond which the limits of the machine are what limits a fit."""


class Answer(NamedTuple):
    """The coefficients of a fit; `se` are their standard errors where the fit made them."""

    intercept: Any
    coef: Any
    se: Any = None


@dataclass(frozen=True)
class Rival:
    """A way to fit.

    Attributes
    ----------
    prepare : callable
        Imports what it needs, takes ``X, y`` or the path of a file, and returns the function to be timed. It
        returns an `Answer`, or the number of rows if it only reads them, or nothing.
    packages : tuple of str
        The distributions whose versions matter.
    limit : bool
        Whether it is a part of every fit rather than a fit.
    most_features : int, optional
        How many features it can fit.
    """

    prepare: Callable[..., Callable[[], Answer | int | None]]
    packages: tuple[str, ...]
    limit: bool = False
    most_features: int | None = None

    def suits(self, rows: int, features: int) -> bool:
        return features <= (self.most_features or features) and (rows >= MANY or not self.limit)
