"""`open_table`: the table that anything is."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from steepest.columns import Table
from steepest.errors import InputTypeError
from steepest.sources import database, files
from steepest.sources.arrow import ArrowTable
from steepest.sources.reading import Reading

RECOGNISERS = (database.recognise, files.recognise, ArrowTable.recognise)
"""Asked in turn: the only registry."""

USUAL = Reading()


def open_table(data: Any, reading: Reading = USUAL) -> Table:
    """Return the table that a path, several, a data frame or Arrow data holds.

    `reading` says how it is to be read.

    Raises
    ------
    InputTypeError
        If `data` is no table.
    InputError
        If a file is empty, damaged or of an unknown format.
    OSError
        If a file cannot be read.
    """
    for recognise in RECOGNISERS:
        table = recognise(data, reading)
        if table is not None:
            return table
    raise InputTypeError(
        "source",
        f"a {type(data).__name__} is no table of named columns",
        "Pass a path, a data frame or an Arrow table; for arrays use LinearRegression().fit(X, y)",
    )


def is_array(data: Any) -> bool:
    """Return whether data have no names of columns; a table is recognised by its names, or its paths."""
    if isinstance(data, list | tuple):
        return not (data and all(isinstance(each, str | os.PathLike) for each in data))
    return isinstance(data, np.ndarray)
