"""Steps on the rows: taken where the moments are not precise enough, and exact."""

from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from sklearn.exceptions import ConvergenceWarning

import steepest
from steepest import LinearRegression
from steepest.chunk import Chunk
from steepest.errors import CollinearityWarning, DataChangedError, InputError
from steepest.exact import product, slices
from steepest.fitting import Rows, solve
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.parameters import Parameters
from steepest.residuals import Grid, Residuals
from steepest.sources.arrays import Arrays
from truth import exactly


def steep(condition, noise=0.1, n=200, seed=0):
    """Return three columns of a condition number, and a target."""
    rng = np.random.default_rng(seed)
    U, _, V = np.linalg.svd(rng.normal(size=(3, 3)))
    X = rng.normal(size=(n, 3)) @ (U * np.geomspace(1, 1 / condition, 3) @ V)
    X /= X.std(axis=0)
    return X, X @ [1, -2, 3] + noise * rng.normal(size=n)


@pytest.mark.parametrize("shape", [(1, 1, 1), (50, 7, 3), (3, 5000, 2)])
def test_products_in_slices_are_exact(shape):
    n, k, c = shape
    rng = np.random.default_rng(0)
    A, B = rng.uniform(-1, 1, size=(n, k)), rng.uniform(-1, 1, size=(k, c))
    high, low = product(slices((A, 0 * A), 5), slices((B, 0 * B), 5))
    exact = sum(Fraction(a) * Fraction(b) for a, b in zip(A[0], B[:, 0], strict=True))
    assert abs(Fraction(high[0, 0]) + Fraction(low[0, 0]) - exact) <= k * Fraction(1, 2**90)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_residuals_and_their_products_are_exact(weighted, intercept):
    rng = np.random.default_rng(0)
    X = np.column_stack([1e9 + rng.normal(size=60), rng.integers(2**60, 2**60 + 99, size=60).astype(float)])
    X[:, 1] = rng.normal(size=60)
    y = 1e6 + rng.normal(size=60)
    w = rng.uniform(0.5, 2, size=60) if weighted else None
    chunk = Chunk((X, y), ("a", "b", "y"), w)
    normal = NormalEquations.of(Moments.of(chunk), intercept=intercept)
    grid = Grid.of(normal)
    line = (np.array([0.3, -0.2, 0.1 * intercept]), np.zeros(3))
    scores = Residuals(grid, line, np.zeros((0, 3)), 5, False).of(chunk)
    total = Fraction(0)
    for i in range(60):
        q = [(Fraction(X[i, j]) - Fraction(grid.origin[j])) / Fraction(grid.scale[j]) for j in range(2)]
        r = (
            Fraction(y[i])
            - Fraction(grid.origin[2])
            - sum(Fraction(b) * z for b, z in zip(line[0], [*q, 1], strict=True))
        )
        total += (Fraction(w[i]) if weighted else 1) * r * q[0]
    found = Fraction(scores.high[0]) + Fraction(scores.low[0])
    assert abs(found - total) <= abs(total) * Fraction(1, 10**24)


def test_an_ordinary_fit_reads_the_rows_once():
    X, y = steep(10)
    model = LinearRegression().fit(X, y)
    assert model._fit.normal.expansion.passes == 0
    assert "precise:" not in str(model.summary())


@pytest.mark.parametrize("method", ["newton", "cg", "gd"])
def test_a_steep_problem_is_solved_on_the_rows_by_every_method(method):
    X, y = steep(30 if method == "gd" else 1e6, noise=1e-4)
    model = LinearRegression(method=method, max_iter=10**5, tol=1e-4, precise=True).fit(X, y)
    truth = exactly(X, y)
    assert model.converged_
    assert truth.distance(model) <= model.certificate_.in_se <= 1e-4
    if method == "newton":
        assert model.certificate_.in_se < 1e-10
        assert "precise: rows read" in str(model.summary())


def test_precise_takes_every_digit():
    X, y = steep(100)
    exact = exactly(X, y).estimate
    found = LinearRegression(precise=True).fit(X, y)
    errors = [
        abs(Fraction(float(b)) - e) / abs(e)
        for b, e in zip([found.intercept_, *found.coef_], exact, strict=True)
    ]
    assert max(errors) < 2**-52
    with pytest.raises(InputError, match="precise: got 'yes'"):
        LinearRegression(precise="yes").fit(X, y)


def test_weighted_rows_are_refined_too():
    X, y = steep(1e5)
    w = np.random.default_rng(1).integers(1, 5, size=len(y)).astype(float)
    model = LinearRegression().fit(X, y, w)
    repeated = np.repeat(np.arange(len(y)), w.astype(int))
    truth = exactly(X[repeated], y[repeated])
    np.testing.assert_allclose(
        [model.intercept_, *model.coef_], [float(b) for b in truth.estimate], rtol=1e-12
    )


