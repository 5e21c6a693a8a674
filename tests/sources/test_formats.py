"""Every kind of file gives the answer of the rows that it holds, or an error that says where it fails."""

import bz2
import contextlib
import csv
import decimal
import gzip
import io
import json
import os
import struct
import threading
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import steepest
from steepest.errors import InputError, InputTypeError, SteepestError
from steepest.fitting import collect
from steepest.learning import learn
from steepest.sources import lines
from steepest.sources.base import Selection
from steepest.sources.lines import blocks, outside_quotes
from steepest.sources.open import open_table
from steepest.sources.reading import Reading

NAMES = ("x", "k", "y")
BIG = 2**60
ROWS = "x,y\n1,2\n3,5\n4,4\n"


@pytest.fixture
def write(tmp_path):
    def write(data, name="t.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return write


@pytest.fixture
def cut(monkeypatch):
    """Cut text into blocks of another size."""

    def cut(size):
        monkeypatch.setattr(lines, "BLOCK", size)

    return cut


@pytest.fixture
def small(cut):
    cut(256)


def table(n=1000):
    rng = np.random.default_rng(0)
    x, k = rng.normal(size=n), rng.integers(0, 9, size=n)
    return pa.table({"x": x, "k": k, "y": 2 * x + k + rng.normal(size=n)})


def as_csv(rows, delimiter=","):
    stream = io.BytesIO()
    pa.csv.write_csv(rows, stream, pa.csv.WriteOptions(delimiter=delimiter))
    return stream.getvalue()


def as_ndjson(rows):
    return "".join(json.dumps(row) + "\n" for row in rows.to_pylist()).encode()


def as_parquet(rows, **options):
    stream = io.BytesIO()
    pa.parquet.write_table(rows, stream, **options)
    return stream.getvalue()


def as_ipc(rows, batch=None):
    stream = io.BytesIO()
    with pa.ipc.new_file(stream, rows.schema) as writer:
        writer.write_table(rows, max_chunksize=batch)
    return stream.getvalue()


def as_feather(rows, **options):
    stream = io.BytesIO()
    pa.feather.write_feather(rows, stream, **options)
    return stream.getvalue()


def told(path, **meaning):
    """Return what is said of a file, nothing if it can be fitted."""
    try:
        steepest.fit(path, target="y", **meaning)
    except InputError as error:
        return str(error)
    return ""


def columns(path, writing, **meaning):
    """Return the rows of a text that is written in some way."""
    source = open_table(path, writing)
    return Selection(source, learn(source, target="y", **meaning))


def zstd(data):
    return pa.Codec("zstd").compress(data).to_pybytes()


KINDS = {
    "t.csv": as_csv,
    "t.txt": lambda rows: as_csv(rows, "|"),
    "t.tsv": lambda rows: as_csv(rows, "\t"),
    "semicolon.csv": lambda rows: as_csv(rows, ";"),
    "t.csv.gz": lambda rows: gzip.compress(as_csv(rows)),
    "t.csv.zst": lambda rows: zstd(as_csv(rows)),
    "t.csv.bz2": lambda rows: bz2.compress(as_csv(rows)),
    "members.csv.gz": lambda rows: b"".join(map(gzip.compress, as_csv(rows).partition(b"\n"))),
    "streams.csv.bz2": lambda rows: b"".join(map(bz2.compress, as_csv(rows).partition(b"\n"))),
    "frames.csv.zst": lambda rows: b"".join(map(zstd, as_csv(rows).partition(b"\n"))),
    "t.ndjson": as_ndjson,
    "t.jsonl.gz": lambda rows: gzip.compress(as_ndjson(rows)),
    "t.parquet": lambda rows: as_parquet(rows, row_group_size=300),
    "t.arrow": lambda rows: as_ipc(rows, 300),
    "t.feather": lambda rows: as_feather(rows, chunksize=300),
}


@pytest.mark.parametrize("block", [256, 4 << 20])
@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_gives_the_answer_of_its_rows(write, cut, name, block):
    cut(block)
    expected = steepest.fit(table(), target="y")
    model = steepest.fit(write(KINDS[name](table()), name), target="y")
    assert model.feature_names_in_.tolist() == ["x", "k"]
    assert model.moments_.rows == 1000
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
    np.testing.assert_allclose(model.intercept_, expected.intercept_, rtol=1e-12)


def test_the_same_batches_give_the_same_bits(write):
    rows = table()
    paths = [
        write(as_parquet(rows, row_group_size=300), "t.parquet"),
        write(as_ipc(rows, 300), "t.arrow"),
        write(as_feather(rows, chunksize=300), "t.feather"),
        [write(as_parquet(rows[at : at + 300]), f"{at}.parquet") for at in range(0, 1000, 300)],
    ]
    batched = pa.Table.from_batches(rows.to_batches(max_chunksize=300))
    expected = steepest.fit(batched, target="y")
    for path in paths:
        model = steepest.fit(path, target="y", order="file")
        assert model.coef_.tobytes() == expected.coef_.tobytes()
        assert model.intercept_ == expected.intercept_


@pytest.mark.parametrize("name", [name for name in KINDS if name.startswith("t.")])
def test_predictions_keep_the_order_of_the_rows(write, small, name):
    model, rows = steepest.fit(table(), target="y"), table()
    predicted = model.predict(write(KINDS[name](rows), name))
    np.testing.assert_allclose(predicted, model.predict(rows), rtol=1e-12)


# Several files


def test_folder_pattern_and_list_are_one_table(write, tmp_path):
    rows = table()
    fifths = [rows[at : at + 200] for at in range(0, 1000, 200)]
    paths = [
        write(as_csv(fifths[0]), "d/0.csv"),
        write(as_parquet(fifths[1].select(["y", "x", "k"])), "d/1.parquet"),
        write(gzip.compress(as_csv(fifths[2].select(["k", "y", "x"]))), "d/2.csv.gz"),
        write(as_ipc(fifths[3].cast(pa.schema([(name, pa.float64()) for name in NAMES]))), "d/3.arrow"),
        write(as_ndjson(fifths[4]), "d/4.ndjson"),
    ]
    write("not a table", "d/README.md")
    write("x,y,k\nno,number,here\n", "d/_hidden.csv")
    expected = steepest.fit(rows, target="y")
    for data in (tmp_path / "d", str(tmp_path / "d" / "[0-9]*"), paths, list(map(str, paths))):
        model = steepest.fit(data, target="y")
        assert model.feature_names_in_.tolist() == ["x", "k"]
        np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ("x,k\n1,2\n", "b.csv: has no column 'y', unlike a.csv"),
        ("x,k,y,z\n1,2,3,4\n", "b.csv: has a column 'z', unlike a.csv"),
        ("x,k,y\n1,one,3\n", "b.csv: column 'k' holds text, and number in a.csv"),
        ("x,k,y\n1,2020-01-01,3\n", "b.csv: column 'k' holds dates, and number in a.csv"),
        ("x,k,y\n1,2,3\n\n1,,3\n", "column 'k': 1 of 3 values are missing .* first at b.csv, line 4"),
        ("", "b.csv: the file is empty"),
    ],
)
def test_what_differs_in_a_file_is_said_with_its_name(write, tmp_path, other, message):
    write("x,k,y\n1,2,3\n", "d/a.csv")
    write(other, "d/b.csv")
    with pytest.raises(SteepestError, match=message):
        steepest.fit(tmp_path / "d", target="y")


