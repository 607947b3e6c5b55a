"""What must hold of articles and passages before they are stored: text that stays as it is, and order."""

from __future__ import annotations

from collections.abc import Iterable

from index.errors import ArticleError
from index.types import Article, Passage


def check_characters(article: Article, passages: Iterable[Passage]) -> None:
    """Return where no text of an article or its passages holds a character that SQLite would change.

    Raises:
        ArticleError: One holds a NUL character or a lone surrogate.
    """
    optional = (article.url, article.author, article.published)
    strings = [article.article_id, article.text, article.title, article.language, *article.tags]
    strings += [value for value in optional if value is not None]
    for passage in passages:
        strings += [passage.passage_id, *passage.headings]
    for string in strings:
        position, kind = string.find("\0"), "a NUL character"
        if position < 0:
            try:
                string.encode()
            except UnicodeEncodeError as error:
                position, kind = error.start, "half of a surrogate pair"
        if position >= 0:
            raise ArticleError(
                f"Article {article.article_id!r} holds {kind} at character {position} of a text of "
                f"{len(string)}, which cannot be stored as it is; remove it from the file."
            )


def check_passage(article: Article, passage: Passage, earliest: int) -> None:
    """Return where a passage is one of the article, with its sentences inside it.

    Args:
        article: The one that it should be of.
        passage: What is checked.
        earliest: Where the passage before it starts.

    Raises:
        ValueError: It contradicts itself, the article or the passage before it.
    """
    where = f"Passage {passage.passage_id!r} of article {article.article_id!r}"
    if passage.article_id != article.article_id:
        raise ValueError(f"{where} says that it belongs to article {passage.article_id!r}.")
    if not earliest <= passage.span.start <= passage.span.end <= len(article.text):
        raise ValueError(
            f"{where} has {passage.span}; expected one that starts at {earliest} or later, as the passage "
            f"before it, and ends by {len(article.text)}, as the text."
        )
    end = passage.span.start
    for sentence in passage.sentences:
        if not end <= sentence.start <= sentence.end <= passage.span.end:
            raise ValueError(
                f"{where} has {passage.span} and in it {sentence}; expected order and bounds kept."
            )
        end = sentence.end
