"""What the README shows is what happens."""

import re
import shlex
from pathlib import Path

import pytest

from conftest import ROOT, steady

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, flags=re.DOTALL)


def blocks(language):
    return [text for kind, text in BLOCKS if kind == language]


def test_the_first_command_prints_what_follows_it(steepest, tmp_path):
    command = blocks("sh")[0].strip()
    install, _, run = command.partition(" && ")
    assert install == "pip install ."
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    assert steady(steepest(*shlex.split(run)[1:]).out) == steady(blocks("")[0])


def test_the_second_command_is_what_is_checked_continuously():
    command = blocks("sh")[1].strip()
    assert command == 'pip install -e ".[dev]" && python -m pytest'
    assert "grep -E '^pip install -e .*pytest' README.md" in (ROOT / ".ci" / "run").read_text()


def test_the_error_is_the_one_that_is_printed(steepest, tmp_path):
    (tmp_path / "cars.csv").symlink_to(ROOT / "examples" / "cars.csv")
    shown = next(text for text in blocks("") if text.startswith("error"))
    assert steepest("fit", "cars.csv", "-t", "distance").err == shown


def test_the_race_is_run_like_that(steepest, tmp_path):
    (tmp_path / "cars.csv").symlink_to(ROOT / "examples" / "cars.csv")
    shown = next(text for text in blocks("") if text.startswith("dist: 50 rows"))

    def exact(text):
        """Return the words that do not depend on the machine: no seconds, and no path in the noise."""
        lines = [line.split() for line in steady(text).splitlines() if not line.startswith(("sgd", "adam"))]
        return [
            [word for j, word in enumerate(words) if not (j in (1, 3) and "." in word)] for words in lines
        ]

    ran = steepest("race", "cars.csv", "-t", "dist", "--scale", "none").out
    assert exact(ran) == exact(shown)
    assert len(ran.splitlines()) == len(shown.splitlines())


def test_the_python_runs(tmp_path, monkeypatch):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    first, *others = blocks("python")
    names = {}
    exec(first, names)
    bound = re.search(r"certificate_\.in_se *# (\S+)", first)
    assert bound
    assert steady(f"{names['model'].certificate_.in_se:.1e}") == steady(bound[1])
    assert Path("cars.json").exists()
    for block in others:
        if "Error: " not in block:
            exec(block, names)
            continue
        with pytest.raises(names["steepest"].SteepestError) as caught:
            exec(block, names)
        shown = " ".join(line.removeprefix("# ") for line in block.splitlines() if line.startswith("# "))
        assert shown == f"{type(caught.value).__name__}: {caught.value}"
    assert str(names["model"].feature_names_in_.tolist()) in others[0]


def test_the_articles_figures_are_reproduced(capsys):
    exec((ROOT / "examples" / "article.py").read_text(), {})
    out = capsys.readouterr().out
    assert "w0 = 1.00031593, w1 = 1.99065294, R2 = 0.991281901588877" in out
    assert next(text for text in blocks("") if "epochs" in text).strip() in out