def test_partitions_may_be_empty_or_of_one_row(write, tmp_path):
    rows = table(3)
    for at in range(3):
        write(as_parquet(rows[at : at + 1]), f"d/{at}.parquet")
    write(as_parquet(rows[:0]), "d/a.parquet")
    write(as_ipc(rows[:0]), "d/b.arrow")
    write("x,k,y\n", "d/c.csv")
    model = steepest.fit(tmp_path / "d", target="y", exclude=["k"])
    np.testing.assert_allclose(model.coef_, steepest.fit(rows, target="y", exclude=["k"]).coef_, rtol=1e-12)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet", "t.arrow", "t.feather"])
def test_a_file_without_rows_is_refused(write, name):
    with pytest.raises(InputError, match=r"no rows to fit: 0 sample\(s\)"):
        steepest.fit(write(KINDS[name](table()[:0]), name), target="y")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_file_that_may_not_be_read_is_an_error_of_the_system(write):
    path = write(ROWS)
    path.chmod(0)
    with pytest.raises(PermissionError):
        steepest.fit(path, target="y")


@pytest.mark.parametrize("meaning", [{"exclude": ["note"]}, {"categorical": ["note"]}])
@pytest.mark.parametrize("other", ["x,y,note\n1,3,\n2,5,\n", "x,y,note\n"])
def test_a_column_may_be_blank_in_one_of_the_files(write, meaning, other):
    paths = [write("x,y,note\n1,2,a\n3,5,b\n4,4,a\n6,9,b\n", "a.csv"), write(other, "b.csv")]
    assert "holds" not in told(paths, **meaning)


