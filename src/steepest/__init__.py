"""Linear regression by gradient descent that tells you when it is done."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from steepest.version import __version__

if TYPE_CHECKING:
    from steepest.errors import SteepestError as SteepestError
    from steepest.estimator import LinearRegression as LinearRegression
    from steepest.methods.adam import Adam as Adam
    from steepest.methods.bb import BB as BB
    from steepest.methods.cg import CG as CG
    from steepest.methods.fista import Fista as Fista
    from steepest.methods.gd import GD as GD
    from steepest.methods.momentum import Momentum as Momentum
    from steepest.methods.nesterov import Nesterov as Nesterov
    from steepest.methods.newton import Newton as Newton
    from steepest.methods.sgd import SGD as SGD
    from steepest.methods.steepest import Steepest as Steepest
    from steepest.moments import Moments as Moments
    from steepest.selecting import LinearRegressionCV as LinearRegressionCV
    from steepest.tables import fit as fit
    from steepest.tables import load as load
    from steepest.tables import path as path
    from steepest.teaching import GradientDescent as GradientDescent


_HOMES = {
    "BB": "methods.bb",
    "CG": "methods.cg",
    "GD": "methods.gd",
    "SGD": "methods.sgd",
    "Adam": "methods.adam",
    "Fista": "methods.fista",
    "GradientDescent": "teaching",
    "LinearRegression": "estimator",
    "LinearRegressionCV": "selecting",
    "Moments": "moments",
    "Momentum": "methods.momentum",
    "Nesterov": "methods.nesterov",
    "Newton": "methods.newton",
    "Steepest": "methods.steepest",
    "SteepestError": "errors",
    "fit": "tables",
    "load": "tables",
    "path": "tables",
}
"""Public names and where they live; loaded on first use, so that the command line starts at once."""

__all__ = [*_HOMES, "__version__"]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'steepest' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"steepest.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
