"""A race as a table, and as plain data."""

from __future__ import annotations

from typing import Any

from steepest.errors import count
from steepest.plain import finite
from steepest.race import Lap, Race
from steepest.report.layout import printable, rounded_up, side_by_side


def lines(race: Race) -> list[str]:
    """Return a race line by line."""
    fit = race.laps[0].fit
    unit = "SE" if fit.bound.unit == "se" else "sd(y)"
    eigenvalues = fit.problem.eigenvalues()
    columns = {
        "method": [lap.name for lap in race.laps],
        "iterations": [f"{lap.fit.steps:,}" for lap in race.laps],
        "passes": [f"{lap.fit.passes:,}" for lap in race.laps],
        "seconds": [f"{lap.seconds:.2g}" for lap in race.laps],
        unit: [rounded_up(lap.fit.bound.in_se) for lap in race.laps],
        "ended": [lap.fit.status.value for lap in race.laps],
    }
    width = max(map(len, columns["ended"]))
    columns["ended"] = [text.ljust(width) for text in columns["ended"]]
    within = f"within {fit.parameters.tol:g} {unit}, {fit.parameters.max_iter:,} steps at most"
    return [
        f"{printable(fit.target)}: {count(fit.moments.rows, 'row')}, {count(len(fit.names), 'feature')};"
        f" {within}",
        f"scale {fit.parameters.coordinates}: L {eigenvalues[-1]:.4g}, mu {eigenvalues[0]:.4g},"
        f" condition number {eigenvalues[-1] / eigenvalues[0]:.4g}",
        f"moments: {race.seconds:.2g} s, shared by all; every epoch of a stochastic method is a pass",
        *side_by_side(columns),
    ]


def to_dict(race: Race) -> dict[str, Any]:
    """Return a race as plain data; numbers that do not exist are None."""
    return {
        "shared": {"passes": race.passes, "seconds": race.seconds},
        "methods": [_lap(lap) for lap in race.laps],
    }


def _lap(lap: Lap) -> dict[str, Any]:
    bound = lap.fit.bound
    return {
        "method": lap.name,
        "iterations": lap.fit.steps,
        "passes": lap.fit.passes,
        "seconds": lap.seconds,
        "distance_se": finite(bound.in_se),
        "unit": bound.unit,
        "reached": lap.fit.converged,
        "ended": lap.fit.status.value,
    }
