"""What a person at a terminal sees of ``steepest fit``."""

import json

import numpy as np
import pytest

from conftest import CARS

CARS_SUMMARY = """\
dist ~ 1 + speed                               least squares, 50 rows, 1 feature
term         estimate     SE           95% CI      t        p
(intercept)   -17.58   6.76   -31.17 .. -3.99  -2.60    0.012
speed           3.932  0.416   3.097 .. 4.768   9.46  1.5e-12
sigma 15.38 (48 df)   R2 0.651 (adj. 0.644)
log-lik -206.58   AIC 419.16   BIC 424.89
fit   converged: 1 step (newton), within 5e-14 SE of the exact fit
data  50 rows read, 50 used, 0 dropped
"""


def test_the_summary_of_the_cars(steepest):
    result = steepest("fit", CARS, "-t", "dist")
    assert (result.code, result.err) == (0, "")
    assert result.out == CARS_SUMMARY


def test_the_model_is_written_shown_and_never_overwritten(steepest, tmp_path):
    result = steepest("fit", CARS, "-t", "dist", "-o", "cars.json")
    assert (result.code, result.out, result.err) == (0, CARS_SUMMARY, "saved cars.json\n")
    assert steepest("show", "cars.json").out == CARS_SUMMARY
    before = (tmp_path / "cars.json").read_bytes()
    again = steepest("fit", CARS, "-t", "dist", "--no-intercept", "-o", "cars.json")
    assert again.code == 4
    assert "--force" in again.err
    assert (tmp_path / "cars.json").read_bytes() == before
    assert steepest("fit", CARS, "-t", "dist", "--no-intercept", "-o", "cars.json", "--force").code == 0
    assert (tmp_path / "cars.json").read_bytes() != before


def test_json_is_one_document(steepest):
    result = steepest("fit", CARS, "-t", "dist", "--json", "--level", "0.9")
    document = json.loads(result.out)
    assert result.err == ""
    assert set(document) == {"schema", "command", "model", "fit", "convergence", "data", "warnings"}
    assert (document["schema"], document["command"]) == (1, "fit")
    slope = document["model"]["terms"][1]
    assert set(slope) == {"name", "estimate", "se", "t", "p", "low", "high"}
    assert slope["estimate"] == pytest.approx(3.932408759)
    assert set(document["convergence"]) == {
        "reached",
        "distance_se",
        "unit",
        "gap",
        "floor",
        "iterations",
        "method",
        "status",
        "advice",
        "noise_radius",
        "early_stop",
        "passes",
        "condition",
    }
    assert document["data"] == {"read": 50, "used": 50, "dropped": {}}


def test_quiet_prints_errors_only(steepest):
    assert steepest("fit", CARS, "-t", "dist", "-q").out == ""
    assert "no-such" in steepest("fit", "no-such.csv", "-t", "dist", "-q").err


def test_stopping_short_is_exit_5_and_the_file_says_so(steepest):
    result = steepest(
        "fit", CARS, "-t", "dist", "--method", "gd", "--scale", "none", "--max-iter", 100, "-o", "m.json"
    )
    assert result.code == 5
    assert "fit   NOT CONVERGED: still 21 SE away after 100 steps (speed is worst)\n" in result.out
    text = " ".join(result.out.split())
    assert "take 21,635 more steps at most (--max-iter), or choose --method newton" in text
    assert "no standard errors" in result.out
    assert json.loads(steepest("show", "m.json", "--json").out)["convergence"]["reached"] is False


