"""Every method of the registry reaches the optimum, and knows its limits."""

import numpy as np
import pytest

from steepest import CG, GD, LinearRegression, Newton
from steepest.errors import DivergenceError, InputError, InputTypeError
from steepest.methods import METHODS, method_of
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.objective import Quadratic


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 4)) + [3, 0, -1, 5]
    return X, X @ [1, -1, 2, 0] + 4 + rng.normal(size=60)


def problem_of(rows, scale):
    return Quadratic.of(NormalEquations.of(Moments.of(np.column_stack(rows)), intercept=True), scale)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scale", ["standard", "center", "none"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_all_roads_lead_to_the_optimum(rows, method, scale, fit_intercept):
    exact = LinearRegression(fit_intercept=fit_intercept).fit(*rows)
    model = LinearRegression(
        method=method, scale=scale, fit_intercept=fit_intercept, max_iter=2_000_000, tol=1e-8
    )
    model.fit(*rows)
    assert model.converged_
    se = exact.inference().se[-4:]
    assert (np.abs(model.coef_ - exact.coef_) <= 2e-8 * se).all()


@pytest.mark.parametrize("method", ["gd", "newton"])
@pytest.mark.parametrize("scale", ["standard", "center", "none"])
def test_the_limit_of_the_rate_is_where_descent_turns_into_ascent(rows, method, scale):
    problem, way = problem_of(rows, scale), METHODS[method]
    limit = way.limits(problem).largest_rate
    for rate, grows in [(0.99 * limit, False), (1.01 * limit, True)]:
        v = np.random.default_rng(1).normal(size=problem.size)
        state, before = way.start(problem, v, rate), problem.gap(v)
        for _ in range(2000):
            v, state = way.step(problem, v, state)
        assert (problem.gap(v) > before) == grows


@pytest.mark.parametrize("scale", ["standard", "none"])
def test_the_factor_per_step_is_a_promise(rows, scale):
    problem, way = problem_of(rows, scale), METHODS["gd"]
    limits = way.limits(problem)
    for rate in (limits.best_rate, 0.5 / limits.L, 1.9 / limits.L):
        v = np.zeros(problem.size)
        gap, factor = problem.gap(v), limits.factor(rate)
        for _ in range(20):
            v, _ = way.step(problem, v, rate)
            assert problem.gap(v) <= factor**2 * gap * (1 + 1e-9)
            gap = problem.gap(v)


def test_conjugate_gradients_end_after_as_many_steps_as_coordinates(rows):
    model = LinearRegression(method="cg").fit(*rows)
    assert model.converged_
    assert model.n_iter_ <= 4


def test_a_rate_beyond_the_limit_is_refused_with_the_limit(cars):
    with pytest.raises(DivergenceError) as caught:
        LinearRegression(method="gd", scale="none", learning_rate=0.01).fit(*cars)
    message = str(caught.value)
    assert "0.01 is beyond the limit 0.00753 = 2/L (L = 265.5" in message
    assert "multiply the error by 1.65" in message
    assert 'scale="standard" (condition number 2572 -> 1)' in message
    assert any("loss 1249 at the start, 8517 after 2 steps" in line for line in caught.value.excerpt)


def test_a_rate_just_below_the_limit_runs(cars):
    with pytest.warns(UserWarning, match="out of steps"):
        LinearRegression(method="gd", scale="none", learning_rate=0.00753, max_iter=5).fit(*cars)


def test_methods_that_choose_their_own_steps_take_no_rate(cars):
    with pytest.raises(InputError, match="conjugate gradient chooses its own steps"):
        LinearRegression(method="cg", learning_rate=0.1).fit(*cars)


def test_methods_have_names_and_are_objects():
    assert [method_of(name) for name in ("gd", "cg", "newton", "auto")] == [GD(), CG(), Newton(), Newton()]
    assert method_of(CG()) == CG()
    with pytest.raises(InputError, match=r'unknown method "netwon"\. Did you mean "newton"'):
        method_of("netwon")
    with pytest.raises(InputTypeError, match="has no limits, start, step"):
        method_of(3)
