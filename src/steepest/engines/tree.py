"""`Tree`: sums over pieces of the data, merged in a fixed order, some of them kept apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Values = tuple[Any, ...]
"""What several folds make of some rows; they add one by one."""

Node = tuple[int, Values]
"""So many neighbouring pieces, and their sum."""


class Tree:
    """Sums over pieces that come in their order, merged pairwise: error and memory grow as log n.

    Which sums are merged with which depends on the number of pieces alone: when they are merged does not
    change a bit, so that groups of neighbours can be kept apart on the way. An interrupt leaves a piece added
    or not, nothing in between.

    Attributes
    ----------
    most : int, even
        Groups of `span` pieces from which neighbours are merged.
    span : int
        Pieces in a group, a power of two.
    nodes : list of Node
        Sums of 1, 2, 4 ... `span` pieces, the largest first.
    rows : int
        Rows that were read.
    """

    def __init__(self, most: int = 2, span: int = 1, nodes: Iterable[Node] = (), rows: int = 0) -> None:
        self.most = most
        self._state = (span, list(nodes), rows)

    @property
    def span(self) -> int:
        return self._state[0]

    @property
    def nodes(self) -> list[Node]:
        return self._state[1]

    @property
    def rows(self) -> int:
        return self._state[2]

    @property
    def pieces(self) -> int:
        """Number of pieces that have been added."""
        return sum(size for size, _ in self.nodes)

    def add(self, values: Values, rows: int) -> None:
        """Add the sum of the next piece."""
        span, nodes, before = self._state
        nodes = [*nodes]
        _push(nodes, (1, values), span)
        if sum(size == span for size, _ in nodes) == self.most:
            span *= 2
            nodes = _pushed(nodes, span)
        self._state = (span, nodes, before + rows)

    def total(self) -> Values:
        """Return the sum of all pieces."""
        return _folded(_pushed(self.nodes))

    def groups(self) -> list[Values]:
        """Return the sums of neighbouring pieces that are kept apart; the last may be of fewer pieces."""
        whole = [values for size, values in self.nodes if size == self.span]
        rest = [node for node in self.nodes if node[0] < self.span]
        return [*whole, _folded(rest)] if rest else whole


def _push(nodes: list[Node], node: Node, largest: float = float("inf")) -> None:
    """Append a node and merge the last two while they are of one size, like digits of a binary counter."""
    while nodes and nodes[-1][0] == node[0] < largest:
        size, values = nodes.pop()
        node = (2 * size, _sum(values, node[1]))
    nodes.append(node)


def _pushed(nodes: Iterable[Node], largest: float = float("inf")) -> list[Node]:
    merged: list[Node] = []
    for node in nodes:
        _push(merged, node, largest)
    return merged


def _folded(nodes: list[Node]) -> Values:
    total = nodes[-1][1]
    for _, values in reversed(nodes[:-1]):
        total = _sum(values, total)
    return total


def _sum(a: Values, b: Values) -> Values:
    return tuple(x + y for x, y in zip(a, b, strict=True))
