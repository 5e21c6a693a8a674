"""The command of a study: it prints a report line by line, and saves it if asked.

Studies hold results against the truth that the tests use, whose folder is put on the path here.
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "studies" / "results"

sys.path.append(str(ROOT / "tests"))


def run(doc: str | None, name: str, report: Callable[..., Iterable[str]], **counts: int) -> None:
    """Run the study of this name; `counts` are the arguments of its report that can be set, with defaults."""
    path = RESULTS / f"{name}.md"
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in counts.items():
        parser.add_argument(f"--{option}", type=int, default=default)
    parser.add_argument("--save", action="store_true", help=f"write {path.relative_to(ROOT)}")
    arguments: dict[str, Any] = vars(parser.parse_args())
    save, lines = arguments.pop("save"), list[str]()
    for line in report(**arguments):
        print(line, flush=True)
        lines.append(line)
    if save:
        RESULTS.mkdir(exist_ok=True)
        path.write_text("\n".join(lines).rstrip() + "\n")
