"""The methods that visit the rows: they never diverge, say where they circle, and repeat themselves."""

import warnings

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

import steepest
from steepest import SGD, Adam, LinearRegression
from steepest.descent import Status
from steepest.errors import InputError
from steepest.fitting import Rows
from steepest.moments import Moments
from steepest.normal import NormalEquations
from steepest.objective import Quadratic
from steepest.sampled import Sampled
from steepest.sources.arrays import Arrays
from truth import least_squares

METHODS = [SGD(), SGD(batch_size=1), SGD(average=False), SGD(schedule="adaptive"), Adam()]
METHODS += [SGD(schedule="constant"), Adam(schedule="invscaling"), Adam(average=False, batch_size=100)]


def label(method):
    return f"{method.name}-{method.batch_size}-{method.average}-{method.schedule}"


def quietly(method, X, y, weights=None, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LinearRegression(method=method, **{"random_state": 0, **parameters}).fit(X, y, weights)


def unscaled(n=3000, p=6, seed=0, heavy=False):
    """Return columns of scales from 10⁻⁴ to 10⁴ about an offset of 10⁶, as far as float64 holds them."""
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(n, p))
    if heavy:
        Z *= np.sqrt(3 / rng.chisquare(3, size=(n, 1)))
    return Z * np.geomspace(1e-4, 1e4, p) + 1e6, Z @ rng.normal(size=p) + rng.normal(size=n)


@pytest.mark.parametrize("method", METHODS, ids=label)
@pytest.mark.parametrize("heavy", [False, True])
def test_unscaled_data_do_not_diverge_and_the_noise_is_told(method, heavy):
    X, y = unscaled(heavy=heavy)
    model = quietly(method, X, y, max_iter=60)
    exact = LinearRegression().fit(X, y)
    assert model.score(X, y) > exact.score(X, y) - 0.05
    history = model.history_
    assert history["distance_se"].max() == history["distance_se"][0]
    radius = model._fit.radius
    text = str(model.summary())
    verb = "circle at" if model._fit.status is Status.CIRCLING else "are"
    assert f"noise: its points {verb} about {radius:.2g} SE from the exact fit" in text
    assert 0.01 < radius < 200
    if not method.average and method.schedule == "constant":
        assert 0.2 * radius < model.certificate_.in_se < 5 * radius
    assert least_squares(X, y).distance(model) <= model.certificate_.in_se


@pytest.mark.parametrize("rate", [1e-3, 1.0, 1e3, 1e9])
@pytest.mark.parametrize("batch_size", [1, 32])
@pytest.mark.parametrize("scale", ["standard", "none"])
def test_no_learning_rate_makes_the_implicit_step_diverge(rate, batch_size, scale):
    X, y = unscaled(n=400)
    model = quietly(SGD(batch_size=batch_size), X, y, learning_rate=rate, max_iter=8, scale=scale)
    loss = model.history_["loss"]
    assert np.isfinite(loss).all()
    assert loss[-1] < 30 * loss[0]


def test_a_single_row_takes_the_implicit_step():
    """Its gradient is that of the point that it leads to."""
    X, y = np.array([[2.0], [-1.0], [5.0]]), np.array([1.0, 4.0, 2.0])
    model = quietly(SGD(batch_size=1, average=False, schedule="constant", shuffle=False), X, y,
                    learning_rate=0.3, max_iter=1, scale="none")  # fmt: skip
    v = np.zeros(2)
    for x, target in zip(X, y, strict=True):
        z = np.array([1.0, *x])
        v = np.linalg.solve(np.eye(2) + 0.3 * np.outer(z, z), v + 0.3 * target * z)
    np.testing.assert_allclose([model.intercept_, *model.coef_], v, rtol=1e-12)


