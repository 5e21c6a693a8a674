"""A medium that fails for a moment costs no row; one that stays away ends the run so that it can be taken up.

The faults are real: `faulty.c` stands between a process and the system, and makes the reads of one file fail.
"""

import errno
import gzip
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

from conftest import Result
from steepest.cli import main
from steepest.cli.exits import RESOURCES, exit_code
from steepest.fitting import fit
from steepest.learning import learn
from steepest.parameters import Parameters
from steepest.sources.base import Selection
from steepest.sources.open import open_table

NAMES = ["a", "b", "y"]


def table(rows):
    rng = np.random.default_rng(0)
    a, b = rng.normal(3, 1, (2, rows))
    return pa.table([a, b, 1 + 2 * a - b + rng.normal(size=rows)], NAMES)


def write_csv(path):
    pa.csv.write_csv(table(200_000), path)


def write_gzip(path):
    stream = pa.BufferOutputStream()
    pa.csv.write_csv(table(400_000), stream)
    path.write_bytes(gzip.compress(stream.getvalue(), 1))


def write_ndjson(path):
    rows = zip(*table(20_000).to_pydict().values(), strict=True)
    path.write_text("".join(f'{{"a": {a}, "b": {b}, "y": {y}}}\n' for a, b, y in rows))


def write_parquet(path):
    pa.parquet.write_table(
        table(200_000), path, row_group_size=100_000, data_page_size=1 << 15, use_dictionary=False
    )


def write_arrow(path):
    pa.feather.write_feather(table(200_000), path, chunksize=20_000, compression="uncompressed")


WRITERS = {
    "d.csv": write_csv,
    "d.csv.gz": write_gzip,
    "d.ndjson": write_ndjson,
    "d.parquet": write_parquet,
    "d.arrow": write_arrow,
}


def at_the_end(data):
    return 9 * len(data) // 10, len(data)


def in_the_second_batch(data):
    """Return a part of a Parquet file that is read after the first batch of a row group."""
    chunk = pa.parquet.read_metadata(pa.BufferReader(data)).row_group(1).column(2)
    end = chunk.data_page_offset + chunk.total_compressed_size
    return end - chunk.total_compressed_size // 5, end - (1 << 16)


def in_the_footer(data):
    return len(data) - (1 << 16), len(data)


def in_the_first_column(data):
    """Return a part of an Arrow file that is read when rows are counted."""
    head = data.index(b"\xff\xff\xff\xff", 4 * len(data) // 5)
    return head, head + 150_000


def in_the_last_column(data):
    """Return a part of an Arrow file that is read with the rows only."""
    _, end = in_the_first_column(data)
    return end + 180_000, end + 320_000


FAULTS = [
    ("d.csv", at_the_end, errno.EIO),
    ("d.csv.gz", at_the_end, errno.ESTALE),
    ("d.ndjson", at_the_end, errno.ETIMEDOUT),
    ("d.parquet", in_the_second_batch, errno.ESTALE),
    ("d.arrow", in_the_last_column, errno.EIO),
]
"""Where reads of a file fail once its rows are read, and how."""

EARLY = [("d.parquet", in_the_footer, errno.EIO), ("d.arrow", in_the_first_column, errno.ESTALE)]
"""Where they fail before."""

SEVERAL_PIECES = ("d.csv.gz", "d.parquet", "d.arrow")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a file of every kind."""
    folder = tmp_path_factory.mktemp("files")
    for name, write in WRITERS.items():
        write(folder / name)
    return folder


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The library that makes reads fail."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the reads of other systems are not made to fail")
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    path = tmp_path_factory.mktemp("library") / "faulty.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", path, Path(__file__).parents[1] / "faulty.c"], check=True)
    return path


@pytest.fixture
def data(folder, tmp_path, monkeypatch):
    """Put a file of some kind into an empty folder."""
    monkeypatch.chdir(tmp_path)

    def data(name):
        path = tmp_path / name
        path.symlink_to(folder / name)
        return path

    return data


def command(path, *more):
    return ["fit", path.name, "-t", "y", "-q", "--order", "file", "-o", "m.json", "--force", *more]


def faulty(library, path, arguments, part, number, times):
    """Run a command on one core; reads of a file are short, and some fail so many times."""
    start, end = part(path.read_bytes())
    places = {"FAULTY_FILE": path.name, "FAULTY_FROM": start, "FAULTY_TO": end, "FAULTY_SHORT": 30_011}
    faults = {"LD_PRELOAD": library, **places, "FAULTY_TIMES": times, "FAULTY_ERRNO": number}
    done = subprocess.run(
        [sys.executable, "-m", "steepest", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **{name: str(value) for name, value in faults.items()}},
        preexec_fn=lambda: os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]),
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def steady(capsys):
    """Run a command on a medium that does not fail."""

    def steady(arguments):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        out, err = capsys.readouterr()
        return Result(end.value.code or 0, out, err)

    return steady


@pytest.fixture
def model(steady):
    """Return the model of a file, in bytes."""

    def model(path):
        assert steady(command(path)).code == 0
        return taken()

    return model


def taken():
    """Return the model that was written, and take it away."""
    written = Path("m.json").read_bytes()
    Path("m.json").unlink()
    return written


@pytest.mark.parametrize(("name", "part", "number"), [*FAULTS, *EARLY])
def test_a_failure_that_passes_costs_no_row(library, data, model, name, part, number):
    path = data(name)
    expected = model(path)
    assert faulty(library, path, command(path), part, number, times=2) == Result(0, "", "")
    assert taken() == expected


@pytest.mark.parametrize(("name", "part", "number"), [each for each in FAULTS if each[0] in SEVERAL_PIECES])
def test_a_failure_that_stays_ends_the_run_which_can_be_taken_up(
    library, data, model, steady, name, part, number
):
    path = data(name)
    expected, arguments = model(path), command(path, "--checkpoint", "f.ckpt")
    done = faulty(library, path, arguments, part, number, times=1000)
    assert done.code == RESOURCES
    assert f"error[file]: {os.strerror(number)}: {name}\n" in done.err
    resume = next(line for line in done.err.splitlines() if line.startswith("resume: "))
    kept = Path("f.ckpt").read_bytes()
    assert "resumed after" in (again := steady(shlex.split(resume)[2:])).err
    assert again.code == 0
    assert taken() == expected
    Path("f.ckpt").write_bytes(kept)
    path.unlink()
    gone = steady([*arguments, "--resume"])
    assert gone.code == RESOURCES
    assert f"no such file: {name}" in gone.err


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_is_gone_before_it_is_read_again_is_named(data, name):
    path = data(name)
    opened = open_table(path)
    source = Selection(opened, learn(opened, target="y"))
    rows = sum(chunk.read for piece in source.pieces() for chunk in piece())

    def watch(tree):
        if tree.rows == rows:
            path.unlink()

    with pytest.raises(FileNotFoundError) as caught:
        fit(source, Parameters(precise=True), watch=watch)
    assert caught.value.filename == str(path)
    assert exit_code(caught.value) == RESOURCES
