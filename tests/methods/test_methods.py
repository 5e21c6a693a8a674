"""What single methods promise: their limits, their speed, their arguments."""

import math
import pickle
import warnings

import mpmath
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from steepest import BB, CG, GD, SGD, Adam, LinearRegression, Momentum, Nesterov, Newton, Steepest
from steepest.errors import DivergenceError, InputError, InputTypeError
from steepest.methods import METHODS, method_of
from studies.iterations import PROMISED, predicted, problem_of, steps_to
from truth import least_squares

CONSTANT = (GD(), *(kind(b) for kind in (Momentum, Nesterov) for b in (0.0, 0.3, 0.9, 0.99)))


def label(method):
    return f"{method.name}-{getattr(method, 'beta', '')}"


def problems(count, seed):
    """Yield problems of 1 to 8 coordinates with condition numbers of up to 300, and a start."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        p = int(rng.integers(1, 9))
        problem = problem_of(10 ** rng.uniform(0, 2.5), p, rng) if p > 1 else problem_of(1.0, 1, rng)
        yield problem, rng.normal(size=problem.size)


def walk(method, problem, v, rate, steps):
    """Return the gaps from the start on."""
    state, gaps = method.start(problem, v, rate), [problem.gap(v)]
    for _ in range(steps):
        v, state = method.step(problem, v, state)
        gaps.append(problem.gap(v))
    return np.array(gaps)


@pytest.mark.parametrize("method", CONSTANT, ids=label)
def test_below_the_limit_it_converges_and_above_it_diverges(method):
    for problem, v in problems(200 if method == GD() else 50, 1):
        limit = method.limits(problem, None).largest_rate
        below = walk(method, problem, v, 0.99 * limit, 1500)
        assert below[-1] < 1e-3 * below[0]
        with np.errstate(over="ignore", invalid="ignore"):
            above = walk(method, problem, v, 1.01 * limit, 1500)
        assert not above[-1] < 1e3 * above[0]


@pytest.mark.parametrize("method", [*CONSTANT, Momentum(), Nesterov(), Steepest()], ids=label)
def test_the_envelope_is_never_violated_and_is_attained(method):
    for problem, v in problems(20, 2):
        limits = method.limits(problem, None)
        rates = [limits.best_rate, 0.5 * limits.best_rate, 0.99 * limits.largest_rate] if limits.rate else [0]
        for rate in rates:
            limits = method.limits(problem, rate)
            left = np.sqrt(walk(method, problem, v, rate, 60))
            promised = np.array([limits.envelope(k) for k in range(61)])
            assert (left <= left[0] * promised * (1 + 1e-9) + 1e-12 * left[0]).all()
            if limits.path is None:
                continue
            at = int(np.abs(limits.path.after(7)).argmax())
            worst = problem.minimum + problem.modes[1][:, at]
            left = np.sqrt(walk(method, problem, worst, rate, 7))
            assert left[7] / left[0] == pytest.approx(promised[7], rel=1e-6, abs=1e-9)


def test_a_heavy_ball_may_grow_before_it_shrinks():
    problem = problem_of(1e3, 6, np.random.default_rng(0))
    limits = Momentum(0.95).limits(problem, None)
    assert limits.factor < 1
    assert max(limits.envelope(k) for k in range(20)) > 2
    auto = Momentum().limits(problem, None)
    assert max(auto.envelope(k) for k in range(500)) == 1
    assert auto.factor < limits.factor


@pytest.mark.parametrize("method", CONSTANT, ids=label)
def test_the_best_rate_has_the_smallest_factor(method):
    for problem, _ in problems(10, 3):
        limits = method.limits(problem, None)
        for share in np.linspace(0.02, 0.98, 25):
            other = method.limits(problem, share * limits.largest_rate)
            assert limits.factor <= other.factor * (1 + 1e-9)


@pytest.mark.parametrize("kind", [Momentum, Nesterov])
def test_auto_is_faster_than_any_constant(kind):
    problem = problem_of(200.0, 5, np.random.default_rng(4))
    auto = kind().limits(problem, None).factor
    assert all(auto <= kind(b).limits(problem, None).factor + 1e-12 for b in np.linspace(0, 0.99, 40))


@pytest.mark.parametrize("condition", [10.0, 1e2, 1e3])
@pytest.mark.parametrize("name", PROMISED)
def test_iterations_are_as_few_as_published(name, condition):
    promised = PROMISED[name].get(condition)
    if promised is None or promised > 1000:
        pytest.skip("in the study")
    found = [steps_to(name, condition, seed) for seed in range(7)]
    assert np.median(found) <= 1.2 * promised


def test_the_closed_form_knows_the_iterations_beforehand():
    assert predicted(1e2, 3) == steps_to("gd at 1/L", 1e2, 3)


def test_conjugate_gradients_end_after_as_many_steps_as_coordinates():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 4))
    model = LinearRegression(method="cg").fit(X, rng.normal(size=60))
    assert model.converged_
    assert model.n_iter_ <= 4
    assert model.limits_.envelope(4) == 0
    assert model.limits_.steps <= 4


def test_limits_of_the_cars(cars):
    model = LinearRegression(method="gd", scale="none", tol=1e-3, max_iter=20_000).fit(*cars)
    limits = model.limits_
    X = np.column_stack([np.ones(50), cars[0]])
    mu, L = np.linalg.eigvalsh(X.T @ X / 50)
    assert (limits.mu, limits.L) == (pytest.approx(mu), pytest.approx(L))
    assert limits.largest_rate == pytest.approx(2 / L)
    assert limits.best_rate == limits.rate == pytest.approx(2 / (L + mu))
    assert limits.condition == pytest.approx(L / mu)
    assert limits.factor == pytest.approx((L - mu) / (L + mu))
    assert model.n_iter_ <= limits.steps < 2 * model.n_iter_
    assert str(limits).splitlines()[0] == "curvature      L 265.5, mu 0.1032, condition number 2572"
    assert "largest 0.007534 = 2/L, best 0.007531, used 0.007531" in str(limits)
    assert f"error times 0.999223 at most; {limits.steps:,} steps at most" in str(limits)
    assert pickle.loads(pickle.dumps(limits)).envelope(10) == limits.envelope(10)


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_stochastic_methods_say_that_they_have_no_limit(cars, name):
    with pytest.warns(ConvergenceWarning, match="circling in its noise"):
        limits = LinearRegression(method=name, random_state=0).fit(*cars).limits_
    assert (limits.largest_rate, limits.factor, limits.steps) == (None, None, None)
    assert "learning rate  no limit: " in str(limits)
    assert "no guarantee" in str(limits)
    assert pytest.approx(1) == limits.L


@pytest.mark.parametrize(
    ("method", "formula"),
    [
        (GD(), "2/L"),
        (Newton(), "2/L"),
        (Momentum(0.9), "2(1+b)/L with b = 0.9"),
        (Momentum(), "4/L"),
        (Nesterov(0.5), "(2+2b)/((1+2b)L) with b = 0.5"),
        (Nesterov(), "(2+2b)/((1+2b)L) with b = 0."),
    ],
    ids=lambda value: value if isinstance(value, str) else label(value),
)
def test_a_rate_beyond_the_limit_is_refused_with_the_limit(cars, method, formula):
    limit = LinearRegression(method=method, scale="none", tol=0.01, max_iter=10**5).fit(*cars).limits_
    rate = 1.5 * limit.largest_rate
    with pytest.raises(DivergenceError) as caught:
        LinearRegression(method=method, scale="none", learning_rate=rate).fit(*cars)
    message = str(caught.value)
    assert message.startswith(f"learning_rate: {rate:g} is beyond the limit ")
    assert f"= {formula}" in message
    assert "each step would multiply the error by " in message
    assert "Leave learning_rate out (the best one, " in message
    assert caught.value.excerpt[0].endswith(f"> {rate:g}")
    below = LinearRegression(method=method, scale="none", learning_rate=0.9 * limit.largest_rate, max_iter=3)
    with pytest.warns(ConvergenceWarning, match="out of steps"):
        below.fit(*cars)


def test_the_message_names_factor_growth_and_fixes(cars):
    with pytest.raises(DivergenceError) as caught:
        LinearRegression(method="gd", scale="none", learning_rate=0.01).fit(*cars)
    message = str(caught.value)
    assert "0.01 is beyond the limit 0.00753 = 2/L (L = 265.5" in message
    assert "multiply the error by 1.65" in message
    assert 'scale="standard" (condition number 2572 -> 1)' in message
    assert any("loss 1249 at the start, 8517 after 2 steps" in line for line in caught.value.excerpt)
    assert caught.value.excerpt[-1] == "   at 0.00753 the error times 0.9992 a step, 21,735 steps at most"


@pytest.mark.parametrize("method", [GD(), Momentum(0.9), Nesterov(0.9), Momentum()], ids=label)
def test_divergence_can_be_recorded_until_it_overflows(cars, method):
    limits = LinearRegression(method=method, scale="none", tol=1, max_iter=10**5).fit(*cars).limits_
    rate = 1.3 * limits.largest_rate
    parameters = {"method": method, "scale": "none", "learning_rate": rate, "on_divergence": "record"}
    with pytest.warns(
        ConvergenceWarning, match=r"diverged after \d+ steps .* each step multiplies the error by"
    ):
        model = LinearRegression(**parameters).fit(*cars)
    assert not model.converged_
    assert np.isfinite(model.history_["loss"]).all()
    history = model.history_
    assert history["iteration"][-1] == model.n_iter_
    assert np.abs(history.coef[-1]).max() > 1e100
    (before, after), taken = history["gap"][-2:], np.diff(history["iteration"])[-1]
    grown = (after / before) ** (0.5 / taken)
    assert grown == pytest.approx(model.limits_.factor, rel=0.02)
    assert "fit   DIVERGED: still " in str(model.summary())
    with pytest.warns(ConvergenceWarning, match="diverged after 5 steps"):
        LinearRegression(**parameters, max_iter=5).fit(*cars)


def test_a_rate_below_the_limit_is_not_touched_by_recording(cars):
    model = LinearRegression(method="gd", learning_rate=0.5, on_divergence="record").fit(*cars)
    assert model.converged_


@pytest.mark.parametrize("method", ["cg", "steepest", "bb"])
def test_methods_that_choose_their_own_steps_take_no_rate(cars, method):
    with pytest.raises(InputError, match="chooses its own steps"):
        LinearRegression(method=method, learning_rate=0.1).fit(*cars)


def test_a_rate_or_early_stopping_is_asked_of_gradient_descent(cars):
    with pytest.warns(ConvergenceWarning, match="gradient descent"):
        LinearRegression(learning_rate=1e-3, max_iter=5).fit(*cars)


def test_methods_have_names_and_are_objects():
    for name, kind in {"gd": GD, "bb": BB, "cg": CG, "newton": Newton, "sgd": SGD, "adam": Adam}.items():
        assert method_of(name) == kind()
        assert method_of(kind()) == kind()
    assert method_of("auto") == Newton()
    with pytest.raises(InputError, match=r'unknown method "netwon"\. Did you mean "newton"'):
        method_of("netwon")
    with pytest.raises(InputTypeError, match="has no limits, start, step, name, title, monotone, stochastic"):
        method_of(3)
    with pytest.raises(InputTypeError, match="but its class"):
        method_of(GD)


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda: Momentum(1.0), r"Momentum\(beta=\): got 1.0. Pass a number from 0 up to, not including, 1"),
        (lambda: Momentum("fast"), r"Momentum\(beta=\)"),
        (lambda: Nesterov(-0.1), r"Nesterov\(beta=\)"),
        (lambda: SGD(batch_size=0), r"SGD\(batch_size=\): got 0. Pass a whole number of rows"),
        (lambda: SGD(schedule="invscalin"), 'unknown schedule "invscalin". Did you mean "invscaling"'),
        (lambda: SGD(power_t=-1), r"SGD\(power_t=\)"),
        (lambda: Adam(beta2=1.0), r"Adam\(beta2=\)"),
        (lambda: Adam(batch_size=True), r"Adam\(batch_size=\)"),
    ],
)
def test_arguments_of_methods_are_checked_where_they_are_given(make, where):
    with pytest.raises(InputError, match=where):
        make()


def test_every_method_says_where_its_formula_is_from():
    for method in METHODS.values():
        assert "References\n" in type(method).__doc__
        assert "←" in type(method).__doc__


def test_limits_compare_and_hash_and_know_overflow(cars):
    limits = LinearRegression(method="gd").fit(*cars).limits_
    assert limits == limits
    assert len({limits}) == 1
    newton = LinearRegression(method="newton", learning_rate=3.0, on_divergence="record", max_iter=3)
    with pytest.warns(ConvergenceWarning):
        assert newton.fit(*cars).limits_.envelope(5000) == math.inf


@pytest.mark.parametrize("units", [(1e-9, 1e9), (1e-12, 1e12), (1.0, 1e14)])
def test_units_far_apart_do_not_hide_the_smallest_curvature(units):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 2)) * units + np.array(units)
    y = rng.normal(size=50)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = LinearRegression(method="gd", scale="none", max_iter=3).fit(X, y).limits_
    with mpmath.workdps(80):
        Z = mpmath.matrix(np.column_stack([np.ones(50), X]).tolist())
        true = mpmath.eigsy(Z.T * Z / 50, eigvals_only=True)
    assert found.mu == pytest.approx(float(min(true)), rel=1e-6)
    assert pytest.approx(float(max(true)), rel=1e-9) == found.L
    assert LinearRegression(method="cg", scale="none").fit(X, y).converged_


@pytest.mark.parametrize("size", [1e-120, 1e-60, 1e60, 1e120])
@pytest.mark.parametrize("name", METHODS)
def test_units_of_any_size_do_no_harm(size, name):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3)) @ rng.normal(size=(3, 3))
    y = X.sum(axis=1) + rng.normal(size=50)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LinearRegression(method=name, scale="center", random_state=0, max_iter=300)
        plain = model.fit(X, y).certificate_.in_se
        scaled = model.fit(X * size, y * size).certificate_.in_se
    assert scaled <= 2 * plain + 1e-6


def test_an_exact_fit_is_reached_within_the_promise():
    X = np.arange(12.0)[:, None] ** [1, 2]
    for name in ("gd", "momentum", "steepest", "cg"):
        model = LinearRegression(method=name, max_iter=10**5).fit(X, X @ [2.0, 3.0])
        assert model.n_iter_ <= model.limits_.steps
        again = LinearRegression(method=name, max_iter=model.limits_.steps).fit(X, X @ [2.0, 3.0])
        assert again.converged_
    with pytest.warns(ConvergenceWarning, match="stopped by rounding"):
        hopeless = LinearRegression(method="gd", tol=0).fit(X, X @ [2.0, 3.0] + np.sin(X[:, 0]))
    assert hopeless.limits_.steps is None


def test_passes_that_newton_took_on_the_rows_are_its_first_steps():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3)) + 1e6
    model = LinearRegression(precise=True).fit(X, X.sum(axis=1) + rng.normal(size=100))
    assert model.history_["iteration"][0] == 0
    assert model.history_["iteration"][-1] == model.n_iter_ <= model.limits_.steps
    np.testing.assert_array_equal(model.history_.coef[-1], [model.intercept_, *model.coef_])


def test_newton_with_a_rate_shrinks_by_one_minus_it(cars):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LinearRegression(method="newton", learning_rate=0.25, max_iter=10).fit(*cars)
    gap = model.history_["gap"]
    np.testing.assert_allclose(np.sqrt(gap[1:] / gap[:-1]), 0.75, rtol=1e-9)
    assert model.limits_.factor == 0.75
    truth = least_squares(*cars)
    assert math.isclose(truth.distance_of_means(model), model.certificate_.in_se, rel_tol=1)
