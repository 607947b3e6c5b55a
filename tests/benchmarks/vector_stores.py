"""Asks the same questions of vectors in files and in Milvus, in turn, and compares times and Answers.

    python -m tests.benchmarks.vector_stores --milvus URI [--articles DIR --questions FILE] [--json]

Each question is encoded once and asked of both, first look alone, with no more vectors kept from one
question to the next than one question reads: in a small collection everything would be kept soon. Both
generations are made from the same vectors. With `--kill PID` that process gets SIGKILL in the middle of
a further round, in which every Answer is compared as well; with `--leave`, what was built stays.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from index.builder import build_index
from index.candidates import BegunSearch
from index.chosen_encoder import ChosenEncoder
from index.encoder_identity import DEFAULT_ENCODER
from index.errors import VectorStoreError
from index.generation import IndexFolder
from index.milvus_connection import MilvusAddress
from index.milvus_store import MilvusStore
from index.pending_question import PendingQuestion
from index.questions import read_questions
from index.retriever import Retriever
from index.types import Answer

_VECTORS_KEPT: Final = 200
_WARM_UP: Final = 5


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--milvus", required=True, help="http://host:port, or a file that ends in .db")
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--articles", type=Path, default=Path("corpus"))
    parser.add_argument("--questions", type=Path, default=Path("corpus/questions.jsonl"))
    parser.add_argument("--most", type=int, default=100, help="questions")
    parser.add_argument("--kill", type=int, help="a process, such as a query node's")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(arguments)
    questions = [each.text for each in read_questions(given.questions)][: given.most]
    address = MilvusAddress(given.milvus, replicas=given.replicas, alias="footnote_benchmark")
    store = MilvusStore(address, vectors_kept=_VECTORS_KEPT)
    encoder = ChosenEncoder(DEFAULT_ENCODER)
    with tempfile.TemporaryDirectory() as work:
        files, milvus = IndexFolder(Path(work) / "files"), IndexFolder(Path(work) / "milvus", store)
        build_index(given.articles, files, encoder)
        shutil.copytree(Path(work) / "files", Path(work) / "milvus")
        report = build_index(given.articles, milvus, encoder)
        figures: dict[str, Any] = {
            "kept in": store.check(),
            "passages": report.passages,
            "sentences": report.sentences,
            "moving to it, s": report.elapsed_seconds,
        }
        with Retriever.open(files, encoder, None) as plain, Retriever.open(milvus, encoder, None) as remote:
            figures |= compared(plain, remote, questions)
            if given.kill is not None:
                figures |= killed(plain, remote, questions, given.kill)
        store.serve(Path(work))
        for generation in (Path(work) / "milvus" / "generations").iterdir():
            store.forget(generation)
    if given.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:44} {value:.1f}" if isinstance(value, float) else f"{name:44} {value}")


def compared(plain: Retriever, remote: Retriever, questions: Sequence[str]) -> dict[str, Any]:
    """Return the times of both in milliseconds, and how many Answers differ in anything but time."""
    times: tuple[list[float], list[float]] = ([], [])
    different = 0
    for number, question in enumerate([*questions[:_WARM_UP], *questions]):
        text, vector = encoded(plain, question)
        answers = [ask(each, text, vector) for each in (plain, remote)]
        different += said(answers[0]) != said(answers[1])
        if number >= _WARM_UP:
            for took, answer in zip(times, answers, strict=True):
                took.append(answer.elapsed_ms)
    return {
        "questions": len(questions),
        "different answers": different,
        "files, p50 ms": statistics.median(times[0]),
        "files, p95 ms": statistics.quantiles(times[0], n=20)[-1],
        "Milvus, p50 ms": statistics.median(times[1]),
        "Milvus, p95 ms": statistics.quantiles(times[1], n=20)[-1],
    }


def killed(plain: Retriever, remote: Retriever, questions: Sequence[str], process_id: int) -> dict[str, Any]:
    """Ask everything once more, kill the process after a fifth, and return how the questions fared."""
    lost, different, slowest = 0, 0, 0.0
    for number, question in enumerate(questions):
        if number == len(questions) // 5:
            os.kill(process_id, signal.SIGKILL)
        text, vector = encoded(plain, question)
        try:
            answer = ask(remote, text, vector)
        except VectorStoreError:
            lost += 1
            continue
        slowest = max(slowest, answer.elapsed_ms)
        different += said(answer) != said(ask(plain, text, vector))
    return {"killed: lost": lost, "killed: different answers": different, "killed: slowest, ms": slowest}


def encoded(retriever: Retriever, question: str) -> tuple[str, NDArray[np.float32]]:
    """Return a question as it is understood, and its vector."""
    text = retriever.understood(question)
    return text, retriever.encode(text)


def ask(retriever: Retriever, text: str, vector: NDArray[np.float32]) -> Answer:
    """Return the first look's answer to a question; that it was encoded before is not in its time."""
    taken_up, search = time.perf_counter(), Future[BegunSearch]()
    search.set_result(retriever.begin_from(vector))
    return retriever.ask(PendingQuestion(text, search, taken_up), second_look=False)


def said(answer: Answer) -> Answer:
    """Return an Answer without what differs each time, and between generations."""
    return replace(answer, elapsed_ms=0.0, generation="")


if __name__ == "__main__":
    main()
