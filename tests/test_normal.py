import numpy as np
import pytest

from steepest.moments import Moments
from steepest.normal import NormalEquations


def normal_of(X, y, *, intercept=True, weights=None):
    return NormalEquations.of(Moments.of(np.column_stack([X, y]), weights), intercept=intercept)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3)) @ rng.normal(size=(3, 3)) + [10, 0, -5]
    return X, X @ [1, -2, 0.5] + rng.normal(size=80)


@pytest.mark.parametrize("intercept", [True, False])
def test_the_solution_is_the_least_squares_one(rows, intercept):
    X, y = rows
    normal = normal_of(X, y, intercept=intercept)
    A = np.column_stack([np.ones(80), X]) if intercept else X
    expected, rss, rank, _ = np.linalg.lstsq(A, y)
    coef, b0 = normal.coefficients(normal.step)
    np.testing.assert_allclose(coef, expected[-3:], rtol=1e-10)
    assert b0 == pytest.approx(expected[0] if intercept else 0, rel=1e-10)
    assert normal.residual * 80 == pytest.approx(rss[0], rel=1e-10)
    assert normal.rank + intercept == rank


def test_the_diagonal_is_one_and_the_inverse_holds_inflation_factors(rows):
    X, y = rows
    normal = normal_of(X, y)
    np.testing.assert_array_equal(np.diag(normal.gram.whole()), 1)
    others = normal_of(X[:, 1:], X[:, 0])
    r2 = 1 - others.residual / others.t
    assert normal.inverse_diagonal[0] == pytest.approx(1 / (1 - r2), rel=1e-9)


def test_noise_is_never_below_the_amplified_rounding(rows):
    normal = normal_of(*rows)
    amplified = normal.entry_error * np.sqrt(normal.t) / np.sqrt(np.linalg.eigvalsh(normal.gram.whole())[0])
    assert amplified <= normal.noise


def test_below_full_rank_the_answer_has_minimum_norm(rows):
    X, y = rows
    doubled = normal_of(np.column_stack([X, X]), y)
    assert doubled.rank == 3
    assert doubled.expansion.doubtful
    np.testing.assert_allclose(doubled.gram.whole() @ doubled.null_space, 0, atol=1e-14)
    coef, _ = doubled.coefficients(doubled.step)
    np.testing.assert_allclose(coef[:3], coef[3:], rtol=1e-9)
    np.testing.assert_allclose(coef[:3] * 2, normal_of(X, y).coefficients(normal_of(X, y).step)[0], rtol=1e-9)


def test_constant_columns_take_no_part(rows):
    X, y = rows
    normal = normal_of(np.column_stack([np.full(80, 1e6 + 0.1), X]), y)
    assert normal.active.tolist() == [1, 2, 3]
    coef, _ = normal.coefficients(normal.step)
    assert coef[0] == 0
    without = normal_of(np.column_stack([np.full(80, 2.0), X]), y, intercept=False)
    assert without.k == 4


def test_the_intercept_is_rounded_once():
    """ȳ - x̄ᵀb at x̄ = 10^9 from rounded products would keep seven digits."""
    x = 1e9 + np.arange(16.0)
    normal = normal_of(x[:, None], 3 * x - 2e9)
    coef, intercept = normal.coefficients(normal.step)
    assert coef[0] == 3
    assert intercept == -2e9
