"""Work that is cut off is taken up again, and gives the same bytes: kill -9, full disks, Ctrl-C, other data.

Commands run as real processes: children of one that has imported everything, so that each takes little time.
"""

import hashlib
import json
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import steepest
from conftest import CARS, Result
from steepest import LinearRegression, persist
from steepest.checkpoint import CHECKPOINT, Checkpoint
from steepest.chunk import Chunk, Counts
from steepest.errors import CheckpointError, InputError
from steepest.moments import Moments

DEADLINE = 60.0

NURSERY = r"""
import gc, json, os, signal, sys, threading
import concurrent.futures, pyarrow.csv, pyarrow.parquet, scipy.linalg, scipy.special, threadpoolctl
import steepest, steepest.checkpoint, steepest.cli.fit, steepest.cli.live, steepest.cli.options
import steepest.fitting, steepest.persist, steepest.report.text, steepest.sources.open
import concurrent.futures.thread, pyarrow.compute
from steepest.cli import main

gc.freeze()
os.fsync = os.fstat  # the system does not die here, and waiting for its disk takes most of the time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    job = json.loads(line)
    if os.fork():
        continue
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    status = os.open(job["status"], os.O_WRONLY)
    pid = os.fork()
    if pid:
        os.write(status, b"%d\n" % pid)
        os.write(status, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        os._exit(0)
    os.close(status)
    os.chdir(job["folder"])
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(job[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    exec(job["before"], {"__name__": "child"})
    try:
        main(job["arguments"])
    except SystemExit as end:
        threading._shutdown()
        sys.stdout.flush()
        os._exit(end.code)
"""

EVERY_PIECE = """
import steepest.checkpoint as checkpoint, steepest.sources.lines as lines
checkpoint.SECONDS = checkpoint.SHARE = 0
"""

SMALL_BLOCKS = """
import steepest.sources.lines as lines
lines.BLOCK = 8192
"""

COUNT_PIECES = """
import os
from steepest.cli.live import Live
log, shown = os.open("pieces.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), Live.__call__
def counted(self, tree):
    os.write(log, b".")
    shown(self, tree)
Live.__call__ = counted
"""

INTERRUPT = """
import os, signal
from itertools import count
import steepest.moments as moments
gathered, gather = count(1), moments.gather
def interrupted(chunk):
    if next(gathered) == {at}:
        os.kill(os.getpid(), signal.{name})
    return gather(chunk)
moments.gather = interrupted
"""

SEEN_READING = """
import os
from steepest.sources.parquet import Parquet
read = Parquet._read
def told(self, *rest):
    os.write(2, b"READING\\n")
    return read(self, *rest)
Parquet._read = told
"""

BEFORE_THE_MODEL = """
import os, steepest.persist as persist
persist.save = lambda *_: os._exit(137)
"""


class Job:
    """A command that runs."""

    def __init__(self, status, out, err):
        self._status, self._out, self._err, self._lines = status, out, err, b""
        self.pid = int(self._line())

    def _line(self):
        end = time.monotonic() + DEADLINE
        while b"\n" not in self._lines:
            assert select.select([self._status], [], [], max(end - time.monotonic(), 0))[0], "it hangs"
            self._lines += os.read(self._status, 100)
        line, _, self._lines = self._lines.partition(b"\n")
        return line

    @property
    def ended(self):
        return b"\n" in self._lines or bool(select.select([self._status], [], [], 0)[0])

    def wait(self):
        code = int(self._line())
        os.close(self._status)
        out, err = (path.read_text(errors="replace") for path in (self._out, self._err))
        assert "Traceback" not in err, err
        return Result(code, out, err)


class Nursery:
    """Starts commands in a folder."""

    def __init__(self, place):
        self.folder, self._place, self._numbers = place, place, count()
        self._process = subprocess.Popen(
            [sys.executable, "-c", NURSERY],
            stdin=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "80", "OPENBLAS_NUM_THREADS": "1"},
        )

    def start(self, *arguments, before=""):
        """Start a command, after some code in its process."""
        names = ("status", "out", "err")
        status, out, err = (self._place / f"{name}{next(self._numbers)}" for name in names)
        os.mkfifo(status)
        opened = os.open(status, os.O_RDONLY | os.O_NONBLOCK)
        while self._process.poll() is None:
            job = {"arguments": [*map(str, arguments)], "before": before, "folder": str(self.folder)}
            job |= {"status": str(status), "out": str(out), "err": str(err)}
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()
            end = time.monotonic() + DEADLINE
            while not select.select([opened], [], [], 1)[0]:
                assert time.monotonic() < end, "it does not begin"
            return Job(opened, out, err)
        raise AssertionError("the nursery has died")

    def __call__(self, *arguments, before=""):
        return self.start(*arguments, before=before).wait()

    def close(self):
        self._process.stdin.close()
        self._process.wait(DEADLINE)


@pytest.fixture(scope="module")
def _nursery(tmp_path_factory):
    nursery = Nursery(tmp_path_factory.mktemp("nursery"))
    yield nursery
    nursery.close()


@pytest.fixture
def run(_nursery, tmp_path):
    """Run a command in an empty folder; it says what is in `run.folder`."""
    _nursery.folder = tmp_path
    return _nursery


def table(seed=0, pieces=40, rows=200):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(3, 1, (2, pieces * rows))
    return pa.table({"a": a, "b": b, "y": 1 + 2 * a - b + rng.normal(size=a.size)})


def write_parquet(path, data, rows=200):
    pq.write_table(data, path, row_group_size=rows)


def write_csv(path, data):
    columns = np.column_stack([data[name].to_numpy() for name in data.column_names])
    np.savetxt(path, columns, "%.17g", ",", header=",".join(data.column_names), comments="")


def pieces_in(path):
    document, _ = CHECKPOINT.load(path)
    return sum(size for size, *_ in document["tree"]["nodes"])


def killed_after(job, path, pieces):
    """Kill a job as soon as its checkpoint holds so many pieces; every look must find a whole file."""
    end = time.monotonic() + DEADLINE
    while not job.ended and time.monotonic() < end:
        try:
            enough = pieces_in(path) >= pieces
        except FileNotFoundError:
            continue
        if enough:
            os.kill(job.pid, signal.SIGKILL)
            break
    return job.wait()


