"""Penalised fits held against optima in extended precision, on data as awkward as can be."""

import json
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls
from sklearn import linear_model
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.model_selection import GridSearchCV

import steepest
from conftest import quietly
from optimum import Penalised, ridge
from steepest import LinearRegression
from steepest.descent import Status
from steepest.errors import InputError, ModelFileError
from steepest.methods import METHODS
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.parameters import Parameters
from steepest.penalised import Ridge
from steepest.persist import MODEL

DETERMINISTIC = [name for name, method in METHODS.items() if not method.stochastic]
PROXIMAL = ("newton", "gd", "fista")
SCALES = ("standard", "center", "none")
KINDS = {
    "ridge": {"alpha": 0.3},
    "lasso": {"alpha": 0.3, "l1_ratio": 1.0},
    "elastic net": {"alpha": 0.3, "l1_ratio": 0.4},
    "positive": {"positive": True},
    "positive lasso": {"alpha": 0.3, "l1_ratio": 1.0, "positive": True},
}
KINKED = [name for name in KINDS if name != "ridge"]
SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 6)) @ rng.normal(size=(6, 6)) + [3, 0, -1, 5, 0, 0]
    y = X @ [1, -1, 2, 0, 0, 0.5] + 4 + 2 * rng.normal(size=80)
    return X, y, rng.choice([0.5, 1.0, 3.0], size=80)


def theirs(X, y, w, fit_intercept, *, alpha=0.0, l1_ratio=0.0, positive=False):
    """Return the coefficients that scikit-learn finds."""
    W = len(y) if w is None else w.sum()
    if not alpha:
        model = linear_model.LinearRegression(positive=positive, fit_intercept=fit_intercept)
    elif not l1_ratio:
        model = linear_model.Ridge(alpha * W, fit_intercept=fit_intercept, solver="svd")
    else:
        known = {"alpha": alpha, "l1_ratio": l1_ratio, "positive": positive, "fit_intercept": fit_intercept}
        model = linear_model.ElasticNet(**known, tol=1e-15, max_iter=10**6)
    return quietly(model, X, y, w)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_scikit_learns_answer(rows, kind, weighted, fit_intercept):
    X, y, w = rows[0], rows[1], rows[2] if weighted else None
    model = LinearRegression(**KINDS[kind], fit_intercept=fit_intercept).fit(X, y, w)
    other = theirs(X, y, w, fit_intercept, **KINDS[kind])
    assert model.converged_
    np.testing.assert_allclose(model.coef_, other.coef_, atol=1e-8)
    assert model.intercept_ == pytest.approx(other.intercept_, abs=1e-8)
    assert ((model.coef_ == 0) == (other.coef_ == 0)).all()


@pytest.mark.parametrize("share", [1e-3, 0.03, 0.5, 1.0])
@pytest.mark.parametrize("l1_ratio", [0.2, 1.0])
def test_it_is_scikit_learns_answer_on_real_data(l1_ratio, share):
    X, y = load_diabetes(return_X_y=True, scaled=False)
    alpha = share * np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / len(y) / l1_ratio
    model = LinearRegression(alpha=alpha, l1_ratio=l1_ratio).fit(X, y)
    other = theirs(X, y, None, True, alpha=alpha, l1_ratio=l1_ratio)
    np.testing.assert_allclose(model.coef_, other.coef_, atol=1e-8)
    assert model.converged_
    assert bool(model.coef_.any()) == (share < 1)


def test_the_cars_by_hand(cars):
    X, y = cars
    x, t = X[:, 0] - X.mean(), y - y.mean()
    xx, xt = x @ x / len(x), x @ t / len(x)
    assert LinearRegression(alpha=5.0).fit(X, y).coef_ == pytest.approx(xt / (xx + 5))
    assert LinearRegression(alpha=5.0, l1_ratio=1).fit(X, y).coef_ == pytest.approx((xt - 5) / xx)
    mixed = LinearRegression(alpha=5.0, l1_ratio=0.5).fit(X, y)
    assert mixed.coef_ == pytest.approx((xt - 2.5) / (xx + 2.5))
    assert mixed.intercept_ == pytest.approx(y.mean() - X.mean() * mixed.coef_[0])
    negative = LinearRegression(positive=True).fit(-X, y)
    assert (negative.coef_.tolist(), negative.intercept_) == ([0.0], pytest.approx(y.mean()))


