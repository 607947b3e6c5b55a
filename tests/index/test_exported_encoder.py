"""An exported encoder gives the vectors that PyTorch gives, rounded or not, or is not exported at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import encoder_export, quantisation
from index.encoder import Encoder
from index.encoder_export import ExportError, export_encoder
from index.encoding import EncoderInParts
from index.errors import DamagedGenerationError
from index.exported_encoder import ExportedEncoder
from index.exported_files import GRAPH, READING, TOKENIZER, WEIGHTS, Reading, is_exported, take_over
from index.onnx_sessions import SessionError
from tests.index.own_models import (
    bert_with_prompts,
    distilbert_by_first_token,
    kept_in_sixteen_bits,
    mpnet_by_maximum,
    words_alone,
)

LONG = " ".join(f"Station {number} of the long railway has a small garden." for number in range(120))
ODD = ("x" * 5_000, "你" * 2_000, "🙂" * 1_000, "a " * 3_000, " " * 3_000, "lone \ud800", "")


def never_quantise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every model kept in float32, as one is that is too large."""
    monkeypatch.setattr(encoder_export, "_LARGEST_QUANTISED_BYTES", 0)


@pytest.fixture(scope="module")
def folder(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the default encoder lies, exported in float32."""
    folder = tmp_path_factory.mktemp("generation") / "encoder"
    with pytest.MonkeyPatch.context() as patched:
        never_quantise(patched)
        export_encoder(encoder, folder)
    return folder


@pytest.fixture(scope="module")
def exported(folder: Path, encoder: Encoder) -> ExportedEncoder:
    """Return the default encoder, exported in float32."""
    return ExportedEncoder.open(folder, encoder.identity)


@pytest.fixture(scope="module")
def quantised(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> ExportedEncoder:
    """Return the default encoder as it is exported unless something speaks against it."""
    folder = tmp_path_factory.mktemp("generation") / "encoder"
    export_encoder(encoder, folder)
    assert is_quantised(folder)
    return ExportedEncoder.open(folder, encoder.identity)


def test_quantised_it_opens_faster_and_computes_the_same_to_the_bit(
    quantised: ExportedEncoder, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it cannot be written as it opens fastest, it is kept as it was quantised."""

    def refuse(*_: object) -> None:
        raise SessionError("no space")

    monkeypatch.setattr(quantisation, "write_optimised", refuse)
    export_encoder(encoder, tmp_path / "encoder")
    assert is_quantised(tmp_path / "encoder")
    plain = ExportedEncoder.open(tmp_path / "encoder", encoder.identity)
    texts = ["Where does the Rhine rise?", LONG, "Ж 你好 🙂 née", *ODD]
    np.testing.assert_array_equal(quantised.encode_passages(texts), plain.encode_passages(texts))


def is_quantised(folder: Path) -> bool:
    """Return what an exported encoder says of itself."""
    return Reading.from_json((folder / READING).read_text(encoding="utf-8")).quantised


def expect_same(one: EncoderInParts, other: EncoderInParts, texts: list[str]) -> None:
    """Compare the vectors of two encoders; inner products of unit vectors are cosines."""
    for found, expected in (
        (one.encode_passages(texts), other.encode_passages(texts)),
        (one.encode_questions(texts), other.encode_questions(texts)),
    ):
        assert found.shape == expected.shape
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=2e-5)


@settings(max_examples=40)
@given(texts=st.lists(st.text(st.characters(), max_size=80), max_size=6))
def test_any_texts_have_the_same_vectors(
    exported: ExportedEncoder, encoder: Encoder, texts: list[str]
) -> None:
    expect_same(exported, encoder, texts)


def test_texts_of_all_lengths_in_one_call_have_the_same_vectors(
    exported: ExportedEncoder, encoder: Encoder
) -> None:
    expect_same(exported, encoder, [LONG[: 7 * number] for number in range(0, 90, 3)] + [LONG, *ODD])


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_no_text_is_too_long_or_too_strange(exported: ExportedEncoder, encoder: Encoder, text: str) -> None:
    expect_same(exported, encoder, [text])


@settings(max_examples=40)
@given(text=st.text(st.characters(), max_size=300))
def test_quantised_any_text_has_nearly_the_same_vector(
    quantised: ExportedEncoder, encoder: Encoder, text: str
) -> None:
    cosine = np.sum(quantised.encode_passages([text]) * encoder.encode_passages([text]))
    assert cosine > 0.95


@settings(max_examples=40)
@given(texts=st.lists(st.text(st.characters(), max_size=80), min_size=1, max_size=6))
def test_quantised_a_text_has_one_vector_whatever_stands_beside_it(
    quantised: ExportedEncoder, texts: list[str]
) -> None:
    together = quantised.encode_passages(texts)
    alone = np.concatenate([quantised.encode_passages([text]) for text in texts])
    np.testing.assert_array_equal(together, alone)


def test_a_model_that_rounding_changes_too_much_is_kept_in_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distilbert_by_first_token(tmp_path / "own")
    own = Encoder.load(str(tmp_path / "own"))
    monkeypatch.setattr(encoder_export, "_LEAST_COSINE_QUANTISED", 1.1)
    export_encoder(own, tmp_path / "encoder")
    assert not is_quantised(tmp_path / "encoder")
    assert sorted(path.name for path in tmp_path.glob("encoder*")) == ["encoder"]
    expect_same(ExportedEncoder.open(tmp_path / "encoder", own.identity), own, ["bread", LONG])


