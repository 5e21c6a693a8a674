"""How many digits are right: certified data sets of NIST, by steepest and by others, in one run.

    python -m studies.accuracy [--save]

The log relative error (LRE) of the worst coefficient, and of the worst standard error, is the number of its
correct significant digits, at most 15. They are held against the exact rational answer of the decimal data.
*Attainable* is the exact answer of the columns as float64 numbers: what rounding the data leaves to anyone.
"""

import csv
import json
import math
import subprocess
import sys
import tempfile
import warnings
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

import steepest
from steepest.errors import NotInferable
from studies.command import ROOT, run
from truth import exactly

DATA = ROOT / "studies" / "nist"
NAMES = ("norris", "longley", "filip", "wampler1", "wampler4")


@dataclass(frozen=True)
class Certified:
    """A data set with its answer, the intercept first."""

    name: str
    X: np.ndarray
    y: np.ndarray
    coef: list[Fraction]
    se: list[Fraction]


def load(name):
    """Return a certified set; powers of polynomials are formed as users form them, by ``x**k``."""
    document = json.loads((DATA / f"{name}.json").read_text())
    x = np.array([[float(cell) for cell in row] for row in document["x"]])
    X = np.hstack([x**k for k in range(1, document["degree"] + 1)]) if document["degree"] else x
    y = np.array([float(cell) for cell in document["y"]])
    coef, se = ([Fraction(text) for text in document[key]] for key in ("coef", "se"))
    return Certified(document["name"], X, y, coef, se)


def digits(found, exact):
    """Return the LRE of the worst of some numbers; where the exact one is zero, of the absolute error."""
    if found is None:
        return None
    errors = [abs(Fraction(float(a)) - b) / (abs(b) or 1) for a, b in zip(found, exact, strict=True)]
    return min(15.0, -math.log10(max(max(errors), Fraction(1, 10**16))))


def attainable(data):
    exact = exactly(data.X, data.y)
    return exact.estimate, [Fraction(math.sqrt(variance)) for variance in exact.se]


def ours(data, precise):
    """Return coefficients and standard errors; an exact fit has none."""
    model = steepest.LinearRegression(precise=precise).fit(data.X, data.y)
    return (model.intercept_, *model.coef_), _standard_errors(model)


def _standard_errors(model):
    try:
        return model.inference().se
    except NotInferable:
        return None


def command(data, precise):
    """Return what ``steepest fit --json`` prints for the same numbers in a CSV file."""
    names = [f"x{j}" for j in range(data.X.shape[1])]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([[*names, "y"], *np.column_stack([data.X, data.y]).tolist()])
        flags = ["--precise"] if precise is True else []
        run = [sys.executable, "-m", "steepest", "fit", str(path), "-t", "y", "--json", *flags]
        terms = json.loads(subprocess.run(run, capture_output=True, check=True).stdout)["model"]["terms"]
    se = [term["se"] for term in terms]
    return [term["estimate"] for term in terms], None if None in se else se


def scikit_learn(data):
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit(data.X, data.y)
    return (model.intercept_, *model.coef_), None


def statsmodels(data):
    import statsmodels.api as sm

    fit = sm.OLS(data.y, sm.add_constant(data.X)).fit()
    return fit.params, fit.bse


WAYS = {
    "attainable, columns as given": attainable,
    'steepest, `precise="auto"`': lambda data: ours(data, "auto"),
    "steepest, `precise=True`": lambda data: ours(data, True),
    "`steepest fit`": lambda data: command(data, "auto"),
    "`steepest fit --precise`": lambda data: command(data, True),
    "scikit-learn LinearRegression": scikit_learn,
    "statsmodels OLS": statsmodels,
}


def table(title, pick):
    sets = [load(name) for name in NAMES]
    yield f"| {title} | " + " | ".join(data.name for data in sets) + " |"
    yield "|---|" + "--:|" * len(sets)
    for way, find in WAYS.items():
        cells = [pick(data, find(data)) for data in sets]
        if any(cell is not None for cell in cells):
            yield f"| {way} | " + " | ".join("-" if cell is None else f"{cell:.1f}" for cell in cells) + " |"


def report():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield "Correct digits of the worst coefficient and of the worst standard error, at most 15.\n"
        yield from table("coefficients", lambda data, found: digits(found[0], data.coef))
        yield ""
        yield from table("standard errors", lambda data, found: digits(found[1], data.se))
    yield "\nWampler1 is an exact fit: its residuals are rounding noise, and have no standard errors."


if __name__ == "__main__":
    run(__doc__, "accuracy", report)