@pytest.mark.parametrize("method", PROXIMAL)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("kind", KINKED)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_all_roads_lead_to_the_optimum(rows, kind, scale, method, fit_intercept):
    X, y, w = rows
    known = {**KINDS[kind], "fit_intercept": fit_intercept, "tol": 1e-9}
    exact = LinearRegression(**known).fit(X, y, w)
    model = LinearRegression(**known, method=method, scale=scale, max_iter=10**6).fit(X, y, w)
    assert model.converged_
    np.testing.assert_allclose(model.coef_, exact.coef_, atol=1e-8)
    assert model.intercept_ == pytest.approx(exact.intercept_, abs=1e-7)


@pytest.mark.parametrize("method", DETERMINISTIC)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_every_method_knows_the_ridge(rows, method, scale, fit_intercept):
    X, y, w = rows
    known = {"alpha": 0.3, "fit_intercept": fit_intercept, "tol": 1e-9}
    model = LinearRegression(**known, method=method, scale=scale, max_iter=10**6).fit(X, y, w)
    truth = ridge(X, y, 0.3, weights=w, fit_intercept=fit_intercept).astype(float)
    assert model.converged_
    np.testing.assert_allclose(model.coef_, truth, atol=1e-8)
    if model.limits_.steps is not None:
        assert model.n_iter_ <= model.limits_.steps


@pytest.mark.parametrize("kind", ["lasso", "elastic net", "positive lasso"])
def test_factors_are_columns_in_other_units(rows, kind):
    """Of a lasso; of an elastic net, too, where both parts are told apart."""
    X, y, w = rows
    f = np.array([0.5, 1, 2, 4, 1, 0.25])
    model = LinearRegression(**KINDS[kind], penalty_factor=f).fit(X, y, w)
    assert Penalised(X, y, **KINDS[kind], weights=w, factors=f).violation(model.coef_) < 1e-13
    if kind != "elastic net":
        plain = LinearRegression(**KINDS[kind]).fit(X / f, y, w)
        np.testing.assert_allclose(model.coef_, plain.coef_ / f, atol=1e-10)


def test_a_ridge_with_factors_is_one_of_rescaled_columns(rows):
    X, y, _ = rows
    f = np.array([0.5, 1, 2, 4, 1, 0.25])
    plain = LinearRegression(alpha=0.3).fit(X / np.sqrt(f), y)
    model = LinearRegression(alpha=0.3, penalty_factor=f).fit(X, y)
    np.testing.assert_allclose(model.coef_, plain.coef_ / np.sqrt(f), atol=1e-10)


@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
def test_a_factor_of_zero_leaves_a_feature_free(rows, l1_ratio):
    X, y, _ = rows
    model = LinearRegression(alpha=1e6, l1_ratio=l1_ratio, penalty_factor=[0, 1, 1, 0, 1, 1]).fit(X, y)
    free = LinearRegression().fit(X[:, [0, 3]], y)
    np.testing.assert_allclose(model.coef_[[0, 3]], free.coef_, rtol=1e-4)
    assert np.abs(model.coef_[[1, 2, 4, 5]]).max() < 1e-4
    named = LinearRegression(alpha=1e6, l1_ratio=l1_ratio, penalty_factor={"x0": 0, "x3": 0}).fit(X, y)
    np.testing.assert_array_equal(named.coef_, model.coef_)


def test_nonnegative_least_squares_is_scipys():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        n, p = int(rng.integers(10, 40)), int(rng.integers(1, 10))
        X = rng.normal(size=(n, p))
        y = X @ rng.normal(size=p) + rng.normal(size=n)
        model = quietly(LinearRegression(positive=True, fit_intercept=False), X, y)
        assert model.converged_
        np.testing.assert_allclose(model.coef_, nnls(X, y)[0], atol=1e-9)