def left_behind(folder):
    """Return the checkpoint and the lock, if they are there; not what a killed process was writing."""
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("f.ckpt"))


def taken_up(run, *command, before=""):
    """Return the result of a resumed command, and the bytes of its model."""
    result = run(*command, "--resume", before=before)
    return result, (run.folder / "m.json").read_bytes() if result.code in (0, 5) else None


# --- kill -9 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "seed"), [*(("parquet", s) for s in range(8)), *(("csv", s) for s in (8, 9)), ("several", 10)]
)
def test_whatever_is_killed_and_resumed_gives_the_same_bytes(run, kind, seed):
    folder, rng = run.folder, np.random.default_rng(seed)
    if kind == "parquet":
        write_parquet(folder / "d.parquet", table(seed))
        names = ["d.parquet"]
    elif kind == "csv":
        write_csv(folder / "d.csv", table(seed))
        names = ["d.csv"]
    else:
        for at in range(3):
            write_parquet(folder / f"{at}.parquet", table(seed + at, 8))
        write_csv(folder / "3.csv", table(seed + 3, 16))
        names = ["0.parquet", "1.parquet", "2.parquet", "3.csv"]
    fit, slow = ["fit", *names, "-t", "y", "-q"], EVERY_PIECE + SMALL_BLOCKS + COUNT_PIECES
    assert run(*fit, "-o", "whole.json", before=SMALL_BLOCKS).code == 0
    command, checkpoint = [*fit, "--checkpoint", "f.ckpt", "-o", "m.json"], folder / "f.ckpt"
    saved, kills, result = 0, 0, None
    for _ in range(5):
        job = run.start(*command, "--resume", before=slow)
        result = killed_after(job, checkpoint, saved + int(rng.integers(1, 12)))
        told = re.search(r"resumed after ([\d,]+) rows \((\d+) pieces\)", result.err)
        assert (int(told[2]) if told else 0) == saved
        if result.code != -signal.SIGKILL or (folder / "m.json").exists():
            break
        kills += 1
        began, saved = saved, pieces_in(checkpoint)
        assert 0 <= began + (folder / "pieces.log").stat().st_size - saved <= 1
    if result.code == -signal.SIGKILL and not (folder / "m.json").exists():
        result = run(*command, "--resume", before=slow)
        assert f"({saved} pieces)" in result.err
        assert result.code == 0
    assert kills
    assert (folder / "m.json").read_bytes() == (folder / "whole.json").read_bytes()
    if result.code == 0:
        assert left_behind(folder) == []


DIES = """
import os
calls, stages = 0, ("open", "fsync", "replace", "unlink", "fdopen")
def staged(name, real):
    def call(*given, **named):
        global calls
        calls += 1
        if calls == {at}:
            if name == "fdopen":
                os.write(given[0], b'{{"checkpoint": 1, "sha256": "half of')
            os._exit(137)
        return real(*given, **named)
    return call
for name in stages:
    setattr(os, name, staged(name, getattr(os, name)))
"""


@pytest.fixture
def small(run):
    """A small table, the command that fits it, and the model."""
    write_parquet(run.folder / "d.parquet", table(pieces=3))
    command = ["fit", "d.parquet", "-t", "y", "-q", "-o", "m.json", "--force", "--checkpoint", "f.ckpt"]
    assert run(*command).code == 0
    model = run.folder / "m.json"
    whole = model.read_bytes()
    model.unlink()
    return command, whole


def died_everywhere(run, command):
    """Yield after a death at every stage of every writing."""
    for at in count(1):
        result = run(*command, before=EVERY_PIECE + DIES.format(at=at))
        if result.code == 0:
            assert at > 24
            return
        assert result.code == 137
        yield at


def test_death_at_any_stage_of_writing_costs_one_piece_at_most(run, small):
    command, whole = small
    for at in died_everywhere(run, command):
        checkpoint, model = run.folder / "f.ckpt", run.folder / "m.json"
        assert not model.exists() or model.read_bytes() == whole
        if checkpoint.exists():
            assert pieces_in(checkpoint) >= min((at - 13) // 7, 3)
        result, again = taken_up(run, *command)
        assert (result.code, again) == (0, whole)
        assert left_behind(run.folder) == []
        model.unlink()


def test_a_resumed_run_takes_away_what_a_killed_one_was_writing(run, small):
    command, _ = small
    assert run(*command, before=EVERY_PIECE + DIES.format(at=10)).code == 137
    assert run(*command, "--resume").code == 0
    assert [path.name for path in run.folder.iterdir() if path.name.startswith(".")] == []


FAILS = """
import os
from steepest.checkpoint import Checkpoint
calls, saves, inside, real = 0, 0, False, Checkpoint.save
def save(self):
    global inside, saves
    saves += 1
    inside = saves > 1
    try:
        real(self)
    finally:
        inside = False
def staged(real):
    def call(*given, **named):
        global calls
        calls += inside
        if inside and {which}:
            raise OSError(28, "No space left on device")
        return real(*given, **named)
    return call
Checkpoint.save = save
for name in ("open", "fsync", "replace", "unlink"):
    setattr(os, name, staged(getattr(os, name)))
"""


@pytest.mark.parametrize("which", ["calls == {at}", "calls >= {at}"])
def test_a_checkpoint_that_cannot_be_written_is_told_once_and_the_fit_goes_on(run, small, which):
    command, whole = small
    for at in range(1, 25):
        result = run(*command, before=EVERY_PIECE + FAILS.format(which=which.format(at=at)))
        assert (result.code, (run.folder / "m.json").read_bytes()) == (0, whole)
        if result.err == "":  # nothing failed, or the folder alone was not flushed
            if at > 14:
                break
            continue
        note = "note: no checkpoint: No space left on device: f.ckpt; the fit goes on\n"
        assert result.err == note
        assert left_behind(run.folder) == []
    else:
        raise AssertionError("it always fails")


def test_limits_on_the_size_of_files_stop_the_checkpoint_but_not_the_fit(run, small):
    command, _ = small
    before = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    before += "resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
    write_parquet(run.folder / "d.parquet", table(pieces=70))
    without = [each for each in command if each not in ("--checkpoint", "f.ckpt")]
    assert run(*without).code == 0
    model = (run.folder / "m.json").read_bytes()
    result = run(*command, before=EVERY_PIECE + before.format(limit=len(model)))
    assert (result.code, (run.folder / "m.json").read_bytes()) == (0, model)
    assert result.err.count("File too large") == 1
    assert left_behind(run.folder) == []
    result = run(*without, before=before.format(limit=1000))
    assert result.code == 4
    assert "File too large: m.json" in result.err
    assert (run.folder / "m.json").read_bytes() == model


# --- outputs that cannot be written -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "output",
    [
        ["--checkpoint", "none/f.ckpt"],
        ["--checkpoint", "d.parquet/f.ckpt"],
        ["-o", "none/m.json"],
        ["-o", "d.parquet/m.json"],
        ["-o", "d.parquet"],
    ],
)
def test_what_cannot_be_written_is_found_before_anything_is_read(run, output):
    write_parquet(run.folder / "d.parquet", table(pieces=3))
    result = run("fit", "d.parquet", "-t", "y", *output, before=SEEN_READING)
    assert result.code == 4
    assert "error[file]" in result.err
    assert "READING" not in result.err
    assert [path.name for path in run.folder.iterdir()] == ["d.parquet"]


