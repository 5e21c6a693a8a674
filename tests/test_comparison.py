"""Models beside each other: held against two separate fits by NumPy's least squares, and statsmodels."""

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

import steepest
from conftest import CARS
from steepest import GradientDescent, LinearRegression
from steepest.comparison import NestedTest, Untested
from steepest.errors import DataWarning, InputError, InputTypeError, NotInferable

TEN_DIGITS = 1e-10


def rows(n=60, p=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) @ rng.normal(size=(p, p)) + 10 * rng.normal(size=p)
    return X, X @ np.linspace(-1, 1, p) + rng.normal(size=n), rng.uniform(0.2, 5, size=n)


def rss(X, y, w, intercept):
    A = np.column_stack([np.ones(len(X)), X]) if intercept else X
    root = np.sqrt(np.ones(len(y)) if w is None else w)
    residual = root * (y - A @ np.linalg.lstsq(A * root[:, None], y * root)[0])
    return residual @ residual


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("intercept", "of_small"), [(True, True), (False, False), (True, False)])
def test_the_f_test_is_that_of_two_separate_fits(weighted, intercept, of_small):
    X, y, w = rows()
    w, kept = w if weighted else None, [0, 2]
    large = LinearRegression(fit_intercept=intercept).fit(X, y, w)
    small = LinearRegression(fit_intercept=of_small).fit(X, y, w).drop(["x1", "x3", "x4"])
    df1, df2 = 3 + intercept - of_small, 55 - intercept
    less, more = rss(X, y, w, intercept), rss(X[:, kept], y, w, of_small)
    f = (more - less) / df1 / (less / df2)
    for a, b, places in ((small, large, (1, 2)), (large, small, (2, 1))):
        result = a.compare(b).result
        (test,) = result.tests
        assert isinstance(test, NestedTest)
        assert (test.small, test.large) == places
        assert (test.df1, test.df2) == (df1, df2)
        assert test.f == pytest.approx(f, rel=TEN_DIGITS)
        assert test.f_p == pytest.approx(stats.f.sf(f, df1, df2), rel=1e-9, abs=0)
        assert test.chi2 == pytest.approx(60 * math.log(more / less), rel=TEN_DIGITS)
        assert test.chi2_p == pytest.approx(stats.chi2.sf(60 * math.log(more / less), df1), rel=1e-9, abs=0)
        shown = result.models[places[1] - 1]
        assert shown.rss == pytest.approx(less, rel=TEN_DIGITS)
        assert (shown.df, shown.names) == (df2, large._fit.names)


def test_it_equals_statsmodels():
    X, y, w = rows()
    theirs = [sm.WLS(y, sm.add_constant(X[:, :p]), weights=w).fit() for p in (5, 2)]
    f, p, df1 = theirs[0].compare_f_test(theirs[1])
    ratio, ratio_p, _ = theirs[0].compare_lr_test(theirs[1])
    result = LinearRegression().fit(X, y, w).compare(LinearRegression().fit(X[:, :2], y, w)).result
    (test,) = result.tests
    assert (test.f, test.f_p, test.df1) == pytest.approx((f, p, df1), rel=1e-9, abs=0)
    assert (test.chi2, test.chi2_p) == pytest.approx((ratio, ratio_p), rel=1e-9)
    for ours, other in zip(result.models, theirs, strict=True):
        assert ours.loglik == pytest.approx(other.llf, rel=TEN_DIGITS)
        assert ours.r2_adj == pytest.approx(other.rsquared_adj, rel=1e-9)
        assert ours.delta_aic == pytest.approx(other.aic - min(each.aic for each in theirs), abs=1e-9)
        assert ours.delta_bic == pytest.approx(other.bic - min(each.bic for each in theirs), abs=1e-9)


def test_small_effects_lose_no_digits():
    signs = np.array([[(i >> j & 1) * 2 - 1 for j in range(6)] for i in range(64)], float)
    effect = 2.0**-30
    y = 5 + signs[:, 0] + effect * signs[:, 1] + signs[:, 2]
    large = LinearRegression().fit(signs[:, :2], y)
    (test,) = large.compare(large.drop(["x1"])).result.tests
    assert test.f == pytest.approx(effect**2 * 61, rel=1e-6, abs=0)
    assert test.chi2 == pytest.approx(effect**2 * 64, rel=1e-6, abs=0)


def test_large_offsets_lose_no_digits():
    X, y, _ = rows()
    X = np.round(X * 2.0**20) / 2.0**20
    near, far = (LinearRegression().fit(Z, y) for Z in (X, X + 2.0**30))
    f = [model.compare(model.drop(["x1"])).result.tests[0].f for model in (near, far)]
    assert f[1] == pytest.approx(f[0], rel=1e-6, abs=0)