def problem(seed):
    """Return rows that are awkward in one of many ways, and a penalty of them."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(1, 25)), int(rng.integers(1, 9))
    n = int(rng.choice([n, p, max(1, p // 2), 1]))
    X = rng.normal(size=(n, p))
    match rng.integers(9):
        case 0:
            X[:, -1] = X[:, 0] * rng.choice([-1, 1])
        case 1:
            X[:, 0] = 3.0
        case 2:
            X[:, -1] = X[:, 0] + X[:, p // 2]
        case 3:
            X = rng.integers(-1, 2, size=(n, p)).astype(float)
        case 4:
            X = X + rng.choice([1e2, 1e5])
        case 5:
            X = X @ rng.normal(size=(p, p))
        case _:
            pass
    y = X[:, :3].sum(axis=1) + rng.choice([0, 0.1, 1.0]) * rng.normal(size=n)
    if rng.random() < 0.1:
        y[:] = 2.0
    fit_intercept, l1_ratio = bool(rng.integers(2)), float(rng.choice([0, 0.3, 1.0]))
    known = {
        "positive": bool(rng.integers(2)),
        "weights": rng.choice([0.5, 1.0, 2.0], size=n) if rng.random() < 0.3 else None,
        "factors": rng.choice([0.0, 1.0, 2.0], size=p) if rng.random() < 0.3 else None,
        "fit_intercept": fit_intercept,
    }
    plain = Penalised(X, y, **known)
    largest = float(np.abs(plain.Z.T @ plain.t).max()) or 1.0
    alpha = largest * float(rng.choice([1e-6, 1e-3, 0.1, 0.5, 1.0]))
    return Penalised(X, y, alpha, l1_ratio, **known)


def fitted(asked, **parameters):
    model = LinearRegression(
        alpha=asked.alpha,
        l1_ratio=asked.l1_ratio,
        positive=asked.positive,
        penalty_factor=asked.factors,
        fit_intercept=asked.fit_intercept,
        **parameters,
    )
    return quietly(model, asked.X, asked.y, asked.weights)


def certified(model):
    """Return the gap that a model claims, in the user's units."""
    return model.certificate_.gap * float(model.moments_.unit[-1]) ** 2


@settings(max_examples=300, deadline=None, derandomize=True)
@given(SEEDS)
def test_the_optimum_is_found_on_awkward_data(seed):
    asked = problem(seed)
    model = fitted(asked)
    assert not (asked.positive and (model.coef_ < 0).any())
    assert model._fit.status in (Status.CONVERGED, Status.PRECISION)
    if model.converged_ and float(asked.t @ asked.t) > 1e-20 * float(asked.y @ asked.y):
        assert asked.violation(model.coef_) < 1e-5


@settings(max_examples=300, deadline=None, derandomize=True)
@given(SEEDS, st.sampled_from(PROXIMAL), st.sampled_from(SCALES), st.sampled_from([1, 3, 30, 1000]))
def test_the_certificate_holds_wherever_it_stops(seed, method, scale, max_iter):
    asked = problem(seed)
    model = fitted(asked, method=method, scale=scale, max_iter=max_iter)
    best = fitted(asked)
    rounding = 2e-15 * float(asked.y @ asked.y) / len(asked.y)
    if model.certificate_.floor < 1e-7:
        assert asked.above(model.coef_, [best.coef_]) <= certified(model) * (1 + 1e-6) + rounding


@settings(max_examples=150, deadline=None, derandomize=True)
@given(SEEDS, st.sampled_from(PROXIMAL), st.sampled_from([1, 3, 30, 1000]))
def test_no_coefficient_is_further_from_the_optimum_than_is_certified(seed, method, max_iter):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(30, 4)) @ rng.normal(size=(4, 4)) + rng.choice([0.0, 10.0])
    y = X[:, 0] + rng.normal(size=30)
    asked = Penalised(
        X, y, float(rng.choice([0.01, 0.3])), float(rng.choice([0, 0.5, 1])), bool(rng.integers(2))
    )
    model = fitted(asked, method=method, max_iter=max_iter)
    truth = asked.improved(fitted(asked).coef_)
    se = quietly(LinearRegression(), X, y).inference().se[1:]
    assert np.abs((model.coef_ - truth).astype(float) / se).max() <= model.certificate_.in_se * (1 + 1e-9)


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("size", [1e-150, 1e-60, 1e60, 1e150])
def test_units_of_any_size_change_nothing(rows, size, ratio):
    X, y, _ = rows
    plain = LinearRegression(alpha=0.3, l1_ratio=ratio, penalty_factor=[1, 0, 2, 1, 1, 1]).fit(X, y)
    strength = plain.get_params()["alpha"]
    if ratio in (0.0, 1.0):
        scaled = clone(plain).set_params(alpha=strength * size ** (2 - ratio)).fit(X * size, y)
        np.testing.assert_allclose(scaled.coef_ * size, plain.coef_, atol=1e-9)
    both = clone(plain).set_params(alpha=strength * size)
    if ratio == 1:
        np.testing.assert_allclose(both.fit(X, y * size).coef_ / size, plain.coef_, atol=1e-9)


