"""Tables of text: names, numbers and columns as a terminal shows them."""

from __future__ import annotations

import math
from collections.abc import Sequence

WIDTH = 80
LONGEST_NAME = 24


def printable(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a name that cannot disturb a terminal: control characters escaped, and not too long."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    return shown if len(shown) <= longest else shown[: longest - 3] + "..."


def formula(left: str, names: Sequence[str], intercept: bool, room: int) -> str:
    """Return the terms of a model behind `left`, as many as there is room for."""
    terms = ["1" if intercept else "0", *map(printable, names)]
    shown, text = len(terms), left + " + ".join(terms)
    while len(text) > room and shown > 1:
        shown -= 1
        text = left + " + ".join(terms[:shown]) + f" (+ {len(terms) - shown} more)"
    return text


def p_value(p: float | None) -> str:
    """Return a p-value that is never printed as zero."""
    if p is None:
        return "-"
    if p >= 0.001:
        return f"{p:.3f}"
    return f"{p:.1e}" if p >= 1e-300 else "<1e-300"


def r_squared(value: float) -> str:
    """Return R2 in three decimals, or as many as it takes not to round it to one."""
    if value >= 1 - 5e-13:
        return "1"
    if value < -1e3:
        return f"{value:.3g}"
    return f"{value:.{min(max(3, -math.floor(math.log10(1 - value))), 12)}f}"


def penalty_name(l1_ratio: float) -> str:
    """Return what a share of the lasso makes of a penalty."""
    return {0.0: "ridge", 1.0: "lasso"}.get(l1_ratio, "elastic net")


def rounded_up(distance: float) -> str:
    """Return a bound in one or two digits, never below the bound itself."""
    if not math.isfinite(distance) or distance == 0:
        return "0" if distance == 0 else "an unknown number of"
    digits = 1 if distance < 0.1 else 2
    step = 10.0 ** (math.floor(math.log10(distance)) - digits + 1)
    return f"{math.ceil(distance / step * (1 - 1e-12)) * step:.{digits}g}"


def on_point(texts: Sequence[str]) -> list[str]:
    """Pad numbers on the right until their decimal points stand below each other."""
    tails = [len(text) - text.find(".") if "." in text and "e" not in text else 0 for text in texts]
    widest = max(tails, default=0)
    return [text + " " * (widest - tail) if tail else text for text, tail in zip(texts, tails, strict=True)]


def flush(texts: Sequence[str]) -> list[str]:
    """Pad texts on the left to a common width."""
    width = max(map(len, texts), default=0)
    return [text.rjust(width) for text in texts]


def side_by_side(columns: dict[str, list[str]]) -> list[str]:
    """Return the lines of a table: the first column flush left, the others flush right."""
    padded = [flush([head, *texts]) for head, texts in columns.items()]
    padded[0] = [text.strip().ljust(len(text)) for text in padded[0]]
    return ["  ".join(row).rstrip() for row in zip(*padded, strict=True)]
