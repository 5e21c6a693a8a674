import numpy as np
import pytest

from steepest.errors import InputError
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.objective import Quadratic

WAYS = [
    ("standard", True),
    ("center", True),
    ("none", True),
    ("standard", False),
    ("center", False),
    ("none", False),
]


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3)) * [1, 10, 0.1] + [1, 2, 3]
    return X, X @ [1, 2, 3] + rng.normal(size=40), rng.uniform(0.5, 2, size=40)


@pytest.fixture(params=WAYS, ids=lambda way: f"{way[0]}-{'with' if way[1] else 'without'}")
def problem(request, rows):
    scale, intercept = request.param
    X, y, w = rows
    return Quadratic.of(
        NormalEquations.of(Moments.of(np.column_stack([X, y]), w), intercept=intercept), scale
    )


@pytest.fixture
def v(problem):
    return np.random.default_rng(1).normal(size=problem.size)


def test_loss_is_half_the_weighted_mean_square(problem, rows, v):
    X, y, w = rows
    coef, intercept = problem.coefficients(v)
    residual = y - intercept - X @ coef
    assert problem.loss(v) == pytest.approx((w * residual**2).sum() / w.sum() / 2, rel=1e-10)


def test_gradient_is_the_derivative_of_the_loss(problem, v):
    h = 1e-4
    for j, e in enumerate(np.eye(problem.size)):
        slope = (problem.loss(v + h * e) - problem.loss(v - h * e)) / (2 * h)
        assert problem.gradient(v)[j] == pytest.approx(slope, rel=1e-6, abs=1e-6)


def test_curvature_is_the_derivative_of_the_gradient(problem, v):
    d = np.random.default_rng(2).normal(size=problem.size)
    slope = d @ (problem.gradient(v + d) - problem.gradient(v))
    assert problem.curvature(d) == pytest.approx(slope, rel=1e-9)
    for j, e in enumerate(np.eye(problem.size)):
        assert problem.diagonal()[j] == pytest.approx(problem.curvature(e), rel=1e-9)


def test_eigenvalues_and_modes_are_those_of_the_curvature(problem):
    H = np.column_stack([problem.gradient(e) - problem.gradient(0 * e) for e in np.eye(problem.size)])
    np.testing.assert_allclose(problem.eigenvalues(), np.linalg.eigvalsh(H), rtol=1e-7)
    eigenvalues, V = problem.modes
    np.testing.assert_allclose(eigenvalues, problem.eigenvalues(), rtol=1e-12)
    np.testing.assert_allclose(V * eigenvalues @ V.T, H, atol=1e-9 * eigenvalues[-1])


def test_gap_is_what_is_left_to_gain(problem, v):
    optimum = v - problem.solve(problem.gradient(v))
    assert np.abs(problem.gradient(optimum)).max() < 1e-9 * np.abs(problem.gradient(v)).max()
    assert problem.gap(v) == pytest.approx(problem.loss(v) - problem.loss(optimum), rel=1e-9)
    assert problem.gap(optimum) < 1e-20
    assert problem.gap(problem.minimum) < 1e-20


def test_points_and_coefficients_translate_back(problem, v):
    coef, intercept = problem.coefficients(v)
    offset, mean_residual = problem.normal.displacement(coef, intercept)
    expected, free = problem.split(v)
    np.testing.assert_allclose(problem.coordinates(coef, intercept), v, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(offset, expected, rtol=1e-9, atol=1e-9)
    assert mean_residual == pytest.approx(free, rel=1e-9, abs=1e-9)


def test_unknown_scales_are_refused(problem):
    with pytest.raises(InputError, match='unknown scale "centre"\\. Did you mean "center"'):
        Quadratic.of(problem.normal, "centre")
