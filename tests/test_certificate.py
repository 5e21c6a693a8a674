"""The certificate is honest: held against extended precision on 500 random problems."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from steepest import LinearRegression
from steepest.certificate import NOISE, Yardstick
from steepest.errors import CollinearityWarning
from truth import least_squares

WAYS = [
    {},
    {"method": "gd", "tol": 1e-3},
    {"method": "cg", "tol": 1e-4},
    {"method": "gd", "max_iter": 30},
    {"method": "cg", "scale": "center", "max_iter": 4},
    {"method": "newton", "learning_rate": 0.5, "max_iter": 12},
    {"scale": "none"},
]


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
        assert distance <= certificate.in_se, (trial, distance, certificate)
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


def test_columns_too_close_to_tell_apart_are_not_certified():
    """Two columns that differ by 10^-9 carry a signal that the moments cannot see."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=400)
    X = np.column_stack([x, x + 1e-9 * rng.normal(size=400)])
    y = 1e9 * (X[:, 1] - X[:, 0]) + 0.1 * rng.normal(size=400)
    with (
        pytest.warns(CollinearityWarning, match="follow from the others"),
        pytest.warns(ConvergenceWarning, match="as close as the moments allow"),
    ):
        model = LinearRegression().fit(X, y)
    assert not model.converged_
    assert model.certificate_.in_se == np.inf


def test_yardstick_knows_when_the_residual_is_noise():
    known = {
        "freedom": 10,
        "variance": 1.0,
        "length": 1.0,
        "conditioning": 1.0,
        "columns": 1,
        "roundoff": 1e-16,
    }
    assert Yardstick.of(residual=2 * NOISE * 1e-15, residual_error=1e-15, **known).unit == "se"
    assert Yardstick.of(residual=0.5 * NOISE * 1e-15, residual_error=1e-15, **known).unit == "sd(y)"
    assert Yardstick.of(residual=1.0, residual_error=1e-15, **{**known, "freedom": 0}).unit == "sd(y)"
