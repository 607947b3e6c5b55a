"""What can go wrong in `index`, as one tree.

FootnoteError
├── CorpusError              the collection as a whole cannot be read
├── ArticleError             one file cannot be read; the others can
├── ModelError               a model is missing, is not what it should be, or does not load
├── QuestionFileError        a file of questions is not in the form it should be
└── GenerationError          what lies on disk cannot serve
    ├── NoGenerationError        nothing was built yet
    ├── DamagedGenerationError   a file is missing or differs from its hash
    ├── OtherFormatError         written by another version, or for another model
    ├── ShareError               the parts of a divided build do not make a whole
    ├── BuildRunningError        somebody else is building in the same folder
    └── VectorStoreError         the engine that keeps the vectors cannot be used

Every message gives the value, what was expected, and what to do about it.
"""

from __future__ import annotations


class FootnoteError(Exception):
    """The base of every error that Footnote raises on purpose."""


class CorpusError(FootnoteError):
    """The collection as a whole cannot be read."""


class ArticleError(FootnoteError):
    """One file cannot be read as an article; the message names it and the remedy."""


class ModelError(FootnoteError):
    """A model is missing, is not what it should be, or does not load."""


class QuestionFileError(FootnoteError):
    """A file of questions is not in the form it should be."""


class GenerationError(FootnoteError):
    """What lies in the index folder cannot serve answers."""


class NoGenerationError(GenerationError):
    """Nothing was built in this folder yet."""


class DamagedGenerationError(GenerationError):
    """A file of the generation is missing or is not what the manifest says."""


class OtherFormatError(GenerationError):
    """The generation was written by another version or for another model."""


class ShareError(GenerationError):
    """The parts of a divided build do not make a whole."""


class BuildRunningError(GenerationError):
    """Another process is building in the same folder."""


class VectorStoreError(GenerationError):
    """The engine that keeps the vectors is missing, does not answer, or answers otherwise than it must."""