def test_one_batch_of_all_rows_is_damped_gradient_descent():
    X, y = unscaled(n=50, p=3)
    model = quietly(
        SGD(batch_size=50, average=False, schedule="constant"), X, y, learning_rate=0.1, max_iter=1
    )
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    g = Z.T @ (y - y.mean()) / 50
    curvature = (Z @ g) @ (Z @ g) / 50 / (g @ g)
    np.testing.assert_allclose(model.coef_ * X.std(axis=0), 0.1 / (1 + 0.1 * curvature) * g, rtol=1e-9)


def test_adam_is_that_of_the_paper():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 2)), rng.normal(size=40)
    model = quietly(Adam(batch_size=10, average=False, shuffle=False), X, y, learning_rate=0.05, max_iter=2,
                    fit_intercept=False, scale="none")  # fmt: skip
    w, m, s = np.zeros(2), np.zeros(2), np.zeros(2)
    for t, start in enumerate([*range(0, 40, 10)] * 2, 1):
        Z, target = X[start : start + 10], y[start : start + 10]
        g = Z.T @ (Z @ w - target) / 10
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
        w = w - 0.05 * (m / (1 - 0.9**t)) / np.sqrt(s / (1 - 0.999**t))
    np.testing.assert_allclose(model.coef_, w, rtol=1e-10)


def test_averaging_settles_where_the_points_circle():
    X, y = unscaled()
    points = quietly(SGD(average=False, schedule="constant"), X, y)
    average = quietly(SGD(average=True, schedule="constant"), X, y)
    assert average.certificate_.in_se < points.certificate_.in_se / 5
    assert average._fit.radius == pytest.approx(points._fit.radius, rel=0.3)


def test_a_tenth_of_the_rate_circles_closer():
    X, y = unscaled()
    method = SGD(average=False, schedule="constant")
    radii = [quietly(method, X, y, learning_rate=rate)._fit.radius for rate in (0.2, 0.02)]
    assert radii[1] < radii[0] / 2


def test_the_average_is_over_a_half_to_three_quarters_of_all_points():
    from steepest.methods.stochastic import Tail

    tail = Tail(np.zeros(1), np.zeros(1))
    for t in range(1, 101):
        tail.add(t, np.array([float(t)]))
    assert tail.mean[0] == pytest.approx(np.arange(32, 101).mean())


def test_slow_is_not_called_circling():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = X.sum(axis=1) + rng.normal(size=300)
    with pytest.warns(ConvergenceWarning, match='hardly moving after .* use scale="standard"'):
        LinearRegression(method="sgd", scale="none", random_state=0).fit(1e-4 * X, y)
    with pytest.warns(ConvergenceWarning, match="circling in its noise"):
        LinearRegression(method="sgd", scale="none", random_state=0).fit(X, y)


def test_schedules():
    X, y = unscaled(n=320, p=2)
    rates = {}
    for schedule in ("constant", "invscaling", "adaptive"):
        model = quietly(SGD(schedule=schedule), X, y, learning_rate=0.5, max_iter=40)
        rates[schedule] = model.history_["learning_rate"][1:]
    assert (rates["constant"] == 0.5).all()
    np.testing.assert_allclose(
        rates["invscaling"], 0.5 / np.sqrt(10 * np.arange(1, len(rates["invscaling"]) + 1))
    )
    steps = rates["adaptive"][:-1] / rates["adaptive"][1:]
    assert set(np.round(steps, 9)) <= {1.0, 5.0}
    assert rates["adaptive"][-1] < 0.5


@pytest.mark.parametrize("method", [SGD(), Adam()], ids=label)
def test_a_seed_repeats_the_path_bit_by_bit_and_none_does_not(method):
    X, y = unscaled(n=300)
    one, two, other, free = (
        quietly(method, X, y, random_state=seed, max_iter=5).coef_ for seed in (7, 7, 8, None)
    )
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()
    assert (one != free).any()
    drawn = [quietly(method, X, y, random_state=np.random.RandomState(0), max_iter=5).coef_ for _ in "ab"]
    np.testing.assert_array_equal(*drawn)
    generator = np.random.default_rng(0)
    drawn = [quietly(method, X, y, random_state=generator, max_iter=5).coef_ for _ in "ab"]
    assert (drawn[0] != drawn[1]).any()


