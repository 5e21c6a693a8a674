"""``steepest compare``."""

import json

import numpy as np
import pytest

from conftest import CARS

SHOWN = """\
dist: 3 models, least squares, 50 rows
1  null.json: 1
2  line.json: 1 + speed
3  zero.json: 0 + speed
   df  sigma  R2 adj  log-lik     AIC   dAIC     BIC   dBIC
1  49  25.77   0.000  -232.90  469.80  50.65  473.63  48.73
2  48  15.38   0.644  -206.58  419.16   0.00  424.89   0.00
3  49  16.26   0.894  -209.87  423.75   4.59  427.57   2.68
note  R2 of models without an intercept is about zero: compare it with no other
1 in 2: F 89.57 on 1 and 48 df (p 1.5e-12), chi2 52.65 (p 4.0e-13)
3 in 2: F 6.766 on 1 and 48 df (p 0.012), chi2 6.593 (p 0.010)
lowest AIC 2, BIC 2
"""


@pytest.fixture
def models(steepest):
    options = {"null": ["--exclude", "speed"], "line": [], "zero": ["--no-intercept"]}
    for name, more in options.items():
        assert steepest("fit", CARS, "-t", "dist", *more, "-q", "-o", f"{name}.json").code == 0
    return [f"{name}.json" for name in options]


def test_models_of_the_same_rows(steepest, models):
    result = steepest("compare", *models)
    assert (result.code, result.err, result.out) == (0, "", SHOWN)


def test_json(steepest, models):
    document = json.loads(steepest("compare", *models, "--json").out)
    assert (document["schema"], document["command"], document["files"]) == (1, "compare", models)
    assert [model["df"] for model in document["models"]] == [49, 48, 49]
    assert [(test["small"], test["large"]) for test in document["tests"]] == [(1, 2), (3, 2)]


def test_models_that_cannot_be_compared(steepest, models, tmp_path):
    table = np.loadtxt(CARS, delimiter=",", skiprows=1)[:40]
    np.savetxt(tmp_path / "less.csv", table, delimiter=",", header="speed,dist", comments="")
    steepest("fit", "less.csv", "-t", "dist", "-q", "-o", "less.json")
    result = steepest("compare", "line.json", "less.json")
    assert result.code == 3
    assert "models 1 and 2: they differ in the number of rows (50 and 40)" in result.err
    assert "fix: Fit both to the same target and rows" in result.err
    slow = ["--method", "gd", "--max-iter", "2", "--scale", "none"]
    assert steepest("fit", CARS, "-t", "dist", *slow, "-q", "-o", "slow.json").code == 5
    result = steepest("compare", "line.json", "slow.json")
    assert result.code == 3
    assert "error[not-inferable]: model 2: the coefficients can still be" in result.err


def test_bad_use(steepest, models):
    alone = steepest("compare", "line.json")
    assert alone.code == 2
    assert "two models or more" in alone.err
    assert steepest("compare").code == 2
    assert steepest("compare", "line.json", "none.json").code == 4
    assert steepest("compare", "line.json", CARS).code == 6
    assert "  steepest compare " in steepest("compare", "-h").out
