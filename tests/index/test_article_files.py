"""The walk finds every article file once, opens none, and explains what it leaves out."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from index.article_files import list_article_files, printable
from index.errors import CorpusError
from index.types import SkippedFile


def write(folder: Path, *relative_paths: str) -> None:
    """Make files with a word in them, and the folders that they are in."""
    for relative_path in relative_paths:
        path = folder / relative_path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Words.", encoding="utf-8")


def ids(folder: Path) -> list[str]:
    """Return the ids of the articles found."""
    return [file.article_id for file in list_article_files(folder).files]


def only(noticed: tuple[SkippedFile, ...]) -> SkippedFile:
    """Return the one that there is."""
    assert len(noticed) == 1
    return noticed[0]


def test_articles_are_found_at_any_depth_and_in_the_order_of_their_ids(tmp_path: Path) -> None:
    """The id is the path without its ending, with `/` between folders."""
    write(tmp_path, "b.txt", "a/z.md", "a/b/c.markdown", "a-b.md", "UPPER.MD", "a.dot.txt", "übung.txt")
    assert ids(tmp_path) == ["UPPER", "a-b", "a.dot", "a/b/c", "a/z", "b", "übung"]


def test_other_endings_are_passed_over_without_a_word(tmp_path: Path) -> None:
    """Pictures, data and files without an ending are no articles."""
    write(tmp_path, "a.md", "b.jsonl", "c.png", "README", "d.md~", "e.md.bak")
    listing = list_article_files(tmp_path)
    assert [file.relative_path for file in listing.files] == ["a.md"]
    assert listing.skipped == listing.notices == ()


def test_documents_of_other_kinds_are_counted(tmp_path: Path) -> None:
    """Whoever puts a manual there expects it to be read, so it is said once for all that it is not."""
    write(tmp_path, "a.md", "b.PDF", "c/d.pdf", "c/e.html", "f.png", ".g.pdf")
    notice = only(list_article_files(tmp_path).notices)
    assert notice.path == "3"
    assert notice.reason.startswith("files are of kinds that are not read (.html 1, .pdf 2); save")
    (tmp_path / "b.PDF").unlink()
    (tmp_path / "c/d.pdf").unlink()
    notice = only(list_article_files(tmp_path).notices)
    assert f"{notice.path} {notice.reason}".startswith("1 file is of a kind that is not read (.html 1); save")


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    """Version control and what systems leave behind are not the author's articles."""
    write(tmp_path, "a.md", ".hidden.md", ".git/description.txt", "b/.c/d.md", "._a.md")
    assert ids(tmp_path) == ["a"]


def test_the_articles_folder_itself_may_be_hidden_or_a_link(tmp_path: Path) -> None:
    """Whoever names it means it."""
    write(tmp_path, ".data/a.md")
    (tmp_path / "link").symlink_to(tmp_path / ".data")
    assert ids(tmp_path / ".data") == ids(tmp_path / "link") == ["a"]


def test_a_folder_with_an_article_ending_is_a_folder(tmp_path: Path) -> None:
    """Its articles are found, and it is not opened as one."""
    write(tmp_path, "x.md/a.txt")
    assert ids(tmp_path) == ["x.md/a"]


def test_the_ending_tells_markdown(tmp_path: Path) -> None:
    """In any case of letters."""
    write(tmp_path, "a.MD", "b.markdown", "c.txt")
    assert [file.is_markdown for file in list_article_files(tmp_path).files] == [True, True, False]


def test_a_missing_folder_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    """The folder is named, and what was expected there."""
    with pytest.raises(CorpusError, match=r"nowhere does not exist; a folder of .md.*was expected; create"):
        list_article_files(tmp_path / "nowhere")


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    """One article is not a folder of articles."""
    write(tmp_path, "a.md")
    with pytest.raises(CorpusError, match=r"a\.md is not a folder; a folder of .md.*was expected"):
        list_article_files(tmp_path / "a.md")


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_link_out_of_the_folder_is_skipped(tmp_path: Path, kind: str) -> None:
    """A link must not make anything on the machine part of the answers."""
    write(tmp_path, "inside/a.md", "outside/secret.md")
    target = tmp_path / "outside"
    (tmp_path / "inside" / "link.md").symlink_to(target / "secret.md" if kind == "file" else target)
    listing = list_article_files(tmp_path / "inside")
    assert [file.relative_path for file in listing.files] == ["a.md"]
    skipped = only(listing.skipped)
    assert skipped.path == "link.md"
    assert "leads out of the articles folder; copy" in skipped.reason


def test_a_folder_whose_name_merely_begins_alike_is_outside(tmp_path: Path) -> None:
    """`articles-old` is not inside `articles`."""
    write(tmp_path, "articles/a.md", "articles-old/b.md")
    (tmp_path / "articles" / "b.md").symlink_to(tmp_path / "articles-old" / "b.md")
    assert "leads out" in only(list_article_files(tmp_path / "articles").skipped).reason


