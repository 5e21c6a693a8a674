from steepest.progress import Progress


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_two_seconds_of_silence_then_a_line_now_and_then(capsys):
    clock = Clock()
    with Progress("trips.csv", clock) as progress:
        for number in range(100):
            clock.now += 0.25
            progress.read(1000 * (number + 1))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "trips.csv: 8,000 rows, 4,000 rows/s"
    assert len(lines) == 3


def test_short_work_is_silent(capsys):
    clock = Clock()
    with Progress("cars.csv", clock) as progress:
        clock.now += 1.9
        progress.read(1000)
    assert capsys.readouterr().err == ""


def test_on_a_terminal_one_line_is_redrawn(capsys, monkeypatch):
    import sys

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    clock = Clock()
    with Progress("trips.csv", clock) as progress:
        for number in range(20):
            clock.now += 0.5
            progress.read(number)
    assert progress._live is not None