def test_a_penalty_beyond_float64_is_refused():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 2)), rng.normal(size=20)
    with pytest.raises(InputError, match=r"alpha: in these units the penalty exceeds float64\. Measure the"):
        LinearRegression(alpha=1e300).fit(1e-150 * X, y)
    plain = LinearRegression(alpha=1.0).fit(X, y)
    scaled = LinearRegression(alpha=1e300).fit(1e150 * X, 1e-100 * y)
    np.testing.assert_allclose(scaled.coef_ * 1e250, plain.coef_)


def test_huge_penalties_beside_free_features_keep_both():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    y = X.sum(axis=1) + rng.normal(size=40)
    for alpha in (1e10, 1e40, 1e80):
        model = LinearRegression(alpha=alpha, penalty_factor=[0, 1, 0]).fit(X, y)
        free = LinearRegression().fit(X[:, [0, 2]], y)
        np.testing.assert_allclose(model.coef_[[0, 2]], free.coef_, atol=1e-8)


@pytest.mark.parametrize("kind", KINKED)
@pytest.mark.parametrize("n", [3, 8, 200])
def test_dependent_columns_are_no_obstacle(kind, n):
    """Newton knows when it has arrived, below full rank as well."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(n, 5))
        X = np.column_stack([X, X[:, 0], -X[:, 1], X[:, 2] + X[:, 3]])
        y = X[:, 0] + X[:, 2] + 0.1 * rng.normal(size=n)
        for factors in (None, [0, 1, 1, 1, 1, 0, 1, 1]):
            model = quietly(LinearRegression(**KINDS[kind], penalty_factor=factors), X, y)
            assert model.converged_
            assert model.n_iter_ < 50
            asked = Penalised(X, y, **KINDS[kind], factors=None if factors is None else np.array(factors))
            assert asked.violation(model.coef_) < 1e-13


def test_the_distance_from_an_optimum_below_full_rank_does_not_grow_with_the_rows():
    """A duality gap is known to the rounding of the objective, a distance to the square root of that only."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 3))[:, [0, 1, 2, 0]]
    y = X[:, 0] + rng.normal(size=20_000)
    model = quietly(LinearRegression(alpha=0.1, l1_ratio=1), X, y)
    assert model.converged_
    assert model.certificate_.in_se < 1e-8


@pytest.mark.parametrize("partly", [False, True])
@pytest.mark.parametrize("alpha", [1e-4, 0.1, 10.0])
def test_a_ridge_of_dependent_columns_is_right(alpha, partly):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(60, 3)) * [1, 0.1, 10]
        X = np.column_stack([X, X[:, 0] + X[:, 1], X[:, 2]])
        y = X @ rng.normal(size=5) + rng.normal(size=60)
        model = LinearRegression(alpha=alpha)
        if partly:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.partial_fit(X[:20], y[:20]).partial_fit(X[20:], y[20:])
        else:
            quietly(model, X, y)
        assert model.converged_
        np.testing.assert_allclose(model.coef_, ridge(X, y, alpha).astype(float), atol=1e-10)


