"""Articles, passages and sentences come back from the disk exactly as they were written."""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import ArticleError, DamagedGenerationError, GenerationError
from index.texts import PassageRecord, TextCounts, Texts, article_fingerprint
from index.types import Article, Passage, Source, Span
from tests.index.written_texts import write_texts

storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def key_of(text: str) -> bytes:
    """Return a vector key that differs where the text does."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def record_of(article: Article, bounds: Sequence[int], headings: tuple[str, ...] = ()) -> PassageRecord:
    """Return the passage between the first bound and the last, a sentence between each two."""
    span = Span(bounds[0], bounds[-1])
    sentences = tuple(Span(start, end) for start, end in itertools.pairwise(bounds))
    passage = Passage(
        passage_id=hashlib.sha256(f"{article.article_id}\n{span.of(article.text)}".encode()).hexdigest()[:16],
        article_id=article.article_id,
        span=span,
        sentences=sentences,
        headings=headings,
        paragraph=1,
        paragraph_count=3,
    )
    return PassageRecord(
        passage,
        key_of(span.of(article.text)),
        tuple(key_of(sentence.of(article.text)) for sentence in sentences),
    )


def article_of(article_id: str, text: str) -> Article:
    """Return an article of which nothing but the text is known."""
    return Article(article_id=article_id, text=text, body_start=0, title=article_id.title(), language="en")


TEA = replace(
    article_of("drinks/tea", "Tea is a leaf. 🍵 is its sign. It is drunk hot."),
    url="https://example.org/tea",
    author="Añez",
    published="2024-05-01",
    tags=("leaf", "葉"),
)
BREAD = article_of("bread", "Bread is baked. It keeps.")
EMPTY = article_of("empty", "")
PAIRS = [
    (TEA, [record_of(TEA, [0, 15, 30], ("Drinks", "Tea")), record_of(TEA, [30, len(TEA.text)])]),
    (EMPTY, []),
    (BREAD, [record_of(BREAD, [0, 15]), record_of(BREAD, [16, 25])]),
]


@pytest.fixture
def texts(tmp_path: Path) -> Iterator[Texts]:
    """Three articles, four passages and five sentences, in a path that needs quoting."""
    path = tmp_path / "a folder? 50% ö#1" / "texts.sqlite"
    path.parent.mkdir()
    write_texts(path, iter(PAIRS))
    with Texts.open(path) as opened:
        yield opened


def test_rows_are_counted_in_the_order_written(tmp_path: Path) -> None:
    """What writing counts is what reading counts."""
    counts = write_texts(tmp_path / "texts.sqlite", PAIRS)
    assert counts == TextCounts(articles=3, passages=4, sentences=5)
    with Texts.open(tmp_path / "texts.sqlite") as opened:
        assert (opened.article_count, opened.passage_count, opened.sentence_count) == (3, 4, 5)


def test_a_collection_without_articles_has_no_rows(tmp_path: Path) -> None:
    """Nothing written is nothing read, and no error."""
    assert write_texts(tmp_path / "texts.sqlite", []) == TextCounts(0, 0, 0)
    with Texts.open(tmp_path / "texts.sqlite") as opened:
        assert (opened.article_count, opened.passage_count, opened.sentence_count) == (0, 0, 0)
        assert opened.passages([]) == []
        assert list(opened.articles()) == []
        assert opened.rows_of_keys("passage", [key_of("")]) == [None]
        with pytest.raises(IndexError):
            opened.passages([0])


def test_passages_come_in_the_order_asked_with_repeats(texts: Texts) -> None:
    """The caller's order is the answer's order, whatever the order on the disk."""
    written = [record.passage for _, records in PAIRS for record in records]
    found = texts.passages([3, 0, 3, 1])
    assert [stored.row for stored in found] == [3, 0, 3, 1]
    assert [stored.passage for stored in found] == [written[3], written[0], written[3], written[1]]
    assert [stored.first_sentence_row for stored in found] == [4, 0, 4, 2]
    assert found[1].text == "Tea is a leaf. 🍵 is its sign. "
    assert found[1].source == Source(
        "drinks/tea", "Drinks/Tea", "en", "https://example.org/tea", "Añez", "2024-05-01"
    )


def test_rows_may_be_numpy_integers(texts: Texts) -> None:
    """Rows come from arrays of FAISS; they need no conversion by the caller."""
    rows = np.array([2, 1], dtype=np.int64)
    assert texts.passages(list(rows)) == texts.passages([2, 1])
    assert texts.sentence_owners(list(rows)) == [1, 0]


@pytest.mark.parametrize("row", [-1, 4, 2**70])
def test_an_unknown_passage_row_is_an_index_error(texts: Texts, row: int) -> None:
    """The -1 that FAISS pads with is not the last passage."""
    with pytest.raises(IndexError, match=f"no passage row {row}"):
        texts.passages([0, row])
    with pytest.raises(IndexError, match=f"no passage row {row}"):
        texts.neighbours(row)


@pytest.mark.parametrize("row", [-1, 5])
def test_an_unknown_sentence_row_is_an_index_error(texts: Texts, row: int) -> None:
    """As for passages."""
    with pytest.raises(IndexError, match=f"no sentence row {row}"):
        texts.sentence_owners([row])


def test_passages_are_the_same_however_few_are_kept(texts: Texts, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = range(texts.passage_count)
    expected = {row: texts.passages([row])[0] for row in rows}
    monkeypatch.setattr("index.texts._PASSAGES_KEPT", 2)
    for first, second in itertools.product(rows, rows):
        for asked in ([first, second], [second, first, second], [*rows]):
            assert texts.passages(asked) == [expected[row] for row in asked]
        assert len(texts._kept) == min(2, len(rows))


def test_sentences_know_their_passages(texts: Texts) -> None:
    """Owners come in the order asked."""
    assert texts.sentence_owners([4, 3, 2, 1, 0, 1]) == [3, 2, 1, 0, 0, 0]


def test_neighbours_stay_in_the_article(texts: Texts) -> None:
    """The first passage has none before it, the last none after it, though rows go on."""
    assert [texts.neighbours(row) for row in range(4)] == [(None, 1), (0, None), (None, 3), (2, None)]


def test_an_article_comes_back_whole(texts: Texts) -> None:
    """Every field, with the empty text and the unknown id."""
    assert texts.article("drinks/tea") == TEA
    assert texts.article("empty") == EMPTY
    assert texts.article("drinks/TEA") is None
    assert texts.article("\ud83c") is None


def test_a_passage_is_found_by_its_id(texts: Texts) -> None:
    """An id that no passage has, or none could have, finds nothing."""
    assert texts.find_passage(PAIRS[2][1][0].passage.passage_id) == 2
    assert texts.find_passage("0" * 16) is None
    assert texts.find_passage("\ud83c\0") is None


def test_the_first_of_equal_passages_is_found(tmp_path: Path) -> None:
    """An article that repeats itself has one id and one key for two rows."""
    article = article_of("echo", "Echo.Echo.")
    records = [record_of(article, [0, 5]), record_of(article, [5, 10])]
    write_texts(tmp_path / "texts.sqlite", [(article, records)])
    with Texts.open(tmp_path / "texts.sqlite") as opened:
        assert opened.find_passage(records[1].passage.passage_id) == 0
        assert opened.rows_of_keys("passage", [key_of("Echo.")]) == [0]
        assert opened.passages([1])[0].passage.span == Span(5, 10)


def test_articles_that_can_be_read_are_listed_with_where_to_begin(texts: Texts) -> None:
    """An article without a passage has no beginning, so it is not in the list."""
    listed = texts.listed_articles()
    assert [(each.source.article_id, each.passages) for each in listed] == [("bread", 2), ("drinks/tea", 2)]
    assert [each.first_passage_id for each in listed] == [
        records[0].passage.passage_id for _, records in (PAIRS[2], PAIRS[0])
    ]
    assert listed[1].source.url == TEA.url


def test_articles_are_ordered_by_id(texts: Texts) -> None:
    """By code points, not in the order written."""
    assert [source.article_id for source in texts.articles()] == ["bread", "drinks/tea", "empty"]


def test_long_lists_are_walked_in_batches(tmp_path: Path) -> None:
    """More articles and rows than one statement holds, an empty id among them."""
    names = ["", *(f"article {number:04}" for number in range(1200))]
    articles = [article_of(name, f"This is {name!r}.") for name in reversed(names)]
    write_texts(
        tmp_path / "texts.sqlite", ((each, [record_of(each, [0, len(each.text)])]) for each in articles)
    )
    with Texts.open(tmp_path / "texts.sqlite") as opened:
        assert [source.article_id for source in opened.articles()] == names
        rows = [*range(1201), *range(1200, -1, -1)]
        assert [stored.row for stored in opened.passages(rows)] == rows
        assert opened.sentence_owners(rows) == rows
        keys = [key_of(each.text) for each in articles]
        assert opened.rows_of_keys("sentence", [*keys, b"x" * 16, *keys]) == [
            *range(1201),
            None,
            *range(1201),
        ]


def test_keys_of_passages_and_sentences_are_apart(texts: Texts) -> None:
    """A key is found under the kind it was written for; an unknown one is None in its place."""
    sentence = key_of(TEA.text[15:30])
    assert texts.rows_of_keys("sentence", [sentence, b"?" * 16, sentence]) == [1, None, 1]
    assert texts.rows_of_keys("passage", [sentence, key_of(TEA.text[:30])]) == [None, 0]


@pytest.mark.parametrize(
    "change",
    [
        {"text": "x"},
        {"title": "x"},
        {"language": "de"},
        {"url": None},
        {"author": "x"},
        {"published": None},
        {"tags": ()},
        {"body_start": 1},
        {"article_id": "x"},
    ],
)
def test_a_fingerprint_tells_every_change(change: dict[str, object]) -> None:
    """Text and metadata alike."""
    assert article_fingerprint(replace(TEA, **change)) != article_fingerprint(TEA)  # type: ignore[arg-type]
    assert article_fingerprint(replace(TEA)) == article_fingerprint(TEA)


def test_threads_read_at_the_same_time(texts: Texts) -> None:
    """Eight threads over one object get what one gets."""
    expected = texts.passages([0, 1, 2, 3])

    def read(number: int) -> bool:
        row = number % 4
        return (
            texts.passages([row, 3 - row]) == [expected[row], expected[3 - row]]
            and texts.article("drinks/tea") == TEA
            and len(list(texts.articles())) == 3
            and texts.sentence_owners([4, row]) == [3, [0, 0, 1, 2][row]]
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(400)))


def test_nothing_is_written_beside_the_file(tmp_path: Path) -> None:
    """Reading leaves the folder, and every byte, as they were."""
    path = tmp_path / "texts.sqlite"
    write_texts(path, PAIRS)
    before = path.read_bytes()
    with Texts.open(path) as opened:
        opened.passages([0])
        assert [each.name for each in tmp_path.iterdir()] == ["texts.sqlite"]
        with pytest.raises(DamagedGenerationError, match="readonly"):
            opened._read("DELETE FROM passages", ())
    assert path.read_bytes() == before


def test_closed_texts_say_so(texts: Texts) -> None:
    """Closing twice is fine, reading after it is not, not even what was read before."""
    texts.passages([0])
    texts.close()
    texts.close()
    with pytest.raises(ValueError, match="were closed"):
        texts.passages([0])


@pytest.mark.parametrize("content", [None, b"", b"not a database, but long enough to be taken for one" * 50])
def test_what_is_no_file_of_texts_is_damage(tmp_path: Path, content: bytes | None) -> None:
    """Missing, empty, or something else."""
    path = tmp_path / "texts.sqlite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DamagedGenerationError, match=r"texts\.sqlite cannot be read .* run `footnote"):
        Texts.open(path)
    assert path.exists() == (content is not None)


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    """Nor removed because writing failed."""
    path = tmp_path / "texts.sqlite"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        write_texts(path, PAIRS)
    assert path.read_text() == "mine"


def test_a_file_that_was_not_finished_is_removed(tmp_path: Path) -> None:
    """An error of the caller's own iterator passes through, and leaves nothing."""

    def pairs() -> Iterator[tuple[Article, list[PassageRecord]]]:
        yield PAIRS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_texts(tmp_path / "texts.sqlite", pairs())
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's word for a full disk comes with what to do about it."""
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def small(*arguments: object, **options: object) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 4")
        return connection

    monkeypatch.setattr(sqlite3, "connect", small)
    with pytest.raises(GenerationError, match=r"is full\); free space on the disk"):
        write_texts(tmp_path / "texts.sqlite", PAIRS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "article",
    [
        replace(BREAD, text="Bread\0is baked. It keeps."),
        replace(BREAD, text="Bread\ud83cis baked. It keeps."),
        replace(BREAD, title="\0"),
        replace(BREAD, author="\udfff"),
        replace(BREAD, tags=("good", "\0")),
    ],
)
def test_characters_that_would_not_come_back_are_refused(tmp_path: Path, article: Article) -> None:
    """A clear error instead of another text."""
    with pytest.raises(ArticleError, match=r"Article 'bread' holds .* at character"):
        write_texts(tmp_path / "texts.sqlite", [(article, [])])


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (record_of(TEA, [0, 5]), "belongs to article"),
        (record_of(BREAD, [0, 26]), "ends by 25"),
        (record_of(BREAD, [5, 5 - 1]), "starts at 0"),
        (record_of(BREAD, [9, 3, 12]), "expected order"),
        (record_of(BREAD, [3]), "0 sentences"),
        (replace(record_of(BREAD, [0, 5]), sentence_keys=()), "0 keys"),
        (replace(record_of(BREAD, [0, 5]), key=b"short"), "5 bytes"),
        (replace(record_of(BREAD, [0, 5]), sentence_keys=(b"x" * 17,)), "17 bytes"),
    ],
)
def test_records_that_contradict_each_other_are_refused(
    tmp_path: Path, record: PassageRecord, message: str
) -> None:
    """What could not be read back as written is not written."""
    with pytest.raises(ValueError, match=message):
        write_texts(tmp_path / "texts.sqlite", [(BREAD, [record])])
    assert list(tmp_path.iterdir()) == []


