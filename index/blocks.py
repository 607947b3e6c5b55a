r"""The blocks of a text: its paragraphs, lists, quotes, tables and code, and the headings above them.

This reads the part of Markdown that says where sentences cannot run on, and nothing else: links,
images and emphasis stay in the text as written. Plain text is read by the same rules, with care
that no text is lost to a mark that only looks like Markdown: a fence or a comment that is never
closed is text, and so is a heading that is long or ends like a statement; underlined, like any sentence.
A heading with nothing below it is a block of its own, since headings are not searched.

Line ends are expected to be `"\\n"`; every step is linear in the length of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.types import Span

LONGEST_HEADING = 200
"""Characters; a longer line is text whatever marks it carries, since headings are not searched."""

_QUOTE_MARKS = re.compile(r"(?:[ \t]{0,3}>)+[ \t]?")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+|$)")
_FENCE = re.compile(r" {0,3}(`{3,8}(?!`)(?=[^`]*$)|~{3,8}(?!~))")
_COMMENT = re.compile(r" {0,3}<!--")
_ITEM = re.compile(r"[ \t]*(?:[-*+•◦▪‣]|(\d{1,9})[.)])[ \t]+(?=\S)")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_SENTENCE_END = tuple(".!?…。！？।۔؟")
_STATEMENT_END = tuple(".。।۔")


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph of a text, or what stands for one: a list, a table, a quote, a piece of code."""

    pieces: tuple[Span, ...]
    """What no sentence runs across: the items of a list, the rows of a table, else the block."""
    prose: bool
    """Whether a piece may hold several sentences; a row of a table and code are one each."""
    headings: tuple[str, ...]
    """The headings above the block, outermost first."""
    section: int
    """Equal for blocks with no heading, thematic break or comment between them."""


@dataclass(frozen=True, slots=True)
class Structure:
    """A text's blocks, and the text without the marks that are not part of any sentence."""

    blocks: tuple[Block, ...]
    """In order; each has a letter or a digit in every piece."""
    visible: str
    """The text, as long as it was, with spaces for headings, quote marks, fences, comments,
    thematic breaks and the rule under a table's head."""


def read_blocks(text: str, start: int = 0) -> Structure:
    """Return the structure of `text` from the offset `start` on.

    A blank line (one of white space only) ends a block, so the items of a list with blank lines
    between them are a block each. A block without a letter or a digit is left out.
    """
    return _Reader(text).read(start)


@dataclass(slots=True)
class _Heading:
    """A heading above what is being read."""

    level: int
    title: str
    span: Span
    """Of the title."""
    hidden: int
    """Which of the hidden spans its line is."""
    section: int
    has_text: bool = False
    """Whether a block has come below it."""