def test_files_of_one_name_are_told_apart(write):
    paths = [write(ROWS, "2023/t.csv"), write("x,y\n,2\n", "2024/t.csv")]
    with pytest.raises(InputError, match=r"first at .*2024"):
        steepest.fit(paths, target="y")


def test_a_model_predicts_from_the_list_that_it_was_fitted_to(write):
    paths = [write(ROWS, "a.csv"), write(ROWS, "b.csv")]
    assert len(steepest.fit(paths, target="y").predict(paths)) == 6


# Pipes


@pytest.fixture
def readers(monkeypatch):
    """Note who opens a pipe, and close it at the end."""
    opened, plain = [], Path.open

    def noted(path, *arguments, **options):
        stream = plain(path, *arguments, **options)
        if stream.readable() and path.is_fifo():
            opened.append(stream)
        return stream

    monkeypatch.setattr(Path, "open", noted)
    yield opened
    for stream in opened:
        stream.close()


@pytest.fixture
def fifo(tmp_path, readers):
    """Write to a named pipe from a thread."""
    threads = {}

    def fifo(data):
        path = tmp_path / f"pipe{len(threads)}"
        os.mkfifo(path)
        threads[path] = threading.Thread(target=_pour, args=(path, data), daemon=True)
        threads[path].start()
        return path

    yield fifo
    for stream in readers:
        stream.close()
    for thread in threads.values():
        thread.join(10)
        assert not thread.is_alive()


def _pour(path, data):
    with contextlib.suppress(BrokenPipeError):
        path.write_bytes(data)


@pytest.mark.parametrize("block", [256, 4 << 20])
def test_a_named_pipe_is_read_once(fifo, cut, block):
    cut(block)
    expected = steepest.fit(table(), target="y")
    model = steepest.fit(fifo(as_csv(table())), target="y")
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)


def test_what_is_wrong_in_a_pipe_is_said_with_the_line(fifo, small):
    with pytest.raises(InputError, match=r"pipe0, line 1002, column 'x': \"wide\" is not a number"):
        steepest.fit(fifo(as_csv(table()) + b"wide,1,2\n"), target="y")
    with pytest.raises(InputError, match=r"column 'k': .* missing .* first at line 1002"):
        steepest.fit(fifo(as_csv(table()) + b"1,,2\n"), target="y")
    with pytest.raises(InputTypeError, match="column 'x': holds text") as caught:
        steepest.fit(fifo(b"x,y\n?,2\n3,4\n"), target="y")
    assert caught.value.excerpt[0] == "   2 | ?,2"


def test_formats_of_pipes(fifo, tmp_path):
    expected = steepest.fit(table(), target="y")
    for kind, data in {"ndjson": as_ndjson(table()), "tsv": as_csv(table(), "\t")}.items():
        moments, _ = collect(columns(fifo(data), Reading(format=kind)))
        np.testing.assert_allclose(moments.mean, expected.moments_.mean, rtol=1e-12)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="cannot be read as parquet from a pipe"):
        open_table(tmp_path / "pipe", Reading(format="parquet"))


def test_standard_input_is_a_table(steepest):
    done = steepest("fit", "-", "-t", "y", stdin=ROWS)
    assert done.code == 0
    assert "3 rows, 1 feature" in done.out
    done = steepest("fit", "-", "-t", "y", stdin="x,y\n1,2\n3\n")
    assert done.code == 3
    assert "standard input, line 3: expected 2 fields, got 1" in done.err


