"""What a change of the data must do to the answer, where nobody knows the answer: metamorphic relations."""

import warnings
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest
from steepest import LinearRegression
from steepest.errors import CollinearityWarning, DataWarning, InputError, NotInferable
from steepest.fitting import solve
from steepest.parameters import Parameters

pytestmark = pytest.mark.usefixtures("way")

relation = settings(max_examples=25, deadline=None, derandomize=True)

SEEDS = st.integers(0, 2**32 - 1)
EITHER = st.booleans()


@dataclass(frozen=True)
class Rows:
    """A regression whose coefficients are all of the order of one."""

    X: np.ndarray
    y: np.ndarray
    w: np.ndarray | None
    fit_intercept: bool

    def fit(self, **parameters):
        return LinearRegression(**{"fit_intercept": self.fit_intercept} | parameters).fit(
            self.X, self.y, self.w
        )

    def take(self, rows):
        return replace(self, X=self.X[rows], y=self.y[rows], w=None if self.w is None else self.w[rows])

    def beside(self, column):
        return replace(self, X=np.column_stack([self.X, column]))

    def score(self, model):
        return model.score(self.X, self.y, self.w)


def regression(seed, n, p, weighted, fit_intercept):
    rng = np.random.default_rng(seed)
    U, _, V = np.linalg.svd(rng.normal(size=(p, p)))
    X = rng.normal(size=(n, p)) @ (U * np.linspace(1, 0.3, p) @ V) + rng.normal(size=p)
    y = 2 + X @ (rng.choice([-1, 1], size=p) * rng.uniform(1, 3, size=p)) + rng.normal(size=n)
    return Rows(X, y, rng.uniform(0.2, 5, size=n) if weighted else None, fit_intercept)


def regressions(least=30, weighted=EITHER, fit_intercept=EITHER):
    sizes = {"n": st.integers(least, 90), "p": st.integers(1, 4)}
    return st.builds(regression, seed=SEEDS, **sizes, weighted=weighted, fit_intercept=fit_intercept)