class _Reader:
    """One pass over the lines, with the block that is still open."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._blocks: list[Block] = []
        self._hidden: list[Span] = []
        self._headings: list[_Heading] = []
        self._section = 0
        self._pieces: list[Span] = []
        self._kind = "paragraph"
        self._lines_open = 0
        self._quoted = False
        # Without these, every opening mark that is never closed would be looked for to the end.
        self._comments_close = True
        self._shortest_unclosed: dict[str, int] = {}

    def read(self, start: int) -> Structure:
        position = start
        while position < len(self._text):
            end = self._line_end(position)
            position = self._read_line(position, end)
        self._close()
        self._leave(0)
        return Structure(tuple(self._blocks), self._visible())

    def _line_end(self, position: int) -> int:
        end = self._text.find("\n", position)
        return len(self._text) if end < 0 else end

    def _read_line(self, start: int, end: int) -> int:
        """Read the line `[start, end)` and return where to go on."""
        line = self._text[start:end]
        marks = _QUOTE_MARKS.match(line)
        if bool(marks) != self._quoted:
            self._close()
            self._quoted = bool(marks)
        if marks:
            self._hide(start, start + marks.end())
            start += marks.end()
            line = line[marks.end() :]
        if not line.strip():
            self._close()
        elif not self._quoted and (after := self._read_marked(line, start, end)) is not None:
            return after
        else:
            self._read_text(line, start, end)
        return end + 1

    def _read_marked(self, line: str, start: int, end: int) -> int | None:
        """Read a heading, a thematic break, a comment or code; None where the line is none."""
        if heading := _HEADING.match(line):
            title = line[heading.end() :].rstrip()
            unclosed = title.rstrip("#")
            if not unclosed or unclosed[-1] in " \t":
                title = unclosed.rstrip()
            if len(title) <= LONGEST_HEADING and not title.endswith(_STATEMENT_END):
                self._close()
                self._leave(len(heading[1]))
                self._hide(start, end)
                self._enter(len(heading[1]), title, start + heading.end())
                return end + 1
        if _COMMENT.match(line) and (close := self._comment_end(start)) is not None:
            self._break(start, close)
            return close
        if (fence := _FENCE.match(line)) and (closing := self._closing_fence(fence[1], end)):
            self._close()
            self._hide(start, end)
            self._hide(closing.start(), closing.end())
            self._pieces = [Span(min(end + 1, closing.start()), closing.start())]
            self._kind = "code"
            self._close()
            return closing.end() + 1
        return self._read_rule(line, start, end)

    def _read_rule(self, line: str, start: int, end: int) -> int | None:
        """Read a line of one repeated mark: what makes the line above it a heading, or a break."""
        marks = "".join(line.split())
        if marks != marks[0] * len(marks) or marks[0] not in "-=*_":
            return None
        if len(marks) > 1 and marks[0] in "-=" and self._lines_open == 1 and self._kind == "paragraph":
            above = self._pieces[0]
            title = above.of(self._text).strip()
            if len(title) <= LONGEST_HEADING and not title.endswith(_SENTENCE_END):
                level = 1 if marks[0] == "=" else 2
                self._pieces = []
                self._close()
                self._leave(level)
                self._hide(above.start, end)
                self._enter(level, title, self._text.index(title, above.start))
                return end + 1
        if len(marks) > 2:
            self._break(start, end)
            return end + 1
        return None

    def _read_text(self, line: str, start: int, end: int) -> None:
        """Add the line to the open block, or begin one with it."""
        if "|" in line and (self._kind == "table" or self._begins_table(line, end)):
            if self._kind != "table":
                self._close()
                self._kind = "table"
            if _is_table_rule(line):
                self._hide(start, end)
            else:
                self._pieces.append(Span(start, end))
            return
        if self._kind == "table":
            self._close()
        item = _ITEM.match(line)
        # A paragraph may have a line that begins with "1990."; only a list's first item ends it.
        if item and self._pieces and self._kind == "paragraph" and item[1] not in (None, "1"):
            item = None
        if item and self._kind != "list":
            self._close()
            self._kind = "list"
        if item or not self._pieces:
            self._pieces.append(Span(start, end))
        else:
            self._pieces[-1] = Span(self._pieces[-1].start, end)
        self._lines_open += 1

    def _begins_table(self, line: str, end: int) -> bool:
        if line.lstrip().startswith("|") and line.count("|") > 1:
            return True
        return _is_table_rule(self._text[end + 1 : self._line_end(end + 1)])

    def _comment_end(self, start: int) -> int | None:
        if not self._comments_close:
            return None
        close = self._text.find("-->", self._text.index("<!--", start) + 4)
        self._comments_close = close >= 0
        return close + 3 if close >= 0 else None

    def _closing_fence(self, fence: str, end: int) -> re.Match[str] | None:
        mark, length = fence[0], len(fence)
        if length >= self._shortest_unclosed.get(mark, length + 1):
            return None
        closing = re.compile(rf"^ {{0,3}}{mark}{{{length},}}[ \t]*$", re.MULTILINE).search(self._text, end)
        if closing is None:
            self._shortest_unclosed[mark] = length
        return closing

    def _enter(self, level: int, title: str, start: int) -> None:
        """Begin what stands under a heading, hidden last; one without words only ends others."""
        self._section += 1
        if title:
            span = Span(start, start + len(title))
            self._headings.append(_Heading(level, title, span, len(self._hidden) - 1, self._section))

    def _leave(self, level: int) -> None:
        """End the headings of a level and below; those without text become blocks."""
        while self._headings and self._headings[-1].level >= level:
            heading = self._headings.pop()
            if not heading.has_text and _LETTER_OR_DIGIT.search(heading.title):
                line = self._hidden[heading.hidden]
                self._hidden[heading.hidden] = Span(line.start, heading.span.start)
                self._hide(heading.span.end, line.end)
                self._put((heading.span,), prose=True, section=heading.section)

    def _break(self, start: int, end: int) -> None:
        self._close()
        self._hide(start, end)
        self._section += 1

    def _hide(self, start: int, end: int) -> None:
        self._hidden.append(Span(start, end))

    def _close(self) -> None:
        """End the open block, if there is one."""
        pieces = tuple(
            piece for piece in self._pieces if _LETTER_OR_DIGIT.search(self._text, piece.start, piece.end)
        )
        if pieces:
            self._put(pieces, prose=self._kind in ("paragraph", "list"), section=self._section)
        self._pieces = []
        self._kind = "paragraph"
        self._lines_open = 0

    def _put(self, pieces: tuple[Span, ...], *, prose: bool, section: int) -> None:
        self._blocks.append(Block(pieces, prose, tuple(each.title for each in self._headings), section))
        for heading in self._headings:
            heading.has_text = True

    def _visible(self) -> str:
        parts: list[str] = []
        position = 0
        for span in sorted(self._hidden):
            parts.append(self._text[position : span.start])
            parts.append(" " * (span.end - max(position, span.start)))
            position = max(position, span.end)
        parts.append(self._text[position:])
        return "".join(parts)


def _is_table_rule(line: str) -> bool:
    return "|" in line and "-" in line and not line.strip("|:- \t")
