"""Where the data of a workload lie: made once in a folder, with the exact answer beside them.

python -m benchmarks.data FOLDER WORKLOAD SCALE
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow.csv import CSVWriter
from pyarrow.dataset import dataset
from pyarrow.parquet import ParquetWriter

from benchmarks.workloads import WORKLOADS


class Data:
    """The rows of a workload at some scale."""

    def __init__(self, folder, name, scale):
        self.workload = WORKLOADS[name]
        self.rows = self.workload.scaled(scale)
        self.place = Path(folder) / f"{name}-{self.rows}"
        self.file = self.place / f"rows.{self.workload.kind}"

    def make(self):
        """Write what is not there."""
        if not self.place.exists():
            part = self.place.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            self._write(part, self.workload.make(self.rows, self.workload.features))
            part.rename(self.place)
        if not (self.place / "exact.npy").exists():
            np.save(self.place / "exact.npy", self.workload.reference(self.pieces))

    def load(self):
        """Return what the rivals are given: X and y, or the path of a file."""
        if self.workload.kind == "arrays":
            return np.load(self.place / "X.npy"), np.load(self.place / "y.npy")
        return (self.file,)

    def exact(self):
        """Return intercept and coefficients (p + 1,)."""
        return np.load(self.place / "exact.npy")

    def pieces(self):
        """Yield pieces (X, y)."""
        if self.workload.kind == "arrays":
            yield self.load()
            return
        for batch in dataset(self.file, format=self.workload.kind).to_batches():
            *X, y = (column.to_numpy() for column in batch.columns)
            yield np.column_stack(X), y

    def _write(self, place, pieces):
        if self.workload.kind == "arrays":
            for name, parts in zip("Xy", zip(*pieces, strict=True), strict=True):
                np.save(place / f"{name}.npy", np.concatenate(parts))
            return
        names = [*(f"x{j}" for j in range(self.workload.features)), "y"]
        schema = pa.schema([(name, pa.float64()) for name in names])
        kinds = {"parquet": ParquetWriter, "csv": CSVWriter}
        with kinds[self.workload.kind](place / self.file.name, schema) as writer:
            for X, y in pieces:
                writer.write_table(pa.table([*X.T, y], schema=schema))


if __name__ == "__main__":
    Data(sys.argv[1], sys.argv[2], float(sys.argv[3])).make()
