"""What a pass shows on its way."""

import json
import os
import pty
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from steepest.anytime import Standing
from steepest.report.layout import WIDTH
from steepest.report.live import MOST_TERMS, Block, Tick

STANDS = Standing(
    names=("(intercept)", "distance", "hours"),
    estimate=np.array([2.5, 1.23456, -0.00789]),
    rows=4_200_000,
    sigma=3.21,
    r2=0.8125,
)
KNOWN = replace(STANDS, move=np.array([0.1, 0.00321, 0.0005]), reach=np.array([0.25, 0.0456, 0.00061]))
TICK = Tick("trips.parquet", 4_200_000, 10_000_000, 32, 64, 1_250_000.0, 4.64, True, KNOWN)

HEAD = "  ━━━━━━━─────────  42%  4.2 M of 10 M rows  1.25 M rows/s  5 s left"


def lines(**changes):
    return Block().lines(replace(TICK, **changes))


def test_intervals_and_how_far_estimates_may_move():
    assert lines() == [
        "trips.parquet",
        HEAD,
        "  term         estimate    95% ±  may still move by  width over time",
        "  (intercept)   2.50        0.25                0.1                █",
        "  distance      1.235      0.046             0.0032                █",
        "  hours        -0.00789  0.00061             0.0005                █",
        "  sigma 3.21   R2 0.812",
    ]


def test_estimates_alone_while_it_is_warming_up():
    assert lines(standing=STANDS, groups=7, left=None) == [
        "trips.parquet",
        HEAD.replace("5 s left", "estimating"),
        "  term         estimate",
        "  (intercept)   2.5",
        "  distance      1.2346",
        "  hours        -0.00789",
        "  sigma 3.21   R2 0.812",
        "  warming up: 7 of 10 groups of rows",
    ]


def test_nothing_but_where_it_is_before_rows_determine_anything():
    assert lines(standing=None, groups=0) == ["trips.parquet", HEAD]
    assert lines(standing=None, groups=1)[2:] == ["  warming up: 1 of 10 groups of rows"]


def test_rows_in_the_order_of_the_source():
    shown = lines(standing=STANDS, shuffled=False)
    assert shown[-1] == "  rows come in the order of the source: no intervals before the last"
    assert shown[2] == "  term         estimate"


def test_rows_of_unknown_number_have_no_bar():
    assert lines(of=None, standing=None, groups=0) == ["trips.parquet", "  4.2 M rows  1.25 M rows/s"]


def test_ordered_rows_are_told_of():
    note = "  rows are ordered: intervals are widened 6x"
    assert lines(standing=replace(KNOWN, ordered=5.8))[-1] == note
    assert "ordered" not in lines(standing=replace(KNOWN, ordered=1.9))[-1]


def test_a_terminal_without_unicode():
    shown = Block(unicode=False).lines(TICK)
    assert "\n".join(shown).isascii()
    assert shown[1].startswith("  =======---------  42%")
    assert "95% +-" in shown[2]
    assert shown[3].endswith(" #")


@pytest.mark.parametrize(("unicode", "marks"), [(True, "█▆▅▄▄▃▃▂▂▁"), (False, "#*+==~~--.")])
def test_how_widths_shrank(unicode, marks):
    block = Block(unicode)
    for width in np.linspace(1, 0.05, 55):
        shown = block.lines(replace(TICK, standing=replace(KNOWN, reach=width * KNOWN.reach)))
    history = shown[3].split()[-1]
    assert len(history) == 10
    levels = [("▁▂▃▄▅▆▇█" if unicode else "._-~=+*#").index(mark) for mark in history]
    assert (levels[0], levels[-1]) == (7, 0)
    assert levels == sorted(levels, reverse=True)


def test_of_many_terms_those_are_shown_that_are_known_worst():
    names = tuple(f"x{j}" for j in range(20))
    reach = np.linspace(0.1, 2, 20)
    many = replace(KNOWN, names=names, estimate=np.ones(20), move=reach / 2, reach=reach)
    shown = lines(standing=many)
    assert [line.split()[0] for line in shown[3 : 3 + MOST_TERMS]] == [f"x{j}" for j in range(12, 20)]
    assert shown[-2] == "  + 12 more"
    shown = lines(standing=replace(many, move=None, reach=None))
    assert [line.split()[0] for line in shown[3 : 3 + MOST_TERMS]] == [f"x{j}" for j in range(8)]


def test_estimates_of_zero_and_widths_of_zero_are_shown():
    shown = lines(standing=replace(KNOWN, estimate=np.zeros(3), reach=np.zeros(3), move=np.zeros(3)))
    assert [line.split()[1:4] for line in shown[3:6]] == [["0.0", "0", "0"]] * 3


def test_names_cannot_disturb_the_terminal():
    shown = lines(label="a\x1b[2J\rb\u202e", standing=replace(KNOWN, names=("\x1b[31m", "a\nb", "x" * 500)))
    assert all(line.isprintable() for line in shown)
    assert shown[0] == "a\\x1b[2J\\rb\\u202e"
    assert shown[5].startswith("  " + "x" * 17 + "... ")


def test_nor_can_the_name_of_a_file_in_a_line():
    assert replace(TICK, label="a\x1b[2J\rb").line().isprintable()


@pytest.mark.parametrize("size", [1e-60, 1e60])
def test_numbers_of_any_size_fit_on_the_terminal(size):
    sized = {name: size * getattr(KNOWN, name) for name in ("estimate", "move", "reach")}
    assert max(map(len, lines(standing=replace(KNOWN, **sized)))) <= WIDTH


