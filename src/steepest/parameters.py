"""What the user asks of a fit, and whether it can be had."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.checks import is_real, is_whole
from steepest.errors import InputError, choices, listed
from steepest.methods import method_of
from steepest.methods.base import Method
from steepest.methods.newton import Newton
from steepest.objective import check_scale

CRITERIA = ("gcv", "aic")
ON_DIVERGENCE = ("raise", "record")


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the user asked for; the same names and meanings as in `steepest.LinearRegression`."""

    fit_intercept: bool = True
    method: str | Method = "auto"
    learning_rate: float | str = "auto"
    scale: str = "auto"
    max_iter: int = 10_000
    tol: float = 1e-6
    precise: bool | str = "auto"
    warm_start: bool = False
    random_state: int | None = None
    on_divergence: str = "raise"
    early_stopping: str | bool = False

    @property
    def way(self) -> Method:
        """The method to use. ``"auto"`` is newton, unless what is asked for makes sense on a path only."""
        if self.method == "auto" and (self.early_stopping or not isinstance(self.learning_rate, str)):
            return method_of("gd")
        return method_of(self.method)

    @property
    def coordinates(self) -> str:
        """The scale that is used: ``"auto"`` is standard."""
        return "standard" if self.scale == "auto" else self.scale

    @property
    def on_rows(self) -> bool:
        """Whether the passes that measured the rows again count as steps: they are newton's."""
        return isinstance(self.way, Newton) and isinstance(self.learning_rate, str)


def check(parameters: Parameters) -> None:
    """Raise `InputError` for a parameter out of range, naming the range."""
    tol, steps, rate = parameters.tol, parameters.max_iter, parameters.learning_rate
    if not isinstance(parameters.fit_intercept, bool | np.bool):
        raise InputError("fit_intercept", f"got {parameters.fit_intercept!r}", "Pass True or False")
    if not (is_real(tol) and 0 <= float(tol) < math.inf):
        raise InputError("tol", f"got {tol!r}", "Pass a number of standard errors, 0 or more")
    if not is_whole(steps, 1):
        raise InputError("max_iter", f"got {steps!r}", "Pass a whole number of steps, 1 or more")
    text = isinstance(rate, str)
    if not (rate == "auto" if text else is_real(rate) and 0 < float(rate) < math.inf):
        raise InputError("learning_rate", f"got {rate!r}", 'Pass "auto" or a positive number')
    if not (parameters.precise is True or parameters.precise == "auto"):
        raise InputError("precise", f"got {parameters.precise!r}", 'Pass "auto" or True')
    if not isinstance(parameters.warm_start, bool | np.bool):
        raise InputError("warm_start", f"got {parameters.warm_start!r}", "Pass True or False")
    seed = parameters.random_state
    if seed is not None and not is_whole(seed, 0):
        raise InputError("random_state", f"got {seed!r}", "Pass None or a whole number, 0 or more")
    if parameters.on_divergence not in ON_DIVERGENCE:
        fix = choices(str(parameters.on_divergence), ON_DIVERGENCE)
        raise InputError("on_divergence", f"got {parameters.on_divergence!r}", fix)
    if parameters.early_stopping is not False and parameters.early_stopping not in CRITERIA:
        fix = f"Pass False or one of {listed(CRITERIA)}"
        raise InputError("early_stopping", f"got {parameters.early_stopping!r}", fix)
    if parameters.early_stopping and parameters.warm_start:
        what = "counts degrees of freedom from a start at zero"
        raise InputError("early_stopping", what, "Pass warm_start=False")
    method_of(parameters.method)
    check_scale(parameters.scale)


def seed_of(random_state: Any) -> Any:
    """Return the seed that a generator draws; anything else as it is."""
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    return random_state
