"""What the tests share."""

import os
import re
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from steepest import kernel

ROOT = Path(__file__).parents[1]
CARS = ROOT / "examples" / "cars.csv"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


def steady(text: str) -> str:
    """Return a text without what rounding decides: bounds near 1e-13 are others on other machines."""
    return re.sub(r"\b\d(\.\d)?e-1[2-9]\b", "tiny", text)


def quietly(model, *rows):
    """Fit without a word about convergence or the columns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(*rows)


@pytest.fixture(scope="module", params=["blas", *(name for name, _ in kernel.TARGETS)])
def way(request):
    """Gather through BLAS, and with the kernel for every instruction set of this machine."""
    usual = kernel.target
    kernel.target = request.param_index - 1
    yield request.param
    kernel.target = usual


@pytest.fixture(scope="session")
def cars():
    table = np.loadtxt(CARS, delimiter=",", skiprows=1)
    return table[:, :1], table[:, 1]


@pytest.fixture
def steepest(tmp_path):
    """Run the command in a process of its own, in an empty folder."""

    def run(*arguments, stdin="", **environment) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "steepest", *map(str, arguments)],
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            env={**os.environ, "COLUMNS": "80", **environment},
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Result(done.returncode, done.stdout, done.stderr)

    return run
