"""The command itself: help, version, completion, start-up, interruption."""

import json
import os
import pty
import signal
import subprocess
import sys

import pytest

import steepest as package
from conftest import CARS

PROBE = """
import sys, json, atexit
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
from steepest.cli import main
main(sys.argv[1:])
"""


def modules_of(*arguments):
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *map(str, arguments)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["fit", "--help"]])
def test_help_starts_without_the_heavy_libraries(arguments):
    loaded = modules_of(*arguments)
    assert not loaded & {"sklearn", "pyarrow", "pandas", "scipy.stats", "scipy", "numpy", "rich", "polars"}


def test_a_fit_never_loads_scikit_learn(tmp_path):
    loaded = modules_of("fit", CARS, "-t", "dist", "-o", tmp_path / "m.json")
    assert "pyarrow" in loaded
    assert not loaded & {"sklearn", "pandas", "scipy.stats", "matplotlib", "polars", "narwhals"}


def test_import_loads_nothing_heavy():
    code = "import sys, steepest; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not set(loaded) & {"sklearn", "pyarrow", "pandas", "scipy.stats", "matplotlib", "numpy"}


def cpu_seconds(*command):
    before = os.times()
    subprocess.run(command, check=True, capture_output=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def test_a_whole_fit_takes_less_cpu_time_than_importing_statsmodels():
    fit = [sys.executable, "-m", "steepest", "fit", str(CARS), "-t", "dist"]
    rival = [sys.executable, "-c", "import statsmodels.api"]
    pairs = [(cpu_seconds(*fit), cpu_seconds(*rival)) for _ in range(3)]
    assert min(ours for ours, _ in pairs) < min(theirs for _, theirs in pairs)


def test_version_and_help(steepest):
    assert steepest("--version").out == f"steepest {package.__version__}\n"
    shown = steepest("--help").out
    for verb in ("fit", "predict", "show"):
        assert f"  {verb} " in shown
        assert f"  steepest {verb} " in steepest(verb, "-h").out
    nothing = steepest()
    assert nothing.code == 2
    assert "Commands:" in nothing.err


def test_unknown_verbs_are_usage_errors(steepest):
    result = steepest("fti", CARS)
    assert result.code == 2
    assert "fti" in result.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete(shell):
    def completed(**environment):
        command = [sys.executable, "-c", "from steepest.cli import main; main()"]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
        return done.stdout

    assert "steepest" in completed(_STEEPEST_COMPLETE=f"{shell}_source")
    if shell == "bash":
        bash = {
            "_STEEPEST_COMPLETE": "bash_complete",
            "COMP_WORDS": f"steepest fit {CARS} -t sp",
            "COMP_CWORD": "4",
        }
        assert "plain,speed" in completed(**bash)
        bash |= {"COMP_WORDS": f"steepest fit {CARS} -t dist --method ne", "COMP_CWORD": "6"}
        assert "plain,newton" in completed(**bash)


def in_a_terminal(tmp_path, *arguments, **environment):
    """Run the command with a terminal for standard output, and return what it prints."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "steepest", *map(str, arguments)],
        stdout=theirs,
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm", **environment},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    process.wait()
    os.close(ours)
    return shown.decode()


def test_colour_only_on_terminals_that_want_it(tmp_path):
    arguments = ("fit", CARS, "-t", "dist")
    assert "\x1b[32m" in in_a_terminal(tmp_path, *arguments, NO_COLOR="")
    assert "\x1b" not in in_a_terminal(tmp_path, *arguments, NO_COLOR="1")
    assert "\x1b" not in in_a_terminal(tmp_path, *arguments, TERM="dumb", NO_COLOR="")


def test_an_interrupt_is_exit_130_and_leaves_nothing(tmp_path):
    slow = tmp_path / "slow.csv"
    slow.write_text("x,y\n" + "1,2\n2,3\n3,5\n" * 400_000)
    code = (
        "import os, signal\n"
        "from steepest.sources.delimited import Csv\n"
        "blocks = Csv.blocks\n"
        "def interrupted(self):\n"
        "    for number, block in enumerate(blocks(self)):\n"
        "        if number == 1:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "        yield block\n"
        "Csv.blocks = interrupted\n"
        "from steepest.cli import main\n"
        f"main(['fit', {str(slow)!r}, '-t', 'y', '-o', {str(tmp_path / 'm.json')!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 130
    assert done.stderr == "error[interrupted]: stopped before the end\n"
    assert [path.name for path in tmp_path.iterdir()] == ["slow.csv"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_bug_is_reported_as_one(tmp_path):
    code = (
        "import steepest.report.text as text\n"
        "text.lines = lambda facts: 1 / 0\n"
        "from steepest.cli import main\n"
        f"main(['fit', {str(CARS)!r}, '-t', 'dist'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "bug in steepest: ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr
    loud = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "STEEPEST_TRACEBACK": "1"},
    )
    assert "Traceback" in loud.stderr
