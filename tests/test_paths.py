"""Paths of penalties: where they begin, that every point is optimal, and what the criteria say of it."""

import math

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, lasso_path

from steepest.chunk import Chunk
from steepest.errors import InputError
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.parameters import Parameters
from steepest.paths import criteria_of, decreasing, grid, path

MIXTURES = [1.0, 0.4, 0.0]


def data(seed, n=60, p=6, offset=3.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) @ rng.normal(size=(p, p)) * 10.0 ** rng.integers(-3, 4, p) + offset
    return X, X[:, 0] / X[:, 0].std() + rng.normal(size=n), rng.uniform(0.2, 3, n)


def equations(X, y, w=None, *, intercept=True):
    names = (*(f"x{j}" for j in range(X.shape[1])), "y")
    return NormalEquations.of(Moments.of(Chunk((X, y), names, w)), intercept=intercept)


def centred(X, y, w, intercept):
    """Return rows about their weighted means, times the roots of the shares of their weights."""
    share = np.ones(len(y)) / len(y) if w is None else w / w.sum()
    if intercept:
        X, y = X - share @ X, y - share @ y
    root = np.sqrt(share)
    return X * root[:, None], y * root


def found(X, y, w=None, *, intercept=True, number=30, eps=1e-3, alphas=None, **asked):
    normal, parameters = equations(X, y, w, intercept=intercept), Parameters(**asked)
    alphas = grid(normal, parameters, number, eps) if alphas is None else decreasing(alphas)
    return path(normal, parameters, alphas), parameters


def violation(A, b, coef, alpha, l1_ratio, factors=1.0, *, positive=False):
    """Return how far coefficients are from satisfying the conditions of Karush, Kuhn and Tucker.

    In shares of how much the target can pull at a column at most.
    """
    l1 = alpha * l1_ratio * factors * np.ones(len(coef))
    g = A.T @ (A @ coef - b) + alpha * (1 - l1_ratio) * factors * coef
    if positive:
        off = np.where(coef > 0, np.abs(g + l1), np.maximum(-(g + l1), 0))
    else:
        off = np.where(coef != 0, np.abs(g + l1 * np.sign(coef)), np.maximum(np.abs(g) - l1, 0))
    return (off / (np.linalg.norm(A, axis=0) * np.linalg.norm(b))).max()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("l1_ratio", MIXTURES)
@pytest.mark.parametrize("intercept", [True, False])
def test_every_point_of_a_path_is_optimal(seed, l1_ratio, intercept):
    X, y, w = data(seed, n=20 + 10 * seed, p=2 + 3 * seed)
    w = w if seed % 2 else None
    along, _ = found(X, y, w, intercept=intercept, l1_ratio=l1_ratio)
    A, b = centred(X, y, w, intercept)
    for alpha, coef, constant in zip(along.alphas, *along.lines, strict=True):
        assert violation(A, b, coef, alpha, l1_ratio) < 1e-11
        share = np.ones(len(y)) if w is None else w
        assert constant == pytest.approx(
            np.average(y - X @ coef, weights=share) if intercept else 0, rel=1e-9
        )
    assert along.reached
    assert along.in_se.max() <= 1e-6


@pytest.mark.parametrize("l1_ratio", MIXTURES)
def test_every_point_of_a_nonnegative_path_is_optimal_and_nonnegative(l1_ratio):
    X, y, w = data(2)
    along, _ = found(X, -y, w, l1_ratio=l1_ratio, positive=True)
    A, b = centred(X, -y, w, True)
    for alpha, coef in zip(along.alphas, along.lines[0], strict=True):
        assert (coef >= 0).all()
        assert violation(A, b, coef, alpha, l1_ratio, positive=True) < 1e-11
    assert along.reached


@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
def test_the_first_penalty_is_the_smallest_that_leaves_nothing(l1_ratio):
    X, y, w = data(0)
    along, _ = found(X, y, w, l1_ratio=l1_ratio)
    assert not along.u[0].any()
    assert np.count_nonzero(along.u[1]) >= 1
    nearly, _ = found(X, y, w, l1_ratio=l1_ratio, alphas=[along.alphas[0] * (1 - 1e-5)])
    assert nearly.u.any()
    np.testing.assert_allclose(along.alphas[-1], along.alphas[0] * 1e-3, rtol=1e-12)
    np.testing.assert_allclose(np.diff(np.log(along.alphas)), math.log(1e-3) / 29, rtol=1e-9)


