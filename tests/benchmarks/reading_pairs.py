"""Pairs the questions of a dataset with passages, for `tune_reading`, and keeps them as tokens.

    python -m tests.benchmarks.reading_pairs OUT [--data DIR] [--work DIR]
    python -m tests.benchmarks.reading_pairs OUT --held-out

DIR holds a dataset in the form that `index.questions` reads, in which questions without an answer may
name the place that comes closest (`closest`, like a span).

Every question is asked of a collection of a dozen articles and paired with passages as Footnote finds
them: the one that answers, the same without the answering sentence, the likeliest others, one of the
likeliest of another article and, of a question that is not answered, the one with the closest place.

With `--held-out` OUT becomes a dataset of the articles that are kept aside, for `fit_ranking`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Final

import numpy as np

from index.answer_pointer import tokens_within
from index.builder import build_index
from index.chosen_encoder import ChosenEncoder
from index.cross_encoder import PairTokenizer, default_cross_encoder_folder
from index.generation import IndexFolder
from index.questions import read_questions
from index.ranking import default_weights, first_look
from index.retriever import Retriever
from index.second_look import context_of, sentences_in_text
from index.texts import StoredPassage
from index.types import AnswerSpan, Question, Span

DATA: Final = Path(__file__).parent / "training"
ARTICLES: Final = 12
"""Of one collection."""
CANDIDATES: Final = 40
"""Of the first look's order, those that passages are taken from."""
OTHERS: Final = 3
"""Of the likeliest that do not answer."""
CUT_SHARE: Final = 0.6
"""Of the answering passages those that are read without their answering sentence as well."""
BARE_SHARE: Final = 0.15
"""Of the texts those that are read without what stands above them, since some articles' titles say little."""
HELD_OUT: Final = 16
"""One article in so many is kept aside to be judged on."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and a text."""

    question: str
    text: str
    kind: str
    """How the text was come by: it answers ("answer"), or did until its answering sentence was cut ("cut");
    it is of the question's article ("same"), or of another ("other"); the question has no answer, and it is
    one of the likeliest or closest ("near")."""
    article_id: str
    """Of the question."""
    sentences: Sequence[Span]
    answer: Span | None
    """Where the text has the answer."""
    context: str
    """What stands above the text, or nothing."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the pairs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path, help="file of numpy arrays, or folder, that is written")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of one dataset")
    parser.add_argument("--work", type=Path, help="keeps the index between runs")
    parser.add_argument("--held-out", action="store_true", help="only write what is kept aside")
    given = parser.parse_args(arguments)
    if given.held_out:
        write_held_out(given.data, given.out)
        return
    with tempfile.TemporaryDirectory() as private:
        pairs = list(pairs_of(given.data, given.work or Path(private)))
    save(given.out, pairs)
    counts = Counter(each.kind for each in pairs)
    print(f"{len(pairs)} pairs:", ", ".join(f"{count} {kind}" for kind, count in counts.most_common()))


def is_held_out(article_id: str) -> bool:
    """Return whether an article is kept aside."""
    return zlib.crc32(article_id.encode()) % HELD_OUT == 0


def write_held_out(data: Path, folder: Path) -> None:
    """Write the articles that are kept aside, with their questions, as a dataset."""
    (folder / "articles").mkdir(parents=True, exist_ok=True)
    for path in (data / "articles").iterdir():
        if is_held_out(path.stem):
            shutil.copy(path, folder / "articles")
    with (folder / "questions.jsonl").open("w", encoding="utf-8") as file:
        for line in (data / "questions.jsonl").read_text(encoding="utf-8").splitlines():
            fields = json.loads(line)
            if is_held_out((fields["spans"] or [fields["closest"]])[0]["article"]):
                file.write(f"{line}\n")


def pairs_of(data: Path, work: Path) -> Iterator[Pair]:
    """Yield the pairs of all questions."""
    draw = np.random.default_rng(0)
    lines = (data / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    closest = {
        fields["id"]: AnswerSpan(near["article"], Span(near["start"], near["end"]), near["text"])
        for fields in map(json.loads, lines)
        if (near := fields.get("closest"))
    }
    asked: dict[str, list[tuple[Question, AnswerSpan]]] = {}
    for question in read_questions(data / "questions.jsonl"):
        place = closest.get(question.question_id) or question.spans[0]
        asked.setdefault(place.article_id, []).append((question, place))
    articles = sorted((data / "articles").iterdir())
    encoder = ChosenEncoder()
    for start in range(0, len(articles), ARTICLES):
        collection, folder = work / f"articles-{start}", IndexFolder(work / f"index-{start}")
        collection.mkdir(parents=True, exist_ok=True)
        for article in articles[start : start + ARTICLES]:
            shutil.copy(article, collection)
        build_index(collection, folder, encoder)
        with Retriever.open(folder, encoder, None) as retriever:
            for article in articles[start : start + ARTICLES]:
                for question, place in asked.get(article.stem, ()):
                    yield from pairs_of_question(retriever, question, place, draw)


def pairs_of_question(
    retriever: Retriever, question: Question, sought: AnswerSpan, draw: np.random.Generator
) -> Iterator[Pair]:
    """Yield what one question is paired with, whose answer or what comes closest is `sought`."""
    asked = retriever.understood(question.text)
    evidence = retriever.evidence(question.text)
    order = np.argsort(-first_look(evidence, default_weights()))[:CANDIDATES]
    candidates = list(retriever.texts.passages(evidence.rows[order].tolist()))
    holding = [
        each
        for each in candidates
        if each.source.article_id == sought.article_id
        and each.passage.span.start <= sought.span.start
        and sought.span.end <= each.passage.span.end
    ]

    def pair(stored: StoredPassage, kind: str, answer: Span | None = None) -> Pair:
        context = "" if draw.random() < BARE_SHARE else context_of(stored)
        return Pair(asked, stored.text, kind, sought.article_id, sentences_in_text(stored), answer, context)

    if not question.spans:
        near = candidates[: OTHERS - 1] + [each for each in holding if each not in candidates[: OTHERS - 1]]
        yield from (pair(each, "near") for each in near)
    else:
        for stored in holding[:1]:
            begin = stored.passage.span.start
            answer = Span(sought.span.start - begin, sought.span.end - begin)
            whole = pair(stored, "answer", answer)
            yield whole
            left = [each for each in whole.sentences if each.end <= answer.start or each.start >= answer.end]
            if left and draw.random() < CUT_SHARE:
                text, sentences = joined([each.of(stored.text) for each in left])
                yield replace(whole, text=text, kind="cut", sentences=sentences, answer=None)
        others = [each for each in candidates if each not in holding][:OTHERS]
        for each in others:
            yield pair(each, "same" if each.source.article_id == sought.article_id else "other")
    elsewhere = [each for each in candidates if each.source.article_id != sought.article_id][:OTHERS]
    if elsewhere:
        yield pair(elsewhere[draw.integers(len(elsewhere))], "other")


def joined(sentences: Sequence[str]) -> tuple[str, list[Span]]:
    """Return sentences as one text, and where each of them lies in it."""
    ends = [*accumulate(len(each) + 1 for each in sentences)]
    spans = [Span(end - 1 - len(each), end - 1) for each, end in zip(sentences, ends, strict=True)]
    return " ".join(sentences), spans


def save(path: Path, pairs: Iterable[Pair]) -> None:
    """Write the pairs as the cross-encoder's tokens.

    `ids`, `owners` (the sentence that each token belongs to, -1 for none) and `in_answer` are those of all
    pairs one after the other, from `starts[i]` to `starts[i + 1]`, of which `of_text[i]` and more are of
    the text; `answering` is the sentence that answers, -1 for none.
    """
    tokenizer = PairTokenizer(default_cross_encoder_folder())
    ids, owners, in_answer, lengths = [], [], [], []
    of_text, answering, kinds, held_out = [], [], [], []
    for pair in pairs:
        encoded = tokenizer.encode(pair.question, pair.text, pair.context)
        own_ids = encoded.inputs["input_ids"][0]
        own = np.full(len(own_ids), -1, np.int16)
        answers = np.zeros(len(own_ids), np.bool_)
        text = slice(len(own_ids) - len(encoded.places), None)
        for number, each in enumerate(pair.sentences):
            own[text][tokens_within(encoded.places, each)] = number
        found = np.empty(0, np.int16)
        if pair.answer is not None:
            begins, ends = encoded.places.T
            answers[text] = (begins < pair.answer.end) & (ends > pair.answer.start) & (begins < ends)
            found = own[answers]
        ids.append(own_ids.astype(np.uint16))
        owners.append(own)
        in_answer.append(answers)
        lengths.append(len(own_ids))
        of_text.append(text.start)
        answering.append(int(found[0]) if len(found) else -1)
        kinds.append(pair.kind)
        held_out.append(is_held_out(pair.article_id))
    np.savez_compressed(
        path,
        ids=np.concatenate(ids),
        owners=np.concatenate(owners),
        in_answer=np.concatenate(in_answer),
        starts=np.cumsum([0, *lengths]),
        of_text=np.array(of_text),
        answering=np.array(answering),
        kinds=np.array(kinds),
        held_out=np.array(held_out),
    )


if __name__ == "__main__":
    main()
