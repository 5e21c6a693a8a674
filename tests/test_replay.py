"""`at`: the path without its steps; and early stopping, a choice among its points."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import steepest
from conftest import quietly
from steepest import GD, LinearRegression, Momentum, Nesterov
from steepest.errors import InputError, NotInferable
from truth import least_squares

METHODS = [GD(), Momentum(), Momentum(0.5), Momentum(0.95), Nesterov(), Nesterov(0.8)]


def label(method):
    return f"{method.name}-{getattr(method, 'beta', '')}"


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(80, 6)) @ (rng.normal(size=(6, 6)) * np.geomspace(1, 0.02, 6)) + 0.3
    return X, X @ rng.normal(size=6) + rng.normal(size=80)


@pytest.mark.parametrize("method", METHODS, ids=label)
@pytest.mark.parametrize("scale", ["standard", "none"])
def test_it_equals_running_the_steps(rows, method, scale):
    model = quietly(LinearRegression(method=method, scale=scale, tol=0, max_iter=5000), *rows)
    far = np.abs(model.coef_).max()
    for row, k in enumerate(model.history_["iteration"].tolist()):
        if row % 7 == 0 or k == model.n_iter_:
            replayed = model.at(k)
            found = np.append(replayed.intercept_, replayed.coef_)
            assert np.abs(found - model.history_.coef[row]).max() <= 1e-10 * far
            assert replayed.n_iter_ == k


@pytest.mark.parametrize("k", [1000, 100_000])
def test_it_equals_a_fit_of_so_many_steps(cars, k):
    """In the textbook's coordinates the cars are not done after 10 000 steps, and nearly after 100 000."""
    asked = {"method": "gd", "scale": "none", "learning_rate": 1e-3, "tol": 0}
    ran = quietly(LinearRegression(**asked, max_iter=k), *cars)
    replayed = quietly(LinearRegression(**asked, max_iter=3), *cars).at(k)
    assert ran.n_iter_ == replayed.n_iter_ == k
    np.testing.assert_allclose(replayed.coef_, ran.coef_, rtol=1e-10)
    assert replayed.intercept_ == pytest.approx(ran.intercept_, rel=1e-10)
    assert replayed.certificate_.in_se == pytest.approx(ran.certificate_.in_se, rel=1e-6)
    np.testing.assert_allclose(replayed.predict(cars[0]), ran.predict(cars[0]), rtol=1e-10)


@pytest.mark.parametrize("scale", ["standard", "center", "none"])
def test_the_gap_of_gradient_descent_never_increases(rows, scale):
    model = quietly(LinearRegression(method="gd", scale=scale, max_iter=2), *rows)
    exact = LinearRegression().fit(*rows)
    ks = [0, 1, 2, *np.unique(np.geomspace(3, 1e12, 120).astype(int)).tolist()]
    gaps = np.array([model.at(k).certificate_.gap for k in ks])
    assert (np.diff(gaps) <= 1e-28).all()
    last = model.at(10**12)
    assert last.converged_
    assert np.isfinite(last.coef_).all()
    np.testing.assert_allclose(last.coef_, exact.coef_, rtol=1e-9)
    assert not model.at(0).converged_
    np.testing.assert_array_equal(model.at(0).coef_, 0)
    assert last.inference().se == pytest.approx(exact.inference().se)


def test_a_replayed_model_is_a_model(rows, tmp_path):
    model = quietly(LinearRegression(method="momentum", max_iter=5), *rows)
    before = dict(model.__dict__)
    replayed = model.at(20)
    assert model.__dict__ == before
    assert least_squares(*rows).distance(replayed) <= replayed.certificate_.in_se
    replayed.save(tmp_path / "m.json")
    with pytest.warns(ConvergenceWarning):
        loaded = steepest.load(tmp_path / "m.json")
    np.testing.assert_array_equal(loaded.coef_, replayed.coef_)
    np.testing.assert_array_equal(loaded.at(20).coef_, replayed.coef_)
    assert replayed.at(5).coef_ == pytest.approx(model.coef_, rel=1e-12)


def test_it_starts_where_the_descent_started(rows):
    X, y = rows
    model = quietly(LinearRegression(method="gd", warm_start=True, max_iter=10), X, y)
    first = model.coef_
    quietly(model, X, y + X[:, 0])
    np.testing.assert_allclose(model.at(0).coef_, first, rtol=1e-12)
    np.testing.assert_allclose(model.at(10).coef_, model.coef_, rtol=1e-12)


