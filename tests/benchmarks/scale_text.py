"""Generated articles in any number: words that follow one another as in a text that is there.

A chain of words is learnt from real articles: which word follows which, and how often. Sentences are
walks through it, of as many words as the sentences it was learnt from. Three words in a hundred are
made up, of two to five syllables, and drawn by Zipf's law from two million, so that the vocabulary
grows with the collection as that of real text does. The same seed gives the same text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

SENTENCES_A_PASSAGE: Final = 5
PASSAGES_AN_ARTICLE: Final = 10

_WORD: Final = re.compile(r"[^\W\d_]+")
_SENTENCE_END: Final = re.compile(r"[.!?]\s")
_SHORTEST, _LONGEST = 20, 32
"""Words of a sentence: five make a paragraph that is a passage of its own (120 to 180 words)."""
_MADE_UP: Final = 0.03
_INVENTORY: Final = 2_000_000
_ZIPF: Final = 1.15
_SYLLABLES: Final = tuple(
    f"{first}{vowel}" for first in "bdfgklmnprstvz" for vowel in ("a", "e", "i", "or", "un")
)
_PASSAGES_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Chain:
    """What follows what, learnt from texts."""

    words: tuple[str, ...]
    followers: NDArray[np.int64]
    """The words that follow the first word, then those that follow the second; repetitions kept."""
    begins: NDArray[np.int64]
    """(words + 1,): where the followers of each word begin; each has one at least."""
    lengths: NDArray[np.int64]
    """Words of the sentences that were read, within bounds."""

    @classmethod
    def learn(cls, texts: Sequence[str]) -> Chain:
        """Learn from texts that have some hundred different words at least."""
        tokens = [word.lower() for text in texts for word in _WORD.findall(text)]
        words, ids = np.unique(tokens, return_inverse=True)
        first, second = ids, np.roll(ids, -1)
        order = np.argsort(first, kind="stable")
        begins = np.concatenate(([0], np.cumsum(np.bincount(first, minlength=len(words)))))
        sentences = [part for text in texts for part in _SENTENCE_END.split(text)]
        lengths = np.clip([len(_WORD.findall(part)) for part in sentences], _SHORTEST, _LONGEST)
        return cls(tuple(words.tolist()), second[order], begins, lengths)


def passages(chain: Chain, count: int, seed: int) -> Iterator[list[list[str]]]:
    """Yield `count` passages, each as its sentences, each as its words in lower case."""
    random = np.random.default_rng(seed)
    for start in range(0, count, _PASSAGES_AT_ONCE):
        wanted = min(_PASSAGES_AT_ONCE, count - start)
        sentences = _sentences(chain, wanted * SENTENCES_A_PASSAGE, random)
        for first in range(0, len(sentences), SENTENCES_A_PASSAGE):
            yield sentences[first : first + SENTENCES_A_PASSAGE]


def articles(chain: Chain, count: int, seed: int) -> Iterator[str]:
    """Yield Markdown articles that have `count` passages together, a paragraph each."""
    paragraphs: list[str] = []
    for number, passage in enumerate(passages(chain, count, seed), start=1):
        paragraphs.append(" ".join(written(sentence) for sentence in passage))
        if len(paragraphs) == PASSAGES_AN_ARTICLE or number == count:
            title = " ".join(passage[0][:5]).capitalize()
            yield "\n\n".join((f"---\ntitle: {title}\nlanguage: en\n---", *paragraphs)) + "\n"
            paragraphs = []


def written(sentence: Sequence[str]) -> str:
    """Return words as a sentence, with a capital and a full stop."""
    return " ".join(sentence).capitalize() + "."


def _sentences(chain: Chain, count: int, random: np.random.Generator) -> list[list[str]]:
    lengths = random.choice(chain.lengths, count)
    steps = np.empty((count, _LONGEST), np.int64)
    steps[:, 0] = random.choice(chain.followers, count)
    for place in range(1, _LONGEST):
        begins, ends = chain.begins[steps[:, place - 1]], chain.begins[steps[:, place - 1] + 1]
        steps[:, place] = chain.followers[begins + (random.random(count) * (ends - begins)).astype(np.int64)]
    sentences = [
        [chain.words[word] for word in line[:length]]
        for line, length in zip(steps.tolist(), lengths.tolist(), strict=True)
    ]
    made_up = random.random((count, _LONGEST)) < _MADE_UP
    owners, places = np.nonzero(made_up & (np.arange(_LONGEST) < lengths[:, None]))
    numbers = np.minimum(random.zipf(_ZIPF, len(owners)), _INVENTORY) - 1
    # Ranks beyond the inventory are spread over it, so that none becomes common.
    numbers = np.where(numbers == _INVENTORY - 1, random.integers(0, _INVENTORY, len(owners)), numbers)
    for owner, place, number in zip(owners.tolist(), places.tolist(), numbers.tolist(), strict=True):
        sentences[owner][place] = made_up_word(number)
    return sentences


def made_up_word(number: int) -> str:
    """Return the word of this number, from 0: another one for each."""
    syllables = []
    number += len(_SYLLABLES)
    while number:
        number, syllable = divmod(number, len(_SYLLABLES))
        syllables.append(_SYLLABLES[syllable])
    return "".join(syllables)
