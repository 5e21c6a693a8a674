"""Held against statsmodels on real tables, with and without intercept and weights, to nine digits."""

import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from statsmodels.stats.outliers_influence import variance_inflation_factor

from steepest import LinearRegression
from steepest.errors import DataWarning, InputError, NotInferable

NINE_DIGITS = 1e-9


def columns(name):
    data = getattr(sm.datasets, name).load()
    return np.asarray(data.exog, dtype=float), np.asarray(data.endog, dtype=float)


def statecrime():
    table = sm.datasets.statecrime.load_pandas().data
    return table[["urban", "poverty", "hs_grad", "single"]].to_numpy(), table["murder"].to_numpy()


TABLES = {
    "diabetes": lambda: load_diabetes(return_X_y=True, scaled=False),
    "stackloss": lambda: columns("stackloss"),
    "copper": lambda: columns("copper"),
    "statecrime": statecrime,
    "scotland": lambda: columns("scotland"),
    "longley": lambda: columns("longley"),
}


def weights_of(y):
    return np.random.default_rng(0).uniform(0.2, 5, size=len(y))


@pytest.fixture(params=TABLES)
def table(request):
    return TABLES[request.param]()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_statsmodels(table, fit_intercept, weighted):
    X, y = table
    w = weights_of(y) if weighted else None
    A = np.column_stack([np.ones(len(X)), X]) if fit_intercept else X
    model = (
        sm.WLS(y, A, weights=w, hasconst=fit_intercept) if weighted else sm.OLS(y, A, hasconst=fit_intercept)
    )
    theirs = model.fit()
    fit = LinearRegression(fit_intercept=fit_intercept).fit(X, y, w)
    ours = fit.inference()
    for name, expected in {
        "estimate": theirs.params,
        "se": theirs.bse,
        "t": theirs.tvalues,
        "p": theirs.pvalues,
        "low": theirs.conf_int()[:, 0],
        "high": theirs.conf_int()[:, 1],
        "covariance": theirs.cov_params(),
    }.items():
        scale = np.abs(expected).max() * 1e-12 if name in ("low", "high", "covariance") else 0
        np.testing.assert_allclose(getattr(ours, name), expected, rtol=NINE_DIGITS, atol=scale, err_msg=name)
    for name, expected in {
        "r2": theirs.rsquared,
        "r2_adj": theirs.rsquared_adj,
        "sigma": np.sqrt(theirs.scale),
        "loglik": theirs.llf,
        "f": theirs.fvalue,
        "f_p": theirs.f_pvalue,
        "aic": theirs.aic + 2,
        "bic": theirs.bic + np.log(len(y)),
        "df": theirs.df_resid,
    }.items():
        assert getattr(ours, name) == pytest.approx(expected, rel=NINE_DIGITS), name


@pytest.mark.parametrize("weighted", [False, True])
def test_intervals_equal_statsmodels(table, weighted):
    X, y = table
    w = weights_of(y) if weighted else np.ones(len(y))
    theirs = sm.WLS(y, sm.add_constant(X, has_constant="add"), weights=w).fit()
    frame = theirs.get_prediction(sm.add_constant(X[:5], has_constant="add")).summary_frame(alpha=0.1)
    model = LinearRegression().fit(X, y, w)
    mean = model.predict_interval(X[:5], level=0.9, kind="mean")
    new = model.predict_interval(X[:5], level=0.9)
    np.testing.assert_allclose(mean, frame[["mean_ci_lower", "mean_ci_upper"]], rtol=1e-8)
    np.testing.assert_allclose(new, frame[["obs_ci_lower", "obs_ci_upper"]], rtol=1e-8)


def test_cars_by_hand(cars):
    """The numbers that every textbook prints for these fifty cars."""
    ours = LinearRegression().fit(*cars).inference()
    assert ours.names == ("(intercept)", "x0")
    np.testing.assert_allclose(ours.estimate, [-17.579095, 3.932409], rtol=1e-6)
    np.testing.assert_allclose(ours.se, [6.758440, 0.415513], rtol=1e-6)
    assert (round(ours.sigma, 2), ours.df, round(ours.aic, 2)) == (15.38, 48, 419.16)


def test_refuses_when_no_freedom_is_left():
    X = np.random.default_rng(0).normal(size=(3, 2))
    with pytest.warns(DataWarning, match="3 rows for 3 parameters leave no freedom"):
        model = LinearRegression().fit(X, X[:, 0] + [0, 1, 3])
    with pytest.raises(NotInferable, match="3 rows for 3 parameters leave no freedom"):
        model.inference()
    with pytest.raises(NotInferable):
        model.predict_interval(X)