def test_a_stream_that_cannot_be_read_again_says_so():
    X, y = steep(1e6, noise=1e-6)
    table = pa.table({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": y})
    assert steepest.fit(table, target="y").converged_
    with pytest.warns(ConvergenceWarning, match="whose rows cannot be read again"):
        once = steepest.fit(table.to_reader(), target="y")
    assert not once.converged_
    again = steepest.fit(table, target="y")
    assert np.abs(once.coef_ - again.coef_).max() < 1e-3


def test_rows_that_were_added_are_noticed():
    X, y = steep(1e6)
    chunk = Chunk((X, y), ("a", "b", "c", "y"))
    with pytest.raises(DataChangedError, match="200 rows were read at first, and 199 later"):
        solve(Moments.of(chunk), Parameters(), rows=Rows(Arrays((X[:199],), y[:199], chunk.names)))


def test_the_same_bits_whatever_the_number_of_threads():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300_000, 8))
    X[:, 1] = X[:, 0] + 1e-5 * X[:, 1]
    y = X.sum(axis=1) + 1e-3 * rng.normal(size=len(X))
    a, b = LinearRegression(precise=True).fit(X, y), LinearRegression(precise=True).fit(X, y)
    np.testing.assert_array_equal(a.coef_, b.coef_)
    assert a.certificate_ == b.certificate_


def test_relations_name_the_columns():
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 50))
    table = pa.table(
        {"a": a, "b": b, "sum": a + b, "c": c, "half": 3 - c / 2, "y": a + c + rng.normal(size=50)}
    )
    with pytest.warns(
        CollinearityWarning, match=r"sum = a \+ b; half = 3 - 0.5 c: coefficients of smallest norm"
    ):
        model = steepest.fit(table, target="y")
    assert model.rank_ == 3
    assert model.converged_
    close = pa.table({"a": a, "b": a + 1e-9 * b, "y": a + c})
    with pytest.warns(CollinearityWarning, match="b nearly depend on each other"):
        assert steepest.fit(close, target="y").converged_


def test_refined_models_are_saved_whole(tmp_path):
    X, y = steep(1e7)
    model = LinearRegression().fit(X, y)
    model.save(tmp_path / "m.json")
    again = steepest.load(tmp_path / "m.json")
    assert again.certificate_ == model.certificate_
    np.testing.assert_array_equal(again.inference().se, model.inference().se)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_the_smallest_norm_is_found_beside_columns_that_nearly_depend():
    rng = np.random.default_rng(0)
    g, h = rng.integers(-100, 100, size=(2, 40)).astype(float)
    z = rng.integers(-50, 50, size=40).astype(float)
    close = z + 2.0**-32 * rng.integers(-3, 4, size=40)
    y = g + rng.normal(size=40)
    with pytest.warns(CollinearityWarning, match=r"x2 = x0 \+ x1"):
        model = LinearRegression().fit(np.column_stack([g, h, g + h, z, close]), y)
    full = exactly(np.column_stack([g, h, z, close]), y)
    b = np.array([float(full.estimate[1]), float(full.estimate[2]), 0.0])
    spread = np.array([g.std(), h.std(), (g + h).std()])
    null = np.array([1.0, 1.0, -1.0]) * spread
    u = b * spread
    np.testing.assert_allclose(model.coef_[:3], (u - null * (null @ u) / (null @ null)) / spread, rtol=1e-5)
    assert model.rank_ == 4


@pytest.mark.parametrize("apart", [1e-8, 1e-10, 1e-12])
def test_predictions_and_intervals_keep_their_digits_where_columns_nearly_depend(apart):
    rng = np.random.default_rng(0)
    a = rng.normal(size=40) + 3
    X, y = np.column_stack([a, a + apart * rng.normal(size=40)]), a + rng.normal(size=40)
    with pytest.warns(CollinearityWarning):
        model = LinearRegression().fit(X, y)
    plain = LinearRegression().fit(np.column_stack([X[:, 0], (X[:, 1] - X[:, 0]) / apart]), y)
    expected = plain.predict(np.column_stack([X[:, 0], (X[:, 1] - X[:, 0]) / apart]))
    np.testing.assert_allclose(model.predict(X), expected, atol=1e-9)
    assert model.score(X, y) == pytest.approx(
        plain.score(np.column_stack([X[:, 0], (X[:, 1] - X[:, 0]) / apart]), y)
    )
    exact = exactly(X, y)
    np.testing.assert_allclose(model.inference().se, [float(v) ** 0.5 for v in exact.se], rtol=1e-12)


@pytest.mark.parametrize("method", ["newton", "cg", "gd"])
def test_no_method_claims_digits_that_it_has_not_reached(method):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 2))
    y = X @ [1, 1e-9] + 1e-12 * rng.normal(size=50)
    with pytest.warns(ConvergenceWarning):
        model = LinearRegression(method=method).fit(X, y)
    truth = exactly(X, y)
    assert truth.distance(model) <= model.certificate_.in_se


def test_an_offset_of_the_target_hides_no_slope():
    """The intercept cannot be written closer than a thousand standard errors; the slope can."""
    rng = np.random.default_rng(0)
    steps, x = rng.integers(0, 5, size=30), np.arange(30.0)
    model = LinearRegression().fit(x[:, None], (2**62 + steps).astype(np.int64))
    plain = LinearRegression().fit(x[:, None], steps)
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-12)
    far = LinearRegression().fit(x[:, None], 1e10 + steps)
    assert far.converged_
    np.testing.assert_allclose(far.coef_, plain.coef_, rtol=1e-12)


def test_standard_errors_of_small_residuals_are_right():
    rng = np.random.default_rng(0)
    X = 100 + rng.normal(size=(30, 2))
    y = X @ [1, 2] + 1e-6 * rng.normal(size=30)
    found = LinearRegression().fit(X, y).inference().se
    np.testing.assert_allclose(found, [float(v) ** 0.5 for v in exactly(X, y).se], rtol=1e-6)
