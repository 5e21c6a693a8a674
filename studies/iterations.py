"""How many iterations every method takes, beside what is known of it.

    python -m studies.iterations [--seeds 20] [--save]

Steps until the gap is 10⁻¹² of what it was at the start, medians over the seeds: 50 coordinates, eigenvalues
from 1/condition to 1 in geometric progression, a random rotation and a normal optimum. Every step costs p²
multiplications, whatever the number of rows.
"""

import numpy as np

from steepest.certificate import Yardstick
from steepest.descent import descend
from steepest.methods import METHODS
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.objective import Quadratic
from studies.command import run

CONDITIONS = (10.0, 1e2, 1e3, 1e4, 1e6)

MOST = 200_000

SLACK = 1.2
"""How far a median may exceed the number in the table."""

PROMISED: dict[str, dict[float, int]] = {
    "gd at 1/L": {10.0: 110, 1e2: 1042, 1e3: 8976, 1e4: 60_000},
    "gd": {10.0: 58, 1e2: 607, 1e3: 6696, 1e4: 60_000},
    "steepest": {10.0: 58, 1e2: 526, 1e3: 4344, 1e4: 30_000},
    "bb": {10.0: 23, 1e2: 81, 1e3: 324, 1e4: 646, 1e6: 9510},
    "momentum": {10.0: 23, 1e2: 86, 1e3: 313, 1e4: 1030, 1e6: 8498},
    "nesterov": {10.0: 41, 1e2: 146, 1e3: 490, 1e4: 1322, 1e6: 9518},
    "cg": {10.0: 20, 1e2: 42, 1e3: 78, 1e4: 107, 1e6: 268},
}
"""Iterations that a prototype of the classical forms took; more than `MOST` where there is no number."""


def problem_of(condition, p, rng):
    """Return the least-squares problem of p + 1 rows with eigenvalues from 1/condition to 1."""
    eigenvalues = np.geomspace(1 / condition, 1, p)
    rotation = np.linalg.qr(rng.normal(size=(p, p)))[0]
    rows = np.linalg.qr(np.column_stack([np.ones(p + 1), rng.normal(size=(p + 1, p))]))[0][:, 1:]
    X = np.sqrt(p + 1) * (rows * np.sqrt(eigenvalues)) @ rotation.T
    moments = Moments.of(np.column_stack([X, X @ rng.normal(size=p)]))
    return Quadratic.of(NormalEquations.of(moments, intercept=True), "center")


def steps_to(name, condition, seed, share=1e-12, p=50):
    """Return the number of steps of a method until the gap is a share of what it was."""
    problem = problem_of(condition, p, np.random.default_rng(seed))
    method, _, textbook = name.partition(" at ")
    way = METHODS[method]
    rate = 1 / way.limits(problem, None).L if textbook else None
    enough = np.sqrt(2 * share * problem.gap(problem.start))
    descent = descend(
        problem,
        way,
        problem.start,
        limits=way.limits(problem, rate),
        yardstick=Yardstick(float(enough), 0.0, "se"),
        tol=1.0,
        max_iter=MOST,
    )
    return descent.steps


def predicted(condition, seed, share=1e-12, p=50):
    """Return the steps of gradient descent at 1/L, by its closed form: no implementation takes fewer."""
    problem = problem_of(condition, p, np.random.default_rng(seed))
    path = METHODS["gd"].limits(problem, 1 / METHODS["gd"].limits(problem, None).L).path
    eigenvalues, V = problem.modes
    weight = eigenvalues * (V.T @ (problem.start - problem.minimum)) ** 2
    low, high = 0, 2 * MOST
    while high - low > 1:
        middle = (low + high) // 2
        reached = weight @ path.after(middle) ** 2 <= share * weight.sum()
        low, high = (low, middle) if reached else (middle, high)
    return high


def report(seeds):
    yield f"Medians over {seeds} seeds; in brackets what they may not exceed by more than {SLACK:g} times.\n"
    yield "| condition | " + " | ".join(PROMISED) + " |"
    yield "|--:|" + "--:|" * len(PROMISED)
    beyond = []
    for condition in CONDITIONS:
        cells = []
        for name, promised in PROMISED.items():
            goal = promised.get(condition, MOST)
            median = np.median([steps_to(name, condition, seed) for seed in range(seeds)])
            shown = f"> {MOST}" if median >= MOST else f"{median:g}"
            cells.append(f"{shown} ({'> ' * (condition not in promised)}{goal})")
            if condition in promised and median > SLACK * goal:
                beyond.append(f"{name} at {condition:g}")
        yield f"| {condition:g} | " + " | ".join(cells) + " |"
    yield "\nAll within." if not beyond else "\nBeyond: " + ", ".join(beyond) + "."
    known = CONDITIONS[:-1]
    exact = [np.median([predicted(condition, seed) for seed in range(seeds)]) for condition in known]
    yield f"By the closed form gd at 1/L takes {', '.join(f'{steps:g}' for steps in exact)} steps."


if __name__ == "__main__":
    run(__doc__, "iterations", report, seeds=20)