def test_a_checkpoint_without_a_folder_is_found_before_levels_are_learnt(run):
    data = table(pieces=3)
    write_parquet(run.folder / "d.parquet", data.append_column("c", pa.array(["u", "v", "w"] * 200)))
    command = ["fit", "d.parquet", "-t", "y", "--categorical", "c", "--checkpoint", "none/f.ckpt"]
    result = run(*command, before=SEEN_READING)
    assert result.code == 4
    assert "READING" not in result.err


@pytest.mark.parametrize(
    "option",
    [
        pytest.param("-o"),
        "--checkpoint",
    ],
)
def test_a_folder_without_permission_is_found_before_anything_is_read(run, option):
    with tempfile.TemporaryDirectory() as name:
        write_parquet(Path(name) / "d.parquet", table(pieces=3))
        Path(name).chmod(0o555)
        before = SEEN_READING + ("os.setuid(65534)\n" if os.geteuid() == 0 else "")
        result = run("fit", f"{name}/d.parquet", "-t", "y", option, f"{name}/f", before=before)
        Path(name).chmod(0o755)
    assert result.code == 4
    assert "READING" not in result.err


def test_a_folder_as_forced_output_is_found_before_anything_is_read(run):
    write_parquet(run.folder / "d.parquet", table(pieces=3))
    (run.folder / "m").mkdir()
    result = run("fit", "d.parquet", "-t", "y", "-o", "m", "--force", before=SEEN_READING)
    assert result.code == 4
    assert "READING" not in result.err


def test_a_full_device_as_output_keeps_the_checkpoint(run, small):
    command, whole = small
    full = ["/dev/full" if word == "m.json" else word for word in command]
    result = run(*full, before=EVERY_PIECE)
    assert result.code == 4
    assert "No space left on device" in result.err
    assert left_behind(run.folder) == ["f.ckpt"]
    result, again = taken_up(run, *command)
    assert (result.code, again) == (0, whole)
    assert "(3 pieces)" in result.err


def test_an_output_may_have_a_name_as_long_as_the_system_takes(run, small):
    command, whole = small
    name = "m" * 250 + ".json"
    assert run(*(name if word == "m.json" else word for word in command)).code == 0
    assert (run.folder / name).read_bytes() == whole


def test_a_folder_that_cannot_be_flushed_is_no_reason_to_fail(run, small):
    command, whole = small
    before = """
import os, stat
real = os.fsync
def fsync(fd):
    if stat.S_ISDIR(os.fstat(fd).st_mode):
        raise OSError(22, "Invalid argument")
    real(fd)
os.fsync = fsync
"""
    assert run(*command, before=before).code == 0
    assert (run.folder / "m.json").read_bytes() == whole


def test_a_checkpoint_may_not_be_the_output(run, small):
    command, _ = small
    result = run(*("m.json" if word == "f.ckpt" else word for word in command))
    assert result.code != 0 or (run.folder / "m.json").exists()


def test_a_checkpoint_that_cannot_be_removed_does_not_hide_the_fit(run, small):
    command, whole = small
    before = """
import os
real = os.unlink
def unlink(path, **named):
    if str(path) == "f.ckpt":
        raise PermissionError(13, "Permission denied", str(path))
    real(path, **named)
os.unlink = unlink
"""
    result = run(*(word for word in command if word != "-q"), before=before)
    assert (run.folder / "m.json").read_bytes() == whole
    assert "sigma" in result.out
    assert left_behind(run.folder) == ["f.ckpt"]


# --- damage -------------------------------------------------------------------------------------------------


def written(path, rows=5):
    """Write a checkpoint, and return what it was written for."""
    given = {"columns": "a, b", "size of d": 5}
    with Checkpoint(path, given, most=4, resume=False, say=print) as keeper:
        for seed in range(3):
            z = np.random.default_rng(seed).normal(size=(rows, 2))
            chunk = Chunk((z,), ("a", "y"))
            keeper.tree.add((Moments.of(chunk), Counts.of(chunk)), rows)
        keeper.save()
        data = path.read_bytes()
    path.write_bytes(data)
    return given, data


def load(path, given):
    with Checkpoint(path, given, most=4, resume=True, say=print) as keeper:
        raise InterruptedError(keeper.tree.pieces)


def test_every_flipped_byte_and_every_truncation_is_noticed(tmp_path):
    path = tmp_path / "f.ckpt"
    given, data = written(path)
    with pytest.raises(InterruptedError, match="3"):
        load(path, given)
    damaged = [data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :] for at in range(len(data))]
    damaged += [data[:length] for length in range(len(data))] + [data + b"\n"]
    for each in damaged:
        with pytest.raises(CheckpointError, match="is no "):
            CHECKPOINT.loads(each, "f.ckpt")
    for each in damaged[::97]:
        path.write_bytes(each)
        with pytest.raises(CheckpointError, match="is no "):
            load(path, given)
    assert left_behind(tmp_path) == ["f.ckpt"]