def test_a_named_pipe_is_closed(fifo, readers):
    steepest.fit(fifo(ROWS.encode()), target="y")
    assert [stream.closed for stream in readers] == [True]


def test_a_pipe_without_a_byte_is_refused(fifo):
    with pytest.raises(InputError, match="empty"):
        steepest.fit(fifo(b""), target="y")


@pytest.mark.parametrize("name", ["t.csv.gz", "t.ndjson.gz"])
def test_compressed_text_without_a_byte_is_refused(write, name):
    with pytest.raises(InputError, match="empty"):
        steepest.fit(write(gzip.compress(b""), name), target="y")


def test_the_message_for_a_pipe_is_about_its_column(fifo, small):
    with pytest.raises(InputTypeError, match="column 'x': holds text"):
        steepest.fit(fifo("x,y\n１,2\n3,4\n".encode() + b"1,2\n3,5\n" * 500), target="y")


# Oddities of delimited text


def test_a_byte_order_mark_before_a_quoted_name(write):
    model = steepest.fit(write(b'\xef\xbb\xbf"x, in\nmiles",y\n1,2\n3,5\n4,4\n'), target="y")
    assert model.feature_names_in_.tolist() == ["x, in\nmiles"]
    assert model.moments_.rows == 3


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (ROWS.encode("utf-16"), "t.csv, line 1: is UTF-16, not UTF-8"),
        (b"x,y\n1,2\n3,\x004\n", "t.csv, line 3: holds a NUL, at byte 10"),
        ("y,x,y\n1,2,3\n", r"more than one column is called 'y' \(columns 1, 3\)"),
        ("1,2\n3,4\n", "line 1: it looks like there is no header: '1' is a number"),
        ("x,y\n1,2\n3,4\n5", "line 4: expected 2 fields, got 1"),
        ("x,y\n1,2\n\n3,4,5\n", "line 4: expected 2 fields, got 3"),
        ("x,y\r\n1,2\r\n\r\n3,\r\n", "missing .* first at line 4"),
        (b"x,y,g\n1,2,a\n3,5,caf\xe9\n", "line 3: is not UTF-8"),
    ],
)
def test_odd_text_is_refused_with_its_line(write, data, message):
    with pytest.raises(SteepestError, match=message):
        steepest.fit(write(data), target="y", categorical=["g"] if str(data).startswith("b'x,y,g") else ())


@pytest.mark.parametrize(
    "text",
    [
        ROWS,
        ROWS.rstrip(),
        ROWS.replace("\n", "\r\n"),
        ROWS.replace("\n", "\n\n"),
        "\n\r\n" + ROWS,
        'x,y\n"1","2"\n3,5\n"4",4\n',
        "x,y\n1.,2e0\n+3,05\n4,4\n",
    ],
)
def test_text_that_means_the_same_gives_the_same(write, text):
    assert steepest.fit(write(text), target="y").coef_[0] == pytest.approx(11 / 14, rel=1e-12)


def test_hints_name_what_helps_and_it_does(write):
    path = write("x;y\n1,5;2\n?;3\n3;4\n4;6\n")
    with pytest.raises(InputTypeError, match=r'If the comma is a decimal mark, pass decimal=","'):
        columns(path, Reading())
    with pytest.raises(InputTypeError, match=r'If "\?" stands for a missing value, pass na='):
        columns(path, Reading(decimal=","))
    moments, _ = collect(columns(path, Reading(decimal=",", na=("?",)), missing="drop"))
    assert moments.mean.tolist() == pytest.approx([8.5 / 3, 4])
    with pytest.raises(InputTypeError, match="column 'x': holds text") as caught:
        columns(write("x;y\n1,5;2\n1.000;3\n"), Reading(decimal=","))
    assert caught.value.excerpt[0] == "   3 | 1.000;3"


@pytest.mark.parametrize(
    ("text", "option"), [("x,y\n1,2\n?,3\n4,4\n5,7\n", {"na": ["?"]}), (ROWS, {"decimal": "."})]
)
def test_fit_takes_what_its_messages_ask_for(write, text, option):
    steepest.fit(write(text), target="y", missing="drop", **option)


