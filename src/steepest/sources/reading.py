"""How a source is to be read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from steepest.errors import InputError

USUAL = (
    *("", "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "NULL", "null", "NaN", "nan", "-NaN", "-nan"),
    *("1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
)
"""What usually stands for a missing value; no text at all comes first."""

UNUSUAL = ("?", ".", "-", "--", "none", "None", "missing", "Missing", "MISSING", "na", "<NA>", "nil", "NIL")
"""What may stand for one, but is taken so only when asked."""

TRUTHS = ("0", "1", "true", "false")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a source is to be read: what a text or a database does not say of itself.

    Attributes
    ----------
    na : tuple of str
        What stands for a missing value, beside what usually does.
    decimal : {".", ","}
        The decimal mark.
    format : {"csv", "tsv", "ndjson"}
        How a stream without a name is written.
    query : str
        The table of a database, or a SELECT.
    """

    na: tuple[str, ...] = ()
    decimal: str = "."
    format: str = "csv"
    query: str = ""

    def __post_init__(self) -> None:
        if self.decimal not in (".", ","):
            raise InputError("decimal", f"got {self.decimal!r}", 'Pass "." or ","')

    @property
    def missing(self) -> tuple[str, ...]:
        """All that stands for a missing value, the empty text first."""
        return (*USUAL, *self.na)

    def is_number(self, cell: str, boolean: bool = False) -> bool:
        """Return whether a cell is a number, or missing; or a truth value."""
        if cell in self.missing:
            return True
        if boolean:
            return cell.lower() in TRUTHS
        if self.decimal != "." and "." in cell:
            return False
        try:
            float(cell.replace(self.decimal, "."))
        except ValueError:
            return False
        return "_" not in cell

    def remedy(self, cell: str) -> str:
        """Return what may help to read a cell that is no number, if anything."""
        if cell.strip() in UNUSUAL:
            return f'If "{cell}" stands for a missing value, pass na=["{cell}"]'
        if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", cell.strip()) and self.decimal == ".":
            return "If the comma separates thousands, take it out"
        if re.fullmatch(r"[-+]?\d*,\d+", cell.strip()) and self.decimal == ".":
            return 'If the comma is a decimal mark, pass decimal=","'
        return ""