def test_a_damaged_checkpoint_ends_with_its_own_code(run, small):
    command, _ = small
    for data in (b"", b"{}", b'{"checkpoint": 1, "sha256": "', b"\xff" * 500, b'{"checkpoint": 2'):
        (run.folder / "f.ckpt").write_bytes(data)
        result = run(*command, "--resume")
        assert result.code == 6
        assert "error[checkpoint]: f.ckpt: is no" in result.err
        assert (run.folder / "f.ckpt").read_bytes() == data


def rehashed(data):
    """Return a document with the hash that its contents ask for."""
    blank = re.sub(rb'"sha256": "[0-9a-f]{64}"', b'"sha256": ""', data, count=1)
    return blank.replace(b'"sha256": ""', b'"sha256": "%b"' % hashlib.sha256(blank).hexdigest().encode(), 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (rb'"tree"', b'"free"'),
        (rb'"span": \d+', b'"span": "x"'),
        (rb'"mean": "[^"]+"', b'"mean": "AAAA"'),
        (rb'"mean": "[^"]+"', b'"mean": 5'),
        (rb'"span": \d+', b'"span": NaN'),
        (rb'"most": \d+', b'"most": 4, "most": 4'),
        pytest.param(rb'"tree": \{.*"rows": 15', b'"tree": {"most": 4, "span": 1, "rows": 1e999'),
        pytest.param(rb'"weight": [\d.]+', b'"weight": "heavy"'),
        pytest.param(rb'"nodes": \[\[1', b'"nodes": [[-1'),
    ],
)
def test_a_file_with_a_good_hash_and_a_bad_heart_is_refused(tmp_path, old, new):
    path = tmp_path / "f.ckpt"
    given, data = written(path)
    assert rehashed(data) == data
    changed = re.sub(old, lambda _: new, data, count=1)
    assert changed != data
    path.write_bytes(rehashed(changed))
    with pytest.raises(CheckpointError, match="is no intact checkpoint"):
        load(path, given)


def test_what_comes_back_is_what_was_kept_to_the_last_bit(tmp_path):
    path = tmp_path / "f.ckpt"
    given, _ = written(path)
    odd = np.array([[5e-324, 1e200], [2.0**-1074, -1e200], [0.0, 3e-200]])
    with Checkpoint(path, given, most=4, resume=True, say=print) as keeper:
        tree = keeper.tree
        for part in (odd, np.empty((0, 2)), np.full((3, 2), 0.1)):
            chunk = Chunk((part,), ("a", "y"), np.full(len(part), 1e-150), dropped={"é\n": 2})
            tree.add((Moments.of(chunk), Counts.of(chunk)), chunk.read)
        keeper.save()
        keeper._take_up()
        for (size, old), (again, new) in zip(tree.nodes, keeper.tree.nodes, strict=False):
            assert size == again
            assert old[1] == new[1]
            for name in Moments.__slots__:
                np.testing.assert_array_equal(getattr(old[0], name), getattr(new[0], name))
        assert keeper.tree.rows == tree.rows


# --- another run --------------------------------------------------------------------------------------------


@pytest.fixture
def begun(run):
    """A fit of a text file that was killed after ten pieces: its command, and the checkpoint."""
    write_csv(run.folder / "d.csv", table())
    command = ["fit", "d.csv", "-t", "y", "-q", "-o", "m.json", "--checkpoint", "f.ckpt"]
    result = killed_after(run.start(*command, before=EVERY_PIECE + SMALL_BLOCKS), run.folder / "f.ckpt", 10)
    assert result.code == -signal.SIGKILL
    return command, (run.folder / "f.ckpt").read_bytes()


def refused(run, command, *named, before=""):
    """Assert that a run is refused, and that the differences are named."""
    kept = (run.folder / "f.ckpt").read_bytes()
    result = run(*command, "--resume", before=SMALL_BLOCKS + before)
    assert result.code == 6, result
    assert "belongs to another run" in result.err
    for each in named:
        assert re.search(each, result.err), (each, result.err)
    assert (run.folder / "f.ckpt").read_bytes() == kept
    assert not (run.folder / "m.json").exists()


def test_changed_data_are_refused_and_the_change_is_named(run, begun):
    command, _ = begun
    path = run.folder / "d.csv"
    data, status = path.read_bytes(), path.stat()

    def put(contents):
        path.write_bytes(contents)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    put(data + data.splitlines(True)[-1])
    refused(run, command, rf"size of d\.csv: {len(data)} then, {path.stat().st_size} now")
    put(data[: data.rfind(b"\n", 0, -1) + 1])
    refused(run, command, rf"size of d\.csv: {len(data)} then, {path.stat().st_size} now")
    put(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    refused(run, command, rf"time of d\.csv: {status.st_mtime_ns} then, {status.st_mtime_ns + 1} now")
    put(data)
    shutil.copy2(path, run.folder / "other.csv")
    os.utime(run.folder / "other.csv", ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(run.folder / "other.csv", path)
    refused(run, command, rf"inode of d\.csv: {status.st_ino} then, {path.stat().st_ino} now")
    shutil.copy2(path, run.folder / "e.csv")
    refused(run, [*command, "e.csv"], r"size of e\.csv \(2\): None then, \d+ now")


def test_data_rewritten_under_their_old_time_are_refused(run, begun):
    command, _ = begun
    path = run.folder / "d.csv"
    status = path.stat()
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    refused(run, command)


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["-x", "a"], r"feature 2: .*Numeric.*then, None now"),
        (["--exclude", "a"], r"feature 1: "),
        (["--missing", "drop"], r"missing: .*'error'.*then.*'drop'.*now"),
        (["--weights", "a"], r"weights: .*None.*then.*'a'.*now"),
        (["--no-intercept"], "fit_intercept: 'True' then, 'False' now"),
        (["--tol", "0.5"], "tol: '1e-06' then, '0.5' now"),
        (["--method", "gd"], "method: \"'auto'\" then, \"'gd'\" now"),
        (["--order", "file"], "order: 0 then, None now"),
        (
            ["--random-state", "7", "--tol", "1"],
            "order: 0 then, 7 now; random_state: '0' then, '7' now; tol: ",
        ),
        (["--precise"], "precise: \"'auto'\" then, 'True' now"),
    ],
)
def test_other_columns_and_parameters_are_refused_by_name(run, begun, more, named):
    command, _ = begun
    refused(run, [*command, *more], named)


