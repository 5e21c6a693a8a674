import json

import numpy as np
import pytest

import steepest
from conftest import CARS
from steepest import LinearRegression

SHOWN = """\
dist: 2 models, least squares, 50 rows
1  1 + speed
2  1
   df  sigma  R2 adj  log-lik     AIC   dAIC     BIC   dBIC
1  48  15.38   0.644  -206.58  419.16   0.00  424.89   0.00
2  49  25.77   0.000  -232.90  469.80  50.65  473.63  48.73
2 in 1: F 89.57 on 1 and 48 df (p 1.5e-12), chi2 52.65 (p 4.0e-13)
lowest AIC 1, BIC 1"""


def test_two_models_of_the_cars():
    model = steepest.fit(CARS, target="dist")
    shown = model.compare(model.drop(["speed"]))
    assert str(shown) == repr(shown) == SHOWN


def test_it_is_plain_data_underneath():
    model = steepest.fit(CARS, target="dist")
    told = model.compare(model.drop(["speed"]), model.drop(["speed"])).to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert (told["target"], told["rows"], told["weighted"]) == ("dist", 50, False)
    assert [each["names"] for each in told["models"]] == [["speed"], [], []]
    ours = model.inference()
    for name in ("df", "sigma", "r2_adj", "loglik", "aic", "bic"):
        assert told["models"][0][name] == getattr(ours, name)
    first, second = told["tests"]
    assert first["f"] == pytest.approx(ours.f, rel=1e-12)
    assert first["f_p"] == pytest.approx(ours.f_p, rel=1e-10)
    assert second == {
        "first": 2,
        "second": 3,
        "reason": "nothing to test, both have the same fitted values",
    }


@pytest.mark.parametrize("factor", [1e-7, 1e180])
def test_eighty_columns_for_large_numbers(factor):
    rng = np.random.default_rng(0)
    X, e = rng.normal(size=(2, 300_000))
    model = LinearRegression().fit(X[:, None], factor * (3 * X + e))
    shown = model.compare(model.drop(["x0"]))
    assert max(map(len, str(shown).splitlines())) <= 80
    assert "inf" not in str(shown)
    json.dumps(shown.to_dict(), allow_nan=False)


def test_eighty_columns_and_no_comparison_of_r2_about_zero():
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(2000, 60)), rng.uniform(1, 2, size=2000)
    y = 1e6 * (X[:, 0] + rng.normal(size=2000))
    model = LinearRegression().fit(X, y, w)
    through_zero = LinearRegression(fit_intercept=False).fit(X, y, w)
    text = str(model.compare(through_zero))
    assert text.startswith("y: 2 models, weighted least squares, 2000 rows\n1  1 + x0 + ")
    assert "\n2  0 + x0 + " in text
    assert " more)" in text
    assert "note  R2 of models without an intercept is about zero" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "note" not in str(model.compare(model.drop(["x1"])))