def test_text_far_down_is_found_with_its_line(write, cut):
    rows = "\n".join(f"{i % 7},{i % 11}" for i in range(300_000))
    with pytest.raises(InputTypeError, match="column 'x': holds text") as caught:
        steepest.fit(write(f"x,y\n{rows}\nsix,5\n7,8"), target="y")
    assert caught.value.excerpt == ("300002 | six,5", "     | ^^^")
    cut(1 << 19)
    with pytest.raises(InputError, match=r"t.csv, line 300002, column 'x': \"six\" is not a number"):
        steepest.fit(write(f"x,y\n{rows}\nsix,5\n7,8"), target="y")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("note", ['"a\nb"', '"a ""b""\n"', '"\n,"', '5" wide', 'say ""it""', '""', '"a"b"'])
def test_quotes_about_the_borders_of_blocks(write, cut, note, newline):
    text = "note,x,y\n" + "".join(f"{note},{i % 7},{i % 11}\n" for i in range(40))
    path = write(text.replace("\n", newline))
    expected = steepest.fit(path, target="y", exclude=["note"])
    for block in range(24, 50, 4):
        cut(block)
        model = steepest.fit(path, target="y", exclude=["note"])
        assert model.moments_.rows == 40
        np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-9)


def test_the_last_block_may_hold_one_row(write, cut):
    text = "x,y\n" + "".join(f"{i % 7},{i % 9}\n" for i in range(63))
    for end in ("5,6\n", "5,6"):
        for block in range(len(text) - 2, len(text) + 3):
            cut(block)
            assert steepest.fit(write(text + end), target="y").moments_.rows == 64
        with pytest.raises(InputError, match="first at line 66"):
            steepest.fit(write(text + end + "\n" * (end == "5,6") + ",6"), target="y")


def lexed(data, delimiter=b","):
    """Return where the last line ends outside quotes, one character after the other."""
    end, quoted, start, i = 0, False, True, 0
    while i < len(data):
        c = data[i : i + 1]
        if quoted and c == b'"' and data[i + 1 : i + 2] == b'"':
            i += 1
        elif quoted:
            quoted = c != b'"'
        elif c == b'"' and start:
            quoted, start = True, False
        else:
            start = c in (b"\n", delimiter)
            end = i + 1 if c == b"\n" else end
        i += 1
    return end


TEXTS = st.text(alphabet='"",\na', max_size=24).map(str.encode)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(TEXTS)
def test_lines_end_where_a_lexer_says(data):
    assert outside_quotes(",")(data) == lexed(data)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(TEXTS, st.integers(1, 9))
def test_blocks_hold_the_rows_of_the_text(data, size):
    assume(lexed(data + b"\n") > len(data))  # no quote stays open
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK", size)
        found = list(blocks(io.BytesIO(data), "t.csv", outside_quotes(",")))
    assert b"".join(block.data for block in found) == data
    whole = list(csv.reader(io.StringIO(data.decode(), newline="")))
    assert [row for block in found for row in csv.reader(io.StringIO(block.text, newline=""))] == whole
    assert [block.line for block in found] == [
        1 + b"".join(each.data for each in found[:at]).count(b"\n") for at in range(len(found))
    ]


UNCLOSED = (
    "a quote without an end takes the rest of the file as one cell, and the fit is of the rows before it"
)


@pytest.mark.parametrize("block", [256, 4 << 20])
def test_a_quote_without_an_end_in_the_last_column_is_refused(write, cut, block):
    cut(block)
    text = "x,y,note\n" + "1,2,a\n3,5,b\n4,4,c\n" * 50 + '5,6,"d\n' + "9,0,a\n" * 500
    with pytest.raises(InputError, match="quote"):
        steepest.fit(write(text), target="y", exclude=["note"])


