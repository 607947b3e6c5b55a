"""A link that opens a page at one sentence, by the rules of URL text fragments.

The rules: https://wicg.github.io/scroll-to-text-fragment/. A browser looks for the text as the page
shows it, in whole words; so Markdown's marks are taken away, and a sentence is never cut inside a word.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

LONGEST_WHOLE_CHARACTERS: Final = 100
"""A longer sentence is named by its first and last words, so that the link stays readable."""

EDGE_WORDS: Final = 5
"""How many words name the beginning, and the end, of a long sentence."""

_DIRECTIVE: Final = ":~:"
_MARKDOWN: Final = (
    (re.compile(r"!\[[^\]]*\]\([^)\s]*(?:\s[^)]*)?\)"), " "),
    (re.compile(r"\[([^\]]*)\]\([^)\s]*(?:\s[^)]*)?\)"), r"\1"),
    (re.compile(r"^\s{0,3}(?:>\s?)*(?:[-*+]\s+|\d{1,9}[.)]\s+|#{1,6}\s+)?", re.MULTILINE), " "),
    (re.compile(r"(\*\*|__|~~|`+)(?=\S)(.+?)(?<=\S)\1", re.DOTALL), r"\2"),
    (re.compile(r"(?<!\w)([*_])(?=\S)([^*_]+?)(?<=\S)\1(?!\w)"), r"\2"),
)


def link_to(url: str, sentence: str | None) -> str:
    """Return `url` with a text fragment that scrolls to `sentence`.

    The url is returned as it is where there is no sentence, nothing is left of it without
    Markdown's marks, or the url names a text already.
    """
    words = _shown(sentence or "").split()
    if not words or _DIRECTIVE in url:
        return url
    text = " ".join(words)
    if len(text) <= LONGEST_WHOLE_CHARACTERS or len(words) <= 2 * EDGE_WORDS:
        fragment = _encoded(text)
    else:
        first, last = (" ".join(edge) for edge in (words[:EDGE_WORDS], words[-EDGE_WORDS:]))
        fragment = f"{_encoded(first)},{_encoded(last)}"
    return f"{url}{'' if '#' in url else '#'}{_DIRECTIVE}text={fragment}"


def _shown(sentence: str) -> str:
    """Return the sentence as a page made from its Markdown shows it."""
    for pattern, replacement in _MARKDOWN:
        sentence = pattern.sub(replacement, sentence)
    return sentence


def _encoded(text: str) -> str:
    # quote() leaves "-" alone, which ends a prefix in a text fragment; "," and "&" it encodes.
    return quote(text, safe="", errors="replace").replace("-", "%2D")
