"""The manners of scikit-learn, all of them."""

import pickle
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LinearRegression as Reference
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_estimator,
    estimator_checks_generator,
    parametrize_with_checks,
)

import steepest
from steepest import GradientDescent, LinearRegression
from steepest.errors import CollinearityWarning, DataWarning, InputError, InputTypeError, NotInferable

TAKES_ONE_DIMENSION = {"check_fit1d": "takes one-dimensional X, as the article does"}


def expected_failures(estimator):
    return TAKES_ONE_DIMENSION if isinstance(estimator, GradientDescent) else {}


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    [LinearRegression(), GradientDescent()], expected_failed_checks=expected_failures, xfail_strict=True
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore")
def test_no_check_of_linear_regression_is_expected_to_fail():
    results = check_estimator(LinearRegression(), on_fail=None)
    assert {result["status"] for result in results} <= {"passed", "skipped"}
    assert len(list(estimator_checks_generator(LinearRegression()))) > 50


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    return X, X @ [1, 2, 3] + rng.normal(size=100)


@pytest.mark.parametrize("estimator", [LinearRegression(), GradientDescent(eta=0.01, n_iter=20)])
def test_works_in_pipelines_searches_and_clones(estimator, rows):
    pipeline = make_pipeline(StandardScaler(), clone(estimator)).fit(*rows)
    assert pipeline.score(*rows) > 0.5
    assert cross_val_score(estimator, *rows, cv=3).min() > 0.3
    name = "fit_intercept" if isinstance(estimator, LinearRegression) else "n_iter"
    search = GridSearchCV(
        estimator, {name: [True, False] if name == "fit_intercept" else [5, 10]}, cv=3, n_jobs=2
    )
    assert search.fit(*rows).best_score_ > 0.3


def test_equals_scikit_learn(rows):
    X, y = rows
    w = np.random.default_rng(1).uniform(size=100)
    for fit_intercept in (True, False):
        ours = LinearRegression(fit_intercept=fit_intercept).fit(X, y, w)
        theirs = Reference(fit_intercept=fit_intercept).fit(X, y, w)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-10)
        assert ours.intercept_ == pytest.approx(theirs.intercept_, rel=1e-10)
        assert ours.score(X, y, w) == pytest.approx(theirs.score(X, y, w))


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
def test_frames_keep_their_names(rows, library):
    X, y = rows
    frame = library(dict(zip(["dose", "age", "mass"], X.T, strict=True)))
    model = LinearRegression().fit(frame, y)
    assert model.feature_names_in_.tolist() == ["dose", "age", "mass"]
    assert model.inference().names == ("(intercept)", "dose", "age", "mass")
    np.testing.assert_allclose(model.predict(frame), LinearRegression().fit(X, y).predict(X))


def test_text_in_a_frame_is_named():
    frame = pd.DataFrame({"a": [1.0, 2, 3], "city": ["Oslo", "Rome", "Lima"]})
    with pytest.raises(
        InputTypeError, match=r"column 'city' \(X\[:, 1\]\) holds text \(first value 'Oslo'\), not numbers"
    ):
        LinearRegression().fit(frame, [1, 2, 3])


def test_missing_cells_are_named_at_fit_and_predict(rows):
    X, y = rows
    model = LinearRegression().fit(X, y)
    X = X.copy()
    X[7, 1] = X[9, 1] = np.nan
    for call in (lambda: LinearRegression().fit(X, y), lambda: model.predict(X)):
        with pytest.raises(
            InputError, match=r"column 'x1'.*: 2 of 100 values are missing \(NaN\), first at row 7"
        ):
            call()
    y = y.copy()
    y[3] = np.inf
    with pytest.raises(ValueError, match="Input y contains infinity"):
        LinearRegression().fit(rows[0], y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"tol": -1}, "tol: got -1"),
        ({"tol": "small"}, "tol: got 'small'"),
        ({"max_iter": 0}, "max_iter: got 0"),
        ({"max_iter": 1.5}, "max_iter: got 1.5"),
        ({"learning_rate": -0.1}, "learning_rate: got -0.1"),
        ({"learning_rate": "fast"}, "learning_rate: got 'fast'"),
        ({"scale": "standart"}, 'Did you mean "standard"'),
        ({"method": "newtn"}, 'Did you mean "newton"'),
    ],
)
def test_parameters_out_of_range_are_refused_with_the_range(rows, parameters, message):
    with pytest.raises(InputError, match=message):
        LinearRegression(**parameters).fit(*rows)


