"""What the cross-encoder is tuned on is put into tokens, and what is written computes as the tuning did."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from index.answer_pointer import POINTER_NAME
from index.cross_encoder import default_cross_encoder_folder, load_cross_encoder_by_setting
from index.onnx_graphs import ModelPart, cut_at
from index.onnx_sessions import OnnxSession
from index.questions import read_questions
from index.tuned_layers import TUNED_NAME
from tests.benchmarks import reading_pairs, tune_reading
from tests.benchmarks.tune_reading import Batch, Model, Pairs, cropped

POINTER = Path(__file__).parents[1] / "index" / POINTER_NAME

LIGHTHOUSE = """# The lighthouse at Karn

The lighthouse at Karn was lit in 1871. Its first keeper was Ona Treve, who stayed for forty years.

## Today

Since 1994 the lamp runs by itself. Goats live in the keeper's garden, and nobody mows it.
"""
MILL = """# The mill at Ossel

The mill at Ossel ground barley until a flood took its wheel in 1903. Nobody has rebuilt it.
"""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of two articles, of which one question is answered and one is not."""
    folder = tmp_path_factory.mktemp("dataset")
    (folder / "articles").mkdir()
    (folder / "articles" / "karn.md").write_text(LIGHTHOUSE, encoding="utf-8")
    (folder / "articles" / "ossel.md").write_text(MILL, encoding="utf-8")

    def place(text: str) -> dict[str, str | int]:
        start = LIGHTHOUSE.index(text)
        return {"article": "karn", "start": start, "end": start + len(text), "text": text}

    lines = [
        {
            "id": "1",
            "question": "Who kept the lamp at first?",
            "kind": "reworded",
            "spans": [place("Ona Treve")],
        },
        {
            "id": "2",
            "question": "Who mows the garden at Karn?",
            "kind": "near",
            "spans": [],
            "closest": place("nobody mows it"),
        },
    ]
    (folder / "questions.jsonl").write_text(
        "".join(f"{json.dumps(each)}\n" for each in lines), encoding="utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def pairs_file(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pairs") / "pairs.npz"
    reading_pairs.main([str(path), "--data", str(dataset)])
    return path


def test_a_question_is_paired_with_what_answers_and_with_what_does_not(dataset: Path, tmp_path: Path) -> None:
    pairs = list(reading_pairs.pairs_of(dataset, tmp_path))
    answering = [each for each in pairs if each.kind == "answer"]
    assert [each.answer.of(each.text) for each in answering if each.answer] == ["Ona Treve"]
    assert {each.kind for each in pairs if each.question == answering[0].question} >= {
        "answer",
        "same",
        "other",
    }
    near = [each for each in pairs if each.kind == "near"]
    assert any("nobody mows it" in each.text for each in near)
    assert all(each.answer is None for each in pairs if each.kind != "answer")


def test_the_tokens_of_the_answering_sentence_are_told(pairs_file: Path) -> None:
    pairs = Pairs.load([str(pairs_file)])
    answering = np.flatnonzero(pairs.kinds == "answer")
    assert len(answering) == 1
    batch = tune_reading.batch_of(pairs, answering, answering)
    assert batch.answers.tolist() == [True]
    sentence = batch.owners[0] == batch.answering[0]
    assert batch.in_answer[0].any()
    assert sentence[batch.in_answer[0]].all()
    assert not sentence[batch.is_text[0] == 0].any()


def test_a_question_with_the_text_of_another_pair_is_not_answered(pairs_file: Path) -> None:
    pairs = Pairs.load([str(pairs_file)])
    answering = np.flatnonzero(pairs.kinds == "answer")
    other = np.flatnonzero(pairs.kinds != "answer")[:1]
    swapped = tune_reading.batch_of(pairs, answering, other)
    theirs = tune_reading.batch_of(pairs, other, other)
    assert swapped.answers.tolist() == [False]
    assert swapped.answering.tolist() == [-1]
    assert swapped.ids[0][swapped.is_text[0] == 1].tolist() == theirs.ids[0][theirs.is_text[0] == 1].tolist()


