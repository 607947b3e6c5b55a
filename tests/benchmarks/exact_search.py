"""What an exhaustive search takes: numbers of 32 bits beside the 16 that are kept.

    python -m tests.benchmarks.exact_search [--sizes N ...] [--json]

Both ways search the same random vectors for the same questions in turn, one question at a time, as answering
does: the layout that small collections are kept in (`index.exact_vectors`), and FAISS's own flat index of
float32.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from index.candidates import A_LIST
from index.encoding import unit_rows
from index.vectors import EXACT_UP_TO, VectorIndex, flat_index

SIZES: Final = (1_000, 10_000, EXACT_UP_TO)
DIMENSIONS: Final = 384
"""The default encoder's."""
NEIGHBOURS: Final = A_LIST + 8
"""What a question asks for: a list, and a few to spare."""
QUESTIONS: Final = 100
_SEED: Final = 7


def measure(size: int, questions: int = QUESTIONS) -> dict[str, float]:
    """Return milliseconds a question at p50, their ratio, and how many neighbours both found."""
    random = np.random.default_rng(_SEED)
    vectors = unit_rows(random.normal(size=(size, DIMENSIONS)).astype(np.float32))
    asked = unit_rows(random.normal(size=(questions, DIMENSIONS)).astype(np.float32))
    plain = flat_index(vectors)
    with tempfile.TemporaryDirectory() as folder:
        VectorIndex.write(Path(folder) / "vectors.faiss", vectors, exact_up_to=size)
        kept = VectorIndex.open(Path(folder) / "vectors.faiss")
        shared: list[int] = []
        times: tuple[list[float], list[float]] = ([], [])
        for vector in asked[:, None]:
            rows = [
                _timed(times[0], lambda vector=vector: plain.search(vector, NEIGHBOURS)[1]),
                _timed(times[1], lambda vector=vector: kept.search(vector, NEIGHBOURS).rows),
            ]
            shared.append(len(np.intersect1d(*rows)))
    float32, float16 = (float(np.median(each)) for each in times)
    found = float(np.mean(shared)) / min(NEIGHBOURS, size)
    return {"float32_ms": float32, "float16_ms": float16, "times_as_fast": float32 / float16, "shared": found}


def _timed(times: list[float], search: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    began = time.perf_counter()
    found = search()
    times.append((time.perf_counter() - began) * 1000)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="vectors")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(arguments)
    figures = {size: measure(size) for size in given.sizes}
    if given.json:
        print(json.dumps(figures, indent=2))
        return
    print(f"{'vectors':>9}{'float32, ms':>13}{'float16, ms':>13}{'times as fast':>15}{'shared':>9}")
    for size, each in figures.items():
        shown = f"{each['float32_ms']:>13.2f}{each['float16_ms']:>13.2f}{each['times_as_fast']:>15.2f}"
        print(f"{size:>9,}{shown}{each['shared']:>9.4f}")


if __name__ == "__main__":
    main()
