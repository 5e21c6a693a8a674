"""Files are read in batches, and what is wrong with them is said with the line."""

import numpy as np
import pandas as pd
import pytest

import steepest
from steepest.errors import InputError, InputTypeError, SteepestError
from steepest.learning import learn
from steepest.sources.base import Selection
from steepest.sources.open import open_table


@pytest.fixture
def write(tmp_path):
    def write(text, name="table.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        return path

    return write


def frame(n=5000):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(n, 3)), columns=["a", "b", "c"])
    table["n"] = rng.integers(0, 9, size=n)
    table["y"] = table.sum(axis=1) + rng.normal(size=n)
    return table


def test_every_format_gives_the_answer_of_the_frame(tmp_path):
    table = frame()
    table.to_csv(tmp_path / "t.csv", index=False)
    table.to_csv(tmp_path / "t.tsv", index=False, sep="\t")
    table.to_parquet(tmp_path / "t.parquet", row_group_size=777)
    (tmp_path / "bom.csv").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "t.csv").read_bytes())
    expected = steepest.fit(table, target="y")
    for name in ("t.csv", "t.tsv", "t.parquet", "bom.csv"):
        model = steepest.fit(tmp_path / name, target="y")
        assert model.feature_names_in_.tolist() == ["a", "b", "c", "n"]
        np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
        assert model.moments_.rows == 5000


def test_row_groups_can_be_read_in_any_order(tmp_path):
    table = frame()
    table.to_parquet(tmp_path / "t.parquet", row_group_size=1000)
    source = open_table(tmp_path / "t.parquet")
    pieces = Selection(source, learn(source, target="y")).pieces()
    chunks = [chunk for piece in (pieces[4], pieces[0]) for chunk in piece()]
    read = np.concatenate([chunk.parts[-1] for chunk in chunks])
    np.testing.assert_array_equal(read, np.append(table["y"][4000:], table["y"][:1000]))


def test_whole_numbers_may_turn_into_fractions_late(write):
    lines = ["x,y", *(f"{i % 7},{i}" for i in range(600_000)), "0.5,1"]
    assert steepest.fit(write("\n".join(lines)), target="y").moments_.rows == 600_001


def test_text_late_in_a_column_is_found_with_its_line(write):
    lines = ["x,y", *(f"{i % 7},{i}" for i in range(600_000)), "12 ft,1", "3,4"]
    with pytest.raises(InputError, match=r"table.csv, line 600002, column 'x': \"12 ft\" is not a number"):
        steepest.fit(write("\n".join(lines)), target="y")


def test_missing_cells_are_found_with_their_line(write):
    with pytest.raises(InputError, match=r"column 'x': 1 of 3 values are missing \(NaN\), first at line 4"):
        steepest.fit(write("x,y\n1,2\n\n,3\n4,5\n"), target="y")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "table.csv: the file is empty"),
        ("x,y\n", "0 sample"),
        ("x,y\n1,2\n3,4,5\n6,7\n", "line 3: expected 2 fields, got 3"),
        ("x,y\n1,2\n3\n", "line 3: expected 2 fields, got 1"),
        ("x,x,y\n1,2,3\n", "more than one column is called 'x'"),
        ("x,y\n1,a\n2,b\n", "column 'y': holds text"),
        ("x,y\n1,2\n2,\n", "'y': 1 of 2 values are missing \\(NaN\\), first at line 3"),
    ],
)
def test_bad_text_is_refused_with_the_place(write, text, message):
    with pytest.raises(SteepestError, match=message):
        steepest.fit(write(text), target="y")


def test_damaged_and_unknown_files_are_refused(write, tmp_path):
    with pytest.raises(InputError, match="no intact Parquet file"):
        steepest.fit(write(b"PAR1 and then nothing", "t.parquet"), target="y")
    with pytest.raises(InputError, match=r'unknown kind of file "\.xlsx"'):
        steepest.fit(write("x", "t.xlsx"), target="y")
    with pytest.raises(FileNotFoundError, match="no such file"):
        steepest.fit(tmp_path / "none.csv", target="y")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no csv, .* file in the folder"):
        steepest.fit(tmp_path / "empty", target="y")
    with pytest.raises(FileNotFoundError, match=r"no file matches"):
        steepest.fit(str(tmp_path / "*.csv"), target="y")


def test_only_the_columns_that_are_needed_are_read(write):
    path = write("x,text,y\n1,a,2\n2,b,4.5\n3,c,6\n")
    assert steepest.fit(path, target="y", features=["x"]).coef_[0] == pytest.approx(2)
    assert steepest.fit(path, target="y", exclude=["text"]).coef_[0] == pytest.approx(2)


def test_what_is_no_table_is_refused():
    with pytest.raises(InputTypeError, match="a int is no table of named columns"):
        open_table(3)


def test_a_header_in_another_encoding_is_named(write):
    with pytest.raises(InputError, match="line 1: the header is not UTF-8"):
        steepest.fit(write("café,y\n1,2\n", encoding="latin-1"), target="y")


def test_a_quote_that_is_not_closed_is_named(write):
    text = 'x,note,y\n1,"a,2\n' + "2,b,3\n" * 40_000
    with pytest.raises(InputError, match=r"line \d+"):
        steepest.fit(write(text), target="y", exclude=["note"])


def test_quoted_lines_may_cross_blocks(write):
    rows = [f'{i % 11},"first\nsecond",{i % 7}' for i in range(300_000)]
    model = steepest.fit(write("x,note,y\n" + "\n".join(rows) + "\n"), target="y", exclude=["note"])
    assert model.moments_.rows == 300_000


def test_a_column_of_truths_that_turns_into_text_is_found(write):
    rows = ["true,1", "false,2", "true,4"] * 300_000
    with pytest.raises(InputError, match=r"line 900002, column 'flag': \"maybe\" is not a number"):
        steepest.fit(write("flag,y\n" + "\n".join([*rows, "maybe,3"])), target="y")


def test_whole_numbers_beyond_float64_keep_their_digits(write):
    seconds = np.random.default_rng(0).integers(0, 900, size=200)
    y = 3.0 * seconds + np.random.default_rng(1).normal(size=200)
    lines = [f"{1_700_000_000_000_000_000 + s},{v!r}" for s, v in zip(seconds, y.tolist(), strict=True)]
    model = steepest.fit(write("t,y\n" + "\n".join(lines)), target="y")
    expected = steepest.LinearRegression().fit(seconds[:, None].astype(float), y)
    assert model.coef_[0] == pytest.approx(expected.coef_[0], rel=1e-12)


def test_the_first_cell_that_is_no_number_is_shown(write):
    with pytest.raises(InputTypeError, match="column 'dist': holds text") as caught:
        steepest.fit(write("speed,dist\n4,2\n7,n/a\n8,12 ft\n"), target="dist")
    assert caught.value.excerpt == ("   4 | 8,12 ft", "     |   ^^^^^")


def test_the_place_of_a_name_is_its_own(write):
    with pytest.raises(InputError) as caught:
        steepest.fit(write("abc,b\n1,2\n"), target="B")
    assert caught.value.excerpt == ("   1 | abc,b", "     |     ^")


def test_one_column_may_not_be_target_and_weights(write):
    with pytest.raises(InputError, match="'y' would have two meanings"):
        steepest.fit(write("x,y\n1,2\n"), target="y", weights="y")
