"""The certificate is honest: held against extended precision on 500 random problems."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from steepest import LinearRegression, Moments
from steepest.errors import CollinearityWarning, InputError
from steepest.fitting import solve
from steepest.parameters import Parameters
from truth import exactly, least_squares

WAYS = [
    {},
    {"method": "gd", "tol": 1e-3},
    {"method": "cg", "tol": 1e-4},
    {"method": "gd", "max_iter": 30},
    {"method": "cg", "scale": "center", "max_iter": 4},
    {"method": "newton", "learning_rate": 0.5, "max_iter": 12},
    {"scale": "none"},
]


TRUTH = 1e-15
"""Standard errors that 64-bit mantissas may be off."""


def problem(rng):
    """Return rows of all scales: correlated, shifted, sorted, heavy-tailed; from p + 2 of them to 10^5."""
    p = int(rng.integers(1, 9))
    n = int(np.exp(rng.uniform(np.log(p + 2), np.log(1e5))))
    fit_intercept = bool(rng.random() < 0.75)
    U, _, V = np.linalg.svd(rng.normal(size=(p, p)))
    X = rng.normal(size=(n, p)) @ (U * np.geomspace(1, 10 ** -rng.uniform(0, 4), p) @ V)
    X /= X.std(axis=0)
    y = X @ rng.normal(size=p)
    y /= y.std()
    offsets = [0, 1, 1e3, 1e6] if fit_intercept else [0, 1, 10]
    X += rng.choice(offsets, size=p) * rng.normal(size=p)
    if rng.random() < 0.2:
        order = np.argsort(X[:, 0])
        X, y = X[order], y[order]
    noise = rng.normal(size=n) if rng.random() < 0.8 else rng.standard_t(3, size=n)
    y += 10 ** rng.uniform(-3, 1) * noise + rng.choice([0, 1, 1e3])
    return X * 10 ** rng.uniform(-9, 9, size=p), y * 10 ** rng.uniform(-9, 9), fit_intercept


@pytest.mark.parametrize("hundred", range(5))
def test_the_true_distance_never_exceeds_the_certificate(hundred):
    rng = np.random.default_rng(hundred)
    loose = []
    for trial in range(100):
        X, y, fit_intercept = problem(rng)
        model = LinearRegression(fit_intercept=fit_intercept, **WAYS[trial % len(WAYS)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, y)
        truth = least_squares(X, y, fit_intercept=fit_intercept)
        certificate, distance = model.certificate_, truth.distance(model)
        assert certificate.unit == "se"
        assert distance <= certificate.in_se + TRUTH, (trial, distance, certificate)
        assert not model.converged_ or certificate.in_se <= model.tol
        largest = max(distance, truth.distance_of_means(model))
        if largest > 1e-6:
            loose.append(certificate.in_se / largest / np.sqrt(X.shape[1]))
    assert len(loose) > 20
    assert np.mean(np.array(loose) <= 10) >= 0.95, np.sort(loose)[-10:]


def test_weights_are_certified_too():
    rng = np.random.default_rng(7)
    for trial in range(60):
        X, y, fit_intercept = problem(rng)
        weights = np.exp(rng.normal(size=len(y)) * rng.choice([0.5, 3]))
        model = LinearRegression(fit_intercept=fit_intercept, method="cg", max_iter=2 + trial % 3, tol=0)
        with pytest.warns(ConvergenceWarning):
            model.fit(X, y, weights)
        truth = least_squares(X, y, weights, fit_intercept=fit_intercept)
        assert truth.distance(model) <= model.certificate_.in_se


def test_the_bound_is_tight_in_the_direction_of_one_feature():
    """With one feature the bound is the distance itself."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(50, 1))
    y = 3 * X[:, 0] + rng.normal(size=50)
    model = LinearRegression(method="newton", learning_rate=0.5, max_iter=3, tol=1e-12)
    with pytest.warns(ConvergenceWarning, match="x0 is worst"):
        model.fit(X, y)
    assert model.certificate_.in_se == pytest.approx(least_squares(X, y).distance(model), rel=1e-9)


