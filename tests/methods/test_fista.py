"""Accelerated proximal gradient descent: what it promises, and what it says of its rates."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from optimum import Penalised
from steepest import LinearRegression
from steepest.errors import DivergenceError
from steepest.methods import METHODS, method_of
from steepest.methods.fista import Fista


def columns(seed, condition, n=200, p=8):
    """Return rows whose columns have a condition number, and a target."""
    rng = np.random.default_rng(seed)
    V = np.linalg.qr(rng.normal(size=(p, p)))[0]
    Z = np.linalg.qr(rng.normal(size=(n, p)))[0] * np.geomspace(1, condition**-0.5, p)
    X = Z @ V * np.sqrt(n)
    return X, X @ rng.normal(size=p) + 0.1 * rng.normal(size=n)


def steps(method, condition, **parameters):
    """Return how many steps it takes to 1e-4 standard errors, in the median."""
    found = []
    for seed in range(5):
        model = LinearRegression(method=method, scale="none", fit_intercept=False, tol=1e-4, max_iter=10**6)
        found.append(model.set_params(**parameters).fit(*columns(seed, condition)).n_iter_)
    return float(np.median(found))


def test_it_is_a_method_like_the_others():
    assert METHODS["fista"] == method_of("fista") == method_of(Fista()) == Fista()
    assert LinearRegression(method=Fista()).get_params()["method"] == Fista()


@pytest.mark.parametrize("parameters", [{}, {"alpha": 1e-3, "l1_ratio": 1.0}], ids=["plain", "lasso"])
def test_its_steps_grow_like_the_square_root_of_the_condition_number(parameters):
    fast, slow = (steps("fista", condition, **parameters) for condition in (100, 10_000))
    assert fast < steps("gd", 100, **parameters)
    assert slow < steps("gd", 10_000, **parameters) / 5
    assert slow < 25 * fast


@pytest.mark.parametrize("positive", [False, True])
def test_the_gap_is_below_the_published_bound(positive):
    """F(vₖ) - F* <= 2 L |v₀ - v*|² / (k + 1)² (Beck, Teboulle (2009), theorem 4.4), restarts or not."""
    for seed in range(10):
        X, y = columns(seed, 1e4)
        asked = Penalised(X, y, 1e-3, 1.0, positive, fit_intercept=False)
        known = {
            "alpha": 1e-3,
            "l1_ratio": 1.0,
            "positive": positive,
            "fit_intercept": False,
            "scale": "none",
        }
        best = LinearRegression(**known).fit(X, y).coef_
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = LinearRegression(**known, method="fista", max_iter=100).fit(X, y)
        history = model.history_
        gap = np.array([float(asked.value(b[1:]) - asked.value(best)) for b in history.coef])
        k = history["iteration"]
        assert (gap[1:] <= 2 * model.limits_.L * (best @ best) / (k[1:] + 1) ** 2).all()


def test_it_goes_through_kinks_to_exact_zeros():
    X, y = columns(0, 100)
    exact = LinearRegression(alpha=0.05, l1_ratio=1.0).fit(X, y)
    model = LinearRegression(alpha=0.05, l1_ratio=1.0, method="fista").fit(X, y)
    assert ((model.coef_ == 0) == (exact.coef_ == 0)).all()
    assert 0 < np.count_nonzero(model.coef_) < 8


def test_a_rate_beyond_its_limit_is_refused_and_one_below_converges():
    X, y = columns(0, 10)
    known = {"method": "fista", "alpha": 0.01, "l1_ratio": 0.5}
    limits = LinearRegression(**known).fit(X, y).limits_
    assert limits.rate == limits.best_rate == pytest.approx(1 / limits.L)
    assert limits.largest_rate == pytest.approx(4 / 3 / limits.L)
    assert (limits.factor, limits.steps) == (None, None)
    assert "no guarantee" in str(limits)
    for share in (0.1, 1.0, 1.3):
        assert LinearRegression(**known, learning_rate=share / limits.L).fit(X, y).converged_
    with pytest.raises(DivergenceError, match=r"beyond the limit .* = 4/\(3L\).*Leave learning_rate out"):
        LinearRegression(**known, learning_rate=1.4 / limits.L).fit(X, y)
    recorded = LinearRegression(**known, learning_rate=3 / limits.L, on_divergence="record")
    with pytest.warns(ConvergenceWarning, match=r"diverged after \d+ steps \(fista\)"):
        assert not recorded.fit(X, y).converged_


def test_it_begins_again_where_its_momentum_points_uphill():
    """Without that the gap of a well conditioned problem rises and falls for long."""
    X, y = columns(1, 50)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LinearRegression(method="fista", scale="none", fit_intercept=False, max_iter=400).fit(X, y)
    assert model.n_iter_ < 200
