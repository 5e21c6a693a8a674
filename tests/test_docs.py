"""What the pages show is what happens."""

import re
import shlex
from itertools import pairwise

import pytest

from conftest import ROOT, steady
from steepest.methods import METHODS

PAGE = (ROOT / "docs" / "methods.md").read_text()


@pytest.fixture
def names(tmp_path, monkeypatch):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    return {}


def test_the_page_on_methods_runs_and_prints_what_it_says(names, capsys):
    blocks = re.findall(r"```(python|)\n(.*?)```", PAGE, flags=re.DOTALL)
    python = [text for kind, text in blocks if kind]
    exec(python[0], names)
    assert capsys.readouterr().out == next(text for kind, text in blocks if not kind)
    for block in python[1:]:
        exec(block, names)
    assert names["momentum"].at(10**12).certificate_.in_se < 1e-9
    assert list(names["frame"].columns)[:2] == ["iteration", "loss"]


def test_the_page_on_methods_has_a_row_for_each():
    assert re.findall(r'^\| `"(\w+)"` \|', PAGE, flags=re.MULTILINE) == list(METHODS)


def test_its_iterations_are_those_of_the_study():
    study = (ROOT / "studies" / "results" / "iterations.md").read_text()
    rows = re.findall(r"^\| (?:10|100|1000|10000|1e\+06) \|(.*)\|$", study, flags=re.MULTILINE)
    measured = [re.findall(r"(> \d+|[\d.]+) \(", row)[1:] for row in rows]
    shown = re.findall(r"^\| 10[²³⁴⁶]? \|(.*)\|$", PAGE, flags=re.MULTILINE)
    printed = [
        [cell.strip().replace(" ", "").replace(">", "> ") for cell in row.split("|")][:-1] for row in shown
    ]
    assert printed == measured
    assert "Beyond: gd at 1/L at 10000, steepest at 10000." in study


def test_the_page_on_streaming_runs_and_prints_what_it_says(names, capsys):
    page = (ROOT / "docs" / "streaming.md").read_text()
    blocks = re.findall(r"```(\w*)\n(.*?)```", page, flags=re.DOTALL)
    printed = [text for (kind, _), (_, text) in pairwise(blocks) if kind == "python"]
    for block in (text for kind, text in blocks if kind == "python"):
        exec(block, names)
        shown = capsys.readouterr().out
        assert not shown or shown in printed
    assert names["model"].feature_names_in_[:3].tolist() == ["km", "zone[centre]", "zone[port]"]


def test_the_commands_on_streaming_run(steepest, tmp_path):
    page = (ROOT / "docs" / "streaming.md").read_text()
    rows = "".join(f"{i % 7},{i % 5},{i % 11}\n" for i in range(200))
    (tmp_path / "trips.csv").write_text("km,hour,fare\n" + rows)
    (block,) = re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL)
    for line in block.splitlines():
        (tmp_path / "fare.json").unlink(missing_ok=True)
        words = shlex.split(line.replace("trips.parquet", "trips.csv"))
        assert steepest(*words[1:]).code == 0


def test_the_page_on_penalties_runs_and_prints_what_it_says(names, capsys):
    page = (ROOT / "docs" / "penalties.md").read_text()
    blocks = re.findall(r"```(\w*)\n(.*?)```", page, flags=re.DOTALL)
    printed = [steady(text) for (kind, _), (_, text) in pairwise(blocks) if kind == "python"]
    for block in (text for kind, text in blocks if kind == "python"):
        exec(block, names)
        shown = capsys.readouterr().out
        assert not shown or steady(shown) in printed
    assert names["chosen"].mse_path_.shape == (2, 100, 5)


def test_the_commands_on_penalties_run(names, steepest):
    page = (ROOT / "docs" / "penalties.md").read_text()
    python, commands = (re.search(rf"```{kind}\n(.*?)```", page, re.DOTALL)[1] for kind in ("python", "sh"))
    exec(python, names)
    for command in commands.splitlines():
        assert steepest(*shlex.split(command)[1:]).code == 0