def test_passages_out_of_order_are_refused(tmp_path: Path) -> None:
    """Rows of an article follow its text, or neighbours would not."""
    with pytest.raises(ValueError, match="starts at 16"):
        write_texts(tmp_path / "texts.sqlite", [(BREAD, list(reversed(PAIRS[2][1])))])


def test_an_article_given_twice_is_refused(tmp_path: Path) -> None:
    """An id names one article."""
    with pytest.raises(ValueError, match="'bread' was given twice"):
        write_texts(tmp_path / "texts.sqlite", [PAIRS[2], PAIRS[2]])


@st.composite
def collections(draw: st.DrawFn) -> list[tuple[Article, list[PassageRecord]]]:
    """Any articles with any passages that keep the rules."""
    pairs = []
    for article_id in draw(st.lists(storable, unique=True, max_size=4)):
        text = draw(storable)
        article = Article(
            article_id=article_id,
            text=text,
            body_start=draw(st.integers(0, len(text))),
            title=draw(storable),
            language=draw(st.sampled_from(["en", "ja", "ar"])),
            url=draw(st.none() | storable),
            author=draw(st.none() | storable),
            published=draw(st.none() | storable),
            tags=tuple(draw(st.lists(storable, max_size=2))),
        )
        position = st.integers(0, len(text))
        runs = draw(st.lists(st.lists(position, min_size=2, max_size=4).map(sorted), max_size=4).map(sorted))
        headings = tuple(draw(st.lists(storable, max_size=2)))
        pairs.append((article, [record_of(article, bounds, headings) for bounds in runs]))
    return pairs