@pytest.mark.parametrize(
    "text", ["x,y\r1,200\r3,5\n4,4\n6,9\n7,1\n", 'x,y,"a\rb"\n1,200,0\n3,5,1\n4,4,0\n6,9,1\n7,1,0\n']
)
def test_a_carriage_return_in_the_header_costs_no_rows(write, text):
    path = write(text)
    assert told(path, features=["x"]) or steepest.fit(path, target="y", features=["x"]).moments_.rows == 5


def test_lines_that_end_in_carriage_returns_are_read_or_named(write):
    path = write(ROWS.replace("\n", "\r"))
    assert "0 sample" not in told(path)


def test_rows_of_missing_cells_alone_are_missing(write):
    with pytest.raises(InputError, match="missing"):
        steepest.fit(write("x\ty\n\t\n\t\n", "t.tsv"), target="y")


def test_a_last_row_of_missing_cells_is_missing(write, cut):
    text = "x\ty\n" + "".join(f"{i % 7}\t{i % 9}\n" for i in range(63))
    cut(len(text))
    with pytest.raises(InputError, match="missing"):
        steepest.fit(write(text + "\t\n", "t.tsv"), target="y")


# Whole numbers beyond 2^53


def whole(n=300):
    rng = np.random.default_rng(0)
    t = rng.integers(0, 900, size=n)
    y = 3.0 * t + rng.normal(size=n)
    return t, y, steepest.fit(pa.table({"t": t, "y": y}), target="y").coef_[0]


def test_whole_numbers_keep_their_digits_in_every_kind(write, small):
    t, y, expected = whole()
    rows = pa.table({"t": t + BIG, "y": y})
    for name in ("t.csv", "t.ndjson", "t.parquet", "t.arrow"):
        model = steepest.fit(write(KINDS[name](rows), name), target="y")
        assert model.coef_[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["t.csv", "t.ndjson", "t.parquet", "t.arrow"])
