"""A file appears whole or not at all, and errors name the path that was asked for."""

import os

import pytest

from steepest.whole import whole_file


def test_the_old_file_stays_until_the_new_one_is_complete(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with whole_file(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"

    def stop_midway():
        with whole_file(path) as file:
            file.write(b"half")
            raise ValueError("midway")

    with pytest.raises(ValueError, match="midway"):
        stop_midway()
    assert path.read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


def test_errors_name_the_path_and_leave_nothing(tmp_path):
    with pytest.raises(FileNotFoundError) as missing, whole_file(tmp_path / "none" / "a.txt"):
        pass
    assert missing.value.filename == str(tmp_path / "none" / "a.txt")
    with pytest.raises(OSError, match="No space left") as full, whole_file(tmp_path / "a.txt"):
        raise OSError(28, "No space left on device")
    assert full.value.filename == str(tmp_path / "a.txt")
    assert not list(tmp_path.iterdir())


def test_errors_of_others_stay_theirs(tmp_path):
    with pytest.raises(FileNotFoundError) as error, whole_file(tmp_path / "a.txt"):
        (tmp_path / "source.csv").read_bytes()
    assert error.value.filename == str(tmp_path / "source.csv")


def test_pipes_are_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with whole_file(pipe) as file:
        file.write(b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert not pipe.is_file()
