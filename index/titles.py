"""What to call an article that does not say: its first heading, else its file's name."""

from __future__ import annotations

import html
import re
import unicodedata

HEAD_CHARACTERS = 65_536
"""How far into an article a heading is looked for."""
MAX_HEADING_CHARACTERS = 300
"""A longer line is no heading that could serve as a title."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*")
_OTHER_BLOCK = re.compile(r" {4}|\t| {0,3}(?:[>|<]|[-*+] |[0-9]{1,9}[.)] )")
# What stands for itself in a heading, and what it is reduced to.
_INLINE_MARKUP = (
    (re.compile(r" ?\{#[^{}]*\}$"), ""),
    (re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)"), r"\1"),
    (re.compile(r"`+([^`]+)`+"), r"\1"),
    (re.compile(r"(?<!\\)\*{1,3}(?=\S)([^*]+)(?<![\s\\])\*{1,3}"), r"\1"),
    (re.compile(r"(?<![\w\\])_{1,3}(?=\S)([^_]+)(?<![\s\\])_{1,3}(?!\w)"), r"\1"),
    (re.compile(r"\\([!-/:-@\[-`{-~])"), r"\1"),
)


def one_line(text: str) -> str:
    """Return `text` without control characters, every run of white space as one space."""
    visible = "".join(" " if unicodedata.category(character) == "Cc" else character for character in text)
    return " ".join(visible.split())


def title_from_heading(body: str, *, markdown: bool) -> str | None:
    """Return the heading that names the article, without its markup, or None.

    A heading of any level that opens the body names it; further down only one of the first level
    does, and only in Markdown: in plain text a line with `#` is as likely a comment.
    """
    fence = ""
    lines_before = 0
    paragraph_lines = 0
    previous = ""
    for line in _LINE_END.split(body[:HEAD_CHARACTERS]):
        if not line.strip():
            paragraph_lines = 0
            continue
        fence_mark = _FENCE.match(line)
        underline = _UNDERLINE.fullmatch(line)
        level, heading, heading_lines = 0, "", 1
        if fence:
            if fence_mark and fence_mark[1].startswith(fence) and line.strip() == fence_mark[1]:
                fence = ""
        elif fence_mark:
            fence = fence_mark[1]
        elif underline and paragraph_lines == 1:
            level, heading, heading_lines = (1 if "=" in line else 2), previous, 2
        else:
            level, heading = _hash_heading(line)
        lines_before += 1
        if level and (lines_before == heading_lines or (markdown and level == 1)):
            title = _plain(heading)
            if title:
                return title
        in_paragraph = not (fence or fence_mark or underline or level or _OTHER_BLOCK.match(line))
        paragraph_lines = paragraph_lines + 1 if in_paragraph else 0
        previous = line
    return None


def title_from_name(name: str) -> str:
    """Return a file's name, given without its ending, as a person would write it.

    Hyphens and underscores become spaces, but not a hyphen between digits ("2024-01-05") nor any
    in a name that has spaces already; the first letter becomes a capital.
    """
    words = name.replace("_", " ")
    if not any(character.isspace() for character in name):
        words = re.sub(r"(?<![0-9])-|-(?![0-9])", " ", words)
    title = one_line(words) or one_line(name) or "Untitled"
    capital = title[0].upper()
    return capital + title[1:] if len(capital) == 1 else title


def _hash_heading(line: str) -> tuple[int, str]:
    """Return the level and the words of a heading of the form `# x`; level 0 where it is none."""
    words = line.strip()
    level = len(words) - len(words.lstrip("#"))
    rest = words[level:]
    if not 1 <= level <= 6 or line.startswith(("    ", "\t")) or (rest and rest[0] not in " \t"):
        return 0, ""
    without_closing = rest.rstrip("#")
    if without_closing[-1:] in ("", " ", "\t"):
        rest = without_closing
    return level, rest.strip()


def _plain(heading: str) -> str:
    """Return the words of a heading without inline markup; empty where it is too long."""
    plain = one_line(heading)
    if len(plain) > MAX_HEADING_CHARACTERS:
        return ""
    for markup, replacement in _INLINE_MARKUP:
        plain = markup.sub(replacement, plain)
    return one_line(html.unescape(plain))