def test_another_version_is_refused(run, begun):
    command, _ = begun
    refused(
        run,
        command,
        r"steepest: '0\.1\.0' then, '9\.1' now",
        before="import steepest.version as v\nv.__version__='9.1'",
    )


def test_another_minor_version_is_refused(run, begun):
    command, _ = begun
    refused(run, command, before="import steepest.version as v\nv.__version__='0.987.0'")


@pytest.mark.parametrize("more", [["--na", "7.5"], ["--decimal", ","]])
def test_another_reading_of_the_text_is_refused(run, more):
    rng = np.random.default_rng(0)
    rows = [f"{x:.1f};{y:.1f}" for x, y in rng.integers(0, 100, (4000, 2)) / 10]
    (run.folder / "d.csv").write_text("a;y\n" + "\n".join(rows) + "\n")
    command = ["fit", "d.csv", "-t", "y", "-q", "-o", "m.json", "--checkpoint", "f.ckpt", "--missing", "drop"]
    if "--decimal" in more:  # numbers without a mark are numbers either way
        (run.folder / "d.csv").write_text("a;y\n" + "\n".join(each.replace(".", "") for each in rows) + "\n")
    assert run(*command, before=EVERY_PIECE + SMALL_BLOCKS + BEFORE_THE_MODEL).code == 137
    refused(run, [*command, *more])


def test_of_many_columns_the_one_that_differs_is_named(run):
    names = [f"column{j}" for j in range(30)]
    data = pa.table({name: np.random.default_rng(j).normal(size=400) for j, name in enumerate([*names, "y"])})
    write_parquet(run.folder / "d.parquet", data, 20)
    command = ["fit", "d.parquet", "-t", "y", "-q", "-o", "m.json", "--checkpoint", "f.ckpt"]
    assert run(*command, before=EVERY_PIECE + BEFORE_THE_MODEL).code == 137
    refused(
        run, [*command, "--exclude", "column29", "--tol", "0.1"], "column29", "tol: '1e-06' then, '0.1' now"
    )


def test_a_pipe_among_files_cannot_be_taken_up(run):
    write_csv(run.folder / "d.csv", table(pieces=3))
    write_csv(run.folder / "e.csv", table(1, pieces=3))
    os.mkfifo(run.folder / "p.csv")
    with subprocess.Popen(["sh", "-c", "cat e.csv > p.csv"], cwd=run.folder) as writer:
        result = run("fit", "d.csv", "p.csv", "-t", "y", "-q", "--checkpoint", "f.ckpt")
        writer.kill()
    assert result.code == 3
    assert "cannot be taken up again" in result.err


def test_an_old_checkpoint_is_not_overwritten_and_none_is_no_obstacle(run, begun):
    command, kept = begun
    result = run(*command)
    assert result.code == 6
    assert "f.ckpt: is there already" in result.err
    assert "--resume" in result.err
    assert (run.folder / "f.ckpt").read_bytes() == kept
    (run.folder / "f.ckpt").unlink()
    result = run(*command, "--resume")
    assert (result.code, result.err) == (0, "")
    assert left_behind(run.folder) == []
    assert run("fit", "d.csv", "-t", "y", "--resume").code == 2


# --- one run at a time --------------------------------------------------------------------------------------


def test_a_second_process_is_refused_and_a_dead_one_is_no_obstacle(run):
    write_parquet(run.folder / "d.parquet", table())
    os.mkfifo(run.folder / "gate")
    wait = "import steepest.persist as p\nreal = p.save\n"
    wait += "def save(*given):\n    open('gate').read()\n    real(*given)\np.save = save\n"
    command = ["fit", "d.parquet", "-t", "y", "-q", "-o", "m.json", "--checkpoint", "f.ckpt"]
    first = run.start(*command, before=EVERY_PIECE + wait)
    gate = os.open(run.folder / "gate", os.O_WRONLY)  # opens when the first has read everything
    for more in ([], ["--resume"]):
        second = run(*command, *more)
        assert second.code == 6
        assert re.search(rf"f\.ckpt: is in use by process {first.pid}, started \d\d:\d\d:\d\d", second.err)
    os.kill(first.pid, signal.SIGKILL)
    os.close(gate)
    assert first.wait().code == -signal.SIGKILL
    assert left_behind(run.folder) == ["f.ckpt", "f.ckpt.lock"]
    result = run(*command, "--resume")
    assert result.code == 0
    assert "(40 pieces)" in result.err
    assert left_behind(run.folder) == []


def test_of_many_processes_at_once_at_most_one_has_the_checkpoint(run):
    write_parquet(run.folder / "d.parquet", table(pieces=10))
    command = ["fit", "d.parquet", "-t", "y", "-q", "-o", "m.json", "--force", "--checkpoint", "f.ckpt"]
    assert run(*command).code == 0
    whole = (run.folder / "m.json").read_bytes()
    jobs = [run.start(*command, "--resume", before=EVERY_PIECE) for _ in range(8)]
    results = [job.wait() for job in jobs]
    assert any(result.code == 0 for result in results)
    assert all(result.code == 0 or "is in use by" in result.err for result in results), results
    assert (run.folder / "m.json").read_bytes() == whole
    assert left_behind(run.folder) == []


def test_a_lock_that_vanishes_between_two_looks_is_taken_anew(tmp_path, monkeypatch):
    path = tmp_path / "f.ckpt"
    exists = Path.exists

    def vanishing(self):
        found = exists(self)
        if self.name.endswith(".lock") and found:
            monkeypatch.setattr(Path, "exists", exists)
            os.unlink(self)
        return found

    monkeypatch.setattr(Path, "exists", vanishing)
    with Checkpoint(path, {}, most=4, resume=False, say=print):
        assert left_behind(tmp_path) == ["f.ckpt", "f.ckpt.lock"]
    assert left_behind(tmp_path) == []


