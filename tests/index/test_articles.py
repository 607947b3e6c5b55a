"""A folder becomes a collection: texts exactly as written, and every problem told with its remedy."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import articles
from index.article_files import list_article_files
from index.articles import MAX_FILE_BYTES, read_collection, read_files
from index.errors import CorpusError
from index.types import Article, Collection, SkippedFile

ENGLISH = "The steam engine turns heat into work, and it changed the way people lived."
GERMAN = "Die Straße über den Fluß führt nach Köln. Größere Städte müssen früher öffnen."


def write(folder: Path, **files: str | bytes) -> None:
    """Make files: `a_md="text"` is `a.md`."""
    for name, content in files.items():
        path = folder / ".".join(name.rsplit("_", 1))
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def read_one(folder: Path, **file: str | bytes) -> tuple[Article, list[str]]:
    """Read a folder of this one file, and return its article and the notices on it."""
    write(folder, **file)
    collection = read_collection(folder)
    assert collection.skipped == ()
    assert len(collection.articles) == 1
    return collection.articles[0], [notice.reason for notice in collection.notices]


def reason_beside_a_good_file(folder: Path, **file: str | bytes) -> str:
    """Read a folder of this bad file and a good one; return why the bad one was skipped."""
    write(folder, good_md=ENGLISH, **file)
    collection = read_collection(folder)
    assert [article.article_id for article in collection.articles] == ["good"]
    assert len(collection.skipped) == len(file) == 1
    return collection.skipped[0].reason


def test_an_article_with_front_matter(tmp_path: Path) -> None:
    """Every field arrives, and the offsets are those of the file as written."""
    text = (
        "---\ntitle: Steam\nlanguage: en-GB\nurl: https://example.org\nauthor: J. Watt\n"
        f"published: 1781\ntags: [engines]\n---\n{ENGLISH}\n"
    )
    article, notices = read_one(tmp_path, steam_md=text)
    assert article == Article(
        article_id="steam",
        text=text,
        body_start=text.index(ENGLISH),
        title="Steam",
        language="en",
        url="https://example.org",
        author="J. Watt",
        published="1781",
        tags=("engines",),
    )
    assert notices == []


def test_an_article_of_nothing_but_text(tmp_path: Path) -> None:
    """The name and the language are worked out, which is no reason for a notice."""
    article, notices = read_one(tmp_path, **{"sky--united-kingdom_txt": ENGLISH})
    assert article == Article("sky--united-kingdom", ENGLISH, 0, "Sky united kingdom", "en")
    assert notices == []


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\n\r", "\u2028"])
def test_line_ends_are_kept(tmp_path: Path, newline: str) -> None:
    """A single translated line end would shift every offset after it."""
    text = f"One.{newline}{newline}Two.{newline}"
    assert read_one(tmp_path, a_txt=text)[0].text == text


@settings(deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_reads_back_exactly_or_is_skipped_for_being_blank(text: str) -> None:
    """Whatever the characters: the text is the file, and the body is a part of it."""
    with TemporaryDirectory() as folder:
        write(Path(folder), a_txt=text, z_txt=ENGLISH)
        collection = read_collection(Path(folder))
    by_id = {article.article_id: article for article in collection.articles}
    if "a" not in by_id:
        assert [skipped.path for skipped in collection.skipped] == ["a.txt"]
        assert not text.removeprefix("\ufeff").strip()
        return
    article = by_id["a"]
    assert article.text == text
    assert article.body_start == (1 if text.startswith("\ufeff") else 0)
    assert article.text[article.body_start :].strip()
    assert article.title
    assert article.language


def test_a_byte_order_mark_is_kept_and_passed_over(tmp_path: Path) -> None:
    """Front matter and headings are found behind it."""
    article, notices = read_one(tmp_path, a_md="\ufeff---\ntitle: x\n---\n" + ENGLISH)
    assert article.text[0] == "\ufeff"
    assert article.text[article.body_start :] == ENGLISH
    assert article.title == "x"
    (tmp_path / "a.md").unlink()
    article, notices = read_one(tmp_path, b_md="\ufeff# Steam\n")
    assert (article.body_start, article.title) == (1, "Steam")
    assert notices == []


@pytest.mark.parametrize(("encoding", "name"), [("cp1252", "windows-1252"), ("utf-16", "UTF-16")])
def test_another_encoding_is_read_with_a_notice(tmp_path: Path, encoding: str, name: str) -> None:
    """People see what was assumed and how to be sure."""
    article, notices = read_one(tmp_path, a_txt=GERMAN.encode(encoding))
    assert article.text[article.body_start :] == GERMAN
    assert article.language == "de"
    assert notices == [f"was read as {name}; save it as UTF-8 to be sure"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty; write the article or delete the file"),
        (b"\xef\xbb\xbf", "is empty; write the article or delete the file"),
        (b" \r\n\t\n", "holds nothing but white space; write"),
        (b"---\ntitle: x\n---\n \n", "has front matter and no text after it; write"),
        (b"ab\0", "contains NUL bytes (first at byte 2): looks binary or damaged; save it as UTF-8 text"),
        (random.Random(1).randbytes(999).replace(b"\0", b"\1"), "no other encoding was recognised; save it"),
        (b"---\ntitle: a: b\n---\nx", "not valid YAML at line 2 (mapping values are not allowed here); mend"),
        (
            b"---\nWords.\n---\nx",
            "plain text (line 2) where lines such as 'title: Force' were expected; mend",
        ),
    ],
)
def test_a_bad_file_is_skipped_with_the_remedy_and_stops_nobody(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    """What is wrong, and what to do about it, in one sentence."""
    assert reason in reason_beside_a_good_file(tmp_path, bad_txt=content)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is enough to know; the message gives it, the limit and the remedy."""
    write(tmp_path, good_md=ENGLISH)
    with (tmp_path / "huge.txt").open("wb") as stream:
        stream.truncate(MAX_FILE_BYTES + 1)
    opened: list[str] = []
    path_open = Path.open

    def noting(path: Path, mode: str) -> object:
        opened.append(path.name)
        return path_open(path, mode)

    monkeypatch.setattr(Path, "open", noting)
    reason = "has 20,971,521 bytes, and at most 20,971,520 are read; split it into several articles"
    assert read_collection(tmp_path).skipped == (SkippedFile("huge.txt", reason),)
    assert opened == ["good.md"]