@pytest.mark.parametrize("target", ["a.md", "folder"])
def test_a_link_to_what_is_read_anyway_is_not_read_twice(tmp_path: Path, target: str) -> None:
    """Two equal articles would fight for every answer; a notice names the real one."""
    write(tmp_path, "a.md", "folder/b.md")
    (tmp_path / "link.md").symlink_to(target)
    listing = list_article_files(tmp_path)
    assert [file.relative_path for file in listing.files] == ["a.md", "folder/b.md"]
    assert listing.skipped == ()
    notice = only(listing.notices)
    assert notice.path == "link.md"
    assert f"is a link to {target}, which is read" in notice.reason


def test_a_link_to_a_file_that_is_not_read_otherwise_is_read_once(tmp_path: Path) -> None:
    """Mounted volumes keep their versions in hidden folders and link the current one."""
    write(tmp_path, ".versions/2/a.md")
    (tmp_path / "a.md").symlink_to(".versions/2/a.md")
    (tmp_path / "b.md").symlink_to(".versions/2/a.md")
    listing = list_article_files(tmp_path)
    assert [file.relative_path for file in listing.files] == ["a.md"]
    assert only(listing.notices) == SkippedFile("b.md", "is a link to the same file as a.md; delete one")


def test_a_link_to_a_hidden_folder_is_skipped_with_the_reason(tmp_path: Path) -> None:
    """The articles in it are not silently lost."""
    write(tmp_path, "a.md", ".store/b.md")
    (tmp_path / "current").symlink_to(".store")
    skipped = only(list_article_files(tmp_path).skipped)
    assert skipped == SkippedFile("current", "is a link to the hidden folder .store; rename that folder")


def test_loops_of_links_end(tmp_path: Path) -> None:
    """A link to a folder above it, and links that only lead to each other."""
    write(tmp_path, "a/b.md")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "x.md").symlink_to("y.md")
    (tmp_path / "y.md").symlink_to("x.md")
    listing = list_article_files(tmp_path)
    assert [file.relative_path for file in listing.files] == ["a/b.md"]
    assert [skipped.path for skipped in listing.skipped] == ["x.md", "y.md"]
    assert only(listing.notices).path == "a/up"


def test_a_broken_link_is_skipped_where_it_would_be_an_article(tmp_path: Path) -> None:
    """Others are no business of ours."""
    write(tmp_path, "a.md")
    (tmp_path / "gone.md").symlink_to("nowhere.md")
    (tmp_path / "gone.png").symlink_to("nowhere.png")
    (tmp_path / "cat.png").symlink_to("a.md")
    listing = list_article_files(tmp_path)
    assert only(listing.skipped) == SkippedFile("gone.md", "is a broken link; mend it or delete it")
    assert listing.notices == ()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_skipped_without_being_opened(tmp_path: Path) -> None:
    """Opening one would wait for a writer for ever; the same goes for a link to one."""
    write(tmp_path, "a.md")
    os.mkfifo(tmp_path / "pipe.md")
    os.mkfifo(tmp_path / ".pipe")
    (tmp_path / "to-pipe.md").symlink_to(".pipe")
    listing = list_article_files(tmp_path)
    assert [file.relative_path for file in listing.files] == ["a.md"]
    assert [skipped.path for skipped in listing.skipped] == ["pipe.md", "to-pipe.md"]
    assert all("is a named pipe and not a file" in skipped.reason for skipped in listing.skipped)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no sockets with a path")
def test_a_socket_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named for what it is."""
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as endpoint:
        endpoint.bind("s.md")
        skipped = only(list_article_files(tmp_path).skipped)
    assert skipped == SkippedFile("s.md", "is a socket and not a file; replace it with a text file")


def test_names_that_are_not_utf8_are_skipped_and_can_be_shown(tmp_path: Path) -> None:
    """An id that cannot be written down would break everything after it."""
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("Words.", encoding="utf-8")
        (tmp_path / os.fsdecode(b"d\xe9j\xe0")).mkdir()
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    write(tmp_path, "a.md")
    listing = list_article_files(tmp_path)
    assert [file.relative_path for file in listing.files] == ["a.md"]
    assert listing.skipped == (
        SkippedFile("caf\\xe9.md", "has a name that is not UTF-8; rename it"),
        SkippedFile("d\\xe9j\\xe0", "has a name that is not UTF-8; rename it"),
    )


def test_a_folder_that_may_not_be_listed_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rights do not bind the administrator, so the system's refusal is played here."""
    write(tmp_path, "a.md", "locked/b.md")
    scandir = os.scandir

    def refusing(path: Path) -> object:
        if path.name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    listing = list_article_files(tmp_path)
    assert [file.relative_path for file in listing.files] == ["a.md"]
    assert only(listing.skipped).path == "locked"
    assert "cannot be listed (Permission denied); give" in only(listing.skipped).reason
    with pytest.raises(CorpusError, match=r"locked cannot be listed \(Permission denied\); give"):
        list_article_files(tmp_path / "locked")


def test_a_deep_tree_is_walked(tmp_path: Path) -> None:
    """As deep as a path can be long."""
    depth = 300
    write(tmp_path, "d/" * depth + "a.md")
    assert ids(tmp_path) == ["d/" * depth + "a"]


def test_printable_leaves_ordinary_paths_alone() -> None:
    """Only what is not UTF-8 is written as escapes."""
    assert printable("übung/力.md") == "übung/力.md"
    assert printable(Path(os.fsdecode(b"\xff"))) == "\\xff"