# --- Ctrl-C -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_an_interrupted_fit_says_what_it_knows_and_how_to_go_on(run, seed):
    rng, name = np.random.default_rng(seed), ("SIGINT", "SIGTERM")[seed % 2]
    folder = "a folder of 'mine'"
    (run.folder / folder).mkdir()
    write_parquet(run.folder / folder / "d.parquet", table(seed, 60))
    fit = [
        "fit",
        f"{folder}/d.parquet",
        "-t",
        "y",
        "-q",
        "-x",
        "a,b",
        "--order",
        ("random", "file")[seed % 2],
    ]
    assert run(*fit, "-o", "whole.json").code == 0
    command = [*fit, "-o", "m.json", "--checkpoint", "f.ckpt"]
    result = run(*command, before=INTERRUPT.format(at=rng.integers(3, 50), name=name))
    assert result.code == 130, result
    assert "of 12 k rows" in result.err
    assert "error[interrupted]" in result.err
    assert not (run.folder / "m.json").exists()
    again = shlex.split(re.search("^resume: (.*)$", result.err, re.MULTILINE)[1])
    assert again == ["steepest", "fit", "--resume", *command[1:]]
    pieces = pieces_in(run.folder / "f.ckpt")
    result = run(*again[1:])
    assert result.code == 0
    assert f"({pieces} pieces)" in result.err or not pieces
    assert (run.folder / "m.json").read_bytes() == (run.folder / "whole.json").read_bytes()
    assert left_behind(run.folder) == []


def test_a_fit_interrupted_again_and_again_comes_to_an_end(run):
    write_parquet(run.folder / "d.parquet", table())
    assert run("fit", "d.parquet", "-t", "y", "-q", "-o", "whole.json").code == 0
    command = ["fit", "d.parquet", "-t", "y", "-q", "-o", "m.json", "--checkpoint", "f.ckpt", "--resume"]
    codes = [run(*command, before=INTERRUPT.format(at=12, name="SIGINT")).code for _ in range(8)]
    assert codes.count(130) >= 2
    if not (run.folder / "m.json").exists():
        assert run(*command).code == 0
    assert (run.folder / "m.json").read_bytes() == (run.folder / "whole.json").read_bytes()


def test_without_a_checkpoint_an_interrupted_fit_leaves_nothing(run):
    write_parquet(run.folder / "d.parquet", table())
    result = run(
        "fit", "d.parquet", "-t", "y", "-o", "m.json", before=INTERRUPT.format(at=20, name="SIGTERM")
    )
    assert result.code == 130
    assert "resume" not in result.err
    assert result.out == ""
    assert [path.name for path in run.folder.iterdir()] == ["d.parquet"]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_second_ctrl_c_ends_at_once(run, small, name):
    command, whole = small
    again = "import os, signal\nfrom steepest.cli.live import Live\n"
    again += f"Live.block = lambda self: os.kill(os.getpid(), signal.{name}) or print('LATER')\n"
    result = run(*command, before=EVERY_PIECE + INTERRUPT.format(at=3, name=name) + again)
    assert result.code == -getattr(signal, name)
    assert "LATER" not in result.err + result.out
    result, model = taken_up(run, *command)
    assert (result.code, model) == (0, whole)


INTERRUPTS_MERGING = """
import os, signal, threading
from itertools import count
import steepest.anytime as anytime, steepest.engines.tree as tree
anytime.MOST_GROUPS = 4
calls, real = count(1), tree.{function}
def merged(*given):
    if threading.current_thread() is threading.main_thread() and {which}:
        os.kill(os.getpid(), signal.SIGINT)
    return real(*given)
tree.{function} = merged
"""


@pytest.mark.parametrize(
    ("function", "which"),
    [
        pytest.param(
            "_sum",
            "next(calls) == 20",
        ),
        pytest.param(
            "_pushed",
            "len(given) == 2 and given[1] == 4",
        ),
    ],
)
def test_ctrl_c_in_the_middle_of_a_merge_does_not_tear_the_sums(run, function, which):
    write_parquet(run.folder / "d.parquet", table())
    fewer, command = (
        "import steepest.anytime as a\na.MOST_GROUPS = 4\n",
        ["fit", "d.parquet", "-t", "y", "-q"],
    )
    assert run(*command, "-o", "whole.json", before=fewer).code == 0
    command += ["-o", "m.json", "--checkpoint", "f.ckpt"]
    result = run(*command, before=INTERRUPTS_MERGING.format(function=function, which=which))
    assert result.code == 130
    kept = CHECKPOINT.load(run.folder / "f.ckpt")[0]["tree"]
    assert kept["rows"] == sum(counts["read"] for *_, counts in kept["nodes"])
    result, model = taken_up(run, *command, before=fewer)
    assert (result.code, model) == (0, (run.folder / "whole.json").read_bytes())


def test_a_resumed_run_knows_what_it_took_up(run, small):
    command, _ = small
    assert run(*command, before=EVERY_PIECE + BEFORE_THE_MODEL).code == 137
    before = (
        "import os, signal, steepest.persist as p\np.save = lambda *_: os.kill(os.getpid(), signal.SIGINT)\n"
    )
    result = run(*command, "--resume", before=before)
    assert result.code == 130
    assert "resumed after 600 rows" in result.err


def test_the_command_to_resume_minds_the_end_of_options(run):
    write_parquet(run.folder / "-d.parquet", table())
    command = ["fit", "-t", "y", "-q", "-o", "m.json", "--checkpoint", "f.ckpt", "--", "-d.parquet"]
    result = run(*command, before=INTERRUPT.format(at=20, name="SIGINT"))
    assert result.code == 130
    again = shlex.split(re.search("^resume: (.*)$", result.err, re.MULTILINE)[1])
    assert run(*again[1:]).code == 0


def test_an_interruption_after_the_model_was_written_does_not_deny_it(run, small):
    command, whole = small
    before = "import os, signal, steepest.report.facts as f\n"
    before += "f.facts = lambda *_: os.kill(os.getpid(), signal.SIGINT)\n"
    result = run(*command, before=before)
    assert result.code == 130
    assert (run.folder / "m.json").read_bytes() == whole
    assert "no model was written" not in result.err