@pytest.mark.parametrize("partly", [False, True])
def test_the_floor_of_a_ridge_of_nearly_dependent_columns_is_honest(partly):
    for seed in range(60):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(40, 3)) + rng.choice([0, 1e2, 1e5])
        X = np.column_stack([X, X[:, 0] + 10 ** rng.uniform(-10, -3) * rng.normal(size=40)])
        y, alpha = X[:, 1] + rng.normal(size=40), 10 ** rng.uniform(-8, 1)
        model = LinearRegression(alpha=alpha, precise=bool(rng.integers(2)) or "auto")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if partly:
                model.partial_fit(X[:20], y[:20]).partial_fit(X[20:], y[20:])
            else:
                model.fit(X, y)
        asked = Penalised(X, y, alpha)
        away = model.coef_ - ridge(X, y, alpha)
        moved = float(np.sqrt(((asked.Z @ away) ** 2).sum() + asked.l2 @ away**2))
        certificate = model.certificate_
        unit = model._fit.problem.yardstick.scale * float(model.moments_.unit[-1])
        assert moved <= certificate.in_se * unit


def test_columns_in_doubt_leave_a_ridge_no_standard_errors_to_be_measured_in():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))[:, [0, 1, 0]]
    y = X[:, 0] + rng.normal(size=60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LinearRegression(alpha=0.1).partial_fit(X[:30], y[:30]).partial_fit(X[30:], y[30:])
        free = LinearRegression(alpha=0.1, penalty_factor=[0, 1, 0])
        free.partial_fit(X[:30], y[:30]).partial_fit(X[30:], y[30:])
    assert (model.converged_, model.certificate_.unit, model.certificate_.worst) == (True, "sd(y)", None)
    assert not free.converged_
    assert free.certificate_.in_se == np.inf


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precise", ["auto", True])
def test_rows_are_read_again_for_a_penalised_fit(kind, precise):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3)) + 1e6
    y = X[:, 0] - X[:, 1] + rng.normal(size=50)
    model = LinearRegression(**KINDS[kind], precise=precise).fit(X, y)
    asked = Penalised(X, y, **KINDS[kind])
    assert asked.above(model.coef_) <= certified(model) + 1e-17
    assert model.converged_


@pytest.mark.parametrize("kind", KINDS)
def test_rows_may_come_in_parts(rows, kind):
    X, y, w = rows
    model = LinearRegression(**KINDS[kind], penalty_factor={"x1": 0})
    for part in np.array_split(np.arange(len(y)), 5):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.partial_fit(X[part], y[part], w[part])
    whole = LinearRegression(**KINDS[kind], penalty_factor={"x1": 0}).fit(X, y, w)
    np.testing.assert_allclose(model.coef_, whole.coef_, atol=1e-12)


@pytest.mark.parametrize("method", PROXIMAL)
@pytest.mark.parametrize("kind", KINDS)
def test_a_warm_start_ends_where_a_cold_one_does(rows, kind, method):
    X, y, _ = rows
    model = LinearRegression(warm_start=True).fit(X, y)
    model.set_params(**KINDS[kind], method=method).fit(X, y)
    cold = LinearRegression(**KINDS[kind]).fit(X, y)
    assert model.converged_
    assert model.certificate_.in_se <= 1e-6
    np.testing.assert_allclose(model.coef_, cold.coef_, atol=1e-5)
    before = model.coef_
    assert model.fit(X, y).n_iter_ <= 1
    np.testing.assert_allclose(model.coef_, before, atol=1e-5)


@pytest.mark.parametrize("method", PROXIMAL)
def test_a_warm_start_from_negative_coefficients_is_held_to_what_may_be(rows, method):
    X, y, _ = rows
    model = LinearRegression(warm_start=True).fit(X, y)
    assert (model.coef_ < 0).any()
    for steps in (1, 10_000):
        quietly(model.set_params(positive=True, method=method, max_iter=steps), X, y)
        assert (model.coef_ >= 0).all()
    np.testing.assert_allclose(model.coef_, LinearRegression(positive=True).fit(X, y).coef_, atol=1e-5)


