"""The encoder that is set is known by its files, and PyTorch is loaded only where it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index import layout
from index.builder import BuildProgress, build_index
from index.chosen_encoder import ChosenEncoder
from index.encoder import Encoder
from index.errors import DamagedGenerationError, ModelError
from index.exported_encoder import ExportedEncoder
from index.exported_files import GRAPH
from index.generation import IndexFolder
from index.retriever import Retriever
from tests.index.listening import cut_before_publishing
from tests.index.own_models import words_alone

RIVERS = "# Rivers\n\nThe Danube flows through ten countries. It ends in the Black Sea.\n"
MOUNTAINS = "# Mountains\n\nMont Blanc is the highest mountain of the Alps. It is covered with ice.\n"


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """Return a folder of one article."""
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "rivers.md").write_text(RIVERS, encoding="utf-8")
    return folder


def forbid_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make loading a model fail the test from now on."""

    def fail(*_: object, **__: object) -> None:
        pytest.fail("a model was loaded")

    monkeypatch.setattr(Encoder, "load", fail)


def test_the_default_is_known_without_pytorch() -> None:
    program = (
        "import sys; from index.chosen_encoder import ChosenEncoder; "
        "print(ChosenEncoder().identity.weights_sha256); "
        "sys.exit(', '.join({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)) or 0)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.strip()) == 64


def test_the_default_is_the_one_that_pytorch_loads(encoder: Encoder) -> None:
    assert ChosenEncoder().identity == encoder.identity
    assert ChosenEncoder().matches(encoder.identity)
    assert not ChosenEncoder(query_prompt="query: ").matches(encoder.identity)


@pytest.mark.parametrize("prompts", [{}, {"query_prompt": "", "passage_prompt": "text: "}])
def test_a_folder_is_known_by_its_files(
    own_model: Path, prompts: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = Encoder.load(str(own_model), **prompts)
    assert ChosenEncoder(str(own_model), **prompts).identity == loaded.identity
    forbid_loading(monkeypatch)
    chosen = ChosenEncoder(str(own_model), **prompts)
    assert chosen.matches(loaded.identity)
    assert chosen.identity == loaded.identity


def test_a_model_that_is_not_there_is_told_in_one_sentence() -> None:
    with pytest.raises(ModelError, match="FOOTNOTE_ENCODER"):
        ChosenEncoder("no-such/model").identity  # noqa: B018


def test_an_encoder_is_exported_once(
    own_model: Path, articles: Path, index_folder: IndexFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[BuildProgress] = []
    build_index(articles, index_folder, ChosenEncoder(str(own_model)), on_progress=told.append)
    phases = list(dict.fromkeys(each.phase for each in told))
    assert phases == ["reading", "exporting", "embedding", "writing"]
    first = index_folder.current()
    forbid_loading(monkeypatch)
    (articles / "mountains.md").write_text(MOUNTAINS, encoding="utf-8")
    told.clear()
    chosen = ChosenEncoder(str(own_model), query_prompt="another: ")
    report = build_index(articles, index_folder, chosen, on_progress=told.append)
    assert report.switched
    assert "exporting" not in {each.phase for each in told}
    second = index_folder.current()
    assert (second.path / layout.ENCODER / GRAPH).samefile(first.path / layout.ENCODER / GRAPH)
    with Retriever.open(index_folder, chosen, None) as retriever:
        assert retriever.ask("Which mountain is the highest?").passages


def test_the_exported_encoder_answers_from_a_generation_alone(
    own_model: Path, articles: Path, index_folder: IndexFolder
) -> None:
    build_index(articles, index_folder, ChosenEncoder(str(own_model)))
    generation = index_folder.current()
    exported = ChosenEncoder(str(own_model)).for_answering(generation.path / layout.ENCODER)
    assert isinstance(exported, ExportedEncoder)
    own = Encoder.load(str(own_model))
    cosines = np.sum(exported.encode_questions(["bread"]) * own.encode_questions(["bread"]), axis=1)
    assert cosines.min() > 0.98


def test_a_damaged_export_is_noticed_when_opened_and_made_anew(
    own_model: Path, articles: Path, index_folder: IndexFolder
) -> None:
    chosen = ChosenEncoder(str(own_model))
    build_index(articles, index_folder, chosen)
    weights = index_folder.current().path / layout.ENCODER / GRAPH
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    with pytest.raises(DamagedGenerationError):
        Retriever.open(index_folder, chosen, None)
    assert build_index(articles, index_folder, chosen).switched
    Retriever.open(index_folder, chosen, None).close()


@pytest.mark.parametrize("is_changed", [False, True])
def test_an_export_that_was_published_without_its_end_is_made_anew_and_nothing_encoded_again(
    own_model: Path,
    articles: Path,
    index_folder: IndexFolder,
    monkeypatch: pytest.MonkeyPatch,
    is_changed: bool,
) -> None:
    """Its hashes are right, and it does not open."""
    chosen = ChosenEncoder(str(own_model))
    with monkeypatch.context() as patch:
        cut_before_publishing(patch, f"{layout.ENCODER}/{GRAPH}")
        build_index(articles, index_folder, chosen)
    if is_changed:
        (articles / "mountains.md").write_text(MOUNTAINS, encoding="utf-8")
    report = build_index(articles, index_folder, chosen)
    assert (report.switched, report.passages_reused) == (True, 1)
    with Retriever.open(index_folder, chosen, None) as retriever:
        assert retriever.ask("How many countries?").passages
    assert not build_index(articles, index_folder, chosen).switched


def test_the_check_of_a_build_and_answering_open_an_export_once(
    own_model: Path, articles: Path, index_folder: IndexFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(articles, index_folder, ChosenEncoder(str(own_model)))
    chosen = ChosenEncoder(str(own_model))
    opened: list[Path] = []
    real = ExportedEncoder.open

    def listening(folder: Path, *arguments: Any, **options: Any) -> ExportedEncoder:
        opened.append(folder)
        return real(folder, *arguments, **options)

    monkeypatch.setattr(ExportedEncoder, "open", listening)
    assert not build_index(articles, index_folder, chosen).switched
    Retriever.open(index_folder, chosen, None).close()
    assert opened == [index_folder.current().path / layout.ENCODER]


def test_a_model_that_cannot_be_exported_is_run_by_pytorch_and_told(
    articles: Path, index_folder: IndexFolder, tmp_path: Path
) -> None:
    words_alone(tmp_path / "own")
    chosen = ChosenEncoder(str(tmp_path / "own"))
    report = build_index(articles, index_folder, chosen)
    assert [notice.path for notice in report.notices] == ["The encoder own"]
    assert "PyTorch" in report.notices[0].reason
    generation = index_folder.current()
    assert not any(file.path.startswith(layout.ENCODER) for file in generation.manifest.files)
    assert isinstance(chosen.for_answering(generation.path / layout.ENCODER), Encoder)
    with Retriever.open(index_folder, chosen, None) as retriever:
        assert retriever.ask("How many countries?").passages
