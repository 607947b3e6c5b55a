"""Cards as a client would show them, in a file that a reader can review.

`python -m tests.bot.card_gallery` writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bot.admin_cards import Status, gaps_card, outcome_card, rebuild_card, status_card
from bot.callback_data import Shelf
from bot.cards import (
    Above,
    Card,
    Remark,
    answer_card,
    context_card,
    declining_card,
    shelf_of,
    shown_card,
    text_card,
)
from bot.gaps import AskedInVain
from bot.inline_cards import InlineItem, article_item, inline_item
from bot.inline_pages import Example
from bot.listing_cards import settings_card, sources_card, welcome_card
from bot.phrases import phrases_for
from bot.rebuild_events import Failed, Finished, Progress, Worse
from bot.shown import SourceEntry
from bot.store import VoteCount
from index.types import BuildReport, SkippedFile, Source
from tests.bot.card_texts import answer_of, as_shown, passage_of
from tests.bot.client import shown

SNAPSHOT: Final = Path(__file__).parent / "snapshots" / "cards.txt"

EN: Final = phrases_for("en")
PLAN: Final = (
    "The task has fallen to Iván Espinosa, the new chief executive, who took over this year. ",
    "He began at once, and with an aggressive plan. ",
    "It has three parts: to cut costs, to streamline operations and to reassess the electric-vehicle "
    "strategy.",
)
STORY: Final = (
    "Nissan has sat down with another carmaker before. ",
    "Earlier in the year it held talks with Honda, and they stalled. ",
    "The trouble lay in how the proposal looked from Nissan's side of the table: it saw the offer as a "
    "takeover rather than an alliance.\n\n",
    "That history is worth keeping in mind now that new names have come up. ",
    "What insiders now describe is a partnership on hybrid technology, and Nissan would come to it with "
    "technology of its own. ",
    "Whether Ford or Stellantis would see matters in the same light is another question. ",
    "The core idea is a hybrid crossover based on the Rogue, and Ford has a reason to find it attractive.",
)
CHINESE: Final = ("该公司成立于1933年。", "总部设在横滨，员工约十三万人。", "目前由新任首席执行官领导。")
ARABIC: Final = ("تأسست الشركة عام 1933. ", "يقع مقرها الرئيسي في يوكوهاما. ")
TOKEN: Final = "20260101T000000Z-abcdef"
REPORT: Final = BuildReport(TOKEN, True, 12, 325, 900, 2, 1, 1, 311, (), (), 4.2)


def gallery() -> str:
    """Return the whole file."""
    return "".join(f"{'=' * 8} {title}\n\n{card}\n\n" for title, card in _shown())


def _shown() -> Iterator[tuple[str, str]]:
    yield from ((title, shown(card)) for title, card in _answers())
    yield from ((title, _item(item)) for title, item in _items())
    yield from ((title, shown(card)) for title, card in _other())


def _answers() -> Iterator[tuple[str, Card]]:
    plan = passage_of(*PLAN, marked=1, number=1)
    story = passage_of(*STORY, marked=4, number=2, start=600)
    answer = answer_of(plan, story, passage_of(*PLAN, number=3))
    yield "the answer to a question", answer_card(answer, EN)
    yield (
        "the answer to a follow-up",
        answer_card(answer, EN, above=Above("Who leads Nissan? With what plan?")),
    )
    yield "next: a long passage", answer_card(answer, EN, place=1)
    yield "next: no sentence marked", answer_card(answer, EN, place=2)
    before = passage_of(*PLAN, number=4, start=200)
    shelf = shelf_of(answer.passages, 1)
    yield "in context", context_card(shelf, [as_shown(before), as_shown(story)], EN)
    yield "no url, no date", answer_card(answer_of(passage_of(*PLAN, marked=0, url=None, published=None)), EN)
    markup = passage_of('Use <b>&amp;</b> & "quotes". ', "It costs 5 > 3.", marked=1, title="A <tag> & more")
    yield "markup in an article", answer_card(answer_of(markup), EN)
    endless = passage_of(*(f"Sentence {number} is one of very many. " for number in range(300)), marked=150)
    yield "far too long, shortened here", _in_short(answer_card(answer_of(endless), EN))
    yield (
        "Chinese",
        answer_card(answer_of(passage_of(*CHINESE, marked=1, title="日产汽车")), phrases_for("zh")),
    )
    yield "Arabic", answer_card(answer_of(passage_of(*ARABIC, marked=1, title="نيسان")), EN)
    yield "German", answer_card(answer, phrases_for("de"), above=Above("Wer leitet Nissan?"))
    yield "the articles do not say", declining_card(answer, EN)
    yield "nor is anything near", declining_card(answer_of(), EN)
    german = phrases_for("de")
    hint = german.other_language.format(languages="Englisch")
    yield "asked in another language than the articles'", declining_card(answer_of(), german, hint=hint)
    shelf = Shelf((plan.passage.passage_id,), (2,), 0)
    yield "one of the nearest, opened", shown_card(shelf, as_shown(plan), EN, above=Above(remark=Remark.NEAR))
    no_more = Above("Who leads Nissan? How old is he?", Remark.NO_MORE)
    yield "a follow-up that finds nothing else", answer_card(answer, EN, above=no_more)


def _items() -> Iterator[tuple[str, InlineItem]]:
    ranked = passage_of(*PLAN, marked=1)
    yield "inline: an item and what it posts", inline_item(ranked, "what plan", shelf_of([ranked], 0), EN)
    near = inline_item(ranked, "what plan", shelf_of([ranked], 0), EN, Remark.NEAR)
    yield "inline: what comes near", near
    yield "inline: nothing typed yet", article_item(as_shown(passage_of(*STORY)), EN)


def _other() -> Iterator[tuple[str, Card]]:
    entries = [
        SourceEntry(
            Source(
                f"a{number}", f"Article number {number}", "en", f"https://example.org/{number}", "A. Writer"
            ),
            f"{number:016x}",
            4,
        )
        for number in range(1, 24)
    ]
    yield "/sources, the second page", sources_card(entries, 10, EN)
    yield "/settings", settings_card(EN)
    for code in ("en", "de", "es", "ru", "zh"):
        yield f"/help in {code}", text_card(phrases_for(code).help.format(bot="footnote_bot"))
    yield "/start", welcome_card([Example("Who leads Nissan?", answer_of(passage_of(*PLAN, marked=0)))], EN)
    yield "/start, without examples", welcome_card([], EN)
    yield "/rebuild, under way", rebuild_card(Progress("embedding", 190, 325, 9.0, 12.4), TOKEN, EN)
    skipped = (SkippedFile("notes/empty.md", "It has no text; write some or take it away."),)
    done = BuildReport(TOKEN, True, 12, 325, 900, 2, 1, 1, 311, skipped, (), 4.2)
    yield "/rebuild, done", outcome_card(Finished(done, 0.912, 0.905, True), TOKEN, TOKEN, EN)
    worse = Worse(REPORT, 0.912, 0.882, ("What does the new Rogue cost?",))
    yield "/rebuild, worse", outcome_card(worse, "20251231T000000Z-123456", TOKEN, EN)
    failed = Failed("The build's process was ended by signal 9.")
    yield "/rebuild, crashed", outcome_card(failed, "20251231T000000Z-123456", TOKEN, EN)
    status = Status(TOKEN, 7_500, 12, 1_325, "all-MiniLM-L6-v2", 90_000, 41.6, 98.2, 1_000, 3)
    asked = AskedInVain((("How much does the new Rogue cost?", 12), ("Who owns Renault?", 3)), 5)
    for code in ("en", "de", "es", "ru", "zh"):
        phrases = phrases_for(code)
        yield f"/status in {code}", status_card(status, phrases)
        yield f"/gaps in {code}", gaps_card(asked, VoteCount(41, 7), phrases)
        finished = outcome_card(Finished(REPORT, 0.912, 0.905, True), TOKEN, TOKEN, phrases)
        yield f"/rebuild, done, in {code}", finished


def _item(item: InlineItem) -> str:
    return f"{item.title}\n{item.description}\n-> posts:\n{shown(item.card)}"


def _in_short(card: Card) -> Card:
    """Return a card with most of its sentences left out, for a reader's sake."""
    head, _, rest = card.html.partition("Sentence 117")
    *_, tail = rest.rpartition("Sentence 180")
    return Card(f"{head}[...] Sentence 180{tail}", card.buttons)


if __name__ == "__main__":
    SNAPSHOT.write_text(gallery(), encoding="utf-8")