def test_a_file_of_just_the_largest_size_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is the size that is still read."""
    monkeypatch.setattr(articles, "MAX_FILE_BYTES", len(ENGLISH))
    write(tmp_path, a_txt=ENGLISH, b_txt=ENGLISH + ".")
    collection = read_collection(tmp_path)
    assert [article.article_id for article in collection.articles] == ["a"]
    assert [skipped.path for skipped in collection.skipped] == ["b.txt"]


def test_a_file_that_vanishes_is_skipped(tmp_path: Path) -> None:
    """Between finding and reading, people save and delete."""
    write(tmp_path, a_txt=ENGLISH, b_txt=GERMAN)
    files = list_article_files(tmp_path).files
    (tmp_path / "a.txt").unlink()
    gone, there = read_files(files)
    assert gone.skipped == SkippedFile("a.txt", "vanished while the folder was read; read it again")
    assert there.article is not None


def test_a_file_that_has_become_a_folder_is_skipped(tmp_path: Path) -> None:
    """The system's own words are passed on."""
    write(tmp_path, a_txt=ENGLISH)
    files = list_article_files(tmp_path).files
    (tmp_path / "a.txt").unlink()
    (tmp_path / "a.txt").mkdir()
    (read,) = read_files(files)
    assert read.article is None
    assert read.skipped is not None
    assert read.skipped.reason.startswith("cannot be read (")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "Permission denied"), "may not be read by this user; give the right to read it"),
        (OSError(5, "Input/output error"), "cannot be read (Input/output error); copy it to the folder anew"),
    ],
)
def test_a_file_that_the_system_refuses_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, reason: str
) -> None:
    """Rights do not bind the administrator and disks do not fail to order: the refusal is played."""
    path_open = Path.open

    def refusing(path: Path, mode: str) -> object:
        if path.name == "bad.txt" and mode == "rb":
            raise error
        return path_open(path, mode)

    monkeypatch.setattr(Path, "open", refusing)
    assert reason_beside_a_good_file(tmp_path, bad_txt=ENGLISH) == reason


def test_of_two_files_with_one_id_the_second_is_skipped(tmp_path: Path) -> None:
    """An id stands for one article; the reason names the file that has it."""
    write(tmp_path, a_txt=ENGLISH, a_md=GERMAN)
    collection = read_collection(tmp_path)
    assert [(article.article_id, article.text) for article in collection.articles] == [("a", GERMAN)]
    assert collection.skipped == (
        SkippedFile("a.txt", "has the same name as a.md but for the ending; rename one of them"),
    )


