"""A path of penalties as a table of eighty columns, and as plain data."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from steepest import LinearRegressionCV
from steepest.errors import InputError
from steepest.report.course import Course


def data(n=80, p=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X[:, 0] * 3 - X[:, 1] + rng.normal(size=n)


def shown(model):
    lines = str(model.path()).splitlines()
    assert max(map(len, lines)) <= 80
    return lines


def test_the_table_says_what_was_tried_and_what_was_picked():
    X, y = data()
    model = LinearRegressionCV(alphas=30, cv=4).fit(X, y)
    first, head, *rows, alpha, certificate = shown(model)
    assert first == "y: lasso, 80 rows, 5 features; 4 folds x 30 penalties from one pass"
    assert head.split() == ["alpha", "terms", "RMSE", "SE"]
    assert 8 <= len(rows) <= 10
    assert alpha.startswith(f"alpha {model.alpha_:.6g}, with the lowest error; pick 1se takes ")
    assert certificate.startswith("every point of every path within ")
    (lowest,) = [row for row in rows if "lowest" in row]
    (simplest,) = [row for row in rows if "simplest" in row]
    mean = model.mse_path_.mean(axis=1)
    best = int(mean.argmin())
    assert float(lowest.split()[0]) == pytest.approx(model.alpha_, rel=1e-3)
    assert float(lowest.split()[2]) == pytest.approx(np.sqrt(mean[best]), rel=0.01)
    se = model.mse_path_[best].std(ddof=1) / 2 / (2 * np.sqrt(mean[best]))
    assert float(lowest.split()[3]) == pytest.approx(se, rel=0.1)
    other = LinearRegressionCV(alphas=30, cv=4, pick="1se").fit(X, y)
    assert float(simplest.split()[0]) == pytest.approx(other.alpha_, rel=1e-3)
    told = f"alpha {other.alpha_:.6g}, the simplest within one SE of the lowest error; pick min takes"
    assert told in " ".join(shown(other))


def test_terms_are_named_when_they_come_and_when_they_go():
    X, y = data()
    rows = shown(LinearRegressionCV(alphas=[2.0, 0.5, 0.1, 0.01]).fit(X, y))[2:6]
    assert [row.split()[1] for row in rows] == ["1", "2", "4", "4"]
    assert [row.rpartition("  + ")[2] for row in rows[:3]] == ["x0", "x1", "x2 x4"]
    assert "+" not in rows[3]
    result = LinearRegressionCV(alphas=3).fit(X, y)._selected
    along = replace(result.curve.path, u=np.array([[1.0, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 1, 0, 0, 0]]))
    curve = replace(result.curve, path=along, errors=np.array([[1.0, 2], [3, 4], [5, 6]]))
    lines = str(Course(replace(result, curves=(curve,)))).splitlines()
    assert lines[3].endswith("+ x1 x2  - x0")
    assert lines[4].endswith("- x2")


def test_marks_stand_where_the_errors_are():
    rows = shown(LinearRegressionCV(alphas=20).fit(*data()))[2:-2]
    errors = np.array([float(row.split()[2]) for row in rows])
    places = np.array([row.index("*") - row.index("|") for row in rows])
    assert (places.min(), places.max()) == (1, 20)
    np.testing.assert_allclose(places - 1, 19 * (errors - errors.min()) / np.ptp(errors), atol=1)


def test_every_mixture_has_a_line():
    lines = shown(LinearRegressionCV(l1_ratio=[0, 0.25, 1], alphas=10).fit(*data()))
    assert [line.split(":")[0] for line in lines[1:4]] == ["l1_ratio 0", "l1_ratio 0.25", "l1_ratio 1"]
    assert "lowest RMSE" in lines[1]


NAMES = ["x" * 90, "tab\tname", "new\nline", "esc\x1b[31m", "b\u202e", "ä" * 30, "spaces in a long name"]


@pytest.mark.parametrize("scale", [1e-140, 1e-9, 1.0, 1e8, 1e30, 1e140])
@pytest.mark.parametrize(("l1_ratio", "pick"), [(0, "min"), (1, "1se"), ([1 / 3, 2 / 3], "1se")])
def test_hostile_names_and_numbers_stay_in_eighty_columns(scale, l1_ratio, pick):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(60, 7)) * 10.0 ** np.arange(-9, 12, 3), columns=NAMES)
    y = pd.Series(scale * (X @ 10.0 ** -np.arange(-9, 12, 3) + rng.normal(size=60)), name="target " * 30)
    model = LinearRegressionCV(l1_ratio=l1_ratio, alphas=15, pick=pick).fit(X, y)
    text = str(model.path())
    assert max(map(len, text.splitlines())) <= 80
    assert text.replace("\n", "").isprintable()
    assert "nan" not in text


def test_wide_numbers_leave_no_room_and_break_nothing():
    """Errors of nine digits, the standard errors of which need eight decimals."""
    result = LinearRegressionCV(alphas=3, cv=2, eps=1e-9).fit(*data())._selected
    errors = np.array([[8.1e17, 8.1e17 + 2048], [1e17, 9e17], [8e17, 3e17]])
    wide = Course(replace(result, curves=(replace(result.curve, errors=errors),)))
    lines = str(wide).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[2].split()[2:4] == ["900000000.00000060", "0.00000057"]


def test_long_verdicts_are_wrapped():
    X, y = data()
    y = pd.Series(1e9 * y, name="a target with a long name")
    lines = shown(LinearRegressionCV(pick="1se", l1_ratio=1 / 3).fit(pd.DataFrame(X), y))
    text = " ".join(line.strip() for line in lines)
    assert "the simplest within one SE of the lowest error; pick min takes " in text
    assert "features; 5 folds x 100 penalties from one pass" in text


def test_the_end_of_the_path_is_noted():
    X, _ = data()
    y = X @ np.arange(5.0)
    note = "note  the lowest error is at the end of the path: try smaller penalties"
    assert shown(LinearRegressionCV().fit(X, y))[-1] == note
    assert note not in shown(LinearRegressionCV().fit(*data()))


def test_nothing_is_said_to_vary_where_nothing_does():
    X, _ = data()
    lines = shown(LinearRegressionCV().fit(X, np.ones(80)))
    assert not any(word in "\n".join(lines) for word in ("nan", "inf"))


def test_plain_data_are_json_and_what_the_model_has():
    model = LinearRegressionCV(l1_ratio=[0.5, 1.0], alphas=7, cv=3).fit(*data())
    plain = json.loads(json.dumps(model.path().to_dict(), allow_nan=False))
    assert (plain["alpha"], plain["l1_ratio"], plain["pick"]) == (model.alpha_, model.l1_ratio_, "min")
    assert plain["names"] == ["x0", "x1", "x2", "x3", "x4"]
    for at, curve in enumerate(plain["curves"]):
        np.testing.assert_array_equal(curve["mse"], model.mse_path_[at])
        np.testing.assert_array_equal(curve["mean"], model.mse_path_[at].mean(axis=1))
        np.testing.assert_allclose(curve["se"], model.mse_path_[at].std(axis=1, ddof=1) / np.sqrt(3))
        np.testing.assert_array_equal(curve["alphas"], model.alphas_[at])
        np.testing.assert_array_equal(curve["coef"], model.coef_path_[at])
        assert curve["min"] == curve["alphas"][int(np.argmin(curve["mean"]))]
        assert curve["1se"] >= curve["min"]
        assert 0 <= curve["distance_se"] < 1e-6
        assert {len(curve[name]) for name in ("df", "aic", "bic", "gcv", "intercept")} == {7}


def test_what_is_not_known_is_null_in_plain_data():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(8, 12)), rng.normal(size=8)
    model = LinearRegressionCV(cv=2, alphas=[1.0, 1e-9]).fit(X, y)
    (curve,) = json.loads(json.dumps(model.path().to_dict(), allow_nan=False))["curves"]
    assert curve["gcv"][0] > 0
    assert curve["gcv"][1] is None


def test_there_is_no_table_of_errors_beyond_float64():
    X, y = data()
    with pytest.raises(InputError, match="squared errors exceed float64"):
        LinearRegressionCV().fit(X, y * 1e200)