def test_options_reach_the_fit(steepest, tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(30, 4))
    lines = ["a,b,c,y,w", *(",".join(map(repr, [*row.tolist(), 1 + i % 3])) for i, row in enumerate(rows))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    shown = steepest(
        "fit", "t.csv", "-t", "y", "--weights", "w", "--exclude", "c", "--method", "cg", "--tol", "1e-3"
    ).out
    assert shown.startswith("y ~ 1 + a + b ")
    assert "weighted least squares, 30 rows, 2 features" in shown
    assert "(conjugate gradient)" in shown
    assert "weights sum to 60" in shown
    shown = steepest("fit", "t.csv", "-t", "y", "-x", "c,a", "--no-intercept").out
    assert shown.startswith("y ~ 0 + c + a ")
    assert "about zero" in shown
    assert (
        steepest(
            "fit", "t.csv", "-t", "y", "--method", "gd", "--learning-rate", "0.5", "--scale", "center"
        ).code
        == 0
    )


def test_a_rate_beyond_the_limit_explains_itself(steepest):
    result = steepest(
        "fit", CARS, "-t", "dist", "--method", "gd", "--scale", "none", "--learning-rate", "0.01"
    )
    assert (result.code, result.out) == (5, "")
    assert result.err.startswith("error[diverged]: --learning-rate: 0.01 is beyond the limit 0.00753 = 2/L")
    assert "loss 1249 at the start, 8517 after 2 steps, 1.722e+05 after 5" in result.err
    assert "fix: Leave --learning-rate out" in result.err
    assert "--scale standard (condition number 2572 -> 1)" in result.err


def test_an_unknown_column_comes_with_the_command_that_was_meant(steepest):
    result = steepest("fit", CARS, "-t", "distance")
    assert result.code == 3
    assert result.err == (
        'error[unknown-column]: cars.csv: no column "distance"\n'
        "   1 | speed,dist\n"
        '     |       ^^^^ did you mean "dist"?\n'
        f"  fix: steepest fit {CARS} -t dist\n"
    )
    assert "-x speed" in steepest("fit", CARS, "-t", "dist", "-x", "sped").err


@pytest.mark.parametrize(
    ("text", "arguments", "code", "words"),
    [
        ("", ["-t", "y"], 3, "t.csv: the file is empty"),
        ("x,y\n", ["-t", "y"], 3, "no rows to fit"),
        ("x,y\na,1\nb,2\n", ["-t", "y"], 3, "column 'x': holds text, not numbers"),
        ("x,y\n1,a\n2,b\n", ["-t", "y"], 3, "is the target"),
        ("x,y\n1,2\n,3\n", ["-t", "y"], 3, "1 of 2 values are missing (NaN), first at line 3"),
        ("x,y\n1,2\n3,4,5\n", ["-t", "y"], 3, "line 3: expected 2 fields, got 3"),
        ("x,y\n1,2\n", [], 2, "name the column to explain"),
        ("x,y\n1,2\n", ["-t", "y", "--metod", "gd"], 2, "--method"),
        ("x,y\n1,2\n", ["-t", "y", "--method", "gdd"], 2, 'Did you mean "gd"'),
        ("x,y\n1,2\n", ["-t", "y", "--scale", "standart"], 2, 'Did you mean "standard"'),
        ("x,y\n1,2\n", ["-t", "y", "--tol", "-1"], 2, "--tol"),
        ("x,y\n1,2\n", ["-t", "y", "--learning-rate", "fast"], 2, "neither"),
        ("x,y\n1,2\n", ["-t", "y", "--level", "95"], 2, "--level"),
        ("x,y\n1,2\n2,3\n3,5\n", ["-t", "y", "-o", "none/m.json"], 4, "no such directory"),
        (
            "x,y\n1,2\n2,3\n3,5\n",
            ["-t", "y", "--method", "cg", "--learning-rate", "1"],
            3,
            "chooses its own steps",
        ),
    ],
)
def test_bad_use_is_one_message_with_the_place_and_the_fix(steepest, tmp_path, text, arguments, code, words):
    (tmp_path / "t.csv").write_text(text)
    result = steepest("fit", "t.csv", *arguments)
    assert (result.code, result.out) == (code, "")
    assert words in result.err
    assert result.err.startswith("error[")
    assert "  fix: " in result.err


def test_missing_files_and_folders(steepest, tmp_path):
    assert steepest("fit", "none.csv", "-t", "y").code == 4
    result = steepest("fit", tmp_path, "-t", "y")
    assert result.code == 4
    assert "file in the folder" in result.err


def test_errors_are_json_when_json_was_asked_for(steepest):
    result = steepest("fit", CARS, "-t", "distance", "--json")
    assert (result.code, result.out) == (3, "")
    assert set(json.loads(result.err)) == {"code", "message", "fix"}


def test_names_cannot_disturb_the_terminal(steepest, tmp_path):
    (tmp_path / "t.csv").write_text("\x1b[31mred,ÿ\n1,2\n2,3\n3,5\n4,4\n", encoding="utf-8")
    result = steepest("fit", "t.csv", "-t", "ÿ", PYTHONIOENCODING="ascii")
    assert result.code == 0
    assert "\x1b" not in result.out
    assert "\\x1b[31mred" in result.out
    assert "\\xff" in result.out


def test_warnings_about_columns_are_notes(steepest, tmp_path):
    (tmp_path / "t.csv").write_text("a,b,k,y\n1,2,7,1\n2,4,7,3\n3,6,7,2\n4,8,7,9\n5,10,7,4\n")
    result = steepest("fit", "t.csv", "-t", "y")
    assert "note  k does not vary: coefficient exactly 0" in result.out
    assert "b = 2 a: coefficients of smallest norm" in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    assert result.err == ""


def test_columns_without_a_name_or_with_commas_can_be_chosen(steepest, tmp_path):
    (tmp_path / "t.csv").write_text(',"a,b",c,y\n0,1,3,2\n1,2,1,3\n2,3,2,5\n3,5,7,4\n')
    assert steepest("fit", "t.csv", "-t", "y", "--exclude", "", "--exclude", "c").out.startswith(
        "y ~ 1 + a,b "
    )
    assert steepest("fit", "t.csv", "-t", "y", "-x", "a,b").out.startswith("y ~ 1 + a,b ")


def test_columns_called_like_parameters_keep_their_names(steepest, tmp_path):
    (tmp_path / "t.csv").write_text("learning_rate,y\n1,2\n2,3\n3,5\n4,4\n")
    assert "\nlearning_rate " in steepest("fit", "t.csv", "-t", "y").out


@pytest.mark.parametrize("rate", ["1e100", "1e308"])
def test_absurd_rates_are_refused_like_others(steepest, rate):
    result = steepest("fit", CARS, "-t", "dist", "--method", "gd", "--learning-rate", rate)
    assert result.code == 5
    assert "beyond the limit" in result.err
    assert "Warning" not in result.err


def test_numbers_of_any_size_have_a_summary(steepest, tmp_path):
    rng = np.random.default_rng(0)
    pairs = rng.normal(size=(40, 2)).tolist()
    (tmp_path / "t.csv").write_text(
        "x,y\n" + "".join(f"{x * 1e-180!r},{(2 * x + e) * 1e100!r}\n" for x, e in pairs)
    )
    result = steepest("fit", "t.csv", "-t", "y", "--json")
    assert (result.code, result.err) == (0, "")
    slope = json.loads(result.out)["model"]["terms"][1]
    assert 3 < slope["t"] < 100
    assert slope["se"] > 0
    (tmp_path / "t.csv").write_text(
        "x,y\n" + "".join(f"{x * 1e-180!r},{(2 * x + e) * 1e200!r}\n" for x, e in pairs)
    )
    result = steepest("fit", "t.csv", "-t", "y")
    assert (result.code, result.out) == (3, "")
    assert "column 'x': its coefficient is beyond the range of float64" in result.err


@pytest.mark.parametrize("option", ["--tol", "--level"])
def test_what_is_no_number_is_no_number(steepest, option):
    assert steepest("fit", CARS, "-t", "dist", option, "nan").code == 2


def test_messages_show_names_literally(steepest, tmp_path):
    (tmp_path / "t.csv").write_text("\x1b[31mred,y\n1,2\n")
    result = steepest("fit", "t.csv", "-t", "z")
    assert result.code == 3
    assert "\x1b" not in result.err


def test_columns_that_have_no_room_are_refused_with_the_numbers(tmp_path, steepest):
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [f"c{j}" for j in range(100_000)]
    pq.write_table(pa.table([pa.array([1.0, 2.0])] * len(names), names=names), tmp_path / "wide.parquet")
    done = steepest("fit", "wide.parquet", "-t", "c0")
    assert done.code == 4
    assert "the moments of 100000 columns need about 447.0 GB, and" in done.err


def test_a_model_is_never_written_over_the_data(steepest, tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x,y\n1,2\n2,3\n3,5\n")
    for data in ("b.csv", "*.csv"):
        done = steepest("fit", data, "-t", "y", "-o", "b.csv", "--force")
        assert (done.code, "is a file of the data" in done.err) == (2, True)
    assert (tmp_path / "b.csv").read_text().startswith("x,y")
