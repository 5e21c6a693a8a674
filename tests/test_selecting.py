"""A penalty chosen by cross-validation, in the manners of scikit-learn."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.linear_model import ElasticNet, ElasticNetCV, LassoCV, Ridge
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_estimator,
    estimator_checks_generator,
    parametrize_with_checks,
)

import steepest
from steepest import LinearRegression, LinearRegressionCV
from steepest.errors import InputError, NotInferable

EXACT = {"tol": 1e-13, "max_iter": 100_000, "precompute": False}
pytestmark = pytest.mark.filterwarnings("ignore:Objective did not converge")  # rivals, to the last rounding


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([LinearRegressionCV(cv=3)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore")
def test_no_check_is_expected_to_fail():
    results = check_estimator(LinearRegressionCV(cv=3), on_fail=None)
    assert {result["status"] for result in results} <= {"passed", "skipped"}
    assert len(list(estimator_checks_generator(LinearRegressionCV(cv=3)))) > 50


def data(n=120, p=8, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) @ (np.eye(p) + 0.3 * rng.normal(size=(p, p))) + rng.normal(size=p)
    return X, X[:, :3] @ [1.0, -2, 0.5] + 2 * rng.normal(size=n), rng.uniform(0.2, 3, n)


GROUPS = np.random.default_rng(9).integers(0, 12, 120)

SPLITTERS = {
    "number": lambda X, y: 4,
    "shuffled": lambda X, y: KFold(5, shuffle=True, random_state=1),
    "groups": lambda X, y: list(GroupKFold(4).split(X, y, GROUPS)),
    "time": lambda X, y: TimeSeriesSplit(4),
    "short time": lambda X, y: TimeSeriesSplit(4, max_train_size=20, gap=3),
    "chance": lambda X, y: ShuffleSplit(6, test_size=0.3, random_state=0),
    "chance of few": lambda X, y: ShuffleSplit(4, test_size=0.2, train_size=0.3, random_state=0),
    "predefined": lambda X, y: PredefinedSplit(np.where(GROUPS > 8, -1, GROUPS % 3)),
    "repeated": lambda X, y: RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
}


def assert_same_choice(ours, theirs):
    assert ours.alpha_ == pytest.approx(theirs.alpha_, rel=1e-10)
    np.testing.assert_allclose(ours.alphas_, theirs.alphas_, rtol=1e-10)
    np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-10)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-8)


@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_choice_is_that_of_lasso_cv(splitter, weighted, fit_intercept):
    X, y, w = data()
    w = w if weighted else None
    cv = SPLITTERS[splitter](X, y)
    theirs = LassoCV(cv=cv, fit_intercept=fit_intercept, alphas=40, **EXACT).fit(X, y, sample_weight=w)
    ours = LinearRegressionCV(cv=cv, fit_intercept=fit_intercept, alphas=40).fit(X, y, w)
    assert_same_choice(ours, theirs)
    assert ours.l1_ratio_ == 1
    for alpha, coef in zip(ours.alphas_[::13], ours.coef_path_[::13], strict=True):
        one = ElasticNet(alpha=alpha, l1_ratio=1, fit_intercept=fit_intercept, **EXACT).fit(X, y, w)
        np.testing.assert_allclose(coef, one.coef_, atol=1e-8)


@pytest.mark.parametrize("ratios", [0.3, [0.2, 0.7, 1.0]])
@pytest.mark.parametrize("alphas", [25, [2.0, 0.01, 0.3, 0.05]])
def test_the_choice_is_that_of_elastic_net_cv(ratios, alphas):
    X, y, w = data(seed=1)
    cv = KFold(4, shuffle=True, random_state=0)
    theirs = ElasticNetCV(cv=cv, l1_ratio=ratios, alphas=alphas, **EXACT).fit(X, y, sample_weight=w)
    ours = LinearRegressionCV(cv=cv, l1_ratio=ratios, alphas=alphas).fit(X, y, w)
    assert (ours.alpha_, ours.l1_ratio_) == (pytest.approx(theirs.alpha_, rel=1e-10), theirs.l1_ratio_)
    np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-10)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
    count = alphas if isinstance(alphas, int) else len(alphas)
    many = () if np.ndim(ratios) == 0 else (3,)
    assert ours.alphas_.shape == (*many, count)
    assert ours.mse_path_.shape == (*many, count, 4)
    assert ours.coef_path_.shape == (*many, count, 8)


@pytest.mark.parametrize("weighted", [False, True])
def test_ridge_is_that_of_a_loop(weighted):
    X, y, w = data(seed=2)
    w = w if weighted else np.ones(len(y))
    cv = KFold(5, shuffle=True, random_state=0)
    ours = LinearRegressionCV(l1_ratio=0, alphas=12, cv=cv).fit(X, y, w if weighted else None)
    expected = np.empty((12, 5))
    for at, alpha in enumerate(ours.alphas_):
        for fold, (train, test) in enumerate(cv.split(X)):
            theirs = Ridge(alpha=alpha * w[train].sum()).fit(X[train], y[train], w[train])
            expected[at, fold] = np.average((y[test] - theirs.predict(X[test])) ** 2, weights=w[test])
        whole = Ridge(alpha=alpha * w.sum()).fit(X, y, w)
        np.testing.assert_allclose(ours.coef_path_[at], whole.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.mse_path_, expected, rtol=1e-10)
    assert ours.alpha_ == ours.alphas_[expected.mean(axis=1).argmin()]


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_nonnegative_is_that_of_scikit_learn(l1_ratio):
    X, y, _ = data(seed=3)
    asked = {"cv": 4, "l1_ratio": l1_ratio, "positive": True, "alphas": 30}
    theirs = ElasticNetCV(**asked, **EXACT).fit(X, y)
    ours = LinearRegressionCV(**asked).fit(X, y)
    assert_same_choice(ours, theirs)
    assert (ours.coef_path_ >= 0).all()


def test_features_without_a_penalty_are_there_from_the_first():
    X, y, _ = data()
    model = LinearRegressionCV(penalty_factor=[1, 0, 1, 1, 0, 1, 1, 1], alphas=10).fit(X, y)
    np.testing.assert_array_equal(np.flatnonzero(model.coef_path_[0]), [1, 4])
    assert np.count_nonzero(model.coef_path_[1]) > 2
    free = LinearRegression().fit(X[:, [1, 4]], y)
    np.testing.assert_allclose(model.coef_path_[0, [1, 4]], free.coef_, rtol=1e-9)
    named = LinearRegressionCV(penalty_factor={"x1": 0, "x4": 0}, alphas=10).fit(X, y)
    np.testing.assert_array_equal(named.mse_path_, model.mse_path_)


@pytest.mark.parametrize("as_array", [np.asarray, pd.Series, lambda folds: np.array(list("abcd"))[folds]])
def test_the_fold_of_every_row_can_be_said(as_array):
    X, y, _ = data()
    folds = GROUPS % 4
    expected = LinearRegressionCV(cv=PredefinedSplit(folds)).fit(X, y)
    model = LinearRegressionCV(cv=as_array(folds)).fit(X, y)
    np.testing.assert_allclose(model.mse_path_, expected.mse_path_, rtol=1e-12)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)


def test_rows_that_are_in_no_split_are_fitted_all_the_same():
    X, y, _ = data()
    cv = [(np.arange(20), np.arange(20, 40)), (np.arange(20, 40), np.arange(40, 60))]
    model = LinearRegressionCV(cv=cv).fit(X, y)
    assert model.moments_.rows == 120
    expected = LinearRegression(alpha=model.alpha_, l1_ratio=1).fit(X, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-10)


def test_the_simplest_within_one_standard_error_is_picked():
    X, y, _ = data(seed=4)
    lowest = LinearRegressionCV(cv=6).fit(X, y)
    model = LinearRegressionCV(cv=6, pick="1se").fit(X, y)
    np.testing.assert_array_equal(model.mse_path_, lowest.mse_path_)
    mean = model.mse_path_.mean(axis=1)
    best = mean.argmin()
    most = mean[best] + model.mse_path_[best].std(ddof=1) / np.sqrt(6)
    assert lowest.alpha_ == model.alphas_[best]
    assert model.alpha_ == max(model.alphas_[mean <= most]) > lowest.alpha_
    np.testing.assert_allclose(
        model.coef_, model.coef_path_[model.alphas_.tolist().index(model.alpha_)], atol=1e-9
    )


def test_rows_of_weight_zero_are_as_if_they_were_not_there():
    X, y, w = data()
    w[:30] = 0
    folds = np.arange(120) // 30  # the first is gone
    model = LinearRegressionCV(cv=folds).fit(X, y, w)
    expected = LinearRegressionCV(cv=folds[30:]).fit(X[30:], y[30:], w[30:])
    assert model.mse_path_.shape == (100, 3)
    np.testing.assert_allclose(model.mse_path_, expected.mse_path_, rtol=1e-12)
    overlapping = LinearRegressionCV(cv=ShuffleSplit(4, random_state=0)).fit(X, y, w)
    assert overlapping.mse_path_.shape == (100, 4)
    with pytest.raises(
        InputError, match="cv: all rows that a split learns from, or holds out, have weight zero"
    ):
        LinearRegressionCV(cv=KFold(4)).fit(X, y, w)


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
def test_frames_keep_their_names(library):
    X, y, _ = data(p=3)
    frame = library(dict(zip(["dose", "age", "mass"], X.T, strict=True)))
    model = LinearRegressionCV(cv=KFold(3), penalty_factor={"age": 0}).fit(frame, y)
    assert model.feature_names_in_.tolist() == ["dose", "age", "mass"]
    assert model.coef_path_[0, 1] != 0
    np.testing.assert_allclose(
        model.predict(frame), LinearRegressionCV(cv=3, penalty_factor=[1, 0, 1]).fit(X, y).predict(X)
    )
    assert "age" in str(model.path())


def test_sparse_rows_are_like_dense_ones():
    X, y, w = data(n=200)
    X[np.abs(X) < 1] = 0
    for cv in (3, KFold(3, shuffle=True, random_state=0)):
        dense, sparse = (LinearRegressionCV(cv=cv).fit(rows, y, w) for rows in (X, sp.csr_array(X)))
        np.testing.assert_allclose(sparse.mse_path_, dense.mse_path_, rtol=1e-12)


def test_works_in_pipelines_and_clones():
    X, y, _ = data()
    model = clone(LinearRegressionCV(cv=3, l1_ratio=[0.5, 1], alphas=20))
    assert model.get_params()["l1_ratio"] == [0.5, 1]
    assert make_pipeline(StandardScaler(), model).fit(X, y).score(X, y) > 0.4
    assert cross_val_score(model, X, y, cv=3).min() > 0.2
    again = pickle.loads(pickle.dumps(model.fit(X, y)))
    np.testing.assert_array_equal(again.mse_path_, model.mse_path_)
    assert str(again.path()) == str(model.path())


def test_a_choice_is_saved_as_the_line_that_it_led_to(tmp_path):
    X, y, _ = data()
    model = LinearRegressionCV(l1_ratio=[0.5, 0.9]).fit(X, y)
    model.save(tmp_path / "m.json")
    again = steepest.load(tmp_path / "m.json")
    assert (again.alpha, again.l1_ratio) == (model.alpha_, model.l1_ratio_)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert f"alpha {model.alpha_:.6g}" in str(again.summary())


def test_a_choice_is_no_test():
    model = LinearRegressionCV().fit(*data()[:2])
    with pytest.raises(NotInferable, match="the penalty biases the coefficients"):
        model.inference()
    assert "lasso" in str(model.summary())
    assert model.certificate_.in_se < 1e-6


def test_unfitted_says_so():
    for verb in ("path", "summary", "inference"):
        with pytest.raises(NotFittedError):
            getattr(LinearRegressionCV(), verb)()


def test_refits_forget_what_was_before():
    X, y, _ = data()
    model = LinearRegressionCV(cv=3).fit(X, y)
    first = model.mse_path_.copy()
    model.set_params(cv=4).fit(X, y)
    assert model.mse_path_.shape == (100, 4)
    np.testing.assert_array_equal(model.set_params(cv=3).fit(X, y).mse_path_, first)


def test_a_column_of_targets_is_warned_of_and_taken():
    X, y, _ = data()
    with pytest.warns(DataConversionWarning, match="pass y.ravel"):
        model = LinearRegressionCV(cv=KFold(3)).fit(X, y[:, None])
    np.testing.assert_array_equal(model.coef_, LinearRegressionCV(cv=KFold(3)).fit(X, y).coef_)


def test_fits_are_silent(capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LinearRegressionCV().fit(*data()[:2])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alphas": 0}, r"alphas: got 0\. Pass a number of penalties, or a list"),
        ({"alphas": True}, "alphas: got True"),
        ({"alphas": "many"}, "alphas: got 'many'"),
        ({"alphas": [0.1, -1]}, r"alphas: got \[0.1, -1\]"),
        ({"eps": 1}, r"eps: got 1\. Pass a number between 0 and 1"),
        ({"eps": 0.0}, "eps: got 0.0"),
        ({"eps": "small"}, "eps: got 'small'"),
        ({"l1_ratio": 1.5}, r"l1_ratio: got 1.5\. Pass a number between 0 and 1"),
        ({"l1_ratio": [0.5, -0.1]}, "l1_ratio: got -0.1"),
        ({"l1_ratio": "half"}, "l1_ratio: got 'half'"),
        ({"l1_ratio": []}, "l1_ratio: there is none"),
        ({"pick": "max"}, r"pick: got 'max'\. Choose from min, 1se"),
        ({"pick": None}, r"pick: got None\. Choose from min, 1se"),
        ({"cv": 1}, r"cv: got 1\. Pass a whole number of folds, 2 or more"),
        ({"cv": True}, "cv: got 1"),
        ({"cv": 121}, r"cv: 120 sample\(s\) make no 121 folds"),
        ({"cv": "five"}, r"cv: got 'five'.*Pass a number of folds"),
        ({"cv": 2.5}, r"cv: got 2.5.*Pass a number of folds"),
        ({"cv": [0, 1] * 60}, r"cv: got \[0, 1, 0, 1, 0, 1, \.\.\.\].*the fold of every row as an array"),
        ({"cv": []}, "cv: it has no splits"),
        ({"cv": np.arange(119)}, r"cv: 119 folds for 120 rows\. Pass the fold of every row"),
        ({"cv": np.zeros(120)}, r"cv: 1 split cannot tell .*Pass two folds or more"),
        (
            {"cv": np.array([0.0, 1, np.nan] * 40)},
            r"cv: the folds of 40 rows are missing \(NaN\), first at row 2",
        ),
        ({"cv": np.array(["a", 1, None] * 40, object)}, "cv: got array.*Pass a number of folds"),
        ({"cv": [([0, 1], [500])] * 2}, r"cv: got .*500.*Pass a number of folds"),
        ({"cv": [([0.5, 1], [2])] * 2}, r"cv: got .*Pass a number of folds"),
        ({"cv": [([0, 1], [1])] * 2}, "cv: a split holds out rows that it learns from"),
        ({"cv": GroupKFold(3)}, r"cv: got GroupKFold.*groups.*list\(splitter.split\(X, y, groups\)\)"),
        ({"penalty_factor": [0] * 8}, "alphas: no feature that varies is penalised. Raise penalty_factor"),
        ({"penalty_factor": {"dose": 0}}, "penalty_factor: there is no feature 'dose'. Choose from x0"),
        ({"positive": "yes"}, "positive: got 'yes'"),
        ({"tol": -1}, "tol: got -1"),
    ],
)
def test_hostile_arguments_are_refused_with_the_fix(parameters, message):
    X, y, _ = data()
    with pytest.raises(InputError, match=message):
        LinearRegressionCV(**parameters).fit(X, y)


def test_splits_into_too_many_sets_are_refused():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1500, 2)), rng.normal(size=1500)
    for cv, message in (
        (1500, r"cv: got 1500\. Pass no more than 1000 folds"),
        (np.arange(1500), "folds: the rows are in more than 1000 of them"),
        (ShuffleSplit(40, test_size=0.5, random_state=0), "cv: its splits cut the rows into 1500 sets"),
    ):
        with pytest.raises(InputError, match=message):
            LinearRegressionCV(cv=cv, alphas=2).fit(X, y)


@pytest.mark.parametrize("scale", [1e-170, 1e170])
def test_targets_in_units_beyond_float64_are_never_a_wrong_choice(scale):
    X, y, _ = data()
    with pytest.raises(InputError, match="the target: in these units squared errors exceed float64"):
        LinearRegressionCV().fit(X, y * scale)


@pytest.mark.parametrize("scale", [1e-140, 1e-90, 1e90, 1e140])
@pytest.mark.parametrize("pick", ["min", "1se"])
def test_units_of_the_target_make_no_difference(scale, pick):
    X, y, _ = data()
    model, scaled = (LinearRegressionCV(alphas=20, pick=pick).fit(X, y * unit) for unit in (1.0, scale))
    assert scaled.alpha_ == pytest.approx(model.alpha_ * scale, rel=1e-10)
    np.testing.assert_allclose(scaled.mse_path_, model.mse_path_ * scale**2, rtol=1e-9)


def test_an_offset_costs_no_digits_of_the_errors():
    X, y, _ = data()
    model = LinearRegressionCV(alphas=20).fit(X, y)
    moved = LinearRegressionCV(alphas=20).fit(X + 2.0**20, y + 2.0**20)
    np.testing.assert_allclose(moved.mse_path_, model.mse_path_, rtol=1e-8)


def test_a_column_that_varies_in_one_fold_alone_is_left_out_where_it_does_not():
    X, y, _ = data(n=60)
    X[20:, 0] = 1.0
    model = LinearRegressionCV(cv=3, l1_ratio=[0.5, 1]).fit(X, y)
    theirs = ElasticNetCV(cv=3, l1_ratio=[0.5, 1], **EXACT).fit(X, y)
    np.testing.assert_allclose(model.mse_path_, theirs.mse_path_, rtol=1e-10)
    alone = LinearRegressionCV(cv=3).fit(X[:, :1], y)
    expected = np.mean((y[:20] - y[20:].mean()) ** 2)
    np.testing.assert_allclose(alone.mse_path_[:, 0], expected, rtol=1e-12)


def test_one_feature_is_enough():
    X, y, _ = data(p=3)
    theirs = LassoCV(cv=3, **EXACT).fit(X[:, :1], y)
    assert_same_choice(LinearRegressionCV(cv=3).fit(X[:, :1], y), theirs)


def test_a_constant_target_is_its_mean():
    X, _, _ = data()
    model = LinearRegressionCV(cv=3).fit(X, np.full(120, 3.25))
    assert not model.coef_.any()
    assert model.intercept_ == 3.25
    assert not model.mse_path_.any()


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_a_target_without_noise_wants_the_smallest_penalty(l1_ratio):
    X, _, _ = data()
    y = X @ np.arange(8.0) + 1
    model = LinearRegressionCV(cv=3, l1_ratio=l1_ratio).fit(X, y)
    assert model.alpha_ == model.alphas_[-1]
    assert (np.diff(model.mse_path_.mean(axis=1)) < 0).all()
    assert model.converged_
    exact = LinearRegressionCV(cv=3, l1_ratio=l1_ratio, alphas=[1.0, 0.0]).fit(X, y)
    assert exact.alpha_ == 0
    np.testing.assert_allclose(exact.coef_, np.arange(8.0), atol=1e-9)


def test_wide_rows_have_the_errors_of_scikit_learn():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(24, 40)), rng.normal(size=24)
    asked = {"cv": 4, "alphas": [1.0, 0.5, 0.2, 0.1], "l1_ratio": 0.5}
    model = LinearRegressionCV(**asked).fit(X, y)
    theirs = ElasticNetCV(**asked, **EXACT).fit(X, y)
    np.testing.assert_allclose(model.mse_path_, theirs.mse_path_, rtol=1e-7)
    assert model.alpha_ == theirs.alpha_


def test_each_row_can_be_a_fold():
    X, y, _ = data(n=20, p=3)
    model, theirs = LinearRegressionCV(cv=20).fit(X, y), LassoCV(cv=20, **EXACT).fit(X, y)
    assert model.mse_path_.shape == (100, 20)
    np.testing.assert_allclose(model.mse_path_, theirs.mse_path_, rtol=1e-9, atol=1e-14)


def test_folds_of_unequal_size_count_alike():
    X, y, _ = data()
    folds = np.repeat([0, 1, 2], [1, 19, 100])
    model = LinearRegressionCV(cv=folds).fit(X, y)
    assert_same_choice(model, LassoCV(cv=PredefinedSplit(folds), **EXACT).fit(X, y))