def test_ctrl_c_on_a_full_disk_still_is_an_interruption(run):
    write_parquet(run.folder / "d.parquet", table())
    command = ["fit", "d.parquet", "-t", "y", "-q", "--checkpoint", "f.ckpt"]
    before = EVERY_PIECE + FAILS.format(which="calls > 40") + INTERRUPT.format(at=25, name="SIGINT")
    result = run(*command, before=before)
    assert result.code == 130
    assert "resume: steepest" in result.err


def test_passwords_never_show(run):
    address = "postgresql://ann:geheim@127.0.0.1:1/db"
    results = [
        run("fit", address, "-t", "y", "--query", "t", "--checkpoint", "f.ckpt", *more)
        for more in ([], ["--json"], ["--max-itr", "3"])
    ]
    assert all(result.code in (2, 3, 4) for result in results)
    assert "geheim" not in str(results)
    assert left_behind(run.folder) == []


def test_no_part_of_a_password_shows(capsys):
    from steepest.cli.screen import say

    say("resume: steepest fit postgresql://ann:ge@heim@host/db")
    assert "heim" not in capsys.readouterr().err


# --- passes after the first ---------------------------------------------------------------------------------


@pytest.fixture
def steep(run):
    """Nearly collinear columns, which are read several times, and the command that fits them."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=6000)
    b = 1e6 + x + 1e-7 * rng.normal(size=x.size)
    write_csv(run.folder / "d.csv", pa.table({"a": 1e6 + x, "b": b, "y": rng.normal(size=x.size)}))
    return ["fit", "d.csv", "-t", "y", "--precise", "-q", "-o", "m.json"]


AT_SECOND_PASS = """
import os, signal, shutil
from itertools import count
from steepest.fitting import Rows
real, passes = Rows.sum, count()
def again(self, each):
    if next(passes) == 0:
        {what}
    return real(self, each)