def test_refuses_when_residuals_are_rounding_noise():
    X = np.arange(30.0)[:, None]
    with pytest.raises(NotInferable, match="rounding noise"):
        LinearRegression().fit(X, 1 + 2 * X[:, 0]).inference()


def test_refuses_far_from_the_exact_answer(cars):
    with pytest.warns(ConvergenceWarning):
        model = LinearRegression(method="gd", scale="none", max_iter=10).fit(*cars)
    with pytest.raises(NotInferable, match=r"can still be .* standard errors .*max_iter"):
        model.inference()


@pytest.mark.parametrize("level", [0, 1, 1.5, -0.1])
def test_refuses_levels_that_are_no_coverage(cars, level):
    with pytest.raises(InputError, match=r"level: got .* between 0 and 1"):
        LinearRegression().fit(*cars).inference(level)


def test_dependent_columns_lose_only_their_own_standard_errors():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    X = np.column_stack([X, X[:, 0]])
    y = X @ [1, 2, 3, 1] + rng.normal(size=60)
    with pytest.warns(UserWarning, match=r"x3 = x0: coefficients of smallest norm"):
        model = LinearRegression().fit(X, y)
    ours = model.inference()
    theirs = sm.OLS(y, sm.add_constant(X[:, :3])).fit()
    assert model.rank_ == 3
    np.testing.assert_allclose(ours.se[[0, 2, 3]], theirs.bse[[0, 2, 3]], rtol=1e-9)
    assert np.isnan(ours.se[[1, 4]]).all()
    assert model.coef_[0] == pytest.approx(model.coef_[3])
    np.testing.assert_allclose(model.predict(X), theirs.fittedvalues, rtol=1e-9)


def test_the_dummy_trap_leaves_the_intercept_undetermined():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 3, size=90)
    X = np.column_stack([np.eye(3)[group], rng.normal(size=90)])
    with pytest.warns(UserWarning, match=r"x2 = 1 - x0 - x1: coefficients of smallest norm"):
        ours = LinearRegression().fit(X, group + X[:, 3] + rng.normal(size=90)).inference()
    assert np.isnan(ours.se[:4]).all()
    assert ours.se[4] > 0


def inflation(X, w, intercept):
    """1/(1 - R²) of every column on the others, by least squares."""
    root = np.sqrt(w)[:, None]
    A = np.column_stack([np.ones(len(X)), X]) * root if intercept else X * root
    factors = []
    for j in range(int(intercept), A.shape[1]):
        residual = A[:, j] - np.delete(A, j, 1) @ np.linalg.lstsq(np.delete(A, j, 1), A[:, j])[0]
        x = A[:, j] - root[:, 0] * np.average(A[:, j] / root[:, 0], weights=w) * intercept
        factors.append(x @ x / (residual @ residual))
    return factors


@pytest.mark.filterwarnings("ignore:The design matrix is poorly conditioned")
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_variance_inflation_factors(table, fit_intercept, weighted):
    X, y = table
    w = weights_of(y) if weighted else np.ones(len(y))
    model = LinearRegression(fit_intercept=fit_intercept).fit(X, y, w)
    np.testing.assert_allclose(model.vif_, inflation(X, w, fit_intercept), rtol=1e-6)
    if not weighted:
        each = range(X.shape[1])
        theirs = [variance_inflation_factor(X, j, standardize=fit_intercept) for j in each]
        np.testing.assert_allclose(model.vif_, theirs, rtol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_variance_inflation_of_columns_that_depend_or_do_not_vary():
    a, b, c = np.random.default_rng(0).normal(size=(3, 40))
    X = np.column_stack([a, b, a - 2 * b, a + b + c, c, np.ones(40), a + 5 * c])
    y = a + c + np.random.default_rng(1).normal(size=40)
    vif = LinearRegression().fit(X, y).vif_
    assert np.isnan(vif[5])
    assert np.isinf(np.delete(vif, 5)).all()
    some = LinearRegression().fit(X[:, [0, 1, 2, 4, 5]], y).vif_
    assert np.isinf(some[:3]).all()
    assert np.isnan(some[4])
    assert some[3] == pytest.approx(inflation(X[:, [0, 1, 4]], np.ones(40), True)[2], rel=1e-10)
    np.testing.assert_allclose(LinearRegression().fit(X[:, [4]], y).vif_, [1.0], rtol=1e-12)