@pytest.mark.parametrize("factors", [None, (0, 1, 2, 1, 1, 1), {"x1": 0}, [np.float32(2)] * 6])
@pytest.mark.parametrize("kind", KINDS)
def test_a_model_file_keeps_the_penalty(rows, kind, factors, tmp_path):
    X, y, _ = rows
    model = LinearRegression(**KINDS[kind], penalty_factor=factors, scale="none").fit(X, y)
    model.save(tmp_path / "model.json")
    loaded = steepest.load(tmp_path / "model.json")
    np.testing.assert_array_equal(loaded.coef_, model.coef_)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.certificate_ == model.certificate_
    assert str(loaded.summary()) == str(model.summary())
    for name in ("alpha", "l1_ratio", "positive"):
        assert loaded.get_params()[name] == model.get_params()[name]
    assert loaded.get_params()["penalty_factor"] == (
        factors if factors is None or isinstance(factors, dict) else tuple(map(float, factors))
    )
    loaded.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "model.json").read_bytes()


def test_a_model_file_of_before_is_one_without_a_penalty(rows, tmp_path):
    X, y, _ = rows
    path = tmp_path / "model.json"
    LinearRegression().fit(X, y).save(path)
    document = json.loads(path.read_text())
    for name in ("alpha", "l1_ratio", "positive", "penalty_factor"):
        del document["parameters"][name]
    document.pop("sha256"), document.pop("schema")
    path.write_bytes(MODEL.dumps(document))
    loaded = steepest.load(path)
    params = loaded.get_params()
    assert [params[name] for name in ("alpha", "l1_ratio", "positive", "penalty_factor")] == [
        0,
        0,
        False,
        None,
    ]
    assert loaded.inference().df == 80 - 7


@pytest.mark.parametrize("name", ["alpha", "l1_ratio", "positive", "penalty_factor"])
def test_a_model_file_with_a_penalty_that_cannot_be_is_refused(rows, tmp_path, name):
    path = tmp_path / "model.json"
    LinearRegression(alpha=1.0).fit(*rows[:2]).save(path)
    for odd in (-1.0, "much", [1.0], {"q": 1.0}):
        document = json.loads(path.read_text())
        document.pop("sha256"), document.pop("schema")
        document["parameters"][name] = odd
        (tmp_path / "odd.json").write_bytes(MODEL.dumps(document))
        with pytest.raises(ModelFileError):
            steepest.load(tmp_path / "odd.json")


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("method", ["gd", "momentum", "nesterov"])
def test_a_ridge_is_known_at_every_step(rows, method, fit_intercept, scale):
    X, y, _ = rows
    asked = {"alpha": 0.3, "method": method, "scale": scale, "fit_intercept": fit_intercept, "tol": 0}
    for k in (1, 2, 17):
        taken = quietly(LinearRegression(**asked, max_iter=k), X, y)
        for at_k in (taken.at(k), quietly(LinearRegression(**asked, max_iter=3), X, y).at(k)):
            np.testing.assert_allclose(at_k.coef_, taken.coef_, rtol=1e-7, atol=1e-10)
            assert at_k.intercept_ == pytest.approx(taken.intercept_, rel=1e-7, abs=1e-10)
            assert at_k.certificate_.in_se == pytest.approx(taken.certificate_.in_se, rel=1e-6)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"alpha": 1, "early_stopping": "gcv"},
            r"early_stopping: is a penalty of its own\. Pass early_stopping=F",
        ),
        ({"alpha": 1, "method": "sgd"}, r'takes no penalty\. Choose method="auto", or alpha=0'),
        ({"positive": True, "method": "adam"}, "takes no penalty"),
        *(
            (
                {"alpha": 1, "l1_ratio": 0.1, "method": name},
                r'at zero.*Choose "newton", "gd" or "fista", or l1',
            )
            for name in DETERMINISTIC
            if name not in PROXIMAL
        ),
        ({"positive": True, "method": "momentum"}, "cannot hold coefficients at zero"),
        (
            {"positive": True, "method": "newton", "learning_rate": 0.5},
            r"whole steps.*Leave it out, or choose",
        ),
        ({"alpha": float("nan")}, r"alpha: got nan\. Pass a number, 0 or more"),
        ({"alpha": float("inf")}, "alpha: got inf"),
        ({"alpha": -1}, "alpha: got -1"),
        ({"alpha": "1"}, "alpha: got '1'"),
        ({"alpha": None}, "alpha: got None"),
        ({"alpha": True}, "alpha: got True"),
        ({"alpha": np.ones(1)}, "alpha: got array"),
        ({"l1_ratio": 1.01}, r"l1_ratio: got 1\.01\. Pass a number between 0 and 1"),
        ({"l1_ratio": float("nan")}, "l1_ratio: got nan"),
        ({"l1_ratio": "half"}, "l1_ratio: got 'half'"),
        ({"positive": "yes"}, r"positive: got 'yes'\. Pass True or False"),
        ({"positive": 1}, "positive: got 1"),
        (
            {"alpha": 1, "penalty_factor": [1, 2]},
            r"got 2 numbers for 6 features\. Pass one for every feature",
        ),
        ({"alpha": 1, "penalty_factor": 3}, "got 1 numbers for 6 features"),
        ({"alpha": 1, "penalty_factor": []}, "got 0 numbers for 6 features"),
        (
            {"alpha": 1, "penalty_factor": [1, 1, 1, 1, 1, -1]},
            r"penalty_factor: got -1\. Pass numbers, 0 or more",
        ),
        ({"alpha": 1, "penalty_factor": [1, 1, 1, 1, 1, np.nan]}, "penalty_factor: got nan"),
        ({"alpha": 1, "penalty_factor": ["1"] * 6}, "penalty_factor: got '1'"),
        ({"alpha": 1, "penalty_factor": "abcdef"}, "penalty_factor: got 'abcdef'"),
        ({"alpha": 1, "penalty_factor": np.ones((2, 3))}, "penalty_factor: got "),
        ({"alpha": 1, "penalty_factor": [[1, 2], [3]]}, r"penalty_factor: got \[1, 2\]"),
        ({"alpha": 1, "penalty_factor": {"x9": 0}}, r"there is no feature 'x9'\. Did you mean"),
        ({"alpha": 1, "penalty_factor": {0: 1}}, "there is no feature 0"),
        ({"alpha": 1, "penalty_factor": {"x0": float("inf")}}, "penalty_factor: got inf"),
    ],
)
def test_bad_parameters_are_refused_by_name(rows, parameters, message):
    with pytest.raises(InputError, match=message):
        LinearRegression(**parameters).fit(*rows[:2])