def test_each_is_tested_against_the_next():
    X, y, _ = rows()
    whole = LinearRegression().fit(X, y)
    models = [whole.drop(["x0", "x1"]), whole.drop(["x0"]), whole, whole.drop(["x3"]), whole.drop(["x2"])]
    result = models[0].compare(*models[1:]).result
    assert [type(test) for test in result.tests] == [NestedTest, NestedTest, NestedTest, Untested]
    assert [(t.small, t.large) for t in result.tests[:3]] == [(1, 2), (2, 3), (4, 3)]
    assert min(model.delta_aic for model in result.models) == 0
    last = result.tests[3]
    assert (last.first, last.second) == (4, 5)
    assert last.reason == "not nested, neither has all terms of the other: AIC and BIC decide"


def reason(a, b):
    (test,) = a.compare(b).result.tests
    assert isinstance(test, Untested)
    return test.reason


@pytest.mark.filterwarnings("ignore:.*does not vary|.*smallest norm")
def test_why_there_is_no_test():
    X, y, _ = rows()
    whole = LinearRegression().fit(X, y)
    assert "neither has all terms" in reason(
        LinearRegression(fit_intercept=False).fit(X, y), whole.drop(["x1"])
    )
    assert "same fitted values" in reason(whole, whole)
    assert "same fitted values" in reason(whole, LinearRegression().fit(np.column_stack([X, X[:, 0]]), y))
    assert "columns of one name differ" in reason(LinearRegression().fit(X[:, [1]], y), whole)
    ones = np.column_stack([X, np.full(60, 3.0)])
    through_zero = LinearRegression(fit_intercept=False).fit(ones, y)
    assert "same fitted values" in reason(through_zero, LinearRegression().fit(ones, y))


def test_a_table_with_levels():
    rng = np.random.default_rng(0)
    zone, km = rng.choice(list("abc"), size=90), rng.uniform(1, 9, size=90)
    table = pd.DataFrame({"zone": zone, "km": km, "fare": km + (zone == "b") + rng.normal(size=90)})
    model = steepest.fit(table, target="fare", features=["km", "zone"], categorical=["zone"])
    (test,) = model.compare(model.drop(["zone"])).result.tests
    dummies = np.column_stack([km, zone == "b", zone == "c"]).astype(float)
    less, more = (rss(X, table.fare.to_numpy(), None, True) for X in (dummies, dummies[:, :1]))
    assert test.f == pytest.approx((more - less) / 2 / (less / 86), rel=TEN_DIGITS)


def test_the_same_rows_in_another_order_are_the_same():
    X, y, w = rows(n=5000)
    order = np.random.default_rng(1).permutation(5000)
    y = y + 1e6
    a = LinearRegression().fit(X, y, w)
    b = LinearRegression().fit(X[order, :3], y[order], w[order])
    assert isinstance(a.compare(b).result.tests[0], NestedTest)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y, w: (X[:-1], y[:-1], w[:-1]), r"the number of rows \(60 and 59\), the total weight"),
        (lambda X, y, w: (X, y, 2 * w), r"they differ in the total weight \(.*\), the sum of log weights \("),
        (lambda X, y, w: (X, y, np.roll(w, 1)), "they differ in the mean of y"),
        (
            lambda X, y, w: (X, y + 1e-9, w),
            r"they differ in the mean of y \([-.\d]+ and [-.\d]+\)\. Fit both to",
        ),
        (lambda X, y, w: (X, y * (1 + 1e-9), w), "the standard deviation of y"),
        (lambda X, y, w: (X, y, w**2 * w.sum() / (w**2).sum()), "the sum of log weights"),
    ],
)
def test_other_rows_are_refused_and_named(change, message):
    X, y, w = rows()
    model, (X, y, w) = LinearRegression().fit(X, y, w), change(X, y, w)
    with pytest.raises(InputError, match=f"^models 1 and 3: .*{message}"):
        model.compare(model, LinearRegression().fit(X, y, w))


def test_what_cannot_be_compared():
    X, y, _ = rows()
    model = LinearRegression().fit(X, y)
    with pytest.raises(InputError, match="two models or more"):
        model.compare()
    with pytest.raises(InputTypeError, match="got GradientDescent"):
        model.compare(GradientDescent().fit(X / 100, y))
    cars = steepest.fit(CARS, target="dist")
    with pytest.raises(InputError, match=r"they differ in the target \(dist and speed\)"):
        cars.compare(steepest.fit(CARS, target="speed"))


def stopped(X, y):
    with pytest.warns(UserWarning, match="out of steps"):
        return LinearRegression(method="gd", max_iter=2).fit(X, y)


def saturated(X, y):
    with pytest.warns(DataWarning, match="leave no freedom"):
        return LinearRegression().fit(X[:6], y[:6])


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (stopped, "standard errors from the exact answer"),
        (lambda X, y: LinearRegression(early_stopping="aic").fit(X, y), "early stopping"),
        (lambda X, y: LinearRegression(alpha=0.1).fit(X, y), "penalty"),
        (saturated, "leave no freedom"),
    ],
)
def test_fits_that_support_no_inference_are_refused_with_the_reason(other, why):
    X, y, _ = rows()
    model = other(X, y)
    with pytest.raises(NotInferable, match=f"^model 1: .*{why}"):
        model.compare(model)
    if len(X) == model.moments_.rows:
        with pytest.raises(NotInferable, match=f"^model 2: .*{why}"):
            LinearRegression().fit(X, y).compare(model)