def test_not_converged_is_a_warning_that_says_how_far(cars):
    with pytest.warns(
        ConvergenceWarning, match=r"out of steps after 3 steps .*still 2.* standard errors .*x0 is worst"
    ):
        model = LinearRegression(method="gd", scale="none", max_iter=3).fit(*cars)
    assert not model.converged_
    assert model.n_iter_ == 3


def test_constant_columns_get_zero_and_a_warning(rows):
    X, y = rows
    X = np.column_stack([X, np.full(100, 7.1)])
    with pytest.warns(CollinearityWarning, match="x3 does not vary: coefficient exactly 0"):
        model = LinearRegression().fit(X, y)
    assert model.coef_[3] == 0
    moved = np.column_stack([X[:, :3], np.full(100, -2.0)])
    np.testing.assert_array_equal(model.predict(X), model.predict(moved))


def test_one_row_and_wide_rows_fit_exactly():
    with (
        pytest.warns(CollinearityWarning, match="x0 does not vary"),
        pytest.warns(DataWarning, match="1 row for 1 parameter leave no freedom: no standard errors"),
    ):
        assert LinearRegression().fit([[3.0]], [5.0]).predict([[4.0]]) == 5
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 9)), rng.normal(size=5)
    with (
        pytest.warns(CollinearityWarning, match="5 rows cannot tell 9 columns apart"),
        pytest.warns(DataWarning, match="5 rows for 5 parameters leave no freedom"),
    ):
        model = LinearRegression().fit(X, y)
    np.testing.assert_allclose(model.predict(X), y, rtol=1e-9, atol=1e-9)
    assert model.rank_ == 4
    assert model.sigma_ is None


def test_partial_fit_is_a_merge(rows):
    X, y = rows
    whole = LinearRegression().fit(X, y)
    parts = LinearRegression()
    for start in range(0, 100, 20):
        parts.partial_fit(X[start : start + 20], y[start : start + 20])
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-12)
    np.testing.assert_allclose(parts.inference().se, whole.inference().se, rtol=1e-11)
    with pytest.raises(ValueError, match="X has 2 features"):
        parts.partial_fit(X[:, :2], y)


def test_moments_of_two_models_add(rows):
    X, y = rows
    a, b = LinearRegression().fit(X[:40], y[:40]), LinearRegression().fit(X[40:], y[40:])
    both = a.moments_ + b.moments_
    np.testing.assert_allclose(
        both.scatter, LinearRegression().fit(X, y).moments_.scatter, rtol=1e-10, atol=1e-10
    )


def test_pickles_and_refits(rows):
    model = LinearRegression().fit(*rows)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(rows[0]), model.predict(rows[0]))
    first = model.coef_.copy()
    np.testing.assert_array_equal(model.fit(*rows).coef_, first)


def test_unfitted_says_so(rows):
    for verb in ("summary", "inference"):
        with pytest.raises(NotFittedError):
            getattr(LinearRegression(), verb)()
    with pytest.raises(NotFittedError):
        LinearRegression().predict(rows[0])
    with pytest.raises(NotFittedError):
        LinearRegression().save("nowhere.json")