def test_of_some_texts_some_sentences_are_read_the_answering_one_among_them() -> None:
    count, size = 5, 3
    owners = torch.tensor([[-1, -1] + [number for number in range(count) for _ in range(size)] + [-1]] * 4)
    is_there = torch.ones_like(owners, dtype=torch.bool)
    ids = torch.arange(owners.numel()).view(owners.shape)
    answering = torch.tensor([0, 2, 4, -1])
    batch = Batch(ids, (owners >= 0).long(), is_there, owners, owners == 2, answering, answering >= 0)
    draw = np.random.default_rng(0)
    lengths = set()
    for _ in range(50):
        found = cropped(batch, draw)
        assert found.is_there.any(0).all()
        for row in range(4):
            kept = found.ids[row][found.is_there[row]] - ids[row, 0]
            lengths.add(len(kept))
            sentences = owners[row][kept]
            assert sentences.tolist() == found.owners[row][found.is_there[row]].tolist()
            assert kept.tolist() == sorted(kept.tolist())
            assert (sentences == -1).sum() == 3
            in_a_row = sorted(set(sentences.tolist()) - {-1})
            assert in_a_row == list(range(in_a_row[0], in_a_row[-1] + 1))
            assert (sentences >= 0).sum() == size * len(in_a_row)
            assert answering[row] in [-1, *in_a_row]
            assert (found.in_answer[row] == (found.owners[row] == 2)).all()
    assert lengths == {3 + size * each for each in range(2, count + 1)}


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_what_is_written_computes_as_the_tuning_did(
    pairs_file: Path, tmp_path: Path, precision: torch.dtype
) -> None:
    shutil.copy(POINTER, tmp_path)
    torch.manual_seed(0)
    pairs = Pairs.load([str(pairs_file)])
    file = tune_reading.default_model()
    model = Model(file, tune_reading.FIRST)
    which = np.arange(len(pairs.kinds))
    assert "near" in tune_reading.report(model, pairs, which)
    before = tune_reading.read(model, pairs, which)[0]
    assert list(tune_reading.tune(model, pairs, which, 1.0, precision=precision))[-1] == 1.0
    tune_reading.write(model, tmp_path)
    tuned = tune_reading.read(model, pairs, which)[0]
    assert np.abs(tuned - before).max() > 0.01
    fields = json.loads((tmp_path / POINTER_NAME).read_text(encoding="utf-8"))
    part = ModelPart(fields["layer"], (tmp_path / TUNED_NAME).read_bytes())
    session = OnnxSession(cut_at(file.read_bytes(), part))
    for each in which:
        batch = tune_reading.batch_of(pairs, which[each : each + 1], which[each : each + 1])
        inputs = {
            "input_ids": batch.ids.numpy(),
            "attention_mask": np.ones_like(batch.ids.numpy()),
            "token_type_ids": batch.is_text.numpy(),
        }
        state = session.run(inputs)[0, 0]
        written = state @ np.array(fields["answering"]["weights"]) + fields["answering"]["intercept"]
        # Activations are rounded to 8 bits there, and were not in the tuning.
        assert written == pytest.approx(tuned[each], abs=0.3)


def test_layers_that_were_tuned_before_are_begun_with_as_they_are(tmp_path: Path) -> None:
    model = Model(tune_reading.default_model(), tune_reading.FIRST, tune_reading.TUNED)
    shutil.copy(tune_reading.TUNED / POINTER_NAME, tmp_path)
    tune_reading.write(model, tmp_path)
    for name in (TUNED_NAME, POINTER_NAME):
        assert (tmp_path / name).read_bytes() == (tune_reading.TUNED / name).read_bytes()


def test_layers_that_were_tuned_before_read_as_footnote_reads(pairs_file: Path) -> None:
    pairs = Pairs.load([str(pairs_file)])
    model = Model(tune_reading.default_model(), tune_reading.FIRST, tune_reading.TUNED).eval()
    which = np.arange(len(pairs.kinds))
    found, _ = tune_reading.read(model, pairs, which)
    encoder = load_cross_encoder_by_setting()
    assert encoder is not None
    tokenizer = Tokenizer.from_file(str(default_cross_encoder_folder() / "tokenizer.json"))
    differences = []
    for each in which:
        batch = tune_reading.batch_of(pairs, which[each : each + 1], which[each : each + 1])
        question, text = (
            tokenizer.decode(batch.ids[0][batch.is_text[0] == kind].tolist()) for kind in (0, 1)
        )
        differences.append(encoder.read(question, text).logit - found[each])
    # Footnote rounds activations to 8 bits: of 400 pairs that differs by .27 (root mean square), at most 1.1.
    # Logits lie between -7 and 5.
    assert np.sqrt(np.mean(np.square(differences))) < 0.5


def test_the_articles_that_are_kept_aside_make_a_dataset_of_their_own(tmp_path: Path) -> None:
    reading_pairs.main([str(tmp_path / "held"), "--held-out"])
    articles = {path.stem for path in (tmp_path / "held" / "articles").iterdir()}
    assert articles == {
        path.stem
        for path in (reading_pairs.DATA / "articles").iterdir()
        if reading_pairs.is_held_out(path.stem)
    }
    questions = read_questions(tmp_path / "held" / "questions.jsonl")
    assert {span.article_id for question in questions for span in question.spans} == articles