def test_sigma_is_that_of_the_exact_answer():
    """At an iterate far away the residual variance of the iterate would hide the distance."""
    X = np.arange(20.0)[:, None]
    y = 100 * X[:, 0] + np.random.default_rng(0).normal(size=20)
    with pytest.warns(ConvergenceWarning):
        far = LinearRegression(method="newton", learning_rate=1e-3, max_iter=1).fit(X, y)
    assert far.sigma_ == pytest.approx(LinearRegression().fit(X, y).sigma_, rel=1e-9)
    assert far.certificate_.in_se > 1000


def test_a_perfect_fit_has_no_standard_errors_to_measure_in():
    X = np.arange(10.0)[:, None]
    model = LinearRegression().fit(X, 2 * X[:, 0] + 1)
    assert model.certificate_.unit == "sd(y)"
    assert model.converged_
    assert model.certificate_.in_se < 1e-12


def nearly_twice(apart, noise, n=100, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return np.column_stack([x, x + apart * rng.normal(size=n)]), x + noise * rng.normal(size=n)


@pytest.mark.parametrize("noise", [1e-5, 1e-3, 0.1])
@pytest.mark.parametrize("apart", [1e-8, 1e-9, 1e-10, 1e-12, 1e-13])
def test_columns_too_close_for_the_moments_are_told_apart_by_the_rows(apart, noise):
    """They look dependent to the moments; a look at the rows finds that they are not."""
    X, y = nearly_twice(apart, noise)
    with pytest.warns(CollinearityWarning, match="x., x. nearly depend on each other"):
        model = LinearRegression().fit(X, y)
    assert model.converged_
    assert model.rank_ == 2
    truth = exactly(X, y)
    assert truth.distance(model) <= model.certificate_.in_se < 1e-6
    np.testing.assert_allclose(model.inference().se, [float(v) ** 0.5 for v in truth.se], rtol=1e-10)


@pytest.mark.parametrize("offset", [0, 1e3, 1e9])
@pytest.mark.parametrize("weighted", [False, True])
def test_columns_that_are_dependent_in_the_rows_are_certified(offset, weighted):
    rng = np.random.default_rng(0)
    group = rng.integers(0, 4, size=300)
    a, b = rng.normal(size=(2, 300)) + offset
    X = np.column_stack([np.eye(4)[group], a, b, a + b, 0.1 * a])
    w = rng.uniform(0.1, 9, size=300) if weighted else None
    with pytest.warns(CollinearityWarning, match="x3 = 1 - x0 - x1 - x2; x6 = x4 \\+ x5; x7 = 0.1 x4"):
        model = LinearRegression().fit(X, a - b + group + rng.normal(size=300), w)
    assert model.converged_
    kept = np.delete(X, [3, 6, 7], axis=1)
    expected = LinearRegression().fit(kept, a - b + group + 0.0, w)
    assert model.rank_ == expected.rank_ == 5


def test_moments_alone_leave_dependence_in_doubt():
    X = np.random.default_rng(0).normal(size=(40, 2))
    X = np.column_stack([X, X[:, 0]])
    with pytest.warns(CollinearityWarning):
        model = LinearRegression().fit(X, X.sum(axis=1) + np.random.default_rng(1).normal(size=40))
    assert model.converged_
    again = solve(model.moments_, Parameters())
    assert not again.converged
    assert again.certificate.in_se == np.inf


@pytest.mark.parametrize("heavy", [1e-30, 1e-16, 1e-8])
def test_weights_of_many_decades_cost_no_digit(heavy):
    rng = np.random.default_rng(0)
    x = rng.normal(size=5000)
    w = np.ones(5000)
    x[::2] += 1e6
    w[::2] = heavy
    X, y = x[:, None], x + rng.normal(size=5000)
    model = LinearRegression().fit(X, y, w)
    assert least_squares(X, y, w).distance(model) <= model.certificate_.in_se < 1e-6


def test_steps_and_repeated_rows_are_inside_the_floor():
    """Equal addends are rounded alike: the worst that sums can do."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1000, 60_000))
        x = np.zeros(n)
        x[: int(rng.integers(10, 2000))] = 1
        w = np.full(n, 0.09) if seed % 2 else None
        X, y = x[:, None], x + 1e-4 * rng.normal(size=n)
        model = LinearRegression().fit(X, y, w)
        assert least_squares(X, y, w).distance(model) <= model.certificate_.in_se


def test_residuals_too_small_for_the_moments_are_measured_on_the_rows():
    rng = np.random.default_rng(0)
    X = 1e7 + rng.normal(size=(200, 2))
    y = X @ [1, 2] + rng.normal(size=200)
    with pytest.warns(CollinearityWarning, match="nearly depend"):
        model = LinearRegression(fit_intercept=False).fit(X, y)
    assert exactly(X, y, fit_intercept=False).distance(model) <= model.certificate_.in_se < 1e-6
    x = rng.normal(size=(50, 2))
    exact = LinearRegression(method="gd").fit(x, x @ [1, 2] + 3)
    assert exact.certificate_.in_se < 1e-10
    np.testing.assert_allclose(exact.coef_, [1, 2], rtol=1e-10)


@pytest.mark.parametrize("method", ["gd", "cg", "newton"])
def test_what_rounding_forbids_is_not_tried_forever(method):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    with pytest.warns(ConvergenceWarning, match="stopped by rounding"):
        model = LinearRegression(method=method, tol=0).fit(X, X.sum(axis=1) + rng.normal(size=100))
    assert model.n_iter_ < 500
    exact = LinearRegression(method=method, tol=1e-17).fit(X, X.sum(axis=1) + rng.normal(size=100))
    assert exact.converged_
    assert exact.n_iter_ < 500


def test_a_descent_that_rounding_has_stopped_ends():
    """In the textbook's coordinates an offset of 10⁷ leaves the residuals few digits to descend by."""
    rng = np.random.default_rng(0)
    X = 1e7 + rng.normal(size=(100, 2))
    y = X.sum(axis=1) + rng.normal(size=100)
    with pytest.warns(ConvergenceWarning, match="stopped by rounding"):
        model = LinearRegression(method="gd", scale="none").fit(X, y)
    assert model.n_iter_ < 500
    assert "rounding swallows its steps" in str(model.summary())
    for method in ("cg", "newton"):
        assert LinearRegression(method=method, scale="none").fit(X, y).converged_


def test_the_floor_is_known_before_the_first_step():
    """Writing an intercept of 3·10⁷ costs a share of the tolerance: the descent goes on for the rest."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(100, 3))
        assert (
            LinearRegression(method="gd").fit(X, 3e7 + X.sum(axis=1) + 0.1 * rng.normal(size=100)).converged_
        )


def test_a_target_that_does_not_vary_is_fitted_by_every_method():
    X = np.random.default_rng(0).normal(size=(30, 2))
    for method in ("gd", "cg", "newton"):
        for scale in ("standard", "none"):
            model = LinearRegression(method=method, scale=scale).fit(X, np.full(30, 7.0))
            assert model.converged_
            assert model.intercept_ == pytest.approx(7, rel=1e-6)


@pytest.mark.parametrize("light", [1e-18, 1e-10, 1e-6])
@pytest.mark.parametrize("far", [1e6, 1e8])
def test_light_rows_far_away_may_come_first(far, light):
    """Merging moves the mean of the heavier part, which then hardly moves."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 1))
    y = 2 * X[:, 0] + 0.1 * rng.normal(size=120)
    X[:60] += far / 3
    y[:60] += far
    w = np.repeat([light, 1.0], 60)
    model = LinearRegression().partial_fit(X[:60], y[:60], w[:60]).partial_fit(X[60:], y[60:], w[60:])
    assert least_squares(X, y, w).distance(model) <= model.certificate_.in_se


@pytest.mark.parametrize(("heavy", "far"), [(1, 1e2), (1e4, 1e2), (1e6, 1e3), (1e6, 1e4), (1e8, 1e4)])
def test_what_is_left_after_subtraction_is_certified_with_the_digits_it_has(heavy, far):
    rng = np.random.default_rng(1)
    A, B = rng.normal(size=(200, 3)), rng.normal(size=(200, 3)) + far
    A[:, 2] += A[:, 0]
    removed = Moments.of(B, np.full(200, heavy))
    try:
        rest = (Moments.of(A) + removed) - removed
    except InputError:
        return
    model = solve(rest, Parameters())
    shown = SimpleNamespace(coef_=model.coef, intercept_=model.intercept)
    assert least_squares(A[:, :2], A[:, 2]).distance(shown) <= model.certificate.in_se
