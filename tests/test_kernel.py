"""The compiled pass adds up what BLAS adds up, of rows in every layout and type."""

import sys
import threading
import tracemalloc

import numpy as np
import pytest

from steepest import kernel, shifted
from steepest.chunk import Chunk
from steepest.gathering import gather
from steepest.moments import Moments
from steepest.shifted import Rows

compiled = pytest.mark.skipif(not kernel.TARGETS, reason="the extension was built where there is no compiler")
targets = pytest.mark.parametrize("target", range(len(kernel.TARGETS)), ids=[n for n, _ in kernel.TARGETS])

LAYOUTS = {
    "a matrix": lambda x: (x,),
    "by columns": lambda x: (np.asfortranarray(x),),
    "columns": lambda x: tuple(np.ascontiguousarray(column) for column in x.T),
    "every other row and column": lambda x: (x.repeat(2, axis=0).repeat(2, axis=1)[::2, ::2],),
    "backwards": lambda x: (x[::-1].copy()[::-1], x[:, ::-1]),
    "a matrix and a column": lambda x: (x[:, :-1].copy(), x[:, -1].copy()),
}
TYPES = ["f8", "f4", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]


def rows_of(parts, weights=None):
    chunk = Chunk(
        tuple(parts), tuple(f"x{j}" for j in range(sum(np.atleast_2d(p.T).shape[0] for p in parts)))
    )
    return Rows(chunk.rows, len(chunk.names), tuple(chunk.blocks()), (), weights)


def alike(rows, target, monkeypatch, unit=None):
    monkeypatch.setattr(kernel, "target", target)
    assert kernel.reads(rows)
    ours = kernel.sums(rows, None, unit)
    theirs = shifted.sums(rows, ours.origin, unit)
    np.testing.assert_array_equal(ours.least, theirs.least)
    np.testing.assert_array_equal(ours.most, theirs.most)
    size = np.sqrt(np.abs(np.diag(theirs.second)))
    weight = rows.n if rows.w is None else rows.w.sum()
    assert (np.abs(ours.second - theirs.second) <= 2e-14 * np.outer(size, size)).all()
    assert (np.abs(ours.first - theirs.first) <= 2e-14 * np.sqrt(weight) * size).all()
    np.testing.assert_array_equal(ours.second, ours.second.T)
    np.testing.assert_allclose(
        ours.origin, shifted.sums(rows).origin, rtol=1e-12, atol=1e-13 * size.max(initial=0)
    )


@targets
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("weighted", [False, True])
def test_every_shape(target, layout, weighted, monkeypatch):
    rng = np.random.default_rng(0)
    for n in (1, 2, 7, 8, 9, 63, 64, 65, 511, 512, 513, 2049, 5000):
        for k in (2, 3, 4, 5, 6, 8, 9, 11, 16, 17, 24, 41, 83):
            parts = LAYOUTS[layout](rng.normal(size=(n, k)) + 3)
            alike(rows_of(parts, rng.exponential(size=n) if weighted else None), target, monkeypatch)


@targets
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", TYPES)
def test_every_type(target, layout, dtype, monkeypatch):
    x = np.random.default_rng(0).integers(0, 2 if dtype == "?" else 100, (1000, 12)).astype(dtype)
    alike(rows_of(LAYOUTS[layout](x)), target, monkeypatch)


@targets
def test_many_blocks_and_units(target, monkeypatch):
    x = np.random.default_rng(0).normal(size=(200_001, 3))
    alike(rows_of((x,)), target, monkeypatch)
    alike(rows_of((x * 2.0**400,)), target, monkeypatch, unit=np.full(3, 2.0**400))