def test_rows_come_alike_from_arrays_tables_and_files(tmp_path):
    X, y = unscaled(n=500, p=2)
    table = pa.table({"a": X[:, 0], "b": X[:, 1], "y": y})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    asked = {"method": SGD(shuffle=False), "max_iter": 3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        models = [
            LinearRegression(**asked).fit(X, y),
            LinearRegression(**asked).fit(sparse.csr_array(X), y),
            steepest.fit(table, target="y", **asked),
            steepest.fit(str(tmp_path / "t.parquet"), target="y", **asked),
        ]
    for model in models[1:]:
        np.testing.assert_allclose(model.coef_, models[0].coef_, rtol=1e-12)


def test_batches_are_all_rows_once_in_a_new_order_every_epoch(tmp_path):
    rng = np.random.default_rng(0)
    X = np.arange(200_000.0)[:, None]
    table = pa.table({"x": X[:, 0], "y": rng.normal(size=len(X))})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet", row_group_size=9_000)
    source = Arrays((X,), np.asarray(table["y"]), ("x", "y"))
    problem = Quadratic.of(
        NormalEquations.of(Moments.of(np.column_stack([X, table["y"]])), intercept=True), "none"
    )
    sampled = Sampled.on(problem, Rows(source).visit, 3)

    def visited(epoch, **order):
        return np.concatenate([batch.rows[:, 1] for batch in sampled.batches(64, epoch, **order)])

    first, second = visited(0, shuffle=True), visited(1, shuffle=True)
    np.testing.assert_allclose(np.sort(first), X[:, 0], atol=1e-9)
    np.testing.assert_allclose(np.sort(second), X[:, 0], atol=1e-9)
    assert (first[:64] != second[:64]).any()
    np.testing.assert_array_equal(first, visited(0, shuffle=True))
    np.testing.assert_allclose(visited(0, shuffle=False), X[:, 0], atol=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = steepest.fit(tmp_path / "t.parquet", target="y", method="sgd", max_iter=2, random_state=0)
    assert model.moments_.rows == 200_000


@pytest.mark.parametrize("method", [SGD(), Adam()], ids=label)
def test_integer_weights_draw_towards_the_weighted_answer(method):
    X, y = unscaled(n=400, p=2)
    weights = np.random.default_rng(1).integers(0, 5, size=400).astype(float)
    model, exact = quietly(method, X, y, weights), LinearRegression().fit(X, y, weights)
    plain = LinearRegression().fit(X, y)
    se = exact.inference().se[1:]
    assert (np.abs(model.coef_ - exact.coef_) < np.maximum(2 * se, np.abs(plain.coef_ - exact.coef_))).all()
    scaled = quietly(method, X, y, weights * 1e7)
    np.testing.assert_allclose(scaled.coef_, model.coef_, rtol=1e-6)


def test_rows_that_can_be_read_only_once_are_refused():
    X, y = unscaled(n=100)
    model = quietly(SGD(), X[:50], y[:50], max_iter=2)
    with pytest.raises(InputError, match=r'read only once\. .* choose method="newton"'):
        model.partial_fit(X[50:], y[50:])
    stream = pa.RecordBatchReader.from_batches(
        (table := pa.table({"a": X[:, 0], "y": y})).schema, table.to_batches()
    )
    with pytest.raises(InputError, match="visits the rows again and again"):
        steepest.fit(stream, target="y", method="sgd")


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_few_rows(rows):
    X, y = np.arange(1.0, rows + 1)[:, None], np.array([1.0, 3.0, 2.0])[:rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = LinearRegression(method="sgd", max_iter=5, random_state=0).fit(X, y)
    assert np.isfinite(model.coef_).all()
