from typing import Any

import numpy as np
from numpy.typing import NDArray

TARGETS: list[tuple[str, int]]
BLOCK: int
GROUP: int

def products(
    target: int,
    parts: tuple[NDArray[Any], ...],
    weights: NDArray[np.float64] | None,
    unit: NDArray[np.float64] | None,
    origin: NDArray[np.float64],
    provisional: bool,
    total: NDArray[np.float64],
    least: NDArray[np.float64],
    most: NDArray[np.float64],
    /,
) -> None: ...