def test_fits_are_silent(rows, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LinearRegression().fit(*rows).predict(rows[0])
    assert capfd.readouterr() == ("", "")


def test_masked_cells_are_refused(rows):
    X, y = rows
    masked = np.ma.array(X, mask=X > 2)
    with pytest.raises(InputError, match=r"column 'x0' .*: \d+ of 300 values are masked"):
        LinearRegression().fit(masked, y)
    with pytest.raises(InputError, match="y: 1 of 100 values are masked"):
        LinearRegression().fit(X, np.ma.array(y, mask=np.arange(100) == 3))


def test_partial_fit_never_judges_a_part_by_itself(rows):
    """A rate that converges on all rows may be beyond the limit of some, and some may have no weight."""
    X, y = rows
    model = LinearRegression(method="gd", scale="none", learning_rate=0.5, max_iter=100_000).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.partial_fit(X[:5] * 3, y[:5]).partial_fit(X, y, np.zeros(100))
    assert model.moments_.rows == 105


def test_a_table_can_be_fitted_on_with_arrays():
    frame = pd.DataFrame({"a": [1.0, 2, 3, 4], "dist": [1.0, 2, 2, 5]})
    model = steepest.fit(frame, target="dist").partial_fit(frame[["a"]], frame["dist"])
    assert model.moments_.rows == 8
    assert model.moments_.names == ("a", "dist")


def test_a_loaded_model_knows_its_names(tmp_path):
    frame = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [1.0, 0, 2, 5]})
    LinearRegression().fit(frame, [1, 2, 3, 9]).save(tmp_path / "m.json")
    model = steepest.load(tmp_path / "m.json")
    with pytest.raises(ValueError, match="order"):
        model.predict(frame[["b", "a"]])
    assert model.partial_fit(frame, [1, 2, 3, 9]).moments_.rows == 8


@pytest.mark.parametrize("values", [[["2020-01-01"], ["2020-01-02"]], [[1 + 2j], [2j]]])
def test_other_kinds_of_values_are_refused(values):
    with pytest.raises((TypeError, ValueError)):
        LinearRegression().fit(
            np.array(values, dtype="M8[D]" if isinstance(values[0][0], str) else None), [1, 2]
        )


def test_decimals_and_big_integers_are_numbers():
    X = [[Decimal("1.5")], [Decimal("2.5")], [Decimal("4")]]
    assert LinearRegression().fit(X, [3, 5, 8]).coef_[0] == pytest.approx(2)
    ids = np.random.default_rng(0).integers(-(2**63), 2**63 - 1, 3000)
    y = ids / 2**63 + 0.1 * np.random.default_rng(1).normal(size=3000)
    expected = LinearRegression().fit(ids[:, None].astype(float), y).coef_
    np.testing.assert_allclose(LinearRegression().fit(ids[:, None], y).coef_, expected, rtol=1e-12)
    near = (2**60 + np.arange(100)).astype(np.uint64)
    assert LinearRegression().fit(near[:, None], 2.0 * np.arange(100)).coef_[0] == pytest.approx(2)


@pytest.mark.parametrize(
    "parameters", [{"fit_intercept": "no"}, {"fit_intercept": 1}, {"max_iter": True}, {"tol": np.inf}]
)
def test_parameters_of_other_types_are_refused(rows, parameters):
    with pytest.raises(InputError, match=next(iter(parameters))):
        LinearRegression(**parameters).fit(*rows)


def test_parameters_of_numpy_types_are_saved(rows, tmp_path):
    LinearRegression(fit_intercept=np.True_, max_iter=np.int64(50), learning_rate=np.float32(0.5)).fit(
        *rows
    ).save(tmp_path / "m.json")
    assert steepest.load(tmp_path / "m.json").max_iter == 50


def test_undetermined_means_have_no_interval():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 50))
    with pytest.warns(CollinearityWarning):
        model = LinearRegression().fit(np.column_stack([a, b, a + b]), a + rng.normal(size=50))
    assert np.isfinite(model.predict_interval([[1, 2, 3]])).all()
    with pytest.raises(NotInferable, match="do not determine the mean of 1 row, first at row 1"):
        model.predict_interval([[1, 2, 3], [1, 2, 4]])


def test_nothing_in_gives_nothing_out():
    model = steepest.fit(pd.DataFrame({"y": [1.0, 2, 6]}), target="y", features=[])
    np.testing.assert_allclose(model.predict(pd.DataFrame({"z": [1, 2]})), [3, 3])
    both = steepest.fit(pd.DataFrame({"x": [1.0, 2, 6], "y": [1.0, 2, 4]}), target="y")
    assert both.predict(pd.DataFrame({"x": np.zeros(0)})).shape == (0,)
    assert both.predict_interval(pd.DataFrame({"x": np.zeros(0)})).shape == (0, 2)
