"""What a person at a terminal sees of ``steepest fit`` with a penalty."""

import json

import numpy as np
import pytest

from conftest import CARS, steady

RIDGE = """\
dist ~ 1 + speed                                       ridge, 50 rows, 1 feature
term         estimate
(intercept)  -15.4467
speed         3.79394
note  no standard errors: the penalty biases the coefficients, by how much the
      data cannot tell
R2 0.650   alpha 1   1 of 1 coefficient not zero
fit   converged: 1 step (newton), within tiny SE of the optimum
data  50 rows read, 50 used, 0 dropped
"""


def test_the_summary_of_a_ridge(steepest):
    result = steepest("fit", CARS, "-t", "dist", "--alpha", 1)
    assert (result.code, result.err) == (0, "")
    assert steady(result.out) == RIDGE


@pytest.mark.parametrize(
    ("options", "kind", "facts"),
    [
        (["--alpha", 1, "--l1-ratio", 1], "lasso", "alpha 1   1 of 1"),
        (["--alpha", 1e6, "--l1-ratio", 1], "lasso", "alpha 1e+06   0 of 1"),
        (["--alpha", 0.5, "--l1-ratio", 0.25], "elastic net", "alpha 0.5, l1_ratio 0.25   1 of 1"),
        (["--positive"], "nonnegative least squares", "R2 0.651   1 of 1"),
        (
            ["--positive", "--alpha", 1, "--l1-ratio", 0.123456789],
            "nonnegative elastic net",
            "l1_ratio 0.123457",
        ),
        (["--alpha", 1, "--method", "fista", "--l1-ratio", 1, "--scale", "center"], "lasso", "(fista)"),
    ],
)
def test_every_kind_has_its_name_in_eighty_columns(steepest, options, kind, facts):
    result = steepest("fit", CARS, "-t", "dist", *options)
    assert (result.code, result.err) == (0, "")
    first, *_ = lines = result.out.splitlines()
    assert first.endswith(f" {kind}, 50 rows, 1 feature")
    assert facts in result.out
    assert max(map(len, lines)) <= 80
    assert "of the optimum" in result.out


def test_json_holds_the_penalty(steepest):
    known = ["fit", CARS, "-t", "dist", "--json"]
    told = json.loads(steepest(*known, "--alpha", 2, "--l1-ratio", 0.5, "--positive").out)
    assert told["model"]["penalty"] == {"alpha": 2.0, "l1_ratio": 0.5, "positive": True, "kept": 1}
    assert [term["se"] for term in told["model"]["terms"]] == [None, None]
    assert set(told["fit"]) == {"rows", "r2"}
    assert told["convergence"]["reached"] is True
    assert json.loads(steepest(*known).out)["model"]["penalty"] is None


def test_a_factor_of_zero_leaves_a_column_free(steepest, tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(30, 3)).tolist()
    text = "a,b c,y\n" + "".join(f"{a!r},{b!r},{a + b + e / 10!r}\n" for a, b, e in rows)
    (tmp_path / "t.csv").write_text(text)
    known = ["fit", "t.csv", "-t", "y", "--alpha", 1e3, "--l1-ratio", 1, "--json"]
    terms = json.loads(steepest(*known, "--penalty-factor", "b c: 0").out)["model"]["terms"]
    assert terms[1]["estimate"] == 0
    assert terms[2]["estimate"] == pytest.approx(1, abs=0.5)
    both = json.loads(steepest(*known, "--penalty-factor", "b c: 0", "--penalty-factor", "a: 0").out)
    assert both["model"]["penalty"]["kept"] == 2


def test_a_model_file_keeps_it(steepest):
    shown = steepest(
        "fit", CARS, "-t", "dist", "--alpha", 1, "--penalty-factor", "speed: 2", "-o", "m.json", "-q"
    )
    assert (shown.code, shown.out) == (0, "")
    assert "ridge, 50 rows" in steepest("show", "m.json").out
    assert steepest("predict", "m.json", CARS).out.startswith("speed,dist,dist_pred\n")


def test_stopping_short_is_exit_5(steepest):
    known = ["--alpha", 1, "--l1-ratio", 1, "--method", "gd", "--learning-rate", 0.01, "--max-iter", 3]
    result = steepest("fit", CARS, "-t", "dist", *known)
    assert result.code == 5
    assert "fit   NOT CONVERGED: still " in result.out
    assert "(--max-iter), or choose --method newton" in result.out


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--alpha", "nan"], 2, "--alpha"),
        (["--alpha", "inf"], 2, "--alpha"),
        (["--alpha", "-1"], 2, "--alpha"),
        (["--alpha", "much"], 2, "--alpha"),
        (["--alpha", "1e400"], 2, "--alpha"),
        (["--l1-ratio", "2"], 2, "--l1-ratio"),
        (["--l1-ratio", "nan"], 2, "--l1-ratio"),
        (["--positive", "yes"], 4, "yes"),
        (["--alpha", "1", "--penalty-factor", "speed"], 2, "--penalty-factor"),
        (["--alpha", "1", "--penalty-factor", "speed: -1"], 2, "--penalty-factor"),
        (["--alpha", "1", "--penalty-factor", "speed: inf"], 2, "--penalty-factor"),
        (["--alpha", "1", "--penalty-factor", "spede: 0"], 3, 'Did you mean "speed"'),
        (["--alpha", "1", "--method", "sgd"], 3, "fix: Choose --method auto, or --alpha 0"),
        (
            ["--alpha", "1", "--l1-ratio", "1", "--method", "cg"],
            3,
            '"newton", "gd" or "fista", or --l1-ratio=0',
        ),
        (["--positive", "--method", "newton", "--learning-rate", "0.5"], 3, "or choose --method gd"),
        (["--alpha", "1", "--until", "speed: 1"], 3, "a penalty leaves no intervals to wait for"),
    ],
)
def test_bad_use_is_one_message_with_the_fix(steepest, options, code, words):
    result = steepest("fit", CARS, "-t", "dist", *options)
    assert (result.code, result.out) == (code, "")
    assert words in result.err
    assert result.err.startswith("error[")
    assert "  fix: " in result.err
