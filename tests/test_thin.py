"""Fewer rows than columns: the rows are kept, and say the same as the products of their columns."""

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, LassoCV, Ridge

import steepest
from steepest import LinearRegression, LinearRegressionCV
from steepest.arriving import rows_of
from steepest.chunk import Chunk
from steepest.errors import CollinearityWarning, DataWarning, InputError
from steepest.fitting import is_wide, solve
from steepest.gram import FewRows
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.parameters import Parameters
from steepest.thin import Thin

FIELDS = ("rows", "dropped", "weight", "sum_log_weight", "weight_unit")
COLUMNS = ("mean", "minimum", "maximum", "unit")


def chunk(n=40, p=300, *, weighted=False, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * scale + rng.normal(size=p)
    y = X[:, 0] / np.max(scale) + rng.normal(size=n)
    w = rng.uniform(0.5, 2, n) if weighted else None
    return Chunk((X, y), (*(f"x{j}" for j in range(p)), "y"), w)


def assert_alike(thin, moments, tight=1e-13):
    assert isinstance(thin, Thin)
    for name in FIELDS:
        assert getattr(thin, name) == pytest.approx(getattr(moments, name), rel=1e-14), name
    for name in COLUMNS:
        ours, theirs = getattr(thin, name), getattr(moments, name)
        np.testing.assert_allclose(ours / moments.unit, theirs / moments.unit, rtol=1e-13, atol=1e-15)
    for about_mean in (True, False):
        ours, theirs = (each.products(about_mean=about_mean) for each in (thin, moments))
        size = np.sqrt(np.diag(theirs))
        assert np.abs(ours - theirs).max(initial=0) <= tight * np.outer(size, size).max()
    directions = np.random.default_rng(5).normal(size=(3, thin.p + 1))
    np.testing.assert_allclose(thin.variances(directions), moments.variances(directions), rtol=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1e-6, np.logspace(-120, 120, 300)])
def test_it_says_what_moments_say(weighted, scale):
    rows = chunk(weighted=weighted, scale=scale)
    assert_alike(Thin.of(rows), Moments.of(rows))
    assert_alike(Thin.of(rows), Thin.of(rows).dense())


@pytest.mark.parametrize("weighted", [(False, False), (True, False), (True, True)])
def test_it_adds_like_moments(weighted):
    parts = [chunk(weighted=each, seed=seed) for seed, each in enumerate(weighted)]
    thin, moments = (kind.of(parts[0]) + kind.of(parts[1]) for kind in (Thin, Moments))
    assert_alike(thin, moments)
    assert_alike(Thin.empty(300, thin.names) + Thin.of(parts[0]), Moments.of(parts[0]))
    mixed = Moments.of(parts[0]) + Thin.of(parts[1])
    np.testing.assert_allclose(mixed.scatter, moments.scatter, rtol=1e-10, atol=1e-10)
    rest = thin - Thin.of(parts[1])
    np.testing.assert_allclose(rest.mean, Moments.of(parts[0]).mean, atol=1e-12)
    with pytest.raises(InputError, match="columns differ"):
        thin + Thin.of(chunk(p=301))


def test_some_features_can_be_selected():
    rows = chunk(weighted=True)
    names = ["x7", "x3"]
    assert_alike(Thin.of(rows).select(names), Moments.of(rows).select(names))
    with pytest.raises(InputError, match="no feature 'x999'"):
        Thin.of(rows).select(["x999"])


def test_rows_without_weight_are_dropped():
    rng = np.random.default_rng(0)
    X, y, w = rng.normal(size=(50, 300)), rng.normal(size=50), np.repeat([1.0, 0.0], 25)
    some, all_ = LinearRegression(alpha=0.1), LinearRegression(alpha=0.1)
    some.fit(X, y, w)
    all_.fit(X[:25], y[:25])
    np.testing.assert_allclose(some.coef_, all_.coef_, atol=1e-12)
    assert (some.moments_.rows, some.moments_.dropped) == (25, 25)


def test_least_squares_is_the_shortest_answer_on_standardised_columns():
    (X, y), *_ = (chunk().parts,)
    with pytest.warns(CollinearityWarning), pytest.warns(DataWarning):
        model = LinearRegression().fit(X, y)
    assert isinstance(model._fit.moments, Thin)
    d = X.std(axis=0)
    b = np.linalg.lstsq((X - X.mean(axis=0)) / d, y - y.mean())[0] / d
    np.testing.assert_allclose(model.coef_, b, atol=1e-12)
    np.testing.assert_allclose(model.predict(X), y, atol=1e-12)
    assert model.rank_ == 39
    assert model.certificate_.unit == "sd(y)"


