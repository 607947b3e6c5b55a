"""What an exhaustive search takes: numbers of 32 bits beside the 16 that are kept, one thread beside all.

    python -m tests.benchmarks.exact_search [--sizes N ...] [--json]

Both ways search the same random vectors for the same questions in turn, one question at a time, as answering
does: the layout that small collections are kept in (`index.exact_vectors`), and FAISS's own flat index of
float32. Then processor time is taken, of that layout on one thread, as it is searched, and on all that FAISS
takes by itself: of a search and the 10 ms after it, in which threads that are done may spin.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from index.candidates import A_LIST, SPARE
from index.encoding import unit_rows
from index.exact_vectors import ExactVectors
from index.vectors import EXACT_UP_TO, VectorIndex, flat_index

SIZES: Final = (1_000, 10_000, EXACT_UP_TO)
DIMENSIONS: Final = 384
"""The default encoder's."""
NEIGHBOURS: Final = A_LIST + SPARE
"""What a question asks for: a list, and a few to spare."""
QUESTIONS: Final = 100
PAUSE_SECONDS: Final = 0.01
"""After a search whose processor time is taken."""
_SEED: Final = 7


def measure(size: int, questions: int = QUESTIONS) -> dict[str, float]:
    """Return milliseconds a question at p50, their ratio, and how many neighbours both found."""
    vectors, asked = _random(size, questions)
    plain = flat_index(vectors)
    shared: list[int] = []
    times: tuple[list[float], list[float]] = ([], [])
    with _written(vectors) as path:
        kept = VectorIndex.open(path)
        for vector in asked[:, None]:
            rows = [
                _timed(times[0], lambda vector=vector: plain.search(vector, NEIGHBOURS)[1]),
                _timed(times[1], lambda vector=vector: kept.search(vector, NEIGHBOURS).rows),
            ]
            shared.append(len(np.intersect1d(*rows)))
    float32, float16 = (float(np.median(each)) for each in times)
    found = float(np.mean(shared)) / min(NEIGHBOURS, size)
    return {"float32_ms": float32, "float16_ms": float16, "times_as_fast": float32 / float16, "shared": found}


def processor_time(size: int, questions: int = QUESTIONS) -> dict[str, float]:
    """Return milliseconds of processor time of a search and the pause after it, at p50."""
    vectors, asked = _random(size, questions)
    times: tuple[list[float], list[float]] = ([], [])
    with _written(vectors) as path:
        kept, as_faiss_does = ExactVectors.open(path), faiss.read_index(str(path))
        k = min(NEIGHBOURS, kept.count)
        for vector in asked[:, None]:
            _processor_timed(times[0], lambda vector=vector: kept.search(vector, k))
            _processor_timed(times[1], lambda vector=vector: as_faiss_does.search(vector, k))
    one_thread, all_threads = (float(np.median(each)) for each in times)
    return {"one_thread_processor_ms": one_thread, "all_threads_processor_ms": all_threads}


def _random(size: int, questions: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    random = np.random.default_rng(_SEED)
    vectors, asked = (
        unit_rows(random.normal(size=(count, DIMENSIONS)).astype(np.float32)) for count in (size, questions)
    )
    return vectors, asked


@contextmanager
def _written(vectors: NDArray[np.float32]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.faiss"
        VectorIndex.write(path, vectors, exact_up_to=len(vectors))
        yield path


def _processor_timed(times: list[float], search: Callable[[], object]) -> None:
    # What the search before left spinning is not this one's.
    time.sleep(5 * PAUSE_SECONDS)
    began = time.process_time()
    search()
    time.sleep(PAUSE_SECONDS)
    times.append((time.process_time() - began) * 1000)


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
    figures = {size: measure(size) | processor_time(size) for size in given.sizes}
    if given.json:
        print(json.dumps(figures, indent=2))
        return
    print(f"{'':>46}{'processor, ms':>26}")
    print(
        f"{'vectors':>9}{'float32, ms':>13}{'float16, ms':>13}{'times as fast':>15}{'shared':>9}"
        f"{'one thread':>12}{'all':>8}"
    )
    for size, each in figures.items():
        shown = f"{each['float32_ms']:>13.2f}{each['float16_ms']:>13.2f}{each['times_as_fast']:>15.2f}"
        processor = f"{each['one_thread_processor_ms']:>12.2f}{each['all_threads_processor_ms']:>8.2f}"
        print(f"{size:>9,}{shown}{each['shared']:>9.4f}{processor}")


if __name__ == "__main__":
    main()
