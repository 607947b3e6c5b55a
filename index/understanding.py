"""How far a model knows a language, told by how its tokenizer takes the language's words.

The share of words that are one token was, over the articles that the weights were fitted on, .90
to .97 for English text with an English model, .35 to .54 for German, .09 to .24 for Russian and
.03 to .30 for Chinese.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from index.analysis import is_unspaced

_UNKNOWN_LANGUAGE: Final = 0.5
_KNOWN_LANGUAGE: Final = 0.8


def familiarity(words: Sequence[str], tokens: Sequence[Sequence[int]], unknown: int | None) -> float:
    """Return the share of words that a tokenizer knows, in [0, 1]; 0 of no words.

    A word is known where it is one token; in a script without spaces, where it is no more tokens
    than characters. A word with an unknown token never is.

    Args:
        words: As `index.analysis.words` gives them.
        tokens: The ids of each word's tokens, special tokens left out.
        unknown: The id of the unknown token, None where the tokenizer has none.
    """
    known = sum(
        0 < len(ids) <= (len(word) if is_unspaced(word) else 1) and unknown not in ids
        for word, ids in zip(words, tokens, strict=True)
    )
    return known / len(words) if words else 0.0


def understanding(share: float) -> float:
    """Return in [0, 1] how far a model knows a language, of the share of words its tokenizer knows."""
    return min(1.0, max(0.0, (share - _UNKNOWN_LANGUAGE) / (_KNOWN_LANGUAGE - _UNKNOWN_LANGUAGE)))