def test_an_id_is_not_taken_by_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A readable article is not lost to an empty file of its name."""
    write(tmp_path, a_md="", a_txt=ENGLISH)
    collection = read_collection(tmp_path)
    assert [article.text for article in collection.articles] == [ENGLISH]
    assert [skipped.path for skipped in collection.skipped] == ["a.md"]


def test_articles_with_one_title_are_kept_with_a_notice_on_the_later(tmp_path: Path) -> None:
    """People must be able to tell sources apart, whatever the case or the Unicode form."""
    write(tmp_path, a_md="# É steam\n", b_md="# Other\n", c_md="# e\u0301 Steam\n", d_md="# é steam\n")
    collection = read_collection(tmp_path)
    assert len(collection.articles) == 4
    assert [notice.path for notice in collection.notices] == ["c.md", "d.md"]
    assert all("has the same title as a.md, " in notice.reason for notice in collection.notices)


@pytest.mark.parametrize(
    ("body", "title"), [("# Steam\n\nText.", "Steam"), (ENGLISH, "My file")], ids=["heading", "name"]
)
def test_front_matter_without_a_title_gets_a_notice(tmp_path: Path, body: str, title: str) -> None:
    """The article is called by its heading or its file, and its author is asked for the title."""
    article, notices = read_one(tmp_path, my_file_md=f"---\nauthor: x\n---\n{body}")
    assert article.title == title
    assert notices == [
        f"has front matter without a title, so {title!r} was taken; add a line such as 'title: Force'"
    ]


def test_an_unusable_language_is_detected_instead(tmp_path: Path) -> None:
    """With a notice, and from the body alone."""
    article, notices = read_one(tmp_path, a_md=f"---\ntitle: The steam engine\nlanguage: 7\n---\n{GERMAN}")
    assert article.language == "de"
    assert len(notices) == 1
    assert "as language, which was left out" in notices[0]


def test_norwegian_is_read_as_norwegian(tmp_path: Path) -> None:
    """Plain YAML takes `no` for false."""
    article, notices = read_one(tmp_path, a_md=f"---\ntitle: x\nlanguage: no\n---\n{ENGLISH}")
    assert article.language == "no"
    assert notices == []


def test_a_thematic_break_at_the_top_is_not_front_matter(tmp_path: Path) -> None:
    """The article is kept whole, with a notice."""
    article, notices = read_one(tmp_path, a_md=f"---\n\n{ENGLISH}")
    assert article.body_start == 0
    assert len(notices) == 1
    assert "no second one closes" in notices[0]


def test_an_articles_folder_without_articles_is_an_error(tmp_path: Path) -> None:
    """The message names the folder, what was expected and what to do."""
    write(tmp_path, data_jsonl="{}")
    with pytest.raises(CorpusError, match=r"holds no article; put files that end in .md, .markdown or .txt"):
        read_collection(tmp_path)


def test_a_folder_of_bad_files_only_is_an_error_that_names_the_first(tmp_path: Path) -> None:
    """An index of nothing would answer nothing."""
    write(tmp_path, a_md="", b_md=b"\0")
    with pytest.raises(CorpusError, match=r"None of the 2 files.*, beginning with a\.md, which is empty"):
        read_collection(tmp_path)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    """As the walk tells it."""
    with pytest.raises(CorpusError, match="does not exist"):
        read_collection(tmp_path / "nowhere")


def test_progress_is_told_after_every_file(tmp_path: Path) -> None:
    """Bad files count: the last call says that all are done."""
    write(tmp_path, a_md=ENGLISH, b_md="", c_md=GERMAN)
    calls: list[tuple[int, int]] = []
    read_collection(tmp_path, on_file=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_articles_come_in_the_order_of_their_ids_and_alike_every_time(tmp_path: Path) -> None:
    """A collection depends on what is in the folder and on nothing else."""
    for name in ("z", "a", "m"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, b_md=ENGLISH, a_txt=GERMAN)
    first: Collection = read_collection(tmp_path)
    ids = [article.article_id for article in first.articles]
    assert ids == sorted(ids)
    assert len(ids) == 6
    assert read_collection(tmp_path) == first
