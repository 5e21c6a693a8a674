# ruff: noqa: E501 - one line for every kind of input
"""Odd and bad input: right, or refused by name with a count, the first row and the fix."""

import math
import pickle
import re
import warnings
from datetime import date
from decimal import Decimal
from fractions import Fraction
from threading import Thread

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from sklearn.exceptions import NotFittedError

import steepest
from steepest import LinearRegression
from steepest.errors import DataWarning, InputError, InputTypeError, SteepestError

N = 40
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
Y = X @ [1, -2, 3] + RNG.normal(size=N)
NAMES = ["age", "dose", "bmi"]


def frame(**columns):
    return pd.DataFrame({**dict(zip(NAMES, X.T, strict=True)), **columns})


def spoiled(*cells):
    """Return X with some cells (row, column, value) changed."""
    rows = X.copy()
    for row, column, value in cells:
        rows[row, column] = value
    return rows


NAN = float("nan")
TEXT = frame(city=["Oslo"] * N)

REFUSED = {
    "missing cells": (spoiled((7, 1, NAN), (9, 1, NAN), (3, 2, NAN)), Y, r"column 'x1' \(X\[:, 1\]\): 2 of 40 values are missing \(NaN\), first at row 7; column 'x2' \(X\[:, 2\]\): 1 of 40 .* row 3. Input X contains NaN"),
    "a column of nothing": (spoiled(*((i, 0, NAN) for i in range(N))), Y, r"column 'x0'.*: all 40 values are missing.* Leave the column out"),
    "infinite cells": (spoiled((8, 1, -np.inf)), Y, r"column 'x1'.*: 1 of 40 values are infinite, first at row 8. Input X contains infinity"),
    "missing in a frame": (frame(k=pd.array([1, None] * 20, dtype="Int64")), Y, r"column 'k' \(X\[:, 3\]\): 20 of 40 .* row 1"),
    "missing in y": (X, np.where(np.arange(N) == 5, NAN, Y), r"y: 1 of 40 values are missing \(NaN\), first at row 5. Input y contains NaN"),
    "masked cells": (np.ma.array(X, mask=X > 2), Y, r"column 'x\d' .*values are masked"),
    "text in a frame": (TEXT, Y, r"X: column 'city' \(X\[:, 3\]\) holds text \(first value 'Oslo'\), not numbers. .*categorical="),
    "text in a list": ([["1", "2"], ["3", "x"]], [1.0, 2], r"X: holds text \(first value '1' at row 0\), not numbers"),
    "one text among numbers": ([[1.0], [2.0], ["n/a"]], [1.0, 2, 3], r"holds text"),
    "one object of text": (np.array([[1.0], ["n/a"]], dtype=object), [1.0, 2], r"column 'x0' \(X\[:, 0\]\): holds text \('n/a' at row 1\)"),
    "dates": (frame(when=pd.date_range("2020-01-01", periods=N)), Y, r"column 'when' .* holds dates"),
    "date objects": ([[date(2020, 1, 1)]] * 3, [1.0, 2, 3], r"column 'x0' .*: holds a date"),
    "categories": (frame(c=pd.Categorical(["a", "b"] * 20)), Y, r"column 'c' .* holds categories"),
    "text as y": (X, ["yes", "no"] * 20, r"y: holds text \(first value 'yes' at row 0\).*classifier"),
    "a series of text as y": (X, pd.Series(["yes", "no"] * 20), r"y: the target holds text \(first value 'yes'\).*classifier"),
    "complex numbers": (X + 1j, Y, "X: Complex data not supported"),
    "ragged rows": ([[1, 2], [3], [4, 5]], [1, 2, 3], "X: row 1 has 1 value, most have 2"),
    "one dimension": (X[:, 0], Y, r"X: Expected 2D array, got 1D array of shape \(40,\). Reshape your data"),
    "three dimensions": (X[:, :, None], Y, r"got 3D array of shape \(40, 3, 1\)"),
    "other lengths": (X, Y[:-1], "y: X has 40 rows, y has 39"),
    "no y": (X, None, "requires y to be passed, but the target y is None"),
    "two targets": (X, np.column_stack([Y, Y]), r"y: y should be a 1d array, got an array of shape \(40, 2\)"),
    "no rows": (X[:0], Y[:0], r"0 sample\(s\)"),
    "no columns": (X[:, :0], Y, r"0 feature\(s\) \(shape=\(40, 0\)\) while a minimum of 1 is required"),
    "a generator": ((row for row in X), Y, "X: a generator can be read only once. .*partial_fit"),
    "a mapping": ({"a": Y}, Y, "X: got a dict, not numbers"),
    "a path": ("data.csv", Y, "X: got the text 'data.csv'"[:5]),
    "names that occur twice": (pd.DataFrame(X, columns=["a", "b", "a"]), Y, r"X: columns share a name: 'a' at \[0, 2\]"),
    "names of mixed types": (pd.DataFrame(X, columns=["a", 1, "b"]), Y, "X: column names are of mixed types, such as 1"),
    "a lazy frame": (pl.DataFrame(X).lazy(), Y, r"X: is a lazy frame. Call .collect\(\) first"),
    "whole numbers beyond 64 bits": ([[2**70 + i] for i in range(9)], np.arange(9.0), "column 'x0' .*: a whole number is beyond the range of 64 bits"),
    "a sparse cell of nothing": (scipy.sparse.csr_array(spoiled((7, 1, NAN))), Y, r"column 'x1'.*: 1 of 40 .* row 7"),
    "names of ten thousand letters": (pd.DataFrame(spoiled((0, 0, NAN)), columns=["a" * 10_000, "b", "c"]), Y, r"column 'a{34}\.\.\.aaa'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_used_is_refused_by_name(kind):
    rows, y, message = REFUSED[kind]
    with pytest.raises(SteepestError, match=message) as caught:
        LinearRegression().fit(rows, y)
    assert isinstance(caught.value, InputError | InputTypeError)
    assert re.fullmatch(r".+: .+\. .+\.", str(caught.value), re.DOTALL)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "weights",
    [["a"] * N, np.full(N, "2020-01-01", "M8[D]"), -np.ones(N), np.full(N, NAN), np.ones(9), np.zeros(N)],
)
def test_weights_are_refused_by_name(weights):
    with pytest.raises(SteepestError, match="weight"):
        LinearRegression().fit(X, Y, weights)


@pytest.mark.parametrize("kind", REFUSED)
def test_a_failed_refit_leaves_the_model_as_it_was(kind):
    rows, y, _ = REFUSED[kind]
    model = LinearRegression().fit(frame(), Y)
    before = pickle.dumps(model.__dict__)
    if kind == "a generator":
        rows = iter(X)
    with pytest.raises(SteepestError):
        model.fit(rows, y)
    assert pickle.dumps(model.__dict__) == before
    fresh = LinearRegression()
    with pytest.raises(SteepestError):
        fresh.fit(iter(X) if kind == "a generator" else rows, y)
    assert set(fresh.__dict__) == set(fresh.get_params())
    with pytest.raises(NotFittedError):
        _ = fresh.certificate_


WHOLE = RNG.integers(0, 255, size=(N, 3))

TAKEN = {
    "lists": X.tolist(),
    "columns in memory": np.asfortranarray(X),
    "every second row, backwards": np.repeat(X, 2, axis=0)[::-2][::-1],
    "read-only": np.broadcast_to(X, X.shape),
    "the other byte order": X.astype(">f8"),
    "extended precision": X.astype(np.longdouble),
    "objects": X.astype(object),
    "decimals": [[Decimal(x) for x in row] for row in X.tolist()],
    "fractions": [[Fraction(x) for x in row] for row in X.tolist()],
    "pandas": frame(),
    "pandas of Arrow": frame().convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.DataFrame(dict(zip(NAMES, X.T, strict=True))),
    "an Arrow table": pa.table(dict(zip(NAMES, X.T, strict=True))),
    "sparse by rows": scipy.sparse.csr_array(X),
    "sparse by columns": scipy.sparse.csc_matrix(X),
    "sparse pairs, some twice": scipy.sparse.coo_array((np.r_[X.ravel() / 2, X.ravel() / 2], (np.r_[np.repeat(np.arange(N), 3)].repeat(2).reshape(-1, 2).T.ravel(), np.r_[np.tile(np.arange(3), N)].repeat(2).reshape(-1, 2).T.ravel())), shape=(N, 3)),
    "sparse pandas": pd.DataFrame.sparse.from_spmatrix(scipy.sparse.csr_array(X)),
}  # fmt: skip


@pytest.mark.parametrize("kind", TAKEN)
def test_containers_of_the_same_numbers_give_the_same_fit(kind):
    expected = LinearRegression().fit(X, Y)
    model = LinearRegression().fit(TAKEN[kind], Y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
    np.testing.assert_allclose(model.predict(TAKEN[kind]), expected.predict(X), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "i8", "u8", "f2", "f4", "?"])
def test_numbers_of_every_type_are_taken_as_they_are(dtype):
    rows = (WHOLE % 2 if dtype == "?" else WHOLE).astype(dtype)
    expected = LinearRegression().fit(rows.astype(float), Y)
    np.testing.assert_allclose(LinearRegression().fit(rows, Y).coef_, expected.coef_, rtol=1e-11)


@pytest.mark.parametrize(
    "make",
    [
        lambda z: 1.7e18 + np.round(z * 1e12),
        lambda z: (2**62 + np.round(z * 1e3)).astype(np.int64),
        lambda z: np.round(z * 1e3).astype(np.int64) + 2**60,
        lambda z: np.uint64(2**63) + np.round((z + 9) * 1e3).astype(np.uint64),
        lambda z: z * 1e-150,
        lambda z: z * 1e150,
        lambda z: 1e15 + np.round(z * 64) / 8,
        lambda z: (1e4 + z).astype(np.float32),
    ],
)
@pytest.mark.parametrize("beside", [False, True])
def test_offsets_and_scales_lose_nothing(make, beside):
    """Right for the numbers as given, in the fit and in its predictions, alone or beside other columns."""
    rng = np.random.default_rng(1)
    z = rng.normal(size=500)
    column = make(z)
    whole = (
        [int(v) for v in column.tolist()]
        if column.dtype.kind in "iu"
        else [Fraction(v) for v in column.tolist()]
    )
    middle = whole[0]
    centred = np.array([float(v - middle) for v in whole])
    other = rng.normal(size=500)
    y = centred / centred.std() + other + 0.1 * rng.normal(size=500)
    columns = {"a": column, "b": other} if beside else {"a": column}
    reference = np.column_stack([centred, other] if beside else [centred])
    expected = LinearRegression().fit(reference, y)
    model = LinearRegression().fit(pd.DataFrame(columns), y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-10)
    for found in (
        model.predict(pd.DataFrame(columns)),
        steepest.fit(pa.table({**columns, "y": y}), target="y").predict(pa.table(columns)),
    ):
        np.testing.assert_allclose(found, expected.predict(reference), atol=1e-6 * y.std())
    assert model.score(pd.DataFrame(columns), y) == pytest.approx(expected.score(reference, y), rel=1e-9)


def test_a_million_rows_of_float32():
    rng = np.random.default_rng(0)
    rows = (rng.normal(size=(1_200_000, 2)) + np.array([100, 1000])).astype(np.float32)
    y = rows[:, 0].astype(float) - rows[:, 1] + rng.normal(size=len(rows))
    expected = LinearRegression().fit(rows.astype(float), y)
    np.testing.assert_allclose(LinearRegression().fit(rows, y).coef_, expected.coef_, rtol=1e-12)


def test_sparse_rows_are_never_dense_all_at_once():
    """A thousand columns of 200 000 rows would be 1.6 GB."""
    rng = np.random.default_rng(0)
    rows = scipy.sparse.random_array((20_000, 300), density=0.01, rng=rng, format="csr")
    y = rows @ rng.normal(size=300) + rng.normal(size=20_000)
    model = LinearRegression().fit(rows, y)
    expected = LinearRegression().fit(rows.toarray(), y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-10)
    np.testing.assert_allclose(model.predict(rows), expected.predict(rows.toarray()), rtol=1e-9, atol=1e-12)


def test_no_number_of_a_fit_is_infinite_or_none():
    """Fuzz: every mixture of odd columns is fitted in finite numbers, or refused in our own words."""
    odd = [
        X[:, 0], np.full(N, 3.5), X[:, 0] * 2, np.arange(N) + 2**62, X[:, 1] * 1e150, X[:, 1] * 1e-150,
        np.where(np.arange(N) == 3, NAN, X[:, 2]), np.where(np.arange(N) == 3, np.inf, X[:, 2]),
        np.array(["a"] * N), np.array([None] * N), np.zeros(N), 1e15 + np.arange(N), np.arange(N) % 2 == 0,
        X[:, 2].astype("f2"), Y.copy(),
    ]  # fmt: skip
    rng = np.random.default_rng(0)
    fitted = 0
    for _ in range(300):
        picked = rng.choice(len(odd), size=rng.integers(1, 5))
        table = pd.DataFrame({f"c{j}": odd[at] for j, at in enumerate(picked)}).iloc[: rng.choice([1, 3, N])]
        y = rng.choice([1, 1e-200, 1e200, 0]) * Y[: len(table)]
        weights = rng.choice([0, 1, 1e-300, 1e300], size=len(table)) if rng.random() < 0.3 else None
        model = LinearRegression(fit_intercept=bool(rng.random() < 0.8))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                model.fit(table, y, weights)
            except SteepestError:
                continue
        fitted += 1
        assert np.isfinite(model.coef_).all()
        assert math.isfinite(model.intercept_)
        assert model.sigma_ is None or math.isfinite(model.sigma_)
        assert math.isfinite(model.certificate_.in_se)
        assert np.isfinite(model.predict(table)).all()
    assert fitted > 50


def test_rows_are_paired_by_position_with_a_word_when_the_index_says_otherwise():
    rows = frame()
    with pytest.warns(DataWarning, match="y has the index of X in another order"):
        model = LinearRegression().fit(rows, pd.Series(Y, index=rows.index[::-1]))
    np.testing.assert_array_equal(model.coef_, LinearRegression().fit(rows, Y).coef_)


def test_an_index_is_no_feature():
    table = frame(y=Y).sample(frac=1, random_state=0).rename_axis("pid")
    assert steepest.fit(table, target="y").feature_names_in_.tolist() == NAMES


def test_features_are_matched_by_name_or_refused():
    model = LinearRegression().fit(frame(), Y)
    with pytest.raises(InputError, match="X has 2 features, but LinearRegression is expecting 3"):
        LinearRegression().fit(X, Y).predict(X[:, :2])
    with pytest.raises(InputError, match="Feature names unseen at fit time:\n- dosage"):
        model.predict(frame().rename(columns={"dose": "dosage"}))
    assert model.predict(frame()[:0]).shape == (0,)
    known = steepest.fit(frame(y=Y), target="y")
    np.testing.assert_array_equal(known.predict(frame()[NAMES[::-1]]), known.predict(frame()))


def test_threads_fit_and_predict_one_estimator():
    model = LinearRegression().fit(X, Y)
    answers = {model.predict(X[:1])[0], LinearRegression().fit(X, -Y).predict(X[:1])[0]}
    seen: set[float] = set()

    def look():
        for _ in range(200):
            seen.add(model.predict(X[:1])[0])

    threads = [Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(50):
        model.fit(X, Y if turn % 2 else -Y)
    for thread in threads:
        thread.join()
    assert seen <= answers


def test_memory_maps_are_read_in_pieces(tmp_path):
    mapped = np.memmap(tmp_path / "x.dat", dtype=np.float32, mode="w+", shape=(N, 3))
    mapped[:] = X
    read = np.memmap(tmp_path / "x.dat", dtype=np.float32, mode="r", shape=(N, 3))
    expected = LinearRegression().fit(np.array(read), Y)
    np.testing.assert_array_equal(LinearRegression().fit(read, Y).coef_, expected.coef_)


def test_numbers_that_stand_for_missing_values_are_pointed_out(tmp_path):
    rng = np.random.default_rng(0)
    age = np.where(rng.random(400) < 0.05, -999.0, rng.normal(40, 9, size=400))
    table = pd.DataFrame({"age": age, "mass": rng.normal(999, 1, size=400), "y": rng.normal(size=400)})
    count = int((age == -999).sum())
    with pytest.warns(
        DataWarning, match=f"age is -999 in {count} rows: if that stands for missing, leave them out"
    ):
        model = steepest.fit(table, target="y")
    assert f"age is -999 in {count} rows" in str(model.summary())
    model.save(tmp_path / "m.json")
    with pytest.warns(DataWarning):
        again = steepest.load(tmp_path / "m.json")
    assert str(again.summary()) == str(model.summary())
    LinearRegression().fit(table[["mass"]], table.y)
    once = np.array([-999.0, *range(60)])
    LinearRegression().fit(once[:, None], rng.normal(size=61))
