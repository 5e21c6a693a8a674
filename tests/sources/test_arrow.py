"""Whatever holds a table gives the same answer."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import steepest
from steepest.errors import InputError, InputTypeError

N = 4000


@pytest.fixture(scope="module")
def columns():
    rng = np.random.default_rng(0)
    x, k, f = rng.normal(size=N), rng.integers(-5, 5, size=N), rng.random(N) < 0.3
    return {"x": x, "k": k, "f": f, "y": x + 2 * k - f + rng.normal(size=N)}


CONTAINERS = {
    "arrow": lambda c: pa.table(c),
    "chunked": lambda c: pa.concat_tables([pa.table(c).slice(0, 1234), pa.table(c).slice(1234)]),
    "batch": lambda c: pa.RecordBatch.from_pydict(c),
    "reader": lambda c: pa.table(c).to_reader(100),
    "pandas": lambda c: pd.DataFrame(c),
    "nullable": lambda c: pd.DataFrame(c).convert_dtypes(),
    "pandas-arrow": lambda c: pd.DataFrame(c).convert_dtypes(dtype_backend="pyarrow"),
    "polars": lambda c: pl.DataFrame(c),
    "polars-lazy": lambda c: pl.LazyFrame(c),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_gives_the_same_answer(container, columns):
    model = steepest.fit(CONTAINERS[container](columns), target="y")
    expected = steepest.LinearRegression().fit(
        np.column_stack([columns[name] for name in ("x", "k", "f")]).astype(float), columns["y"]
    )
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
    np.testing.assert_allclose(model.intercept_, expected.intercept_, rtol=1e-10)
    assert model.feature_names_in_.tolist() == ["x", "k", "f"]


def test_a_stream_can_be_read_once(columns):
    reader = pa.table(columns).to_reader()
    steepest.fit(reader, target="y")
    with pytest.raises((InputError, InputTypeError)):
        steepest.fit(reader, target="y")


def test_nulls_of_a_later_chunk_are_found_and_never_read_as_zero(columns):
    late = pa.table({**columns, "k": pa.array([*columns["k"].tolist()[:-1], None], pa.int64())})
    with pytest.raises(InputError, match=rf"column 'k': 1 of .* missing .*, first at row {N - 1}"):
        steepest.fit(late, target="y")


def test_decimals_are_numbers():
    table = pa.table({"x": [Decimal("0.5"), Decimal("1.25"), Decimal("2")], "y": [1.0, 2.5, 4.0]})
    assert steepest.fit(table, target="y").coef_[0] == pytest.approx(2)


def test_epoch_nanoseconds_keep_their_digits():
    seconds = np.random.default_rng(0).integers(0, 10_000, size=300)
    stamps = 1_700_000_000_000_000_000 + seconds
    y = 3.0 * seconds + np.random.default_rng(1).normal(size=300)
    model = steepest.fit(pa.table({"t": stamps, "y": y}), target="y")
    expected = steepest.LinearRegression().fit(seconds[:, None].astype(float), y)
    assert model.coef_[0] == pytest.approx(expected.coef_[0], rel=1e-12)


def test_column_names_must_differ():
    twice = pa.table([[1.0], [2.0]], names=["x", "x"])
    with pytest.raises(InputError, match="more than one column is called 'x'"):
        steepest.fit(twice, target="x")


def test_lazy_frames_and_relations_are_streamed(tmp_path):
    import duckdb
    import polars as pl

    rng = np.random.default_rng(0)
    rows = pl.DataFrame({"x": rng.normal(size=200_000), "city": rng.choice(["a", "b"], 200_000)})
    rows = rows.with_columns(y=2 * pl.col("x") + (pl.col("city") == "b") + rng.normal(size=200_000))
    rows.write_parquet(tmp_path / "t.parquet")
    expected = steepest.fit(rows, target="y", categorical=["city"])
    lazy = pl.scan_parquet(tmp_path / "t.parquet").filter(pl.col("x") < 10)
    relation = duckdb.sql(f"SELECT * FROM '{tmp_path / 't.parquet'}'")
    for table in (lazy, relation):
        model = steepest.fit(table, target="y", categorical=["city"])
        np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
        assert model.moments_.rows == 200_000


def test_lazy_frames_are_never_collected_whole(monkeypatch):
    import polars as pl

    whole = pl.LazyFrame.collect

    def counted(frame, **options):
        rows = whole(frame, **options)
        assert len(rows) == 0, "collected whole"
        return rows

    monkeypatch.setattr(pl.LazyFrame, "collect", counted)
    frame = pl.LazyFrame({"x": np.arange(100_000.0), "y": np.arange(100_000.0) % 7})
    assert steepest.fit(frame, target="y").moments_.rows == 100_000