@targets
@pytest.mark.parametrize("kind", ["f8", "f4"])
@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("offset", [0, 1e3, 1e6, 1e8])
def test_an_offset_costs_no_digit(target, kind, ordered, offset, monkeypatch):
    if kind == "f4" and offset > 1e3:
        pytest.skip("float32 does not hold such numbers apart")
    monkeypatch.setattr(kernel, "target", target)
    x = (np.random.default_rng(0).normal(size=(200_000, 4)) + offset).astype(kind)
    x = np.sort(x, axis=0) if ordered else x
    wide = x.astype(np.longdouble)
    wide = wide - wide.mean(axis=0)
    exact = np.array([[(a * b).sum() for b in wide.T] for a in wide.T])
    scatter = Moments.of(Chunk((x,), ("a", "b", "c", "y"))).scatter
    size = np.sqrt(np.diag(exact))
    assert float((np.abs(scatter - exact) / np.outer(size, size)).max()) < 1e-14


@targets
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [(0, 0), (999, 10), (700, 5)])
def test_cells_that_are_no_numbers_are_never_lost(target, bad, at, monkeypatch):
    monkeypatch.setattr(kernel, "target", target)
    x = np.random.default_rng(0).normal(size=(1000, 11))
    x[at] = bad
    with pytest.raises(ValueError, match=f"first at row {at[0]}"):
        gather(Chunk((x,), tuple("abcdefghijk")))


@pytest.mark.parametrize(
    "column",
    [
        np.arange(9, dtype=">f8"),
        np.arange(9, dtype="f2"),
        np.arange(9, dtype="g"),
        np.frombuffer(bytes(8 * 9 + 1), dtype="f8", offset=1),
    ],
    ids=["of another machine", "half", "extended", "between addresses"],
)
def test_what_the_kernel_does_not_read_goes_through_blas(column):
    rows = rows_of((column, np.arange(9.0)))
    assert not kernel.reads(rows)
    moments = Moments.of(Chunk((column, np.arange(9.0)), ("x", "y")))
    assert moments.mean[0] + moments.mean_low[0] == column.astype(float).mean()


@compiled
def test_other_threads_run_meanwhile():
    x = np.random.default_rng(0).normal(size=(300_000, 100))
    before, during, done = sys.getswitchinterval(), [], threading.Event()
    sys.setswitchinterval(1000)
    try:
        thread = threading.Thread(target=lambda: (kernel.sums(rows_of((x,))), done.set()))
        thread.start()
        while not done.is_set():
            during.append(done.wait(0.001))
    finally:
        sys.setswitchinterval(before)
        thread.join()
    assert len(during) > 10


@compiled
def test_rows_are_not_copied():
    x = np.random.default_rng(0).normal(size=(400_000, 20))
    tracemalloc.start()
    kernel.sums(rows_of((x,)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


@compiled
@pytest.mark.parametrize(
    "change",
    [
        lambda a: a | {"target": 9},
        lambda a: a | {"parts": (np.zeros((5, 3)), np.zeros(4))},
        lambda a: a | {"parts": (np.zeros((5, 3), complex), np.zeros(5))},
        lambda a: a | {"parts": (np.zeros((5, 3, 1)), np.zeros(5))},
        lambda a: a | {"weights": np.ones(4)},
        lambda a: a | {"weights": np.ones(5, np.float32)},
        lambda a: a | {"weights": np.ones(10)[::2]},
        lambda a: a | {"total": np.zeros((4, 4))},
        lambda a: a | {"least": np.zeros(5)},
        lambda a: a | {"origin": np.broadcast_to(0.0, 4)},
    ],
)
def test_arrays_that_do_not_fit_are_refused(change):
    fitting = {
        "target": 0,
        "parts": (np.zeros((5, 3)), np.zeros(5)),
        "weights": None,
        "unit": None,
        "origin": np.zeros(4),
        "provisional": True,
        "total": np.zeros((5, 5)),
        "least": np.zeros(4),
        "most": np.zeros(4),
    }
    kernel._kernel.products(*fitting.values())
    with pytest.raises((TypeError, ValueError, BufferError)):
        kernel._kernel.products(*change(fitting).values())