def test_numbers_of_other_libraries_are_numbers(rows):
    X, y, _ = rows
    plain = LinearRegression(alpha=0.5, l1_ratio=0.25, penalty_factor=[2.0] * 6, positive=True).fit(X, y)
    for kind in (np.float32, np.float64):
        factors = {f"x{j}": kind(2) for j in range(6)}
        for each in (factors, np.full(6, 2, dtype=kind), list(factors.values())):
            asked = {
                "alpha": kind(0.5),
                "l1_ratio": kind(0.25),
                "positive": np.True_,
                "penalty_factor": each,
            }
            np.testing.assert_array_equal(LinearRegression(**asked).fit(X, y).coef_, plain.coef_)


def test_a_strength_of_zero_is_least_squares(rows):
    X, y, _ = rows
    plain = LinearRegression().fit(X, y)
    for ratio in (0.0, 1.0):
        model = LinearRegression(alpha=0.0, l1_ratio=ratio).fit(X, y)
        np.testing.assert_array_equal(model.coef_, plain.coef_)
        assert model.inference().df == plain.inference().df
    for ratio in (0.0, 0.5, 1.0):
        model = LinearRegression(alpha=1e-300, l1_ratio=ratio).fit(X, y)
        np.testing.assert_allclose(model.coef_, plain.coef_, atol=1e-12)


