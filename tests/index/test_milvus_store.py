"""Generations in Milvus follow the index folder: moved there and back, switched, healed and forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from index import layout
from index.builder import build_index
from index.encoder import Encoder
from index.errors import DamagedGenerationError, VectorStoreError
from index.generation import IndexFolder
from index.manifest import MANIFEST_NAME
from index.milvus import Milvus
from index.milvus_connection import MilvusAddress
from index.milvus_store import MilvusStore
from index.retriever import Retriever
from index.shares import Share, build_share, merge_shares
from index.stores import LEDGER
from index.types import BuildReport

for package in ("pymilvus", "milvus_lite"):
    pytest.importorskip(package, reason="needs `pip install '.[milvus]' milvus-lite`")

KINDS = ("passages", "sentences", "words")
GONE = MilvusAddress("http://127.0.0.1:1", deadline_seconds=0.2)
"""Where nothing listens."""


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Milvus:
    """Return a Milvus Lite."""
    address = MilvusAddress(str(tmp_path_factory.mktemp("milvus") / "lite.db"), deadline_seconds=20)
    return Milvus(address)


@pytest.fixture
def store(milvus: Milvus, request: pytest.FixtureRequest) -> MilvusStore:
    """Return a store there, with aliases of its own."""
    made = MilvusStore(MilvusAddress(milvus.address.uri, alias=f"t{abs(hash(request.node.name))}"))
    # One client a file: Milvus Lite is in this process.
    made._milvus._connected = milvus._connection
    return made


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """Return a folder with an article."""
    folder = tmp_path / "articles"
    folder.mkdir()
    change(folder, "The Rhine rises in Switzerland. It ends in the North Sea.")
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return an index folder that does not exist yet."""
    return tmp_path / "index"


def change(folder: Path, text: str) -> None:
    (folder / "a.md").write_text(f"# A\n\n{text}\n", encoding="utf-8")


def collections(folder: IndexFolder, name: str) -> dict[str, str]:
    """Return the collections that a generation's ledger names, by their kinds."""
    ledger = json.loads((folder._generations / name / LEDGER).read_text())
    return {kind: f"{ledger['name']}_{kind}" for kind in KINDS}


def served(milvus: Milvus, store: MilvusStore) -> dict[str, str | None]:
    """Return what the aliases of a store stand for."""
    return {kind: milvus.behind(f"{store._milvus.address.alias}_{kind}") for kind in KINDS}


def test_a_collection_moves_there_and_back_without_being_encoded_again(
    milvus: Milvus, store: MilvusStore, articles: Path, path: Path, encoder: Encoder
) -> None:
    first = build_index(articles, IndexFolder(path), encoder)
    before = IndexFolder(path).store.open(IndexFolder(path).current())
    rows = np.arange(first.sentences)
    there = IndexFolder(path, store)
    moved = build_index(articles, there, encoder)
    assert moved.switched
    assert moved.passages_reused == moved.passages == first.passages
    generation = there.current()
    assert generation.manifest.store == "milvus"
    assert (generation.manifest.passage_vectors, generation.manifest.sentence_vectors) == (None, None)
    left = {each.name for each in generation.path.iterdir()}
    assert not left & {layout.PASSAGE_VECTORS, layout.SENTENCE_VECTORS, layout.LEXICAL}
    assert {layout.TEXTS, layout.TERMS, MANIFEST_NAME, LEDGER} <= left
    assert (there.store.open(generation).sentences.vectors(rows) == before.sentences.vectors(rows)).all()
    assert not build_index(articles, there, encoder).switched
    leaving = MilvusStore(store._milvus.address, keeps_new=False)
    leaving._milvus._connected = milvus._connection
    back = build_index(articles, IndexFolder(path, leaving), encoder)
    assert back.switched
    assert back.passages_reused == back.passages
    assert IndexFolder(path).current().manifest.store is None
    assert served(milvus, store) == dict.fromkeys(KINDS)
    with Retriever.open(IndexFolder(path), encoder, None) as retriever:
        assert "Rhine" in retriever.ask("Where does the Rhine rise?").passages[0].text


