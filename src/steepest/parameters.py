"""What the user asks of a fit, and whether it can be had."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.checks import is_real, is_whole
from steepest.errors import InputError, choices, listed
from steepest.methods import method_of
from steepest.methods.base import Method
from steepest.methods.newton import Newton
from steepest.normal import NormalEquations
from steepest.objective import Quadratic, check_scale
from steepest.penalised import at_zero, penalised
from steepest.penalties import Penalty, penalty_of

CRITERIA = ("gcv", "aic")
ON_DIVERGENCE = ("raise", "record")


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the user asked for; the same names and meanings as in `steepest.LinearRegression`."""

    alpha: float = 0.0
    l1_ratio: float = 0.0
    positive: bool = False
    penalty_factor: tuple[float, ...] | Mapping[str, float] | None = None
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
    def penalised(self) -> bool:
        """Whether the answer is another than that of least squares."""
        return self.alpha > 0 or self.positive

    @property
    def kinked(self) -> bool:
        """Whether the penalty, or a bound, can hold coefficients at zero."""
        return self.positive or (self.alpha > 0 and self.l1_ratio > 0)

    @property
    def on_rows(self) -> bool:
        """Whether the passes that measured the rows again count as steps: they are newton's."""
        return isinstance(self.way, Newton) and isinstance(self.learning_rate, str) and not self.penalised

    def problem(self, normal: NormalEquations) -> Quadratic:
        """Return the problem that is asked for, of normal equations."""
        if not self.penalised:
            return Quadratic.of(normal, self.scale)
        normal = at_zero(normal)
        return penalised(normal, self.penalty(normal, self.alpha), self.scale)

    def penalty(self, normal: NormalEquations, alpha: float) -> Penalty:
        """Return the penalty of a strength, in the coordinates of normal equations.

        Raises
        ------
        InputError
            If there is not one factor for every feature, or it has no name of a feature.
        """
        m, unit = normal.moments, float(normal.moments.unit[-1])
        with np.errstate(all="ignore"):
            scale = unit / m.unit[normal.active] / normal.spread
            factors = self._factors(m.names[:-1])[normal.active]
            ratio = float(self.l1_ratio)
            found = penalty_of(float(alpha), ratio, factors, scale, unit, positive=bool(self.positive))
        if not (np.isfinite(found.l1).all() and np.isfinite(found.l2).all()):
            what = "in these units the penalty exceeds float64"
            raise InputError("alpha", what, "Measure the features, or the target, in other units")
        return found

    def _factors(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        """Return the factor of every feature (p,)."""
        given = self.penalty_factor
        if given is None:
            return np.ones(len(names))
        if not isinstance(given, Mapping):
            if len(given) != len(names):
                what = f"got {len(given)} numbers for {len(names)} features"
                raise InputError("penalty_factor", what, "Pass one for every feature, or a dict by name")
            return np.array(given, dtype=np.float64)
        for name in given:
            if name not in names:
                raise InputError("penalty_factor", f"there is no feature {name!r}", choices(str(name), names))
        return np.array([given.get(name, 1.0) for name in names], dtype=np.float64)


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
    _check_penalty(parameters)


def _check_penalty(parameters: Parameters) -> None:
    """Raise `InputError` for a penalty out of range, or one that the method cannot take."""
    if not (is_real(parameters.alpha) and 0 <= float(parameters.alpha) < math.inf):
        raise InputError("alpha", f"got {parameters.alpha!r}", "Pass a number, 0 or more")
    if not (is_real(parameters.l1_ratio) and 0 <= float(parameters.l1_ratio) <= 1):
        raise InputError("l1_ratio", f"got {parameters.l1_ratio!r}", "Pass a number between 0 and 1")
    if not isinstance(parameters.positive, bool | np.bool):
        raise InputError("positive", f"got {parameters.positive!r}", "Pass True or False")
    given = parameters.penalty_factor
    for factor in given.values() if isinstance(given, Mapping) else given or ():
        if not (is_real(factor) and 0 <= float(factor) < math.inf):
            raise InputError("penalty_factor", f"got {factor!r}", "Pass numbers, 0 or more")
    if not parameters.penalised:
        return
    if parameters.early_stopping:
        what = "is a penalty of its own"
        raise InputError("early_stopping", what, "Pass early_stopping=False, or alpha=0")
    way = parameters.way
    if way.stochastic:
        what = f"{way.title} takes no penalty"
        raise InputError("method", what, 'Choose method="auto", or alpha=0', code="method")
    if parameters.kinked and not getattr(way, "proximal", False):
        what = f"{way.title} cannot hold coefficients at zero, as an l1 penalty and positive=True do"
        raise InputError("method", what, 'Choose "newton", "gd" or "fista", or l1_ratio=0', code="method")
    if parameters.kinked and isinstance(way, Newton) and parameters.learning_rate not in ("auto", 1):
        what = "newton takes whole steps where a penalty holds coefficients at zero"
        raise InputError("learning_rate", what, 'Leave it out, or choose method="gd"')


def factors_of(given: Any) -> tuple[float, ...] | Mapping[str, float] | None:
    """Return penalty factors as plain values."""
    if given is None or isinstance(given, Mapping):
        return given
    return tuple(np.atleast_1d(np.asarray(given, dtype=object)).tolist())


def seed_of(random_state: Any) -> Any:
    """Return the seed that a generator draws; anything else as it is."""
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    return random_state
