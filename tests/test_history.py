"""The steps of a descent as columns."""

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.exceptions import ConvergenceWarning

from steepest import LinearRegression
from steepest.history import COLUMNS


@pytest.fixture(scope="module")
def model(cars):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LinearRegression(method="gd", scale="none", max_iter=20_000, tol=1e-9).fit(*cars)


def test_columns_are_those_that_bigquery_users_know_and_ours(model):
    history = model.history_
    assert list(history) == list(COLUMNS)
    assert {"iteration", "loss", "learning_rate", "duration_ms"} < set(history)
    assert {len(history[name]) for name in history} == {len(history)}
    with pytest.raises(KeyError, match=r'no column "losss".* Did you mean "loss"'):
        history["losss"]


def test_rows_are_all_at_first_and_then_ever_fewer(model):
    iteration = model.history_["iteration"]
    assert iteration[:257].tolist() == list(range(257))
    assert iteration[-1] == model.n_iter_ == 20_000
    assert len(iteration) < 600
    assert (np.diff(iteration) <= np.maximum(1, 0.02 * iteration[:-1] + 1)).all()


def test_every_row_is_a_point_of_the_descent(model, cars):
    X, y = cars
    history = model.history_
    assert history.names == ("(intercept)", "x0")
    assert history.coef.shape == (len(history), 2)
    Z = np.column_stack([np.ones(50), X])
    for row in (0, 1, 100, 300, -1):
        w = history.coef[row]
        r = y - Z @ w
        assert history["loss"][row] == pytest.approx(r @ r / 100, rel=1e-9)
        assert history["gradient_norm"][row] == pytest.approx(
            np.linalg.norm(Z.T @ r) / 50, rel=1e-6, abs=1e-9
        )
    step = history.coef[0] - history["learning_rate"][1] * (Z.T @ (Z @ history.coef[0] - y)) / 50
    np.testing.assert_allclose(history.coef[1], step, rtol=1e-9)
    assert np.isnan(history["learning_rate"][0])
    assert history["distance_se"][-1] == model.certificate_.in_se
    assert (np.diff(history["gap"]) <= 0).all()
    best = LinearRegression().fit(X, y).history_["loss"][-1]
    np.testing.assert_allclose(history["loss"] - history["gap"], best, rtol=1e-9)


def test_time_is_spent_and_adds_up_to_little(model):
    duration = model.history_["duration_ms"]
    assert (duration >= 0).all()
    assert 0 < duration[1:].mean() < 10


@pytest.mark.parametrize("method", ["steepest", "bb", "cg"])
def test_the_length_of_an_adaptive_step_is_told(cars, method):
    X, y = cars
    model = LinearRegression(method=method, scale="none").fit(X, y)
    history, Z = model.history_, np.column_stack([np.ones(50), X])
    g = Z.T @ (Z @ history.coef[0] - y) / 50
    np.testing.assert_allclose(history.coef[1], history.coef[0] - history["learning_rate"][1] * g, rtol=1e-9)
    assert np.isfinite(history["learning_rate"][1:]).all()


def test_units_are_the_users_even_where_float64_ends(cars):
    X, y = cars
    plain = LinearRegression(method="gd", max_iter=3).fit(X, y).history_
    huge = LinearRegression(method="gd", max_iter=3).fit(X, y * 1e120).history_
    np.testing.assert_allclose(huge["loss"], plain["loss"] * 1e240, rtol=1e-9)
    np.testing.assert_allclose(huge.coef, plain.coef * 1e120, rtol=1e-9)


def test_the_frame_is_that_of_the_library_at_hand(model):
    frame = model.history_.to_frame()
    assert isinstance(frame, pd.DataFrame | pl.DataFrame)
    assert list(frame.columns) == [*COLUMNS, "(intercept)", "x0"]
    assert len(frame) == len(model.history_)


@pytest.mark.parametrize(("imported", "kind"), [("pandas", "pandas"), ("polars", "polars")])
def test_polars_is_taken_where_it_is_in_use(imported, kind):
    code = (
        f"import {imported}\nfrom steepest import LinearRegression\n"
        "frame = LinearRegression().fit([[1.0], [2.0], [4.0]], [1.0, 2.0, 3.0]).history_.to_frame()\n"
        "print(type(frame).__module__.split('.')[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == kind, done.stderr


def test_without_either_it_is_an_arrow_table(model, monkeypatch):
    monkeypatch.delitem(sys.modules, "polars")
    monkeypatch.setattr("steepest.history.find_spec", {"pyarrow": True}.get)
    frame = model.history_.to_frame()
    assert isinstance(frame, pa.Table)
    assert frame.column_names == [*COLUMNS, "(intercept)", "x0"]


def test_features_that_are_called_like_columns_stay_apart():
    frame = pd.DataFrame({"loss": [1.0, 2, 3, 5], "iteration": [2.0, 1, 5, 4]})
    history = LinearRegression(method="cg").fit(frame, [1.0, 3, 2, 5]).history_
    assert history.names == ("(intercept)", "loss", "iteration")
    assert list(history.to_frame().columns[-2:]) == ["coef[loss]", "coef[iteration]"]
    odd = pd.DataFrame({"loss": [1.0, 2, 3, 5], "coef[loss]": [2.0, 1, 5, 4]})
    history = LinearRegression(method="cg").fit(odd[["loss", "coef[loss]"]], [1.0, 3, 2, 5]).history_
    assert list(history.to_frame().columns[-2:]) == ["coef[loss]", "coef[coef[loss]]"]


def test_it_prints_in_one_line(model):
    text = repr(model.history_)
    assert text.startswith(f"History({len(model.history_)} rows; last: iteration 20000, loss 113.5")


def test_the_default_has_a_start_and_an_end(cars):
    history = LinearRegression().fit(*cars).history_
    assert history["iteration"].tolist() == [0, 1]
    assert history["learning_rate"][1] == 1
    np.testing.assert_allclose(history.coef[0], [cars[1].mean(), 0])