def test_aliases_follow_what_serves_and_collections_go_with_their_generation(
    milvus: Milvus, store: MilvusStore, articles: Path, path: Path, encoder: Encoder
) -> None:
    folder = IndexFolder(path, store)
    made: list[dict[str, str]] = []

    def built(text: str, *, switch: bool = True) -> BuildReport:
        change(articles, text)
        report = build_index(articles, folder, encoder, switch=switch)
        made.append(collections(folder, report.generation))
        return report

    built("The Danube flows through ten countries.")
    assert served(milvus, store) == made[0]
    built("The Elbe flows through two countries.")
    assert served(milvus, store) == made[1]
    candidate = built("The Oder flows through three countries.", switch=False)
    assert served(milvus, store) == made[1]
    assert all(map(milvus.has, [*made[0].values(), *made[1].values(), *made[2].values()]))
    folder.rollback()
    assert served(milvus, store) == made[0]
    folder.switch_to(candidate.generation)
    assert served(milvus, store) == made[2]
    assert all(map(milvus.has, made[0].values()))
    assert not any(map(milvus.has, made[1].values()))
    built("The Rhone flows through two countries.", switch=False)
    folder.discard_candidate()
    assert not any(map(milvus.has, made[3].values()))
    assert served(milvus, store) == made[2]


def test_a_crash_between_pointer_and_aliases_heals_at_the_next_start(
    milvus: Milvus, store: MilvusStore, articles: Path, path: Path, encoder: Encoder
) -> None:
    folder = IndexFolder(path, store)
    first = build_index(articles, folder, encoder)
    change(articles, "The Elbe flows through two countries.")
    second = build_index(articles, folder, encoder)
    # What a process did that died right after the pointer's rename.
    IndexFolder(path).rollback()
    assert served(milvus, store) == collections(folder, second.generation)
    with Retriever.open(folder, encoder, None) as retriever:
        assert retriever.generation.name == first.generation
        assert "Rhine" in retriever.ask("Where does the Rhine rise?").passages[0].text
    with folder.building():
        folder.heal()  # Left to whoever builds.
    assert served(milvus, store) == collections(folder, second.generation)
    folder.heal()
    assert served(milvus, store) == collections(folder, first.generation)


def test_shares_are_merged_into_it_and_leave_out_what_it_has(
    milvus: Milvus, store: MilvusStore, articles: Path, path: Path, encoder: Encoder
) -> None:
    folder = IndexFolder(path, store)
    for number in (1, 2):
        build_share(articles, folder, encoder, Share(number, 2))
    merged = merge_shares(articles, folder, encoder)
    assert folder.current().manifest.store == "milvus"
    assert served(milvus, store) == collections(folder, merged.generation)
    assert merged.vectors_resumed > 0
    (articles / "b.md").write_text("The Elbe flows through two countries.\n")
    for number in (1, 2):
        build_share(articles, folder, encoder, Share(number, 2))
    again = merge_shares(articles, folder, encoder)
    assert (again.vectors_resumed, again.passages_reused) == (1, merged.passages)
    assert served(milvus, store) == collections(folder, again.generation)
    with Retriever.open(folder, encoder, None) as retriever:
        assert "Rhine" in retriever.ask("Where does the Rhine rise?").passages[0].text


