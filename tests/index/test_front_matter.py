"""Front matter is read as text, and what it cannot mean is said, not guessed."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import ArticleError
from index.front_matter import MAX_FRONT_MATTER_CHARACTERS, FrontMatter, read_front_matter
from index.titles import one_line

CHARACTERS = st.characters(exclude_categories=["Cs"])


def read(*lines: str) -> FrontMatter:
    """Read front matter of these lines, with a body after it."""
    return read_front_matter("\n".join(("---", *lines, "---", "Body.")))


def test_every_field_is_read() -> None:
    """The fields that Footnote knows, whatever else is there."""
    front_matter = read(
        "title: Force",
        "language: en-GB",
        "url: https://example.org/force?x=1#y",
        "author: Isaac Newton",
        "published: 1687-07-05",
        "tags: [physics, motion]",
        "layout: {unknown: [keys, are, ignored]}",
    )
    assert front_matter == FrontMatter(
        body_start=front_matter.body_start,
        present=True,
        title="Force",
        language="en",
        url="https://example.org/force?x=1#y",
        author="Isaac Newton",
        published="1687-07-05",
        tags=("physics", "motion"),
        notices=(),
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("closing", ["---", "...", "--- \t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_body_begins_after_the_closing_line(newline: str, closing: str, mark: str) -> None:
    """Whatever the line ends, and with a byte order mark or without."""
    text = f"{mark}---{newline}title: x{newline}{closing}{newline}{newline}Body."
    front_matter = read_front_matter(text)
    assert text[front_matter.body_start :] == f"{newline}Body."
    assert front_matter.title == "x"


@pytest.mark.parametrize("text", ["---\ntitle: x\n---", "---\n---\n", "---\n# a comment\n---\n"])
def test_front_matter_may_be_the_whole_file_or_empty(text: str) -> None:
    """It is present all the same, and nothing follows it."""
    front_matter = read_front_matter(text)
    assert front_matter.present
    assert front_matter.body_start == len(text)


@pytest.mark.parametrize(
    "text", ["", "title: x", " ---\na: b\n---\n", "\n---\na: b\n---\n", "----\na: b\n----\n", "---"]
)
def test_only_a_line_of_three_hyphens_at_the_very_start_opens_it(text: str) -> None:
    """Anything else is the article's own text."""
    assert read_front_matter(text) == FrontMatter(body_start=0)


@pytest.mark.parametrize(
    "text",
    [
        "---\nJust a line above the text.\n",
        "---\ntitle: x\n ---\n----\n---- \n",
        "---\n" + "words\n" * MAX_FRONT_MATTER_CHARACTERS + "---\n",
    ],
)
def test_an_unclosed_first_line_is_a_thematic_break(text: str) -> None:
    """The article is kept whole, and a notice says how it was read."""
    front_matter = read_front_matter(text)
    assert not front_matter.present
    assert front_matter.body_start == 0
    assert len(front_matter.notices) == 1
    assert "no second one closes" in front_matter.notices[0]


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("1984", "1984"),
        ("007", "007"),
        ("1.10", "1.10"),
        ("12:30", "12:30"),
        ("2024-05-31", "2024-05-31"),
        ("yes", "yes"),
        ("'null'", "null"),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\ud83d"', "\ufffd"),
        ('"two\\nlines\\0"', "two lines"),
        (">\n  folded\n  text", "folded text"),
        ("!!python/object:os.system x", "x"),
    ],
)
def test_a_title_is_the_text_that_is_written(written: str, title: str) -> None:
    """YAML's numbers, dates and truth values are not made of it, and no object ever is."""
    assert read(f"title: {written}").title == title


@pytest.mark.parametrize("written", ["", "~", "null", "''", '" "'])
def test_an_empty_title_is_none(written: str) -> None:
    """A key without a value says nothing, and is no mistake."""
    front_matter = read(f"title: {written}")
    assert front_matter.title is None
    assert front_matter.notices == ()


@settings(deadline=None)
@given(st.text(CHARACTERS, min_size=1))
def test_any_title_survives_being_written_as_yaml(title: str) -> None:
    """What a YAML writer writes is read back, but for white space and control characters."""
    block = yaml.safe_dump({"title": title}, allow_unicode=True)
    text = f"---\n{block}---\nBody."
    front_matter = read_front_matter(text)
    assert front_matter.title == (one_line(title) or None)
    assert text[front_matter.body_start :] == "Body."


@settings(deadline=None)
@given(st.text(CHARACTERS))
def test_any_block_is_read_or_refused(block: str) -> None:
    """Nothing but the one error is raised, and the body is a part of the text."""
    text = f"---\n{block}\n---\nBody."
    try:
        front_matter = read_front_matter(text)
    except ArticleError:
        return
    assert text[front_matter.body_start :].endswith("Body.")


