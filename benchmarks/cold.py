"""Rivals that are whole processes: they start, read a small CSV file, fit it, and print what they found."""

import re
import subprocess
import sys
from functools import partial

from benchmarks.rival import OURS, Answer, Rival

READ = """
import sys
import numpy as np
*X, y = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1, unpack=True)
X = np.column_stack(X)
"""

STEEPEST = """
from steepest import LinearRegression
model = LinearRegression().fit(X, y)
print(model.intercept_, *model.coef_)
print(*model.inference().se)
"""

SCIKIT_LEARN = """
from sklearn.linear_model import LinearRegression
model = LinearRegression().fit(X, y)
print(model.intercept_, *model.coef_)
"""

STATSMODELS = """
import statsmodels.api as sm
fit = sm.OLS(y, sm.add_constant(X)).fit()
print(*fit.params)
print(*fit.bse)
"""

NUMPY = """
print(*np.linalg.lstsq(np.column_stack([np.ones_like(y), X]), y)[0])
"""


def python(code, path):
    """Return the fit of a script that prints the coefficients, and their standard errors if it has them."""

    def fit():
        lines = [
            [float(word) for word in line.split()] for line in _output("-c", READ + code, path).splitlines()
        ]
        (intercept, *coef), *se = lines
        return Answer(intercept, coef, *se)

    return fit


def command(path):
    """Return the fit of ``steepest fit``, which prints estimates and standard errors behind the names."""

    def fit():
        summary = _output("-m", "steepest", "fit", path, "-t", "y")
        rows = re.findall(r"^(?:\(intercept\)|x\d+)\s+(\S+)\s+(\S+)", summary, re.MULTILINE)
        (intercept, *coef), se = zip(*[map(float, row) for row in rows], strict=True)
        return Answer(intercept, coef, se)

    return fit


def _output(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True).stdout


PYTHON = {
    OURS: Rival(partial(python, STEEPEST), ("steepest",)),
    "scikit-learn LinearRegression": Rival(partial(python, SCIKIT_LEARN), ("scikit-learn",)),
    "statsmodels OLS": Rival(partial(python, STATSMODELS), ("statsmodels",)),
    "numpy lstsq": Rival(partial(python, NUMPY), ("numpy",)),
}
COMMAND = PYTHON | {OURS: Rival(command, ("steepest",))}
