"""Ridge, lasso, elastic net and bounds: the answers of others, the certificate, what is refused."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

import steepest
from conftest import CARS
from steepest import LinearRegression
from steepest.errors import InputError, NotInferable

pytestmark = pytest.mark.filterwarnings("ignore::steepest.errors.DataWarning")

PROXIMAL = ["newton", "gd", "fista"]
EVERY = [*PROXIMAL, "steepest", "bb", "momentum", "nesterov", "cg"]


def wide_units(seed=0, n=60, p=6):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.logspace(-2, 2, p) + rng.normal(size=p)
    y = X @ (rng.normal(size=p) / np.logspace(-2, 2, p)) + rng.normal(size=n)
    return X, y, rng.uniform(0.5, 2, n)


def elastic_net(X, y, w=None, *, alpha, l1_ratio, **known):
    with warnings.catch_warnings():  # it wants more steps than rounding leaves it
        warnings.simplefilter("ignore", ConvergenceWarning)
        return ElasticNet(alpha, l1_ratio=l1_ratio, tol=1e-15, max_iter=10**5, **known).fit(X, y, w)


def longdouble(X, y, w, intercept):
    X, y = X.astype(np.longdouble), y.astype(np.longdouble)
    w = np.ones(len(y), np.longdouble) if w is None else w.astype(np.longdouble)
    w = w / w.sum()
    return (X - w @ X, y - w @ y, w) if intercept else (X, y, w)


def objective(coef, X, y, w, l1, l2):
    r, b = y - X @ coef, coef.astype(np.longdouble)
    return w @ (r * r) / 2 + l1 * np.abs(b).sum() + l2 * (b @ b) / 2


def descended(coef, X, y, w, l1, l2, positive):
    """Return coordinates that descended one by one in extended precision, from an answer."""
    H, s, b = (X * w[:, None]).T @ X, (X * w[:, None]).T @ y, coef.astype(np.longdouble)
    for _ in range(300):
        before = b.copy()
        for j in np.flatnonzero(np.diag(H) + l2 > 0):
            z = s[j] - H[j] @ b + H[j, j] * b[j]
            v = np.sign(z) * max(abs(z) - l1, np.longdouble(0)) / (H[j, j] + l2)
            b[j] = max(v, np.longdouble(0)) if positive else v
        if np.abs(b - before).max() <= 1e-18 * np.abs(b).max():
            break
    return b


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("alpha", [0.01, 0.3, 5.0])
def test_the_answers_are_those_of_scikit_learn(alpha, weighted, fit_intercept):
    X, y, w = wide_units()
    w = w if weighted else None
    known = {"fit_intercept": fit_intercept}
    ours = LinearRegression(alpha=alpha, **known).fit(X, y, w)
    ridge = Ridge(alpha * (len(y) if w is None else w.sum()), **known).fit(X, y, w)
    np.testing.assert_allclose(ours.coef_, ridge.coef_, rtol=1e-8, atol=1e-12)
    assert ours.intercept_ == pytest.approx(ridge.intercept_, abs=1e-9)
    for l1_ratio in (1.0, 0.4):
        asked = {"alpha": alpha, "l1_ratio": l1_ratio, **known}
        ours, theirs = LinearRegression(**asked).fit(X, y, w), elastic_net(X, y, w, **asked)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
        assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-7)
        assert ours.converged_
        assert ours.certificate_.in_se < 1e-9


def test_real_data_from_a_table(tmp_path):
    frame = load_diabetes(as_frame=True, scaled=False).frame
    frame.to_parquet(tmp_path / "d.parquet", row_group_size=50)
    model = steepest.fit(tmp_path / "d.parquet", target="target", alpha=1.0, l1_ratio=1)
    other = elastic_net(frame.drop(columns="target"), frame.target, alpha=1.0, l1_ratio=1)
    np.testing.assert_allclose(model.coef_, other.coef_, atol=1e-8)
    model.save(tmp_path / "m.json")
    again = steepest.load(tmp_path / "m.json")
    np.testing.assert_array_equal(again.predict(frame), model.predict(frame))
    assert (again.alpha, again.l1_ratio, str(again.summary())) == (1.0, 1.0, str(model.summary()))


@pytest.mark.parametrize("scale", ["standard", "center", "none"])
@pytest.mark.parametrize("method", PROXIMAL)
def test_all_ways_end_at_one_optimum(method, scale):
    rng = np.random.default_rng(1)
    X, w = rng.normal(size=(60, 6)) * [1, 2, 3, 1, 1, 1] + 1, rng.uniform(0.5, 2, 60)
    y = X @ [2.0, 1, 0, 0, 0, 0.1] + rng.normal(size=60)
    exact = LinearRegression(alpha=0.2, l1_ratio=0.8).fit(X, y, w)
    model = LinearRegression(alpha=0.2, l1_ratio=0.8, method=method, scale=scale, max_iter=50_000).fit(
        X, y, w
    )
    assert model.converged_
    np.testing.assert_allclose(model.coef_, exact.coef_, atol=1e-6)
    np.testing.assert_array_equal(model.coef_ == 0, exact.coef_ == 0)
    se = LinearRegression().fit(X, y, w).inference().se[1:]
    assert (np.abs(model.coef_ - exact.coef_) / se).max() <= model.certificate_.in_se


@pytest.mark.parametrize("method", EVERY)
def test_every_method_on_moments_takes_a_ridge(method):
    X, y, _ = wide_units()
    exact = LinearRegression(alpha=0.1).fit(X, y)
    model = LinearRegression(alpha=0.1, method=method, max_iter=100_000).fit(X, y)
    assert model.converged_
    np.testing.assert_allclose(model.coef_, exact.coef_, rtol=1e-4)


def test_a_ridge_path_in_closed_form_is_the_one_that_is_walked():
    X, y, _ = wide_units()
    walked = LinearRegression(alpha=0.1, method="gd", tol=0.5).fit(X, y)
    assert walked.n_iter_ > 1
    np.testing.assert_allclose(walked.at(walked.n_iter_).coef_, walked.coef_, rtol=1e-9)


def test_nothing_is_negative_that_must_not_be():
    X, y, w = wide_units()
    model = LinearRegression(positive=True, fit_intercept=False).fit(X, y, w)
    root = np.sqrt(w)
    np.testing.assert_allclose(model.coef_, nnls(X * root[:, None], y * root)[0], atol=1e-9)
    assert (model.coef_ == 0).any()
    asked = {"alpha": 0.1, "l1_ratio": 0.5, "positive": True}
    model, other = LinearRegression(**asked).fit(X, y), elastic_net(X, y, **asked)
    np.testing.assert_allclose(model.coef_, other.coef_, atol=1e-8)


def test_factors_multiply_the_penalty_of_each_feature():
    X, y, _ = wide_units()
    factors = np.array([4, 1, 2, 0.5, 1, 3.0])
    model = LinearRegression(alpha=0.3, l1_ratio=1, penalty_factor=factors).fit(X, y)
    other = elastic_net(X / factors, y, alpha=0.3, l1_ratio=1)  # a lasso of other units
    np.testing.assert_allclose(model.coef_, other.coef_ / factors, atol=1e-8)
    factors[0] = 0
    strong = LinearRegression(alpha=1e6, l1_ratio=1, penalty_factor=factors).fit(X, y)
    np.testing.assert_array_equal(np.flatnonzero(strong.coef_), [0])
    line = LinearRegression().fit(X[:, :1], y)
    assert strong.coef_[0] == pytest.approx(line.coef_[0], rel=1e-10)


def test_factors_go_by_name_too(steepest, tmp_path):
    known = {"target": "dist", "alpha": 3.0, "l1_ratio": 1, "penalty_factor": {"speed": 0}}
    import steepest as package

    free, least = package.fit(CARS, **known), package.fit(CARS, target="dist")
    np.testing.assert_allclose(free.coef_, least.coef_, rtol=1e-12)
    options = ("--alpha", "3", "--l1-ratio", "1", "--penalty-factor", "speed: 0")
    assert "3.93241" in steepest("fit", CARS, "-t", "dist", *options).out
    bad = steepest("fit", CARS, "-t", "dist", "--alpha", "3", "--penalty-factor", "sped: 0")
    assert (bad.code, "speed" in bad.err) == (3, True)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    shape=st.tuples(st.integers(2, 25), st.integers(1, 9)),
    kind=st.sampled_from(["plain", "twins", "sum", "constant", "whole", "near", "far"]),
    share=st.sampled_from([1e-5, 1e-2, 0.2, 0.7, 1.0]),
    l1_ratio=st.sampled_from([0.0, 0.5, 1.0]),
    positive=st.booleans(),
    fit_intercept=st.booleans(),
    method=st.sampled_from(["newton", "newton", "fista"]),
)
@pytest.mark.filterwarnings("ignore")
def test_the_certificate_is_never_below_what_is_left(
    seed, shape, kind, share, l1_ratio, positive, fit_intercept, method
):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=shape)
    if kind == "twins":
        X[:, -1] = -X[:, 0]
    elif kind == "sum" and shape[1] > 2:
        X[:, 2] = X[:, 0] + X[:, 1]
    elif kind == "constant":
        X[:, 0] = 3
    elif kind == "whole":
        X = rng.integers(-1, 2, shape).astype(float)
    elif kind == "near":
        X = rng.normal(size=(shape[0], 1)) + 1e-3 * X
    elif kind == "far":
        X += 1e4
    y = X[:, :3].sum(axis=1) + rng.normal(size=shape[0])
    Z, t, w = longdouble(X, y, None, fit_intercept)
    alpha = share * float(np.abs((Z * w[:, None]).T @ t).max()) or 1.0
    asked = {"l1_ratio": l1_ratio, "positive": positive, "fit_intercept": fit_intercept}
    model = LinearRegression(alpha=alpha, method=method, max_iter=500, **asked).fit(X, y)
    l1, l2 = np.longdouble(alpha * l1_ratio), np.longdouble(alpha * (1 - l1_ratio))
    best = descended(model.coef_, Z, t, w, l1, l2, positive)
    reached, least = (objective(coef, Z, t, w, l1, l2) for coef in (model.coef_, best))
    noise = 2e-15 * float(w @ (y.astype(np.longdouble) ** 2))
    assert float(reached - least) <= model.certificate_.gap * (1 + 1e-6) + noise
    if model.converged_:
        moved = Z @ (model.coef_ - best)
        assert float(np.sqrt(w @ (moved * moved))) <= 1e-5 * float(np.sqrt(w @ (t * t))) + 1e-12
    if method == "newton":
        assert model.n_iter_ <= 40
        assert not positive or (model.coef_ >= 0).all()


@pytest.mark.filterwarnings("ignore::steepest.errors.CollinearityWarning")
@pytest.mark.parametrize("l1_ratio", [0, 0.5, 1])
def test_dependent_columns_are_no_obstacle(l1_ratio):
    X, y, _ = wide_units()
    X = np.column_stack([X / np.logspace(-2, 2, 6), X[:, 0], X[:, 1] + X[:, 2]])
    model = LinearRegression(alpha=0.05, l1_ratio=l1_ratio).fit(X, y)
    other = elastic_net(X, y, alpha=0.05, l1_ratio=l1_ratio) if l1_ratio else Ridge(0.05 * 60).fit(X, y)
    assert model.converged_
    np.testing.assert_allclose(model.predict(X), other.predict(X), atol=1e-7)


def test_rows_that_come_later_give_the_fit_of_all():
    X, y, w = wide_units()
    asked = LinearRegression(alpha=0.2, l1_ratio=0.7)
    parts = clone(asked).fit(X[:30], y[:30], w[:30]).partial_fit(X[30:], y[30:], w[30:])
    np.testing.assert_allclose(parts.coef_, clone(asked).fit(X, y, w).coef_, atol=1e-11)


@pytest.mark.parametrize("method", PROXIMAL)
def test_a_warm_start_is_there_at_once(method):
    X, y, _ = wide_units()
    X = X / np.logspace(-2, 2, 6)
    model = LinearRegression(alpha=0.2, l1_ratio=1, method=method, warm_start=True).fit(X, y)
    coef = model.coef_
    assert model.fit(X, y).n_iter_ <= 1
    np.testing.assert_allclose(model.coef_, coef, atol=1e-6)


def test_a_penalty_is_a_parameter_like_others():
    X, y, _ = wide_units()
    search = GridSearchCV(LinearRegression(l1_ratio=1), {"alpha": [0.01, 0.1, 100.0]}).fit(X, y)
    assert search.best_params_["alpha"] < 100


@parametrize_with_checks(
    [
        LinearRegression(alpha=1.0),
        LinearRegression(alpha=0.1, l1_ratio=1),
        LinearRegression(alpha=0.01, positive=True),
    ]
)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_inference_is_refused_with_the_reason():
    X, y, _ = wide_units()
    for asked, why in (({"alpha": 0.1}, "biases"), ({"positive": True}, "no t distribution")):
        model = LinearRegression(**asked).fit(X, y)
        for ask in (model.inference, lambda model=model: model.predict_interval(X)):
            with pytest.raises(NotInferable, match=why):
                ask()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"alpha": -1}, "alpha: got -1. Pass a number, 0 or more"),
        ({"alpha": float("nan")}, "alpha: got nan"),
        ({"alpha": "1"}, "alpha: got '1'"),
        ({"alpha": 1, "l1_ratio": 1.5}, "l1_ratio: got 1.5. Pass a number between 0 and 1"),
        ({"positive": "yes"}, "positive: got 'yes'. Pass True or False"),
        ({"alpha": 1, "penalty_factor": [1, 2]}, "penalty_factor: got 2 numbers for 6 features"),
        ({"alpha": 1, "penalty_factor": [1, 2, 3, 4, 5, -6]}, "penalty_factor: got -6"),
        ({"alpha": 1, "penalty_factor": {"z": 1}}, "penalty_factor: there is no feature 'z'"),
        ({"alpha": 1, "method": "sgd"}, "stochastic gradient descent takes no penalty. Choose"),
        ({"alpha": 1, "l1_ratio": 1, "method": "cg"}, 'cannot hold coefficients at zero.*Choose "newton"'),
        ({"positive": True, "method": "momentum"}, "cannot hold coefficients at zero"),
        ({"alpha": 1, "early_stopping": "gcv"}, "early_stopping: is a penalty of its own"),
        ({"alpha": 1, "l1_ratio": 1, "method": "newton", "learning_rate": 0.5}, "whole steps"),
    ],
)
def test_what_cannot_be_had_is_refused(asked, message):
    X, y, _ = wide_units()
    with pytest.raises(InputError, match=message):
        LinearRegression(**asked).fit(X, y)


def test_a_path_through_kinks_has_no_closed_form():
    X, y, _ = wide_units()
    with pytest.raises(InputError, match=r"kinks of a penalty has no closed form\. Fit with max_iter=k"):
        LinearRegression(alpha=0.1, l1_ratio=1).fit(X, y).at(3)


def test_the_command_line_takes_penalties(steepest):
    ridge = steepest("fit", CARS, "-t", "dist", "--alpha", "10")
    assert ridge.code == 0
    assert "ridge, 50 rows, 1 feature" in ridge.out
    lasso = steepest("fit", CARS, "-t", "dist", "--alpha", "1000", "--l1-ratio", "1")
    assert "0 of 1 coefficient not zero" in lasso.out
    assert max(map(len, lasso.out.splitlines())) <= 80
    net = steepest("fit", CARS, "-t", "dist", "--alpha", "1", "--l1-ratio", "0.5", "--positive")
    assert "nonnegative elastic net" in net.out
    assert steepest("fit", CARS, "-t", "dist", "--alpha", "-1").code == 2