# Temporary folders and a loaded machine make single examples slow.
@settings(deadline=None)
@given(pairs=collections())
def test_any_collection_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[Article, list[PassageRecord]]]
) -> None:
    """Whatever characters and spans: every article, passage, sentence and key is what was written."""
    path = tmp_path_factory.mktemp("collection") / "texts.sqlite"
    counts = write_texts(path, pairs)
    records = [record for _, of_article in pairs for record in of_article]
    owners = [row for row, record in enumerate(records) for _ in record.sentence_keys]
    texts_by_id = {article.article_id: article.text for article, _ in pairs}
    with Texts.open(path) as opened:
        assert counts == TextCounts(len(pairs), len(records), len(owners))
        assert [opened.article(article.article_id) for article, _ in pairs] == [
            article for article, _ in pairs
        ]
        assert [source.article_id for source in opened.articles()] == sorted(texts_by_id)
        stored = opened.passages(range(len(records)))
        assert [each.passage for each in stored] == [record.passage for record in records]
        for each in stored:
            assert each.text == each.passage.span.of(texts_by_id[each.passage.article_id])
            assert each.source.article_id == each.passage.article_id
            assert owners[each.first_sentence_row] == each.row
        assert opened.sentence_owners(range(len(owners))) == owners
        keys = [record.key for record in records]
        assert opened.rows_of_keys("passage", keys) == [keys.index(key) for key in keys]
        sentence_keys = [key for record in records for key in record.sentence_keys]
        assert opened.rows_of_keys("sentence", sentence_keys) == [
            sentence_keys.index(k) for k in sentence_keys
        ]