def test_long_names_fit_on_the_terminal():
    assert max(map(len, lines(standing=replace(KNOWN, names=("a", "b", "x" * 500))))) <= WIDTH


def test_the_longest_head_fits_on_the_terminal():
    tick = replace(TICK, rows=123_000_000, of=456_000_000, rate=12_300.0, left=27_000.0)
    assert len(Block().lines(tick)[1]) <= WIDTH


@pytest.mark.parametrize("rows", [999_900, 999_900_000, 2_000_000_000_000])
def test_counts_are_never_powers(rows):
    assert "e+" not in lines(rows=rows, of=None)[1]


def test_one_line():
    assert TICK.line() == "trips.parquet: 4,200,000 of 10,000,000 rows, 1,250,000 rows/s, 5 s left"
    plain = replace(TICK, of=None, left=None)
    assert plain.line() == "trips.parquet: 4,200,000 rows, 1,250,000 rows/s"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "60 s"), (3599.7, "1 h 0 min"), (7384, "2 h 3 min")],
)
def test_times(seconds, text):
    assert replace(TICK, left=seconds).line().endswith(f", {text} left")


def test_plain_data():
    told = TICK.to_dict()
    assert {name: told[name] for name in ("rows", "of", "rows_per_second", "left")} == {
        "rows": 4_200_000,
        "of": 10_000_000,
        "rows_per_second": 1_250_000,
        "left": 4.6,
    }
    assert told["terms"][1] == {
        "name": "distance",
        "estimate": 1.23456,
        "half_width": 0.0456,
        "may_move": 0.00321,
    }
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    told = replace(TICK, standing=STANDS).to_dict()["terms"][2]
    assert told == {"name": "hours", "estimate": -0.00789, "half_width": None, "may_move": None}
    assert replace(TICK, standing=None, of=None, left=None).to_dict()["terms"] == []


# the command, which shows every piece here as if it had taken seconds

IMPATIENT = """
import sys
from steepest.cli import live, main
live.QUIET_SECONDS = live.LINE_SECONDS = live.JSON_SECONDS = live.REDRAW = live.COST = 0
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 2))
    columns = {"a": X[:, 0], "b": X[:, 1], "y": X @ [1, 2] + rng.normal(size=2000)}
    pq.write_table(pa.table(columns), folder / "t.parquet", row_group_size=50)
    columns["y"] = 2 * np.round(columns["a"]) - 1
    columns["a"] = np.round(columns["a"])
    pq.write_table(pa.table(columns), folder / "line.parquet", row_group_size=50)
    return folder


def told(folder, *arguments, stderr=subprocess.PIPE, file="t.parquet"):
    done = subprocess.run(
        [sys.executable, "-c", IMPATIENT, "fit", file, "-t", "y", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env={**os.environ, "COLUMNS": "80", "TERM": "xterm", "PYTHONIOENCODING": "utf-8"},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("y ~ 1 + a + b ")
    assert done.stdout.count("\n") < 20
    assert "rows/s" not in done.stdout
    return done


def test_lines_of_json(folder):
    ticks = [json.loads(line) for line in told(folder, "--progress", "json").stderr.splitlines()]
    assert [tick["rows"] for tick in ticks] == list(range(50, 2001, 50))
    assert {tick["of"] for tick in ticks} == {2000}
    widths = [[term["half_width"] for term in tick["terms"]] for tick in ticks]
    assert all(width == [None] * 3 for width in widths[:9])
    assert (np.array(widths[9:], dtype=float) > 0).all()
    assert [term["may_move"] for term in ticks[-1]["terms"]] == [0, 0, 0]


def test_in_the_end_they_say_what_the_table_says(folder):
    done = told(folder, "--progress", "json")
    last = json.loads(done.stderr.splitlines()[-1])["terms"][1]
    (shown,) = [line.split() for line in done.stdout.splitlines() if line.startswith("a ")]
    assert float(shown[1]) == pytest.approx(last["estimate"], abs=1e-3)
    low, high = float(shown[3]), float(shown[5])
    assert (high - low) / 2 == pytest.approx(last["half_width"], abs=1e-3)


def test_plain_lines_are_what_a_file_gets(folder):
    for arguments in (["--progress", "plain"], []):
        shown = told(folder, *arguments).stderr.splitlines()
        assert len(shown) >= 40
        assert shown[0].startswith("t.parquet: 50 of 2,000 rows, ")
        assert all(line.isprintable() for line in shown)


def test_off_and_quiet_are_silent(folder):
    assert told(folder, "--progress", "off").stderr == ""


def test_a_bar_is_drawn_on_a_terminal_alone(folder):
    assert "\x1b" not in told(folder, "--progress", "bar").stderr
    ours, theirs = pty.openpty()
    told(folder, "--until", "a: 0.09", stderr=theirs)
    os.close(theirs)
    drawn = b""
    try:
        while some := os.read(ours, 1 << 16):
            drawn += some
    except OSError:
        pass
    os.close(ours)
    text = drawn.decode()
    for words in ("may still move by", "warming up: 9 of 10 groups", "% ", "of 2 k rows"):
        assert words in text
    assert "\x1b[2K" in text


def test_rows_in_the_order_of_the_file_have_no_intervals(folder):
    ticks = told(folder, "--progress", "json", "--order", "file").stderr.splitlines()
    assert {term["half_width"] for tick in ticks for term in json.loads(tick)["terms"]} == {None}


def test_rows_on_a_line_print_no_warnings(folder):
    done = told(folder, "--progress", "json", file="line.parquet")
    assert {json.loads(line)["of"] for line in done.stderr.splitlines()} == {2000}
