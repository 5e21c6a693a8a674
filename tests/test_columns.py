import pandas as pd
import pyarrow as pa
import pytest

from steepest.cells import Cells
from steepest.codings import Numeric
from steepest.columns import Columns
from steepest.errors import InputError, InputTypeError
from steepest.learning import learn
from steepest.sources.arrow import ArrowTable


@pytest.fixture
def table():
    return ArrowTable(
        pa.table(
            {
                "a": [1, 2, 3],
                "b": [0.5, None, 2],
                "c": ["x", "y", "z"],
                "flag": [True, False, True],
                "w": [1, 0, 2],
            }
        )
    )


def test_all_other_columns_are_features_in_their_order(table):
    columns = learn(table, target="b", exclude=["c"], weights="w")
    assert columns.terms == ("a", "flag")
    assert columns.needed == ("a", "flag", "b", "w")
    assert learn(table, target="a", features=["w", "flag"]).terms == ("w", "flag")


def test_text_is_refused_by_name_with_the_fix(table):
    with pytest.raises(InputTypeError, match=r"column 'c': holds text, not numbers\. .*exclude=\[\"c\"\]"):
        learn(table, target="a")
    with pytest.raises(InputTypeError, match="holds text, not numbers, and is the target"):
        learn(table, target="c")


def test_dates_and_categories_are_refused_by_name():
    frame = pd.DataFrame(
        {"y": [1.0, 2], "when": pd.to_datetime(["2020-01-01", "2020-01-02"]), "k": ["a", "b"]}
    )
    frame["k"] = frame["k"].astype("category")
    with pytest.raises(InputTypeError, match="column 'when' holds dates, column 'k' holds categories"):
        learn(ArrowTable(frame), target="y")


def test_unknown_columns_come_with_the_one_that_was_meant(table):
    with pytest.raises(InputError, match=r'no column "flags"\. Did you mean "flag"\?') as caught:
        learn(table, target="a", features=["flags"])
    assert caught.value.replace == ("flags", "flag")


@pytest.mark.parametrize(
    "options", [{"features": ["a", "a"]}, {"features": ["b"]}, {"features": ["w"], "weights": "w"}]
)
def test_one_column_has_one_meaning(table, options):
    with pytest.raises(InputError, match="two meanings"):
        learn(table, target="b", **options)


def test_missing_cells_are_counted_and_placed(table):
    columns = learn(table, target="a", features=["b"])
    (slab,) = table.slabs(columns.needed)
    ((batch, _),) = slab()
    found = Cells.of(columns.rows(batch, lambda row: f"row {100 + row}")).error()
    assert "column 'b': 1 of 3 values are missing (NaN), first at row 101" in str(found)


def test_rows_of_weight_zero_are_counted_as_dropped(table):
    columns = learn(table, target="a", features=["flag"], weights="w")
    (slab,) = table.slabs(columns.needed)
    ((batch, place),) = slab()
    chunk = columns.rows(batch, place)
    assert chunk.rows == 2
    assert chunk.dropped == {"zero weight": 1}


def test_a_table_to_predict_from_must_hold_every_feature(table):
    columns = Columns("y", (Numeric("a"), Numeric("Flag"), Numeric("other")))
    with pytest.raises(
        InputError, match=r"no column 'Flag', 'other' that the model needs.* 'flag' for 'Flag'"
    ):
        columns.refuse_missing(table)