def test_the_first_penalty_leaves_exactly_what_is_free():
    X, y, _ = data(1)
    factors = (1.0, 0.0, 2.0, 0.0, 0.5, 1.0)
    along, _ = found(X, y, l1_ratio=1.0, penalty_factor=factors)
    np.testing.assert_array_equal(np.flatnonzero(along.u[0]), [1, 3])
    free = np.column_stack([np.ones(len(y)), X[:, [1, 3]]])
    expected = np.linalg.lstsq(free, y, rcond=None)[0]
    coef, intercept = along.lines
    np.testing.assert_allclose(coef[0, [1, 3]], expected[1:], rtol=1e-9)
    assert intercept[0] == pytest.approx(expected[0], rel=1e-9)
    nearly, _ = found(X, y, l1_ratio=1.0, penalty_factor=factors, alphas=[along.alphas[0] * (1 - 1e-6)])
    assert np.count_nonzero(nearly.u[0]) == 3
    A, b = centred(X, y, None, True)
    for alpha, line in zip(along.alphas, coef, strict=True):
        assert violation(A, b, line, alpha, 1.0, np.array(factors)) < 1e-11


def test_grid_and_path_are_those_of_scikit_learn():
    X, y, _ = data(3, offset=0.0)
    X, y = X / X.std(axis=0), y - y.mean()
    X = X - X.mean(axis=0)
    along, _ = found(X, y, l1_ratio=1.0)
    alphas, coef, _ = lasso_path(X, y, alphas=30, eps=1e-3, tol=1e-13, max_iter=1_000_000)
    np.testing.assert_allclose(along.alphas, alphas, rtol=1e-10)
    np.testing.assert_allclose(along.lines[0], coef.T, atol=1e-8)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_no_certificate_is_below_the_true_distance(l1_ratio):
    """Of paths that end early, too: their points are as far from the optimum as they say, at most."""
    X, y, _ = data(4, n=80, p=8)
    exact, _ = found(X, y, l1_ratio=l1_ratio, tol=1e-12)
    n = exact.normal
    size = n.se * n.inflation
    for steps in (1, 2, 3, 10_000):
        early, _ = found(X, y, l1_ratio=l1_ratio, max_iter=steps)
        distance = (np.abs(early.u - exact.u) / size).max(axis=1)
        assert (distance <= early.in_se + exact.in_se + 1e-12).all()
        assert early.reached == bool((early.in_se <= 1e-6).all())


def test_errors_on_other_rows_need_their_moments_alone():
    X, y, w = data(5, n=90, offset=1e3)
    train, test = np.arange(50), np.arange(50, 90)
    for intercept in (True, False):
        along, _ = found(X[train], y[train], w[train], intercept=intercept, l1_ratio=0.7)
        held = equations(X[test], y[test], w[test]).moments
        coef, constant = along.lines
        expected = [
            np.average((y[test] - X[test] @ c - b) ** 2, weights=w[test])
            for c, b in zip(coef, constant, strict=True)
        ]
        np.testing.assert_allclose(along.errors(held), expected, rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-120, 1e120])
def test_errors_are_in_squares_of_the_units_of_the_target(scale):
    X, y, w = data(5)
    plain, scaled = (found(X, y * unit, w, l1_ratio=1.0)[0] for unit in (1.0, scale))
    expected = plain.errors(plain.normal.moments) * scale**2
    np.testing.assert_allclose(scaled.errors(scaled.normal.moments), expected, rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-160, 1e160])
def test_targets_whose_squares_float64_does_not_hold_are_refused(scale):
    X, y, _ = data(0)
    along, _ = found(X, y * scale, l1_ratio=1.0)
    with pytest.raises(
        InputError, match=r"the target: in these units squared errors exceed float64. Measure it"
    ):
        along.errors(along.normal.moments)


def by_hand(X, y, w, coef, alpha, l1_ratio, factors, intercept):
    """Return RSS and the trace of the hat matrix on the support, numerically."""
    A, b = centred(X, y, w, intercept)
    total = len(y) if w is None else w.sum()
    on = (coef != 0) | (factors == 0)
    ridge = alpha * (1 - l1_ratio) * factors[on]
    hat = A[:, on] @ np.linalg.pinv(A[:, on].T @ A[:, on] + np.diag(ridge)) @ A[:, on].T
    rss = total * np.sum((b - A @ coef) ** 2)
    return rss, float(np.trace(hat)) + intercept