@pytest.mark.filterwarnings("ignore::steepest.errors.CollinearityWarning")
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_what_twin_rows_leave_open_is_as_open_as_moments_say(fit_intercept):
    X, y = chunk(60).parts
    twins = np.vstack([X, X])
    thin = Thin.of(Chunk((twins, np.concatenate([y, y + 1])), (*(f"x{j}" for j in range(300)), "y")))
    asked = Parameters(fit_intercept=fit_intercept)
    ours, theirs = solve(thin, asked), solve(thin.dense(), asked)
    assert ours.normal.rank == theirs.normal.rank == 60 - fit_intercept
    assert ours.normal.freedom == theirs.normal.freedom == 60
    assert ours.sigma == pytest.approx(theirs.sigma, rel=1e-12)
    rows = Chunk((np.vstack([X[:3], X[:1] + 1]),), thin.names[:-1])
    np.testing.assert_allclose(ours.mean_se(rows), theirs.mean_se(rows), rtol=1e-8)
    assert np.isnan(ours.mean_se(rows)[3])
    assert steepest.inference.inference(ours).se.shape == (300 + fit_intercept,)
    assert np.isnan(steepest.inference.inference(ours).se[1:]).all()


@pytest.mark.filterwarnings(
    "ignore::steepest.errors.CollinearityWarning", "ignore::steepest.errors.DataWarning"
)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_penalised_answers_are_those_of_scikit_learn(weighted, fit_intercept):
    rows = chunk(weighted=weighted)
    (X, y), w = rows.parts, rows.weights
    known = {"fit_intercept": fit_intercept}
    for alpha, l1_ratio in ((0.1, 1.0), (0.02, 1.0), (0.1, 0.5)):
        model = LinearRegression(alpha=alpha, l1_ratio=l1_ratio, **known).fit(X, y, w)
        other = ElasticNet(alpha, l1_ratio=l1_ratio, tol=1e-15, max_iter=10**6, **known).fit(X, y, w)
        np.testing.assert_allclose(model.coef_, other.coef_, atol=1e-8)
        assert model.converged_
        assert np.count_nonzero(model.coef_) == np.count_nonzero(np.abs(other.coef_) > 1e-9)
    total = len(y) if w is None else w.sum()
    model = LinearRegression(alpha=0.1, **known).fit(X, y, w)
    np.testing.assert_allclose(model.coef_, Ridge(0.1 * total, **known).fit(X, y, w).coef_, atol=1e-10)


@pytest.mark.filterwarnings(
    "ignore::steepest.errors.CollinearityWarning", "ignore::steepest.errors.DataWarning"
)
def test_the_penalty_is_that_of_lasso_cv():
    X, y = chunk(90).parts
    model = LinearRegressionCV(eps=0.05).fit(X, y)
    other = LassoCV(alphas=100, eps=0.05, tol=1e-12, max_iter=10**6).fit(X, y)
    assert isinstance(model._fit.moments, Thin)
    assert model.alpha_ == pytest.approx(other.alpha_, rel=1e-12)
    np.testing.assert_allclose(model.mse_path_, other.mse_path_, rtol=1e-7)
    np.testing.assert_allclose(model.coef_, other.coef_, atol=1e-8)


@pytest.mark.filterwarnings(
    "ignore::steepest.errors.CollinearityWarning", "ignore::steepest.errors.DataWarning"
)
def test_a_saved_model_predicts_the_same(tmp_path):
    X, y = chunk().parts
    model = LinearRegression(alpha=0.1, l1_ratio=1).fit(X, y)
    model.save(tmp_path / "wide.json")
    np.testing.assert_allclose(steepest.load(tmp_path / "wide.json").predict(X), model.predict(X), rtol=1e-12)


@pytest.mark.filterwarnings(
    "ignore::steepest.errors.CollinearityWarning", "ignore::steepest.errors.DataWarning"
)
def test_more_rows_can_come_later():
    X, y = chunk(80).parts
    model = LinearRegression(alpha=0.1).fit(X[:40], y[:40]).partial_fit(X[40:], y[40:])
    np.testing.assert_allclose(model.coef_, LinearRegression(alpha=0.1).fit(X, y).coef_, atol=1e-10)


def test_a_cell_that_is_no_number_is_named():
    X, y = chunk().parts
    X[17, 250] = np.nan
    with pytest.raises(
        InputError, match=r"column 'x250' \(X\[:, 250\]\): 1 of 40 values are missing .*row 17"
    ):
        LinearRegression().fit(X, y)


def test_whole_numbers_that_float64_would_round_are_gathered_as_they_are():
    rng = np.random.default_rng(0)
    y, whole = rng.normal(size=40), rng.integers(0, 100, (40, 300))
    assert is_wide(rows_of(whole.astype(np.int32), y, None))
    assert not is_wide(rows_of(whole, y, None))


def test_products_are_those_of_the_rows():
    normal = NormalEquations.of(Thin.of(chunk()), intercept=True)
    gram, H = normal.gram, normal.gram.whole()
    assert isinstance(gram, FewRows)
    np.testing.assert_allclose(np.diag(H), 1, atol=1e-14)
    for rows, columns in (([5, 2], [7]), ([2], [9, 5]), ([], [3]), ([0, 1, 2, 3], [3, 2, 1, 0])):
        rows, columns = np.array(rows, int), np.array(columns, int)
        np.testing.assert_allclose(gram.block(rows, columns), H[np.ix_(rows, columns)], atol=1e-14)
    u = np.zeros(300)
    u[[3, 9]] = 1.0, -2.0
    np.testing.assert_allclose(gram.times(u), H @ u, atol=1e-13)
