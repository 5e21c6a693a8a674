"""The article's estimator, to its last printed digit; and what it did not say."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from steepest import GradientDescent
from steepest.errors import InputError


@pytest.fixture
def article():
    random = np.random.RandomState(1)
    X = np.linspace(0, 1, 10)
    return X, 2 * X + 1 + random.normal(0, 0.05, 10)


@pytest.mark.parametrize(
    ("epochs", "r2"),
    [
        (10, 0.9134640568051231),
        (50, 0.9912615962318524),
        (100, 0.991281901588877),
        (1000, 0.9912812172351638),
    ],
)
def test_reproduces_every_printed_digit(article, epochs, r2):
    assert GradientDescent(eta=0.1, n_iter=epochs).fit(*article).score(*article) == pytest.approx(
        r2, abs=5e-16
    )


def test_reproduces_weights_and_errors(article):
    model = GradientDescent(eta=0.1, n_iter=100).fit(*article)
    np.testing.assert_allclose(model.w_, [1.00031593, 1.99065294], atol=5e-9)
    assert model.errors_[-1] == pytest.approx(0.015284173396517654, abs=1e-17)
    assert len(model.errors_) == 100


def test_the_order_of_the_update_matters(article):
    model = GradientDescent(eta=0.1, n_iter=100, update="simultaneous").fit(*article)
    assert model.score(*article) == pytest.approx(0.9912835727569919, abs=5e-16)


def test_defaults_are_the_articles(article):
    assert GradientDescent().get_params() == {"eta": 0.01, "n_iter": 10, "update": "sequential"}


def test_the_summary_says_how_far_it_stopped_short(article):
    model = GradientDescent(eta=0.1, n_iter=100).fit(*article)
    exact, se = np.array([1.00363385, 1.98301822]), None
    A = np.column_stack([np.ones(10), article[0]])
    residual = article[1] - A @ np.linalg.lstsq(A, article[1])[0]
    se = np.sqrt(residual @ residual / 8 * np.diag(np.linalg.inv(A.T @ A)))
    distance = np.abs(model.w_ - exact) / se
    assert distance.max() <= model.certificate_.in_se < 2 * distance.max()
    assert "NOT CONVERGED: still 0.12 SE away after 100 epochs" in str(model.summary())
    assert "R2 0.991" in str(model.summary())


def test_takes_many_features():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = X @ [1.0, 2, 3] + 4 + 0.01 * rng.normal(size=200)
    np.testing.assert_allclose(GradientDescent(eta=0.05, n_iter=50).fit(X, y).w_, [4, 1, 2, 3], atol=0.01)


@pytest.mark.parametrize("update", ["sequential", "simultaneous"])
def test_the_largest_stable_rate_is_named_and_true(article, update):
    X, y = article
    with pytest.warns(ConvergenceWarning, match="largest stable eta") as caught:
        model = GradientDescent(eta=50, n_iter=1000, update=update).fit(X, y)
    assert np.isfinite(model.w_).all()
    assert model.n_iter_ < 1000
    largest = float(str(caught[0].message).split("data is ")[1].split(";")[0])
    calm = GradientDescent(eta=0.98 * largest, n_iter=3000, update=update).fit(X, y)
    assert np.abs(calm.w_).max() < 100
    with pytest.warns(ConvergenceWarning):
        GradientDescent(eta=1.02 * largest, n_iter=50_000, update=update).fit(X, y)


@pytest.mark.parametrize("parameters", [{"eta": 0}, {"n_iter": 0}, {"update": "both"}])
def test_parameters_out_of_range_are_refused(article, parameters):
    with pytest.raises(InputError, match=next(iter(parameters))):
        GradientDescent(**parameters).fit(*article)


def test_slow_growth_is_noticed_before_it_overflows(article):
    with pytest.warns(ConvergenceWarning, match="grow without bound"):
        GradientDescent(eta=4, n_iter=20).fit(*article)


def test_the_first_crossing_counts():
    """Beyond the first unstable rate there may be stable ones again; they are no advice."""
    X = np.array([0.7, 2.6, 1.9, -1.4, -2.5])
    with pytest.warns(ConvergenceWarning, match="largest stable eta") as caught:
        GradientDescent(eta=3, n_iter=2000).fit(X, X)
    largest = float(str(caught[0].message).split("data is ")[1].split(";")[0])
    for eta in np.linspace(0.05, 0.97, 12) * largest:
        assert np.abs(GradientDescent(eta=eta, n_iter=3000).fit(X, X).w_).max() < 100


@pytest.mark.parametrize("scale", [1.0, 1.7e9])
def test_dependent_and_huge_columns_have_a_limit_too(scale):
    x = np.random.default_rng(0).uniform(1, 2, size=20) * scale
    with pytest.warns(ConvergenceWarning, match=r"largest stable eta for these data is [0.]*[1-9]"):
        GradientDescent(eta=10, n_iter=1000).fit(np.column_stack([x, 2 * x]), x)


def test_a_constant_feature_is_part_of_the_intercept():
    X = np.column_stack([np.full(30, 2.0), np.linspace(0, 1, 30)])
    y = 1 + X[:, 1] + 0.1 * np.sin(np.arange(30))
    model = GradientDescent(eta=0.05, n_iter=5000).fit(X, y)
    assert model.w_[1] != 0
    assert model.certificate_.in_se < 0.5
    assert "exactly 0" not in str(model.summary())


def test_divergence_of_any_kind_raises_nothing():
    X = np.random.default_rng(174).normal(size=(5, 2)) * 50
    with pytest.warns(ConvergenceWarning):
        model = GradientDescent(eta=1, n_iter=300, update="simultaneous").fit(X, X[:, 0])
    assert np.isfinite(model.w_).all()
    assert model.certificate_.in_se == np.inf
    assert "NOT CONVERGED" in str(model.summary())


def test_values_beyond_any_rate_end_at_once():
    with pytest.warns(ConvergenceWarning, match="largest stable eta for these data is 0"):
        GradientDescent().fit([[1e200], [2e200]], [1.0, 2.0])