def close(actual, expected, within):
    """Compare vectors, relative to the largest entry."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=within * np.max(np.abs(expected), initial=0))


def line(model):
    return np.append(model.intercept_, model.coef_)


def same_tests(a, b, within):
    """Compare all that is printed beside the coefficients; small p-values magnify what moves t."""
    for name, times in {"se": 1, "t": 1, "f": 1, "r2": 1, "p": 100}.items():
        close(getattr(a.inference(), name), getattr(b.inference(), name), times * within)


def first_times(factor, rows):
    return np.append(factor, np.ones(rows.X.shape[1] - 1))


# M1: units


@relation
@given(regressions(), st.integers(-450, 450), st.integers(-450, 450))
def test_powers_of_two_as_units_change_no_bit(rows, i, j):
    factor, unit = first_times(2.0**i, rows), 2.0**j
    scaled = replace(rows, X=rows.X * factor, y=rows.y * unit)
    a, b = rows.fit(), scaled.fit()
    np.testing.assert_array_equal(b.coef_ * factor, a.coef_ * unit)
    np.testing.assert_array_equal(b.predict(scaled.X), a.predict(rows.X) * unit)
    np.testing.assert_array_equal(b.inference().p, a.inference().p)
    assert b.sigma_ == a.sigma_ * unit


@relation
@given(
    regressions(),
    st.sampled_from([(1e-9, 1), (1e9, -1), (-3.7, 1e-200), (1, 1e200), (1e-150, 1e150), (1e200, 1e-9)]),
)
def test_units_change_coefficients_alone(rows, units):
    factor, unit = first_times(units[0], rows), units[1]
    scaled = replace(rows, X=rows.X * factor, y=rows.y * unit)
    a, b = rows.fit(), scaled.fit()
    close(b.coef_ * factor / unit, a.coef_, 1e-10)
    close(b.predict(scaled.X) / unit, a.predict(rows.X), 1e-10)
    close(np.abs(b.inference().t), np.abs(a.inference().t), 1e-10)
    close(b.inference().p, a.inference().p, 1e-8)
    assert b.sigma_ / abs(unit) == pytest.approx(a.sigma_, rel=1e-10)
    assert b.converged_


@pytest.mark.parametrize("units", [(1e-200, 1e200), (1e200, 1e-200)])
def test_units_that_no_coefficient_can_express_are_refused(units):
    rows = regression(seed=0, n=30, p=2, weighted=False, fit_intercept=True)
    with pytest.raises(InputError, match="column 'x0': its coefficient is beyond the range of float64"):
        replace(rows, X=rows.X * first_times(units[0], rows), y=rows.y * units[1]).fit()


# M2: origins


@relation
@given(
    regressions(fit_intercept=st.just(True)),
    st.sampled_from([(2.0**10, 1e-12), (-(2.0**20), 1e-10), (2.0**30, 1e-8)]),
    st.sampled_from([0, -(2.0**10), 2.0**30]),
)
def test_origins_move_the_intercept_alone(rows, shift, rise):
    """Rows on a grid of 2⁻¹⁶, so that the shifts are exact."""
    offset, within = shift
    rows = replace(rows, X=np.round(rows.X * 2**16) / 2**16, y=np.round(rows.y * 2**16) / 2**16)
    moved = replace(rows, X=rows.X + offset, y=rows.y + rise)
    a, b = rows.fit(), moved.fit()
    close(b.coef_, a.coef_, within)
    close(b.inference().se[1:], a.inference().se[1:], within)
    size = abs(rise) + abs(offset) * np.abs(a.coef_).sum()
    assert abs(b.intercept_ - (a.intercept_ + rise - offset * a.coef_.sum())) <= within * size
    np.testing.assert_allclose(
        b.predict(moved.X) - rise, a.predict(rows.X), rtol=0, atol=1e-15 * size + within
    )


# M3: order


@relation
@given(regressions(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, random):
    order = random.sample(range(len(rows.y)), len(rows.y))
    a, b = rows.fit(), rows.take(order).fit()
    close(line(b), line(a), 1e-12)
    close(b.predict(rows.X), a.predict(rows.X), 1e-12)
    same_tests(b, a, 1e-10)


@relation
@given(regressions(), st.randoms(use_true_random=False))
def test_coefficients_and_names_follow_the_columns(rows, random):
    p = rows.X.shape[1]
    order = random.sample(range(p), p)
    frame = pd.DataFrame(rows.X, columns=list("abcd")[:p])
    a, b = replace(rows, X=frame).fit(), replace(rows, X=frame.iloc[:, order]).fit()
    assert b.feature_names_in_.tolist() == a.feature_names_in_[order].tolist()
    close(b.coef_, a.coef_[order], 1e-10)
    close(b.inference().se[-p:], a.inference().se[-p:][order], 1e-10)
    close(b.predict(frame.iloc[:, order]), a.predict(frame), 1e-10)


# M4, M5: copies and weights


@relation
@given(regressions(), st.integers(2, 5))
def test_copies_of_the_data_shrink_standard_errors_alone(rows, times):
    a, b = rows.fit(), rows.take(np.tile(np.arange(len(rows.y)), times)).fit()
    shrunk = np.sqrt(a.inference().df / b.inference().df)
    close(line(b), line(a), 1e-12)
    close(b.inference().se, a.inference().se * shrunk, 1e-12)
    assert rows.score(b) == pytest.approx(rows.score(a), rel=1e-12)


@relation
@given(regressions(weighted=st.just(False)), SEEDS)
def test_whole_weights_are_repeated_rows(rows, seed):
    times = np.random.default_rng(seed).integers(0, 5, size=len(rows.y))
    weighted, repeated = replace(rows, w=times), rows.take(np.repeat(np.arange(len(rows.y)), times))
    a, b = weighted.fit(), repeated.fit()
    close(line(a), line(b), 1e-12)
    close(a.predict(rows.X), b.predict(rows.X), 1e-12)
    assert weighted.score(a) == pytest.approx(repeated.score(b), rel=1e-12)


@relation
@given(regressions(), SEEDS)
def test_rows_of_weight_zero_are_not_there(rows, seed):
    kept = np.random.default_rng(seed).random(len(rows.y)) < 0.7
    w = np.where(kept, 1.0 if rows.w is None else rows.w, 0)
    X = np.where(kept[:, None], rows.X, 1e300)
    a, b = replace(rows, X=X, w=w).fit(), rows.take(kept).fit()
    close(line(a), line(b), 1e-12)
    assert a.sigma_ == pytest.approx(b.sigma_, rel=1e-12)
    same_tests(a, b, 1e-12)


@relation
@given(regressions(weighted=st.just(True)), st.sampled_from([1e-200, 1e-9, 3.0, 1e9, 1e200]))
def test_the_unit_of_the_weights_scales_sigma_alone(rows, factor):
    a, b = rows.fit(), replace(rows, w=rows.w * factor).fit()
    close(line(b), line(a), 1e-12)
    same_tests(b, a, 1e-12)
    assert b.sigma_ == pytest.approx(a.sigma_ * np.sqrt(factor), rel=1e-12)
    assert b.inference().loglik == pytest.approx(a.inference().loglik, abs=1e-9)


# M6, M7, M8: parts


@relation
@given(
    regressions(),
    st.sampled_from([0, 1e6]),
    st.lists(st.integers(1, 89), max_size=8),
    st.randoms(use_true_random=False),
)
def test_parts_in_any_order_give_the_fit_of_the_whole(rows, offset, cuts, random):
    rows = replace(rows, X=rows.X + offset * rows.fit_intercept)
    parts = [part for part in np.split(np.arange(len(rows.y)), sorted(cuts)) if len(part)]
    random.shuffle(parts)
    whole, merged = rows.fit(), LinearRegression(fit_intercept=rows.fit_intercept)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for part in map(rows.take, parts):
            merged.partial_fit(part.X, part.y, part.w)
    close(merged.coef_, whole.coef_, 1e-12)
    close(merged.intercept_, whole.intercept_, 1e-12)
    same_tests(merged, whole, 1e-12)
    assert merged.moments_.rows == len(rows.y)


@relation
@given(regressions(least=60), st.integers(1, 30))
def test_what_is_subtracted_was_never_there(rows, cut):
    part, rest = rows.take(slice(cut)), rows.take(slice(cut, None))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        left = rows.fit().moments_ - part.fit().moments_
    never = rest.fit()
    found = solve(left, Parameters(fit_intercept=rows.fit_intercept))
    assert left.rows == len(rest.y)
    close([found.intercept, *found.coef], line(never), 1e-9)
    assert found.sigma == pytest.approx(never.sigma_, rel=1e-9)


@relation
@given(regressions())
def test_every_way_down_ends_at_the_same_answer(rows):
    exact = rows.fit()
    for method in ("gd", "cg", "newton"):
        for scale in ("standard", "center", "none"):
            model = rows.fit(method=method, scale=scale, max_iter=100_000)
            apart = np.abs(line(model) - line(exact))[not rows.fit_intercept :] / exact.inference().se
            assert apart.max() <= 2 * model.tol, (method, scale)


# M9, M10, M11: containers, types and files


CONTAINERS = {
    "pandas": lambda frame, path: frame,
    "polars": lambda frame, path: pl.from_pandas(frame),
    "polars, lazily": lambda frame, path: pl.from_pandas(frame).lazy(),
    "Arrow": lambda frame, path: pa.Table.from_pandas(frame),
    "CSV": lambda frame, path: frame.to_csv(path, index=False) or path,
    "Parquet": lambda frame, path: frame.to_parquet(path) or path,
}


@pytest.mark.parametrize("container", CONTAINERS)
@relation
@given(regressions())
def test_every_container_gives_the_same_fit(tmp_path_factory, container, rows):
    names = list("dbca")[: rows.X.shape[1]]
    frame = pd.DataFrame(rows.X, columns=names).assign(target=rows.y, w=1.0 if rows.w is None else rows.w)
    path = tmp_path_factory.mktemp("tables") / f"rows.{container.lower()}"
    table = CONTAINERS[container](frame, path)
    a = rows.fit()
    b = steepest.fit(table, target="target", weights="w", fit_intercept=rows.fit_intercept)
    close(line(b), line(a), 1e-12)
    same_tests(b, a, 1e-12)
    assert b.feature_names_in_.tolist() == names
    close(b.predict(table), a.predict(rows.X), 1e-12)


@relation
@given(regressions(), st.sampled_from(["float32", "float16", "int8"]))
def test_narrow_numbers_are_the_same_numbers(rows, dtype):
    X, y = (rows.X * 9).astype(dtype), (rows.y * 9).clip(-99, 99).astype(dtype)
    a, b = (replace(rows, X=X.astype(t), y=y.astype(t)).fit() for t in (dtype, "float64"))
    close(line(a), line(b), 1e-12)
    close(a.predict(X), b.predict(X), 1e-12)
    same_tests(a, b, 1e-12)


@relation
@given(regressions())
def test_a_model_survives_its_file_to_the_last_bit(tmp_path_factory, rows):
    one, two = (tmp_path_factory.mktemp("models") / name for name in ("one.json", "two.json"))
    model = rows.fit()
    model.save(one)
    again = steepest.load(one)
    again.save(two)
    assert one.read_bytes() == two.read_bytes()
    np.testing.assert_array_equal(again.predict(rows.X), model.predict(rows.X))
    np.testing.assert_array_equal(again.predict_interval(rows.X), model.predict_interval(rows.X))
    np.testing.assert_array_equal(again.inference().p, model.inference().p)


# M13, M14, M15, M17: columns


@relation
@given(regressions(), SEEDS)
def test_a_column_of_noise_never_lowers_r2(rows, seed):
    more = rows.beside(np.random.default_rng(seed).normal(size=len(rows.y)))
    a, b = rows.fit(), more.fit()
    assert more.score(b) >= rows.score(a) - 1e-12
    assert b.inference().r2 >= a.inference().r2 - 1e-12


@relation
@given(regressions())
def test_the_target_as_a_feature_explains_itself(rows):
    leaked = rows.beside(rows.y)
    with pytest.warns(DataWarning, match=f"x{rows.X.shape[1]} determines the target exactly"):
        model = leaked.fit()
    assert leaked.score(model) == pytest.approx(1, abs=1e-12)
    close(line(model), [*np.zeros(rows.X.shape[1] + 1), 1], 1e-9)
    with pytest.raises(NotInferable, match="rounding noise"):
        model.inference()


@relation
@given(regressions(), SEEDS)
def test_rotated_features_give_the_same_predictions(rows, seed):
    p = rows.X.shape[1]
    Q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(p, p)))
    a, b = rows.fit(), replace(rows, X=rows.X @ Q).fit()
    close(b.predict(rows.X @ Q), a.predict(rows.X), 1e-9)
    close(Q @ b.coef_, a.coef_, 1e-9)
    assert b.sigma_ == pytest.approx(a.sigma_, rel=1e-9)


@relation
@given(regressions())
def test_a_copied_column_shares_its_coefficient(rows):
    a, twin = rows.fit(), rows.beside(rows.X[:, 0])
    with pytest.warns(CollinearityWarning, match="coefficients of smallest norm"):
        b = twin.fit()
    assert b.rank_ == a.rank_
    assert b.converged_
    close([b.coef_[0], b.coef_[-1]], np.full(2, a.coef_[0] / 2), 1e-9)
    close(b.predict(twin.X), a.predict(rows.X), 1e-9)
    assert b.sigma_ == pytest.approx(a.sigma_, rel=1e-9)


@relation
@given(regressions())
def test_residuals_are_orthogonal_to_the_features(rows):
    r = rows.y - rows.fit().predict(rows.X)
    weighted = r if rows.w is None else r * rows.w
    A = np.column_stack([np.ones(len(r)), rows.X]) if rows.fit_intercept else rows.X
    assert (np.abs(weighted @ A) <= 1e-9 * np.linalg.norm(weighted) * np.linalg.norm(A, axis=0)).all()


@relation
@given(regressions(fit_intercept=st.just(True)), st.sampled_from([0.0, 0.1, -7e8]))
def test_a_constant_column_changes_nothing(rows, value):
    a, more = rows.fit(), rows.beside(np.full(len(rows.y), value))
    with pytest.warns(CollinearityWarning, match="does not vary: coefficient exactly 0"):
        b = more.fit()
    assert b.coef_[-1] == 0
    assert b.rank_ == a.rank_
    close(line(b)[:-1], line(a), 1e-12)
    close(b.predict(more.X), a.predict(rows.X), 1e-12)
    close(b.inference().se[:-1], a.inference().se, 1e-12)
    assert b.sigma_ == pytest.approx(a.sigma_, rel=1e-12)


# M16: rows to predict


@relation
@given(regressions(), st.data())
def test_predictions_do_not_depend_on_the_rows_beside_them(rows, data):
    start = data.draw(st.integers(0, len(rows.y) - 1))
    stop = data.draw(st.integers(start + 1, len(rows.y)))
    model = rows.fit()
    np.testing.assert_array_equal(model.predict(rows.X[start:stop]), model.predict(rows.X)[start:stop])


@relation
@given(regressions())
def test_predictions_of_a_file_are_those_of_its_rows(tmp_path_factory, rows):
    frame = pd.DataFrame(rows.X, columns=list("abcd")[: rows.X.shape[1]])
    path = tmp_path_factory.mktemp("tables") / "new.parquet"
    pq.write_table(pa.Table.from_pandas(frame), path, row_group_size=11)
    model = steepest.fit(frame.assign(y=rows.y), target="y")
    np.testing.assert_array_equal(model.predict(path), model.predict(frame))