@pytest.mark.parametrize("l1_ratio", MIXTURES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("factors", [None, (1.0, 0.0, 2.0, 1.0)])
@pytest.mark.parametrize("intercept", [True, False])
def test_criteria_are_those_of_their_formulas(l1_ratio, weighted, factors, intercept):
    X, y, w = data(6, n=40, p=4)
    X /= X.std(axis=0)
    w = w if weighted else None
    along, parameters = found(X, y, w, intercept=intercept, l1_ratio=l1_ratio, penalty_factor=factors)
    criteria, n = criteria_of(along, parameters), len(y)
    f = np.ones(4) if factors is None else np.array(factors)
    for at, (alpha, coef) in enumerate(zip(along.alphas, along.lines[0], strict=True)):
        rss, df = by_hand(X, y, w, coef, alpha, l1_ratio, f, intercept)
        assert criteria.df[at] == pytest.approx(df, rel=1e-9)
        logs = 0.0 if w is None else np.log(w).sum()
        loglik = logs / 2 - n / 2 * (math.log(2 * math.pi * rss / n) + 1)
        assert criteria.aic[at] == pytest.approx(2 * (df + 1) - 2 * loglik, rel=1e-9)
        assert criteria.bic[at] == pytest.approx(math.log(n) * (df + 1) - 2 * loglik, rel=1e-9)
        assert criteria.gcv[at] == pytest.approx(rss / n / (1 - df / n) ** 2, rel=1e-9)


def test_gcv_is_infinite_where_no_freedom_is_left():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 9)), rng.normal(size=5)
    along, parameters = found(X, y, l1_ratio=1.0, alphas=[1.0, 1e-9])
    criteria = criteria_of(along, parameters)
    assert np.isfinite(criteria.gcv[0])
    assert criteria.df[1] == 5
    assert criteria.gcv[1] == math.inf


def test_a_penalty_of_zero_is_least_squares():
    X, y, _ = data(7)
    along, parameters = found(X, y, l1_ratio=1.0, alphas=[0.0, 0.1])
    assert along.alphas.tolist() == [0.1, 0.0]
    expected = np.linalg.lstsq(np.column_stack([np.ones(len(y)), X]), y, rcond=None)[0]
    np.testing.assert_allclose(along.lines[0][1], expected[1:], rtol=1e-8)
    assert criteria_of(along, parameters).df[1] == 7


def test_wide_rows_have_a_path():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(15, 40)), rng.normal(size=15)
    along, _ = found(X, y, l1_ratio=0.5, number=8, eps=0.05)
    for alpha, coef in zip(along.alphas, along.lines[0], strict=True):
        theirs = ElasticNet(alpha=alpha, l1_ratio=0.5, tol=1e-13, max_iter=100_000).fit(X, y)
        np.testing.assert_allclose(coef, theirs.coef_, atol=1e-6)


def test_a_constant_target_has_a_grid_of_next_to_nothing():
    X, _, _ = data(8)
    along, _ = found(X, np.full(len(X), 7.0), l1_ratio=1.0, number=3)
    assert (along.alphas > 0).all()
    assert along.alphas.max() < 1e-14
    assert not along.u.any()


def test_nothing_to_hold_has_no_grid():
    X, y, _ = data(0)
    with pytest.raises(
        InputError, match=r"alphas: no feature that varies is penalised. Raise penalty_factor"
    ):
        found(X, y, l1_ratio=1.0, penalty_factor=(0.0,) * 6)
    with pytest.raises(InputError, match="alphas: no feature that varies is penalised"):
        found(np.ones((9, 2)), np.arange(9.0), l1_ratio=1.0)


@pytest.mark.parametrize(
    "alphas", [[], 0, -1, True, 2.5, None, "abc", ["a"], [-1], [math.nan], [[1, 2]], [[1], [1, 2]]]
)
def test_penalties_that_are_none_are_refused(alphas):
    with pytest.raises(InputError, match=r"alphas: got .*\. Pass a number of penalties, or a list of them"):
        decreasing(alphas)


def test_penalties_are_sorted_and_taken_once():
    assert decreasing((0.1, 2, 0, 2.0)).tolist() == [2, 0.1, 0]
