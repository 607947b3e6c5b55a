"""The names of the files inside a generation's folder."""

from __future__ import annotations

from typing import Final

TEXTS: Final = "texts.sqlite"
PASSAGE_VECTORS: Final = "passages.faiss"
SENTENCE_VECTORS: Final = "sentences.faiss"
LEXICAL: Final = "lexical"
TERMS: Final = "terms"
WORDS: Final = "words.txt"
READ_ALIKE: Final = "read-alike"
"""By what other program the articles were read since, and said the same. Younger than the manifest."""
ENCODER: Final = "encoder"
"""There is none where the encoder could not be exported."""