def test_whole_numbers_keep_their_digits_beside_a_missing_one(write, name):
    t, y, expected = whole()
    rows = pa.table({"t": pa.array([*(t + BIG).tolist(), None]), "y": [*y, 0.0]})
    model = steepest.fit(write(KINDS[name](rows), name), target="y", missing="drop")
    assert model.coef_[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.feather"])
def test_a_missing_cell_among_huge_numbers_is_named(write, name):
    rows = pa.table({"t": pa.array([BIG + 1, None, BIG + 300]), "y": [1.0, 2.0, 4.0]})
    with pytest.raises(InputError, match="'t': 1 of 3 values are missing"):
        steepest.fit(write(KINDS[name](rows), name), target="y")


@pytest.mark.parametrize("cell", ["", "0.5", "1.5e18"])
def test_what_comes_after_huge_numbers_is_read_or_said_with_its_line(write, small, cell):
    text = "t,y\n" + "".join(f"{BIG + i},{i % 9}\n" for i in range(100)) + f"{cell},3\n"
    message = told(write(text))
    assert "line 102" in message or (cell and not message)


# Messages


def test_a_long_cell_does_not_hide_what_is_wrong(write):
    text = f"x,y,shape\n1,2,{'z' * 200_000}\n,5,b\n4,4,c\n"
    with pytest.raises(InputError, match="values are missing"):
        steepest.fit(write(text), target="y", exclude=["shape"])


def test_an_open_quote_in_the_header_is_called_so(write):
    with pytest.raises(InputError, match="quote"):
        steepest.fit(write('x,"y\n' + "1,2\n" * 50_000), target="y")


def test_endings_may_be_capital(write):
    assert steepest.fit(write(gzip.compress(ROWS.encode()), "T.CSV.GZ"), target="y").moments_.rows == 3


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv.zst", "t.csv.bz2"])
def test_damage_is_said_with_the_name_of_the_file(write, name):
    with pytest.raises(InputError, match=name):
        steepest.fit(write(KINDS[name](table())[:-20], name), target="y")


# Lines of JSON


@pytest.mark.parametrize(
    ("last", "message"),
    [
        ('{"x": 1, "y"', "line 5: is no JSON"),
        ("[1, 2]", "line 5: is no JSON object"),
        ('{"x": "far", "y": 2}', "line 5, column 'x': \"far\" is not a number"),
        ('{"y": 2}', "column 'x': 1 of 4 values are missing .* first at line 5"),
        ('{"x": null, "y": 2}', "column 'x': 1 of 4 values are missing .* first at line 5"),
    ],
)
def test_bad_lines_of_json_are_refused_with_their_number(write, last, message):
    text = '{"x": 1, "y": 2}\n{"y": 5, "x": 3}\n\n{"x": 4, "y": 4, "z": 1}\r\n'
    with pytest.raises(InputError, match=message):
        steepest.fit(write(text + last, "t.ndjson"), target="y", features=["x"])


@pytest.mark.parametrize(("first", "last"), [("1", "true"), ("true", "2")])
def test_mixed_kinds_in_json_are_refused_with_their_line(write, first, last):
    text = f'{{"x": {first}, "y": 2}}\n' * 9 + f'{{"x": {last}, "y": 3}}\n'
    with pytest.raises(InputError, match="line 10"):
        steepest.fit(write(text, "t.ndjson"), target="y")


def test_numbers_in_json_may_be_levels(write):
    text = "".join(json.dumps({"g": i % 3, "y": i * i}) + "\n" for i in range(9))
    model = steepest.fit(write(text, "t.ndjson"), target="y", categorical=["g"])
    assert model.feature_names_in_.tolist() == ["g[1]", "g[2]"]


def test_two_objects_on_one_line_are_refused_or_placed(write):
    text = '{"x": 1, "y": 2}{"x": 3, "y": 5}\n{"x": null, "y": 4}\n'
    with pytest.raises(InputError, match="line"):
        steepest.fit(write(text, "t.ndjson"), target="y")


# Parquet and Arrow


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_kinds_of_columns(write, name):
    rows = pa.table(
        {
            "struct": [{"a": 1}, {"a": 2}, {"a": 4}],
            "list": [[1], [2], [3, 4]],
            "when": [datetime(2020, 1, day) for day in (1, 2, 3)],
            "level": pa.array(["a", "b", "a"]).dictionary_encode(),
            "price": [decimal.Decimal(price) for price in ("1.5", "2.5", "9")],
            "flag": [True, False, True],
            "small": pa.array([1, 2, 250], pa.uint8()),
            "y": pa.array([1, 2, 4.5], pa.float32()),
        }
    )
    path = write(KINDS[name](rows), name)
    for column, kind in {"struct": "struct", "list": "list", "when": "dates", "level": "categories"}.items():
        with pytest.raises(InputTypeError, match=f"column '{column}': holds {kind}"):
            steepest.fit(path, target="y", features=[column])
    for column in ("price", "flag", "small"):
        x = np.array([float(value) for value in rows[column].to_pylist()])
        slope = np.polyfit(x, [1, 2, 4.5], 1)[0]
        assert steepest.fit(path, target="y", features=[column]).coef_[0] == pytest.approx(slope)
    model = steepest.fit(path, target="y", features=["level"], categorical=["level"])
    assert model.coef_[0] == pytest.approx(2 - 2.75)


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.feather"])
def test_missing_cells_in_late_batches_are_found_with_their_row(write, name):
    x = [float(i % 7) for i in range(1000)]
    x[950] = None
    rows = pa.table({"x": x, "y": [float(i % 9) for i in range(1000)]})
    path = write(KINDS[name](rows), name)
    with pytest.raises(InputError, match=r"'x': 1 of 1000 values are missing \(NaN\), first at row 950"):
        steepest.fit(path, target="y")
    with pytest.raises(InputError, match=r"first at t\.\w+, row 950"):
        steepest.fit([path, path], target="y")
    assert steepest.fit(path, target="y", missing="drop").moments_.rows == 999


# Damage


def outcome(path, rows=400):
    """Return the model of a damaged file, or None for an error that says so."""
    try:
        model = steepest.fit(path, target="y")
    except (SteepestError, OSError):
        return None
    assert np.isfinite(model.coef_).all()
    assert model.moments_.rows == rows
    return model


@pytest.mark.parametrize(
    "name", ["t.parquet", "t.arrow", "t.feather", "t.csv.gz", "t.csv.zst", "t.csv.bz2", "t.jsonl.gz"]
)
@pytest.mark.parametrize("block", [1024, 4 << 20])
def test_the_beginning_of_a_file_is_refused(write, cut, name, block):
    cut(block)
    data = KINDS[name](table(400))
    for stop in (*range(1, len(data), len(data) // 12), *range(len(data) - 9, len(data))):
        with pytest.raises((SteepestError, OSError)):
            steepest.fit(write(data[:stop], name), target="y")


def test_the_beginning_of_a_text_is_refused_where_fields_are_missing(write, small):
    data = as_csv(table(30))
    for stop in range(data.find(b"\n") + 2, len(data), 7):
        line = data[:stop].split(b"\n")[-1]
        if line and line.count(b",") < 2:
            with pytest.raises(InputError, match=rf"line {data[:stop].count(10) + 1}: expected 3 fields"):
                steepest.fit(write(data[:stop]), target="y")


def footer(data):
    """Return where the footer of a Parquet file begins."""
    return len(data) - 8 - struct.unpack("<I", data[-8:-4])[0]


def flipped(data, start, stop, times, seed=0):
    for bit in np.random.default_rng(seed).integers(8 * start, 8 * stop, size=times).tolist():
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        yield bytes(damaged)


def pages(path):
    """Return where the pages of a Parquet file of one page in a chunk begin and end, without headers."""
    groups = pa.parquet.ParquetFile(path).metadata
    for group in range(groups.num_row_groups):
        for column in range(groups.num_columns):
            chunk = groups.row_group(group).column(column)
            stop = chunk.data_page_offset + chunk.total_compressed_size
            yield chunk.data_page_offset, stop - 800, stop


def checksummed(write):
    """Return a Parquet file of 400 rows whose pages are 800 bytes of numbers behind a header."""
    options = {"row_group_size": 100, "use_dictionary": False, "compression": "none"}
    data = as_parquet(table(400).select(["x", "y"]), write_page_checksum=True, **options)
    return data, list(pages(write(data, "t.parquet")))


def test_flipped_bits_in_pages_with_checksums_are_found(write):
    data, places = checksummed(write)
    for seed, (_, start, stop) in enumerate(places):
        for damaged in flipped(data, start, stop, 13, seed):
            assert outcome(write(damaged, "t.parquet")) is None


def test_flipped_bits_in_headers_of_pages_cost_no_rows(write):
    data, places = checksummed(write)
    begin, start, _ = places[-1]
    for damaged in flipped(data, begin, start, 100):
        outcome(write(damaged, "t.parquet"))


def test_flipped_bits_in_gzip_are_found(write):
    data = gzip.compress(as_csv(table(400)), mtime=0)
    for damaged in flipped(data, 10, len(data), 100):
        assert outcome(write(damaged, "t.csv.gz")) is None


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.csv.zst", "t.csv.bz2", "t.csv"])
def test_flipped_bits_give_a_number_or_an_error(write, name):
    data = KINDS[name](table(400))
    for damaged in flipped(data, 600, 4 * len(data) // 5, 100):
        try:
            outcome(write(damaged, name))
        except AssertionError:
            assert name in ("t.csv", "t.csv.zst")  # a line end more or less shows in the number of rows alone


def test_row_groups_hold_the_rows_that_the_file_promises(write):
    data = as_parquet(table(400), row_group_size=100, write_page_checksum=True)
    promised, at = b"\xc8\x01", footer(data)  # 100, as Thrift writes it
    while (at := data.find(promised, at + 1)) > 0:
        outcome(write(data[:at] + b"\x88" + data[at + 1 :], "t.parquet"))


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_names_that_are_no_text_are_refused(write, name):
    rows = table(400).rename_columns(["column", "k", "y"])
    damaged = KINDS[name](rows).replace(b"column", b"c\xeflumn")
    assert outcome(write(damaged, name)) is None


def test_a_length_that_cannot_be_is_refused(write):
    data = as_feather(table(400), chunksize=100, compression="zstd")
    at = data.rindex(struct.pack("<q", 800))
    damaged = data[:at] + struct.pack("<q", 800 + (1 << 59)) + data[at + 8 :]
    assert outcome(write(damaged, "t.feather")) is None