def test_the_largest_penalty_that_keeps_a_feature_is_known(rows):
    X, y, _ = rows
    asked = Penalised(X, y)
    edge = float(np.abs(asked.Z.T @ asked.t).max())
    assert not LinearRegression(alpha=edge * (1 + 1e-9), l1_ratio=1).fit(X, y).coef_.any()
    assert np.count_nonzero(LinearRegression(alpha=edge * (1 - 1e-4), l1_ratio=1).fit(X, y).coef_) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_scikit_learn_can_copy_and_search_it(rows, kind):
    X, y, _ = rows
    model = LinearRegression(**KINDS[kind], penalty_factor=[1, 1, 1, 1, 1, 0])
    assert clone(model).get_params() == model.get_params()
    found = GridSearchCV(LinearRegression(**KINDS[kind]), {"alpha": [0.01, 0.1, 1e4]}, cv=3).fit(X, y)
    assert found.best_params_["alpha"] < 1e4


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"alpha": 0.5}, "ridge"),
        ({"alpha": 0.5, "l1_ratio": 1}, "lasso"),
        ({"alpha": 0.5, "l1_ratio": 0.123456789}, "elastic net"),
        ({"positive": True}, "nonnegative least squares"),
        ({"alpha": 0.5, "positive": True}, "nonnegative ridge"),
        ({"alpha": 12345.678901234, "l1_ratio": 0.123456789, "positive": True}, "nonnegative elastic net"),
    ],
)
def test_the_summary_names_it_in_eighty_columns(rows, parameters, name):
    X, y, w = rows
    model = LinearRegression(**parameters).fit(X, y, w)
    text = str(model.summary())
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert f"weighted {name}, 80 rows, 6 features" in lines[0]
    kept = np.count_nonzero(model.coef_)
    assert f"{kept} of 6 coefficients not zero" in text
    assert ("alpha 0.5" in text) == (parameters.get("alpha") == 0.5)
    assert " SE of the optimum" in text
    told = model.summary().to_dict()["model"]["penalty"]
    asked = {"alpha": 0.0, "l1_ratio": 0.0, "positive": False} | parameters
    assert told == {**asked, "kept": kept}
    assert LinearRegression().fit(X, y).summary().to_dict()["model"]["penalty"] is None


def test_r2_is_that_of_the_coefficients(rows):
    X, y, w = rows
    for kind in KINDS:
        model = LinearRegression(**KINDS[kind]).fit(X, y, w)
        assert model.summary().facts.statistics["r2"] == pytest.approx(model.score(X, y, w), rel=1e-9)


def test_the_history_is_that_of_the_objective(rows):
    X, y, w = rows
    asked = Penalised(X, y, 0.3, 0.4, weights=w)
    for method in PROXIMAL:
        model = LinearRegression(alpha=0.3, l1_ratio=0.4, method=method).fit(X, y, w)
        history = model.history_
        truth = [float(asked.value(coef[1:])) for coef in history.coef]
        np.testing.assert_allclose(history["loss"], truth, rtol=1e-9)
        gap = np.array(truth) - float(asked.value(asked.improved(model.coef_)))
        assert (gap <= history["gap"] * (1 + 1e-9) + 1e-13).all()


def test_a_table_names_its_factors(tmp_path):
    path = Path(__file__).parents[1] / "examples" / "cars.csv"
    free = steepest.fit(path, target="dist", alpha=10.0, l1_ratio=1, penalty_factor={"speed": 0})
    assert free.coef_ == pytest.approx(steepest.fit(path, target="dist").coef_)
    with pytest.raises(InputError, match=r'there is no feature .spede.\. Did you mean "speed"'):
        steepest.fit(path, target="dist", alpha=10.0, penalty_factor={"spede": 0})


def test_no_interval_is_waited_for(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    x = np.arange(20.0)
    pq.write_table(pa.table({"x": x, "y": x}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"until: a penalty leaves no intervals to wait for\. Read all rows"):
        steepest.fit(tmp_path / "t.parquet", target="y", until={"x": 1.0}, alpha=0.1)


def test_the_ridge_that_rows_tell_is_the_one_that_moments_tell():
    """The factor of columns that depend on each other is that of their products."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(50, 4))
        X = np.column_stack([X, X @ rng.normal(size=(4, 2)).round(1)])
        y = X[:, 0] + rng.normal(size=50)
        model = quietly(LinearRegression(alpha=0.1), X, y)
        normal = model._fit.normal
        if normal.refined is None:
            continue
        about = normal.refined
        products = NormalEquations.of(Moments.of(np.column_stack([X, y])), intercept=True).gram.whole()
        np.testing.assert_allclose(about.factor.T @ about.factor, products, atol=1e-8)
        plain = replace(normal, refined=None)
        again = Parameters(alpha=0.1).problem(plain)
        assert isinstance(again, Ridge)
        u = [each.about.point + each.step for each in (model._fit.problem, again)]
        np.testing.assert_allclose(*u, atol=1e-9)