Rows.sum = again
"""


@pytest.mark.parametrize(
    "what",
    [
        "open('d.csv', 'a').write('1,2,3\\n')",
        "os.truncate('d.csv', 100_000)",
        "os.truncate('d.csv', 0)",
        "os.unlink('d.csv')",
        "open('d.csv', 'w').write('q;r\\n1;2\\n')",
        "shutil.copy('d.csv', 'e'), os.replace('e', 'd.csv')",
        "os.utime('d.csv')",
    ],
)
def test_data_that_change_between_two_passes_are_noticed(run, steep, what):
    result = run(*steep, before=SMALL_BLOCKS + AT_SECOND_PASS.format(what=what))
    assert result.code in (3, 4), result
    assert re.search(r"error\[(data-changed|file|bad-file|not-a-number|empty-file)\]", result.err)
    assert not (run.folder / "m.json").exists()


def test_data_replaced_while_levels_are_learnt_are_noticed(run):
    for seed, name in enumerate(("d.csv", "e.csv")):
        write_csv(run.folder / name, table(seed, 4))
    before = "import os, steepest.learning as columns\nreal = columns.learn\n"
    before += "def learn(*given, **named):\n    found = real(*given, **named)\n"
    before += "    os.replace('e.csv', 'd.csv')\n    return found\ncolumns.learn = learn\n"
    result = run("fit", "d.csv", "-t", "y", "-q", "-o", "m.json", before=before)
    assert result.code == 3
    assert "data-changed" in result.err


def test_a_checkpoint_outlives_the_passes_after_the_first(run, steep):
    assert run(*steep[:-1], "whole.json", before=SMALL_BLOCKS).code == 0
    result = run(*steep, "--checkpoint", "f.ckpt", before=SMALL_BLOCKS + EVERY_PIECE)
    assert result.code == 0, result
    assert (run.folder / "m.json").read_bytes() == (run.folder / "whole.json").read_bytes()


def test_ctrl_c_in_a_later_pass_goes_on_from_the_end_of_the_first(run, steep):
    assert run(*steep[:-1], "whole.json", before=SMALL_BLOCKS).code == 0
    command = [*steep, "--checkpoint", "f.ckpt"]
    what = "from steepest.cli.live import Live; shown = Live.__call__; "
    what += "Live.__call__ = lambda self, tree: tree.pieces == 3 and os.kill(os.getpid(), signal.SIGINT)"
    result = run(*command, before=SMALL_BLOCKS + AT_SECOND_PASS.format(what=what))
    assert result.code == 130, result
    result, model = taken_up(run, *command, before=SMALL_BLOCKS)
    assert (result.code, model) == (0, (run.folder / "whole.json").read_bytes())


def test_death_between_reading_and_writing_costs_no_reading(run, small):
    command, whole = small
    assert run(*command, before=EVERY_PIECE + BEFORE_THE_MODEL).code == 137
    result, model = taken_up(run, *command, before=SEEN_READING)
    assert (result.code, model) == (0, whole)
    assert "READING" not in result.err


def test_what_had_read_enough_does_not_read_on_when_it_is_resumed(run):
    write_parquet(run.folder / "d.parquet", table())
    fit = ["fit", "d.parquet", "-t", "y", "-q", "--until", "a: 0.1"]
    assert run(*fit, "-o", "whole.json").code == 0
    assert steepest.load(run.folder / "whole.json").moments_.rows < 8000
    command = [*fit, "-o", "m.json", "--checkpoint", "f.ckpt"]
    assert run(*command, before=EVERY_PIECE + BEFORE_THE_MODEL).code == 137
    result, model = taken_up(run, *command)
    assert (result.code, model) == (0, (run.folder / "whole.json").read_bytes())


# --- environment --------------------------------------------------------------------------------------------


def test_the_environment_does_not_change_a_byte(run, small):
    command, whole = small
    odd = {"TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "7"}
    plain = {"TZ": "", "LC_ALL": "C", "PYTHONHASHSEED": "0", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    names = ["odd.json", "plain.json"]
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "steepest", *command[:-2], "-o", name, "--checkpoint", f"{name}.ckpt"],
            cwd=run.folder,
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            umask=0o077,
        )
        for name, environment in zip(names, (odd, plain), strict=False)
    ]
    assert [(process.communicate()[1], process.returncode) for process in runs] == [(b"", 0)] * 2
    assert [(run.folder / name).read_bytes() for name in names] == [whole] * 2
    assert [(run.folder / name).stat().st_mode & 0o777 for name in names] == [0o600] * 2


NOT_UTF_8 = os.fsdecode(b"caf\xe9.")


@pytest.mark.parametrize(
    ("ending", "more"),
    [
        ("csv", []),
        pytest.param("csv", ["--checkpoint", "f.ckpt"]),
    ],
)
def test_names_that_are_no_utf_8_make_no_difference(run, ending, more):
    write = write_csv if ending == "csv" else write_parquet
    write(run.folder / f"d.{ending}", table(pieces=5))
    fit = ["-t", "y", "-q", *more, "-o"]
    assert run("fit", f"d.{ending}", *fit, "whole.json").code == 0
    os.rename(run.folder / f"d.{ending}", run.folder / (NOT_UTF_8 + ending))
    result = run("fit", NOT_UTF_8 + ending, *fit, "m.json")
    assert result.code == 0, result
    assert (run.folder / "m.json").read_bytes() == (run.folder / "whole.json").read_bytes()


def test_an_early_end_of_the_reader_is_quiet():
    for command in ("", "--json"):
        line = shlex.join(
            [sys.executable, "-m", "steepest", "fit", str(CARS), "-t", "dist", *command.split()]
        )
        done = subprocess.run(["sh", "-c", f"{line} | true"], capture_output=True, timeout=DEADLINE)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


OFTEN = "import os, steepest.cli.live as live\nlive.JSON_SECONDS = live.COST = 0\n"
BROKEN = "import sys\nreader, writer = os.pipe()\nos.close(reader)\nsys.stderr = open(writer, 'w')\n"
FULL = "os.dup2(os.open('/dev/full', os.O_WRONLY), 2)\n"
CLOSED = "import sys\nos.close(2)\nsys.stderr = None\n"


@pytest.mark.parametrize("stderr", [BROKEN, FULL, CLOSED], ids=["broken", "full", "closed"])
def test_a_fit_goes_on_when_nobody_reads_its_progress(run, small, stderr):
    command, whole = small
    result = run(*(word for word in command if word != "-q"), "--progress", "json", before=OFTEN + stderr)
    assert result.code == 0
    assert (run.folder / "m.json").read_bytes() == whole


def test_an_error_with_a_full_stderr_keeps_its_code_when_quiet(run, small):
    command, _ = small
    assert run(*command, before=OFTEN + FULL).code == 0


# --- memory -------------------------------------------------------------------------------------------------

MEMORY = """
import os, resource
pages = int(open("/proc/self/statm").read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
resource.setrlimit(resource.RLIMIT_AS, (pages + ({more} << 20),) * 2)
"""


def test_a_file_larger_than_memory_is_read(run):
    rng, rows = np.random.default_rng(0), 1 << 16
    data = pa.table({name: rng.integers(0, 50, rows).astype(float) for name in "abcdefgy"})
    with pq.ParquetWriter(run.folder / "d.parquet", data.schema, compression="snappy") as writer:
        for _ in range(130):
            writer.write_table(data)
    assert (run.folder / "d.parquet").stat().st_size > 40e6  # 545 MB in memory
    command = ["fit", "d.parquet", "-t", "y", "-q", "--checkpoint", "f.ckpt"]
    result = run(*command, before=MEMORY.format(more=400))
    assert (result.code, result.out, result.err) == (0, "", "")
    assert left_behind(run.folder) == []


def test_want_of_memory_is_called_so(run):
    write_parquet(run.folder / "d.parquet", table(pieces=3))
    before = "import pyarrow as pa, pyarrow.parquet as pq\n"
    before += "def fail(*_, **__):\n    raise pa.ArrowMemoryError('malloc of size 64 failed')\n"
    result = run("fit", "d.parquet", "-t", "y", before=before + "pq.ParquetFile.iter_batches = fail\n")
    assert result.code == 4
    assert "error[memory]" in result.err


# --- models -------------------------------------------------------------------------------------------------


def test_a_model_that_many_processes_write_is_always_one_of_theirs(run):
    rng, models = np.random.default_rng(0), []
    for at in range(8):
        X = rng.normal(size=(50, at + 1))
        LinearRegression().fit(X, X.sum(axis=1) + rng.normal(size=50)).save(run.folder / f"{at}.json")
        models.append((run.folder / f"{at}.json").read_bytes())
    before = "import os, steepest.persist as p\nmine = p.load('{at}.json')\n"
    before += "for _ in range(60):\n    p.save(mine, 'm.json')\nos._exit(0)\n"
    jobs = [run.start(before=before.format(at=at)) for at in range(8)]
    looks = 0
    while not all(job.ended for job in jobs):
        try:
            fit = persist.load(run.folder / "m.json")
        except FileNotFoundError:
            assert not looks
            continue
        assert persist.dumps(fit) in models
        looks += 1
    assert [job.wait().code for job in jobs] == [0] * 8
    assert looks > 10
    assert (run.folder / "m.json").read_bytes() in models
    assert [path.name for path in run.folder.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("partial", [False, True])
def test_a_failed_refit_leaves_the_estimator_as_it_was(partial):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(70_000, 2)), rng.normal(size=70_000)
    model = LinearRegression().fit(X, y)
    kept, before = dict(model.__dict__), persist.dumps(model._fit)
    bad = X.copy()
    bad[69_000, 1] = np.nan
    again = model.partial_fit if partial else model.fit
    with pytest.raises(InputError, match="NaN"):
        again(bad, y + 1)
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(X[:, :1], y)
    with pytest.raises(InputError), warnings.catch_warnings():
        again(X, np.where(np.arange(70_000) == 69_999, np.inf, y))
    assert model.__dict__.keys() == kept.keys()
    assert all(model.__dict__[name] is value for name, value in kept.items())
    assert persist.dumps(model._fit) == before
