"""What an article says about itself: the block of YAML between two `---` lines at its top.

The only module that imports yaml. Every value is read as the text it is written as, so that
`language: no` is Norwegian, `title: 007` keeps its zeros and `12:30` is no number of seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit

import yaml

from index.errors import ArticleError
from index.languages import language_code
from index.titles import one_line

MAX_FRONT_MATTER_CHARACTERS = 65_536
"""A `---` line further down does not close front matter."""
MAX_NESTING = 16
"""How many lists and mappings may stand inside each other."""

_OPENING_LINE = re.compile(r"\ufeff?---[ \t]*(?:\r\n|\r|\n)")
_CLOSING_LINE = re.compile(r"(?<=[\r\n])(?:---|\.\.\.)[ \t]*(?:\r\n|\r|\n|\Z)")
_PARTIAL_DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2})?")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The fields of an article's front matter that Footnote knows; others are ignored."""

    body_start: int
    """Where the text after the byte order mark and the front matter begins."""
    present: bool = False
    """Whether the article has front matter at all."""
    title: str | None = None
    language: str | None = None
    """As `language_code` gives it."""
    url: str | None = None
    author: str | None = None
    published: str | None = None
    """`YYYY`, `YYYY-MM` or `YYYY-MM-DD`."""
    tags: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    """Values that could not be used, each said of the file in one sentence."""


def read_front_matter(text: str) -> FrontMatter:
    """Return what the front matter at the very start of `text` says.

    A first line of `---` that no such line (or `...`) closes is taken for a thematic break, with
    a notice.

    Raises:
        ArticleError: the block is not YAML, is not a mapping, or uses aliases or deep nesting.
            The message gives the line, is said of the file and does not name it.
    """
    after_mark = 1 if text.startswith("\ufeff") else 0
    opening = _OPENING_LINE.match(text)
    if opening is None:
        return FrontMatter(after_mark)
    closing = _CLOSING_LINE.search(text, opening.end())
    if closing is None or closing.start() - opening.end() > MAX_FRONT_MATTER_CHARACTERS:
        notice = (
            "begins with a --- line that no second one closes, so it was read as having no front matter; "
            "add the second line if it has"
        )
        return FrontMatter(after_mark, notices=(notice,))
    reader = _FieldReader(_load_mapping(text[opening.end() : closing.start()]))
    return FrontMatter(
        body_start=closing.end(),
        present=True,
        title=reader.line("title"),
        language=reader.language(),
        url=reader.url(),
        author=", ".join(reader.lines("author")) or None,
        published=reader.published(),
        tags=reader.tags(),
        notices=tuple(reader.notices),
    )


class _PlainLoader(yaml.BaseLoader):
    """Lists, mappings and text, nothing else: no tags, no aliases, no depth without end."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 2 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise _yaml_error(line, "aliases are not read")
        if self._depth >= MAX_NESTING:
            raise _yaml_error(line, "it is nested too deeply")
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


_NULL = "tag:yaml.org,2002:null"
_PlainLoader.add_implicit_resolver(_NULL, re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])
_PlainLoader.add_constructor(_NULL, lambda loader, node: None)


def _load_mapping(block: str) -> dict[str, object]:
    """Return the fields by their names in lower case."""
    try:
        value = yaml.load(block, Loader=_PlainLoader)
    except yaml.reader.ReaderError as error:
        line = len(re.findall(r"\r\n|\r|\n", block[: error.position])) + 2
        raise _yaml_error(line, f"the character U+{error.character:04X} is not allowed") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise _yaml_error(line, error.problem or error.context or "it cannot be read") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # PyYAML lets these through for escapes such as "\UFFFFFFFF", which name no character.
        raise _yaml_error(1, "an escape or a number in it is out of range") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else "plain text"
        raise ArticleError(
            f"has front matter that is {kind} (line 2) where lines such as 'title: Force' were expected; "
            "mend it, or begin the file with an empty line if this is no front matter"
        )
    return {str(key).strip().lower(): field for key, field in value.items()}


def _yaml_error(line: int, problem: str) -> ArticleError:
    return ArticleError(
        f"has front matter that is not valid YAML at line {line} ({one_line(problem)}); "
        "mend that line, for example by putting the value in quotes"
    )


class _FieldReader:
    """Reads known fields one by one, and notes which values could not be used."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = fields
        self.notices: list[str] = []

    def lines(self, name: str) -> list[str]:
        """Return the field's texts, each on one line: of one text or of a list of them."""
        value = self._fields.get(name)
        values: Sequence[object] = value if isinstance(value, list) else [value]
        if any(isinstance(item, (list, dict)) for item in values):
            self._unusable(name, "lists or mappings inside it", "text or a list of texts")
        return [line for item in values if isinstance(item, str) if (line := _clean(item))]

    def line(self, name: str) -> str | None:
        value = self._fields.get(name)
        if isinstance(value, (list, dict)):
            self._unusable(name, "a list" if isinstance(value, list) else "a mapping", "one line of text")
        return _clean(value) or None if isinstance(value, str) else None

    def language(self) -> str | None:
        value = self.line("language")
        code = language_code(value) if value else None
        if value and code is None:
            self._unusable("language", repr(value), "a code of two or three letters, such as en or en-GB")
        return code

    def url(self) -> str | None:
        value = self.line("url")
        if value is None or _is_web_address(value):
            return value
        self._unusable("url", repr(value), "an address that begins with http:// or https://")
        return None

    def published(self) -> str | None:
        value = self.line("published")
        known = _iso_date(value) if value else None
        if value and known is None:
            self._unusable("published", repr(value), "a date such as 2024-05-31, 2024-05 or 2024")
        return known

    def tags(self) -> tuple[str, ...]:
        if isinstance(self._fields.get("tags"), str):
            return tuple(tag for part in str(self._fields["tags"]).split(",") if (tag := _clean(part)))
        return tuple(self.lines("tags"))

    def _unusable(self, name: str, found: str, expected: str) -> None:
        self.notices.append(f"gives {found} as {name}, which was left out; write {expected}")


def _clean(text: str) -> str:
    # YAML's "\ud83d\ude00" arrives as two surrogates, which no file can be written with.
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return one_line(joined)


def _is_web_address(value: str) -> bool:
    if " " in value:
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _iso_date(value: str) -> str | None:
    """Return the date of an ISO 8601 date or time, as much of it as is given."""
    try:
        if _PARTIAL_DATE.fullmatch(value):
            date.fromisoformat(f"{value}-01-01"[:10])
            return value
        return datetime.fromisoformat(value).date().isoformat()
    except ValueError:
        return None