def test_a_model_that_cannot_be_rounded_is_kept_in_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distilbert_by_first_token(tmp_path / "own")
    own = Encoder.load(str(tmp_path / "own"))

    def refuse(*_: object) -> None:
        raise RuntimeError("Unable to find data type for weight_name='bread'")

    monkeypatch.setattr(encoder_export, "quantise", refuse)
    export_encoder(own, tmp_path / "encoder")
    assert not is_quantised(tmp_path / "encoder")
    expect_same(ExportedEncoder.open(tmp_path / "encoder", own.identity), own, ["bread", LONG])


@settings(max_examples=40)
@given(
    words=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), max_size=20)
)
def test_words_are_as_familiar(exported: ExportedEncoder, encoder: Encoder, words: list[str]) -> None:
    assert exported.familiarity(words) == encoder.familiarity(words)


@pytest.mark.parametrize(
    "make",
    [
        bert_with_prompts,
        distilbert_by_first_token,
        mpnet_by_maximum,
        partial(kept_in_sixteen_bits, kind="bfloat16"),
        partial(kept_in_sixteen_bits, kind="float16"),
    ],
)
def test_models_of_other_kinds_are_exported(
    make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_quantise(monkeypatch)
    make(tmp_path / "own")
    own = Encoder.load(str(tmp_path / "own"))
    export_encoder(own, tmp_path / "encoder")
    exported = ExportedEncoder.open(tmp_path / "encoder", own.identity)
    expect_same(exported, own, ["bread", "The Rhine rises in Switzerland.", LONG[:90], LONG, *ODD])


def test_a_model_of_a_kind_of_its_own_is_not_exported(tmp_path: Path) -> None:
    words_alone(tmp_path / "own")
    with pytest.raises(ExportError, match="own cannot be exported") as caught:
        export_encoder(Encoder.load(str(tmp_path / "own")), tmp_path / "encoder")
    assert "\n" not in str(caught.value)


def test_an_export_that_gives_other_vectors_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trace keeps what the graph computes with; what PyTorch computes with changes after it."""
    distilbert_by_first_token(tmp_path / "own")
    own = Encoder.load(str(tmp_path / "own"))
    real = encoder_export._write_graph

    def write_and_change(encoder: Encoder, *others: Any) -> Any:
        inputs = real(encoder, *others)
        for weights in encoder.model.parameters():
            weights.data.neg_().add_(0.1)
        return inputs

    monkeypatch.setattr(encoder_export, "_write_graph", write_and_change)
    with pytest.raises(ExportError, match="vectors whose cosine"):
        export_encoder(own, tmp_path / "encoder")


def test_a_model_whose_numbers_are_not_finite_is_not_exported(tmp_path: Path) -> None:
    distilbert_by_first_token(tmp_path / "own")
    own = Encoder.load(str(tmp_path / "own"))
    for weights in own.model.parameters():
        weights.data.fill_(np.nan)
    with pytest.raises(ExportError, match="own cannot be exported"):
        export_encoder(own, tmp_path / "encoder")


def test_exporting_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nor does it warn: here, a warning is an error."""
    distilbert_by_first_token(tmp_path / "own")
    own = Encoder.load(str(tmp_path / "own"))
    capfd.readouterr()
    export_encoder(own, tmp_path / "encoder")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", [GRAPH, WEIGHTS, READING, TOKENIZER])
@pytest.mark.parametrize("content", [None, b"", b"{}"], ids=["missing", "empty", "other"])
def test_damaged_files_are_told_in_one_sentence(
    folder: Path, encoder: Encoder, tmp_path: Path, name: str, content: bytes | None
) -> None:
    take_over(folder, tmp_path / "encoder")
    (tmp_path / "encoder" / name).unlink()
    if content is not None:
        (tmp_path / "encoder" / name).write_bytes(content)
    with pytest.raises(DamagedGenerationError, match="footnote build"):
        ExportedEncoder.open(tmp_path / "encoder", encoder.identity)


def test_taking_over_shares_the_files(folder: Path, tmp_path: Path) -> None:
    take_over(folder, tmp_path / "encoder")
    assert is_exported(tmp_path / "encoder")
    for name in (GRAPH, WEIGHTS, TOKENIZER, READING):
        assert (tmp_path / "encoder" / name).samefile(folder / name)


def test_where_there_are_no_links_files_are_copied(
    folder: Path, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr("os.link", refuse)
    take_over(folder, tmp_path / "encoder")
    assert not (tmp_path / "encoder" / WEIGHTS).samefile(folder / WEIGHTS)
    copied = ExportedEncoder.open(tmp_path / "encoder", encoder.identity)
    expect_same(copied, encoder, ["bread"])


@pytest.mark.parametrize("name", [GRAPH, TOKENIZER, READING])
def test_a_folder_without_one_of_the_files_holds_no_encoder(folder: Path, tmp_path: Path, name: str) -> None:
    take_over(folder, tmp_path / "encoder")
    (tmp_path / "encoder" / name).unlink()
    assert not is_exported(tmp_path / "encoder")
    assert not is_exported(tmp_path / "none")


@given(
    reading=st.builds(
        Reading,
        inputs=st.lists(st.text(), max_size=3).map(tuple),
        longest=st.none() | st.integers(),
        padding_token=st.integers(),
        padding_type=st.integers(),
        padding_side=st.sampled_from(["left", "right"]),
        unknown_token=st.none() | st.integers(),
    )
)
def test_how_texts_are_read_survives_writing(reading: Reading) -> None:
    assert Reading.from_json(reading.to_json()) == reading