@pytest.mark.parametrize("method", ["steepest", "bb", "cg", "newton", "sgd", "adam"])
def test_steps_that_adapt_have_no_closed_form(rows, method):
    model = quietly(LinearRegression(method=method, max_iter=3, random_state=0), *rows)
    with pytest.raises(
        InputError,
        match=r'at: the steps of this method have no closed form\. Choose a method of constant steps: "gd"',
    ):
        model.at(5)
    with pytest.raises(InputError, match="early_stopping: the steps of this method have no closed form"):
        LinearRegression(method=method, early_stopping="gcv", random_state=0).fit(*rows)


@pytest.mark.parametrize("k", [-1, 1.5, True, 10**12 + 1, "ten"])
def test_steps_are_whole_numbers(rows, k):
    model = quietly(LinearRegression(method="gd", max_iter=2), *rows)
    with pytest.raises(InputError, match=r"k: got .* from 0 to 1e\+12"):
        model.at(k)


def test_a_path_that_leaves_float64_is_refused(rows):
    model = LinearRegression(method="gd", learning_rate=10.0, on_divergence="record", max_iter=3)
    quietly(model, *rows)
    assert not model.at(20).converged_
    with pytest.raises(InputError, match="after 100000 steps the coefficients exceed float64"):
        model.at(100_000)


def test_below_full_rank_the_path_ends_at_the_smallest_norm(rows):
    X, y = rows
    X = np.column_stack([X, X[:, 0] + X[:, 1]])
    model = quietly(LinearRegression(method="gd", max_iter=30), X, y)
    np.testing.assert_allclose(model.at(30).coef_, model.coef_, rtol=1e-10)
    exact = quietly(LinearRegression(), X, y)
    np.testing.assert_allclose(model.at(10**10).coef_, exact.coef_, rtol=1e-8)


# --- early stopping


def wiggly(n=60, p=25, noise=3.0):
    """Return more features than so few noisy rows can pay for: stopping early predicts better."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, p)) @ np.diag(np.geomspace(1, 0.05, p)) @ rng.normal(size=(p, p))
    return X, X[:, 0] + noise * rng.normal(size=n)


def by_hand(X, y, rate, most, *, criterion):
    """Run gradient descent on standardised columns with its hat matrix; return the best k, df and value."""
    n = len(y)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    centre, hat = np.full((n, n), 1 / n), np.zeros((n, n))
    best = None
    for k in range(most + 1):
        df = np.trace(hat) + 1
        rss = np.sum((y - (centre + hat) @ y) ** 2)
        if criterion == "gcv":
            value = rss / n / (1 - df / n) ** 2
        else:
            value = n * (np.log(2 * np.pi * rss / n) + 1) + 2 * (df + 1)
        best = min(best or (value, k, df), (value, k, df))
        hat = hat + rate * Z @ Z.T @ (np.eye(n) - centre - hat) / n
    return best


@pytest.mark.parametrize("criterion", ["gcv", "aic"])
def test_it_stops_where_the_criterion_is_smallest(criterion):
    X, y = wiggly()
    model = LinearRegression(early_stopping=criterion, max_iter=400).fit(X, y)
    value, k, df = by_hand(X, y, model.limits_.rate, 400, criterion=criterion)
    stop = model.early_stop_
    assert 0 < k < 400
    assert (model.n_iter_, stop.criterion) == (k, criterion)
    assert stop.df == pytest.approx(df, rel=1e-9)
    assert stop.value == pytest.approx(value, rel=1e-9)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    eigenvalues = np.linalg.eigvalsh(Z.T @ Z / len(y))
    assert (eigenvalues / (eigenvalues + stop.ridge)).sum() + 1 == pytest.approx(df, rel=1e-9)
    np.testing.assert_allclose(model.at(k).coef_, model.coef_, rtol=1e-9)


@pytest.mark.parametrize("method", [Momentum(0.9), Nesterov(0.9), Momentum(), GD()], ids=label)
@pytest.mark.parametrize("seed", range(6))
def test_no_other_step_is_better(method, seed):
    """Along a path that swings, the criterion has many minima."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(20, 3)) * [1, 0.3, 0.05] + 1, rng.normal(size=20)
    asked = {"method": method, "scale": "center"}
    found = LinearRegression(**asked, early_stopping="gcv").fit(X, y)
    fits = (LinearRegression(**asked, early_stopping="gcv", max_iter=most) for most in range(1, 400, 7))
    values = [fit.fit(X, y).early_stop_.value for fit in fits]
    assert found.early_stop_.value <= min(values) * (1 + 1e-12)


