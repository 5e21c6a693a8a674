"""A path of penalties as a table, and as plain data."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.errors import count
from steepest.plain import finite
from steepest.report.layout import WIDTH, on_point, penalty_name, printable, rounded_up, side_by_side
from steepest.selection import CrossValidation, Curve

Array = NDArray[np.float64]

STEPS = 8
"""Rows of the table beside those that were picked."""

PLOT = 20
"""Places in the plot of the errors."""


@dataclass(frozen=True, slots=True, repr=False)
class Course:
    """A path of penalties: it prints as a table, and is plain data underneath.

    Attributes
    ----------
    result : CrossValidation
    """

    result: CrossValidation

    def __str__(self) -> str:
        return "\n".join(lines(self.result))

    __repr__ = __str__

    def to_dict(self) -> dict[str, Any]:
        """Return the path as plain data, in the shape of the command line's JSON."""
        return to_dict(self.result)


def lines(result: CrossValidation) -> list[str]:
    """Return a cross-validation line by line, in eighty columns."""
    fit, curve = result.fit, result.curve
    found, folds = len(curve.path.alphas), curve.errors.shape[1]
    title = (
        f"{printable(fit.target)}: {_kind(curve.l1_ratio)}, {count(fit.moments.rows, 'row')},"
        f" {count(len(fit.names), 'feature')}; {folds} folds x {found} penalties from one pass"
    )
    others = [_mixture(each) for each in result.curves] if len(result.curves) > 1 else []
    shown = _shown(curve)
    head, *rows = side_by_side(
        {
            "alpha": on_point([f"{alpha:.4g}" for alpha in curve.path.alphas[shown]]),
            "terms": [str(int(np.count_nonzero(u))) for u in curve.path.u[shown]],
            **_errors(curve, shown),
        }
    )
    table = [
        head,
        *(_with_names(*each) for each in zip(rows, _plots(curve, shown), _news(result), strict=True)),
    ]
    return [*_wrapped(title), *others, *table, *_verdict(result)]


def to_dict(result: CrossValidation) -> dict[str, Any]:
    """Return a cross-validation as plain data."""
    return {
        "alpha": result.alpha,
        "l1_ratio": result.curve.l1_ratio,
        "pick": result.pick,
        "names": list(result.fit.names),
        "curves": [_curve(each) for each in result.curves],
    }


def _curve(curve: Curve) -> dict[str, Any]:
    path, criteria = curve.path, curve.criteria
    coef, intercept = path.lines
    return {
        "l1_ratio": curve.l1_ratio,
        "alphas": path.alphas.tolist(),
        "mse": curve.errors.tolist(),
        "mean": curve.mean.tolist(),
        "se": curve.se.tolist(),
        "min": float(path.alphas[curve.lowest]),
        "1se": float(path.alphas[curve.simplest]),
        "coef": coef.tolist(),
        "intercept": intercept.tolist(),
        **{
            name: [finite(value) for value in getattr(criteria, name).tolist()]
            for name in ("df", "aic", "bic", "gcv")
        },
        "distance_se": finite(curve.in_se),
    }


def _kind(l1_ratio: float) -> str:
    return penalty_name(l1_ratio) + (f", l1_ratio {l1_ratio:g}" if 0 < l1_ratio < 1 else "")


def _mixture(curve: Curve) -> str:
    root = math.sqrt(curve.mean[curve.lowest])
    return (
        f"l1_ratio {curve.l1_ratio:g}: lowest RMSE {root:.4g} at alpha {curve.path.alphas[curve.lowest]:.4g}"
    )


def _shown(curve: Curve) -> list[int]:
    """Return which penalties the table shows: the first, the last, those that were picked, some between."""
    last = len(curve.path.alphas) - 1
    between = np.linspace(0, last, min(STEPS, last + 1)).round().astype(int).tolist()
    return sorted({*between, curve.lowest, curve.simplest})


def _errors(curve: Curve, shown: list[int]) -> dict[str, list[str]]:
    """Return the roots of the mean errors and their standard errors, in the decimals that these need."""
    root = np.sqrt(curve.mean[shown])
    se = np.divide(curve.se[shown], 2 * root, out=np.zeros(len(root)), where=root > 0)
    least = float(se[se > 0].min(initial=math.inf))
    decimals = max(1 - math.floor(math.log10(least)), 0) if math.isfinite(least) else 4
    if decimals > 8 or float(root.max()) >= 1e9:
        return {"RMSE": [f"{value:.4g}" for value in root], "SE": [f"{value:.2g}" for value in se]}
    return {"RMSE": [f"{value:.{decimals}f}" for value in root], "SE": [f"{v:.{decimals}f}" for v in se]}


def _plots(curve: Curve, shown: list[int]) -> list[str]:
    """Return a mark for the error of each penalty that is shown."""
    root = np.sqrt(curve.mean[shown])
    low, high = float(root.min()), float(root.max())
    share = (root - low) / (high - low) if high > low else np.zeros(len(root))
    places = (share * (PLOT - 1)).round().astype(int)
    return ["|" + " " * place + "*" + " " * (PLOT - 1 - place) for place in places.tolist()]


def _news(result: CrossValidation) -> list[str]:
    """Return what is new at each penalty that is shown: what it was picked for, which terms come and go."""
    curve, names = result.curve, [printable(result.fit.names[j]) for j in result.fit.normal.active]
    before, told = np.zeros(len(names), bool), list[str]()
    for at in _shown(curve):
        now = curve.path.u[at] != 0
        marks = [
            mark for mark, place in (("simplest", curve.simplest), ("lowest", curve.lowest)) if place == at
        ]
        come = [names[j] for j in np.flatnonzero(now & ~before)]
        gone = [names[j] for j in np.flatnonzero(before & ~now)]
        changes = [f"{sign} {' '.join(some)}" for sign, some in (("+", come), ("-", gone)) if some]
        told.append("  ".join([*(["<- " + " and ".join(marks)] if marks else []), *changes]))
        before = now
    return told


def _with_names(row: str, plot: str, news: str) -> str:
    room = max(WIDTH - len(row) - len(plot) - 4, 0)
    told = news if len(news) <= room else (news[: max(room - 3, 0)] + "...")[:room]
    return f"{row}  {plot}  {told}".rstrip()


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _verdict(result: CrossValidation) -> list[str]:
    curve = result.curve
    low, simple = (float(curve.path.alphas[at]) for at in (curve.lowest, curve.simplest))
    words = {"min": "with the lowest error", "1se": "the simplest within one SE of the lowest error"}
    other, its = ("1se", simple) if result.pick == "min" else ("min", low)
    unit = "SE" if result.fit.bound.unit == "se" else "sd(y)"
    reached = all(each.reached for each in result.curves)
    certificate = f"every point of every path within {rounded_up(curve.in_se)} {unit} of its optimum"
    note = "note  the lowest error is at the end of the path: try smaller penalties"
    return [
        *_wrapped(f"alpha {result.alpha:.6g}, {words[result.pick]}; pick {other} takes {its:.6g}"),
        *_wrapped(certificate if reached else f"NOT CONVERGED: {certificate}"),
        *([note] if curve.lowest == len(curve.path.alphas) - 1 else []),
    ]
