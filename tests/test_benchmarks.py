"""The benchmarks run, and judge by an exact answer."""

import json

import pytest

from benchmarks import page, workloads
from benchmarks.reference import reference
from benchmarks.run import main
from truth import exactly


@pytest.mark.parametrize(
    ("workload", "rival", "scale"), [("1e6x10", "numpy lstsq", 0.002), ("csv", "read_csv", 0.0002)]
)
def test_a_workload_runs_end_to_end(workload, rival, scale, tmp_path, capsys):
    options = ["--pairs", "1", "--rows-scale", str(scale), "--results", str(tmp_path)]
    main([str(tmp_path), workload, "--beside", rival, *options])
    assert (tmp_path / f"{workload}.md").read_text().strip() == capsys.readouterr().out.strip()
    record = json.loads((tmp_path / f"{workload}.json").read_text())
    (name,) = record["beside"]
    ((ours, theirs),) = record["beside"][name]["pairs"]
    assert rival in name
    assert record["rows"] == 2000
    assert ours["se"]
    assert ours["error"] < 1e-13
    assert theirs["error"] is None or theirs["error"] < 1e-12
    assert min(ours["seconds"], theirs["seconds"]) > 0


def test_a_rival_that_fails_is_reported_in_a_line(tmp_path, capsys):
    options = ["--pairs", "1", "--timeout", "0.01", "--results", str(tmp_path)]
    main([str(tmp_path), "20x1", "--beside", "linregress", *options])
    assert "- scipy linregress: takes longer than 0.01 s\n" in capsys.readouterr().out


def test_the_reference_is_the_answer_known_by_construction():
    assert reference(lambda: workloads.exact(400, 1)).tolist() == [2.0, 0.5]


@pytest.mark.parametrize("make", [workloads.units, workloads.dependent])
def test_the_reference_is_the_rational_answer_rounded(make):
    ((X, y),) = make(60, 4)
    exact = exactly(X, y).estimate
    assert reference(lambda: make(60, 4)).tolist() == [float(each) for each in exact]


def test_the_page_shows_all_saved_results():
    text = page.PAGE.read_text()
    assert page.page(text) == text
    marked = {name for _, name, _ in page.MARKED.findall(text)} - {"summary"}
    assert marked == {path.stem for path in page.RESULTS.glob("*.json")}
