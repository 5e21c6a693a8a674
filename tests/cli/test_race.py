"""``steepest race``."""

import json

import numpy as np

from conftest import CARS
from steepest.methods import METHODS


def test_all_methods_run_on_the_same_moments(steepest):
    result = steepest("race", CARS, "-t", "dist", "--scale", "none")
    assert result.code == 0
    first, second, third, head, *laps = result.out.splitlines()
    assert first == "dist: 50 rows, 1 feature; within 1e-06 SE, 10,000 steps at most"
    assert second == "scale none: L 265.5, mu 0.1032, condition number 2572"
    assert third.startswith("moments: ")
    assert head.split() == ["method", "iterations", "passes", "seconds", "SE", "ended"]
    assert [line.split()[0] for line in laps][:4] == ["newton", "cg", "bb", "steepest"]
    assert sorted(line.split()[0] for line in laps) == sorted(METHODS)
    assert laps[7].startswith("gd "), "the closest of those that did not arrive"
    told = {line.split()[0]: line.split()[1:] for line in laps}
    assert told["cg"][:2] == ["2", "1"]
    assert told["gd"][:2] == ["10,000", "1"]
    assert told["gd"][-3:] == ["out", "of", "steps"]
    epochs, passes = (int(word.replace(",", "")) for word in told["sgd"][:2])
    assert passes == epochs + 1
    assert max(map(len, result.out.splitlines())) <= 80


def test_it_takes_the_options_of_a_fit(steepest, tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 4))
    rows[:, 3] = 1 + np.arange(40) % 3
    np.savetxt(tmp_path / "t.csv", rows, delimiter=",", header="a,b,y,w", comments="")
    options = ["t.csv", "-t", "y", "-x", "a", "--weights", "w", "--tol", "0.01", "--json"]
    result = steepest("race", *options, "--methods", "gd,cg")
    document = json.loads(result.out)
    assert (document["schema"], document["command"]) == (1, "race")
    assert document["shared"]["passes"] == 1
    assert {lap["method"] for lap in document["methods"]} == {"gd", "cg"}
    fields = {"method", "iterations", "passes", "seconds", "distance_se", "unit", "reached", "ended"}
    assert all(set(lap) == fields for lap in document["methods"])
    assert all(lap["reached"] and lap["distance_se"] <= 0.01 for lap in document["methods"])
    fit = json.loads(steepest("fit", *options, "--method", "cg").out)
    lap = next(lap for lap in document["methods"] if lap["method"] == "cg")
    assert lap["iterations"] == fit["convergence"]["iterations"]
    assert lap["distance_se"] == fit["convergence"]["distance_se"]


def test_the_order_of_the_rows_is_the_seeds(steepest):
    def race(seed):
        out = steepest("race", CARS, "-t", "dist", "--methods", "sgd", "--random-state", seed, "--json").out
        return json.loads(out)["methods"][0]["distance_se"]

    assert race(1) == race(1) != race(2)


def test_bad_use(steepest):
    result = steepest("race", CARS, "-t", "dist", "--methods", "gd,netwon")
    assert result.code == 2
    assert 'Did you mean "newton"' in result.err
    assert steepest("race", CARS, "-t", "distance").code == 3
    assert "  steepest race " in steepest("race", "-h").out