def test_what_was_encoded_for_a_build_that_it_could_not_keep_is_taken_over_by_the_next(
    milvus: Milvus,
    store: MilvusStore,
    articles: Path,
    path: Path,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = IndexFolder(path, store)
    made: list[str] = []

    def lose(_: Milvus, collection: str, *__: object) -> None:
        made.append(collection)
        assert milvus.has(collection)
        raise VectorStoreError("lost")

    with monkeypatch.context() as patched:
        patched.setattr(Milvus, "finish", lose)
        with pytest.raises(VectorStoreError, match="lost"):
            build_index(articles, folder, encoder)
    assert made
    assert not any(map(milvus.has, made))
    assert [each.name for each in path.glob("building-*")] == []
    report = build_index(articles, folder, encoder)
    assert report.vectors_resumed > 0
    assert served(milvus, store) == collections(folder, report.generation)


def test_what_a_dead_build_left_is_removed_by_the_next(
    milvus: Milvus, store: MilvusStore, articles: Path, path: Path, encoder: Encoder
) -> None:
    folder = IndexFolder(path, store)
    report = build_index(articles, folder, encoder)
    names = collections(folder, report.generation)
    # As after SIGKILL between the last collection and the rename into place.
    (folder._generations / report.generation).rename(path / "building-dead")
    (path / "current.json").unlink()
    again = build_index(articles, folder, encoder)
    assert not any(map(milvus.has, names.values()))
    assert not (path / "building-dead").exists()
    assert served(milvus, store) == collections(folder, again.generation)


def test_a_folder_stays_until_its_collections_can_be_removed(
    milvus: Milvus, store: MilvusStore, articles: Path, path: Path, encoder: Encoder
) -> None:
    folder = IndexFolder(path, store)
    candidate = build_index(articles, folder, encoder)
    change(articles, "The Elbe flows through two countries.")
    candidate = build_index(articles, folder, encoder, switch=False)
    names = collections(folder, candidate.generation)
    for other in (IndexFolder(path, MilvusStore(GONE)), IndexFolder(path)):
        if other.candidate_name():
            other.discard_candidate()
        with other.building():
            pass
        assert (folder._generations / candidate.generation).exists()
        assert all(map(milvus.has, names.values()))
    with folder.building():
        pass
    assert not (folder._generations / candidate.generation).exists()
    assert not any(map(milvus.has, names.values()))


def test_collections_that_were_lost_are_told_and_mended_by_a_build(
    milvus: Milvus, store: MilvusStore, articles: Path, path: Path, encoder: Encoder
) -> None:
    folder = IndexFolder(path, store)
    report = build_index(articles, folder, encoder)
    name = collections(folder, report.generation)["sentences"]
    milvus.point(f"{store._milvus.address.alias}_sentences", None)
    milvus.drop(name)
    with pytest.raises(VectorStoreError, match=f"no collection {name}.*footnote build"):
        Retriever.open(folder, encoder, None)
    assert build_index(articles, folder, encoder).switched
    with Retriever.open(folder, encoder, None) as retriever:
        assert "Rhine" in retriever.ask("Where does the Rhine rise?").passages[0].text


def test_rows_that_are_missing_are_told_in_time(milvus: Milvus) -> None:
    impatient = Milvus(MilvusAddress(milvus.address.uri, deadline_seconds=0.2))
    impatient._connected = milvus._connection
    impatient.create("few", 4)
    impatient.insert("few", enumerate(np.eye(4, dtype=np.float32)[:2]))
    impatient.finish("few", "FLAT", {})
    with pytest.raises(VectorStoreError, match="finds less in few than was written"):
        impatient.vectors("few", [0, 7])


def test_without_its_address_a_generation_there_names_the_setting(
    store: MilvusStore, articles: Path, path: Path, encoder: Encoder
) -> None:
    build_index(articles, IndexFolder(path, store), encoder)
    with pytest.raises(VectorStoreError, match="set FOOTNOTE_MILVUS_URI, or run `footnote build`"):
        Retriever.open(IndexFolder(path), encoder, None)
    report = build_index(articles, IndexFolder(path), encoder)
    assert (report.switched, report.passages_reused) == (True, 0)


def test_a_ledger_that_says_nothing_is_damage(
    store: MilvusStore, articles: Path, path: Path, encoder: Encoder
) -> None:
    folder = IndexFolder(path, store)
    build_index(articles, folder, encoder)
    generation = folder.current()
    (generation.path / LEDGER).write_text('{"name": 3}')
    with pytest.raises(DamagedGenerationError, match=f"{LEDGER} does not say where"):
        store.open(generation)
    with pytest.raises(DamagedGenerationError, match=r"store\.json has"):
        folder.current()