@pytest.mark.parametrize("written", ["no", "NO", "'no'", "nor", "no-NO"])
def test_norwegian_is_a_language_and_not_false(written: str) -> None:
    """Plain YAML 1.1 reads `no` as false."""
    front_matter = read(f"language: {written}")
    assert front_matter.language == "no"
    assert front_matter.notices == ()


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("language: English", "a code of two or three letters"),
        ("language: [en, de]", "one line of text"),
        ("language: 12", "a code of two or three letters"),
        ("url: www.example.org", "http:// or https://"),
        ("url: javascript:alert(1)", "http:// or https://"),
        ("url: ftp://example.org/x", "http:// or https://"),
        ("url: 'https://'", "http:// or https://"),
        ("url: 'https://[half'", "http:// or https://"),
        ("url: https://exa mple.org", "http:// or https://"),
        ('url: "https://example.org/\\nSet"', "http:// or https://"),
        ("published: yesterday", "2024-05-31"),
        ("published: 2024-02-30", "2024-05-31"),
        ("published: 2024-13", "2024-05-31"),
        ("published: '0000'", "2024-05-31"),
        ("published: 2024-05-31 or so", "2024-05-31"),
        ("published: ٢٠٢٤", "2024-05-31"),
        ("author: {name: x}", "text or a list of texts"),
        ("tags: {a: b}", "text or a list of texts"),
        ("title: [a, b]", "one line of text"),
    ],
)
def test_a_value_that_cannot_be_used_is_left_out_with_a_notice(field: str, expected: str) -> None:
    """One notice, which names the field and what was expected; the article is not lost."""
    front_matter = read(field)
    name = field.split(":")[0]
    assert getattr(front_matter, name) in (None, ())
    assert len(front_matter.notices) == 1
    assert f"as {name}, which was left out; write" in front_matter.notices[0]
    assert expected in front_matter.notices[0]


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ("2024", "2024"),
        ("2024-05", "2024-05"),
        ("2024-05-31", "2024-05-31"),
        ("'2024-05-31'", "2024-05-31"),
        ("20240531", "2024-05-31"),
        ("2024-05-31T10:00:00Z", "2024-05-31"),
        ("2024-05-31 23:59:59+02:00", "2024-05-31"),
    ],
)
def test_a_date_is_kept_as_far_as_it_is_known(written: str, published: str) -> None:
    """A year or a month alone is not made a day, and a time of day is left out."""
    front_matter = read(f"published: {written}")
    assert front_matter.published == published
    assert front_matter.notices == ()


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        ("[a, 'b, c', 3]", ("a", "b, c", "3")),
        ("a, b ,, c", ("a", "b", "c")),
        ("", ()),
        ("[]", ()),
        ("\n- a\n- ~\n- b", ("a", "b")),
    ],
)
def test_tags_are_a_list_or_separated_by_commas(written: str, tags: tuple[str, ...]) -> None:
    """Empty ones are left out without a word."""
    front_matter = read(f"tags: {written}")
    assert front_matter.tags == tags
    assert front_matter.notices == ()


def test_several_authors_are_named_on_one_line() -> None:
    """A list of names is as good as one."""
    assert read("author: [Marie Curie, Pierre Curie]").author == "Marie Curie, Pierre Curie"


def test_usable_items_of_a_list_are_kept() -> None:
    """Only what cannot be a tag is left out, with a notice."""
    front_matter = read("tags: [a, [b], c]")
    assert front_matter.tags == ("a", "c")
    assert len(front_matter.notices) == 1


def test_field_names_may_be_written_in_capitals() -> None:
    """`Title:` is what some editors write."""
    assert read("Title: Force").title == "Force"


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (("title: a: b",), 2),
        (("title: x", "", "tags: [a"), 5),
        (("title: x", "\tlanguage: en"), 3),
        (("title: x", "author: \x01"), 3),
        (("title: &t x", "author: *t"), 3),
        (("title: x", "tags: " + "[" * 60_000), 3),
        (("- a", "- b"), 2),
        (("Hello world.",), 2),
    ],
)
def test_front_matter_that_is_no_mapping_is_refused_with_its_line(lines: tuple[str, ...], line: int) -> None:
    """The file's line is named and there is a remedy; aliases and endless nesting are no YAML here."""
    with pytest.raises(ArticleError, match=rf"line {line}\b.*; mend"):
        read(*lines)


@pytest.mark.parametrize("written", ['"\\UFFFFFFFF"', '"\\U00110000"'])
def test_an_escape_that_names_no_character_is_refused(written: str) -> None:
    """Such errors of the YAML library are told like its others."""
    with pytest.raises(ArticleError, match="not valid YAML"):
        read(f"title: {written}")