def test_it_starts_at_zero_and_does_not_diverge(rows):
    with pytest.raises(InputError, match="early_stopping: counts degrees of freedom from a start at zero"):
        LinearRegression(early_stopping="gcv", warm_start=True).fit(*rows)
    with pytest.raises(InputError, match="early_stopping: this learning rate diverges"):
        LinearRegression(early_stopping="aic", learning_rate=50.0, on_divergence="record").fit(*rows)
    assert LinearRegression(early_stopping="gcv", max_iter=10**20).fit(*rows).n_iter_ > 0
    constant = quietly(LinearRegression(early_stopping="gcv"), np.ones((9, 1)), rows[1][:9])
    assert constant.converged_


def test_it_runs_exactly_the_steps_that_it_chose():
    """The first step of a heavy ball may cross the optimum on its way."""
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(12, 1))
        model = LinearRegression(
            method=Momentum(0.9), early_stopping="gcv", fit_intercept=False, max_iter=100
        )
        model.fit(x, 0.15 * x[:, 0] + rng.normal(size=12))
        k = np.arange(101)[:, None]
        df = 1 - model.limits_.path.after(k)[:, 0]
        assert model.early_stop_.df == pytest.approx(df[model.n_iter_], abs=1e-9)
        np.testing.assert_allclose(model.at(model.n_iter_).coef_, model.coef_, rtol=1e-9, atol=1e-12)


def test_where_no_criterion_has_a_minimum_it_is_refused():
    with pytest.raises(InputError, match="no number of steps leaves a degree of freedom"):
        LinearRegression(method="nesterov", early_stopping="gcv").fit([[2.0]], [3.0])
    for X, y in (([[2.0], [5.0]], [3.0, 4.0]), (np.arange(9.0)[:, None] ** [1, 2], 3 + 2 * np.arange(9.0))):
        with pytest.raises(
            InputError, match="AIC has no minimum where the residuals of least squares vanish"
        ):
            LinearRegression(early_stopping="aic").fit(X, y)
    assert quietly(LinearRegression(early_stopping="gcv"), [[2.0], [5.0]], [3.0, 4.0]).n_iter_ == 0


def test_it_predicts_better_than_least_squares_and_says_what_it_is():
    X, y = wiggly()
    fresh, _ = wiggly(n=4000)
    truth = fresh[:, 0]
    model = LinearRegression(early_stopping="gcv").fit(X, y)
    exact = LinearRegression().fit(X, y)
    assert np.mean((model.predict(fresh) - truth) ** 2) < 0.7 * np.mean((exact.predict(fresh) - truth) ** 2)
    text = " ".join(str(model.summary()).split())
    assert f"fit stopped early (gcv): {model.n_iter_} steps (gradient descent), " in text
    assert f"{model.early_stop_.df:.4g} degrees of freedom, like ridge with penalty " in text
    assert "on standardised columns" in text
    assert "standard errors are not theirs" in text
    assert not model.converged_
    with pytest.raises(NotInferable, match="early stopping"):
        model.inference()
    with pytest.raises(NotInferable, match="early stopping"):
        model.predict_interval(X)


def test_a_criterion_that_never_rises_goes_on_to_the_last_step(rows):
    X, y = rows
    model = LinearRegression(early_stopping="aic", method="gd", max_iter=7).fit(X, X @ np.ones(6) + 0.01 * y)
    assert model.n_iter_ == 7


def test_after_all_steps_aic_is_that_of_inference(rows):
    """Where nothing is gained by stopping early, all of the coefficients are counted, and sigma."""
    X, y = rows
    strong = y + X @ np.full(6, 1e4)
    model = LinearRegression(early_stopping="aic", method="momentum", max_iter=10**6).fit(X, strong)
    assert model.early_stop_.df == pytest.approx(7, abs=1e-3)
    assert model.early_stop_.value == pytest.approx(
        LinearRegression().fit(X, strong).inference().aic, abs=1e-3
    )


def test_an_early_stop_survives_the_model_file(tmp_path):
    model = LinearRegression(early_stopping="gcv", scale="none").fit(*wiggly())
    model.save(tmp_path / "m.json")
    loaded = steepest.load(tmp_path / "m.json")
    assert loaded.early_stop_ == model.early_stop_
    assert str(loaded.summary()) == str(model.summary())
    assert "standardised" not in str(model.summary())
    assert LinearRegression().fit(*wiggly()).early_stop_ is None


@pytest.mark.parametrize("value", [True, "bic", 3])
def test_other_criteria_are_refused(rows, value):
    with pytest.raises(InputError, match=r"early_stopping: got .* Pass False or one of gcv, aic"):
        LinearRegression(early_stopping=value).fit(*rows)
