"""Every sentence that the bot says of its own, in each of its languages.

A language is a file of `languages/`, YAML that a translator can read. Phrases are plain text: a card
escapes them like any other. What stands in braces is filled in with `str.format`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

LANGUAGES: Final = ("en", "de", "es", "ru", "zh")
"""The codes of the languages that the bot speaks; the first is for whoever speaks none of them."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases of one language."""

    code: str
    """ISO 639-1."""
    name: str
    """The language's own name for itself."""

    question: str
    """Above a passage: the question that it was found for."""
    near: str
    """Above that: the articles do not answer it."""
    no_more: str
    """Instead: a follow-up finds only what was shown before."""
    paragraph: str
    """Where in its article a passage stands."""
    untitled: str
    """The title of an article that has none."""
    quotation: str
    """A sentence in quotation marks."""
    in_context: str
    """Button: show what stands around the passage."""
    only_passage: str
    """Button: back from there."""
    copy_citation: str
    """Button: copy the sentence with its source."""
    declining: str
    """The articles do not answer, and nothing is near."""
    declining_with_nearest: str
    """The articles do not answer; buttons for the nearest passages are below."""
    other_language: str
    """Below either: the question is in no language that the articles are in."""
    perhaps: str
    """Button: one of those."""
    no_question: str
    """There is no letter or digit in what was written."""

    sources: str
    """Above a page of the list of articles."""
    sources_hint: str
    """Below it."""
    no_sources: str
    """Instead of it."""

    passage_gone: str
    """Toast: the passage of a button or a link does not exist any more."""
    button_unknown: str
    """Toast: a button that is not understood."""
    voted_up: str
    """Toast."""
    voted_down: str
    """Toast."""
    vote_changed: str
    """Toast."""
    vote_kept: str
    """Toast: voted the same way before."""

    about: str
    """On the bot's profile: at most 120 characters."""
    welcome: str
    """For /start."""
    welcome_examples: str
    """Below it, above a button for each example."""
    help: str
    """For /help."""
    greeting: str
    """To a greeting."""
    thanks: str
    """To thanks."""
    reaction: str
    """To a word that neither asks nor thanks, in private."""
    ask_usage: str
    """To /ask without a question."""
    only_text: str
    """To a picture, a voice message and the like."""
    busy: str
    """The queue is full."""
    too_slow: str
    """The deadline has passed."""
    failed: str
    """After an error that nobody foresaw."""
    refused: str
    """To what can only be done in private."""
    admins_only: str
    """To whoever is none, and asks for what only the bot's admins may do."""
    group_admins_only: str
    """To whoever is none, and chooses the language of a group."""
    chat_refused: str
    """To a chat that is not among those that are answered."""

    settings: str
    """For /settings, above a button for each language."""
    language_set: str
    """After a choice."""

    group_welcome: str
    """When the bot was added to a group."""
    group_privacy: str
    """To an admin: what privacy mode hides."""
    group_silenced: str
    """To an admin: the bot may not write in a group."""

    inline_ask: str
    """Inline, above the list: open the private chat."""
    inline_nothing_found: str
    """Inline, instead of the list: open the private chat with the question."""
    inline_busy: str
    """Inline, instead of the list."""

    claim_usage: str
    """To /claim without a code."""
    claim_accepted: str
    """To the right code."""
    claim_wrong: str
    """To a wrong one."""
    claim_locked: str
    """After too many."""
    claim_closed: str
    """Where there are admins already."""

    rebuild_starting: str
    """A rebuild was asked for."""
    rebuild_running: str
    """To another /rebuild meanwhile, in reply to the message of the first where that is in the same chat."""
    phase_reading: str
    """A rebuild's phase."""
    phase_exporting: str
    """Another, where the encoder is a new one."""
    phase_embedding: str
    """Another."""
    phase_writing: str
    """Another."""
    phase_scoring: str
    """The last."""
    rebuild_progress: str
    """How far the phase is."""
    time_left: str
    """How long a rebuild may still take."""
    rebuild_done: str
    """The new generation is in use."""
    rebuild_changes: str
    """What has changed; `articles` is what `counted_articles` returns."""
    rebuild_unchanged: str
    """There was nothing to do."""
    still_answering: str
    """Below it, and below whatever else changed nothing: which generation answers."""
    rebuild_score: str
    """How well the golden questions are answered."""
    rebuild_lost: str
    """Above the golden questions that were treated rightly before and no longer are."""
    rebuild_first_score: str
    """The same where no generation was before."""
    rebuild_skipped: str
    """Above the files that were left out."""
    and_more: str
    """Below what is listed, where not all is named."""
    rebuild_worse: str
    """Asks whether to switch."""
    rebuild_kept: str
    """After the answer no."""
    rebuild_cancelling: str
    """Until it has stopped."""
    rebuild_cancelled: str
    """It has stopped."""
    rebuild_failed: str
    """It came to an error, which is told below."""
    rebuild_over: str
    """Toast: a button of a rebuild that has ended."""
    rolled_back: str
    """The generation before is in use again."""
    roll_back_failed: str
    """It is not, for a reason that is told below."""
    cancel: str
    """Button."""
    roll_back: str
    """Button."""
    switch_anyway: str
    """Button."""
    keep_current: str
    """Button."""

    status_generation: str
    """A line of /status."""
    status_holdings: str
    """Another."""
    status_model: str
    """Another."""
    status_uptime: str
    """Another."""
    status_times: str
    """Another."""
    status_no_times: str
    """Instead, before the first answer."""
    status_queue: str
    """The last."""

    gaps_heading: str
    """Above the questions that were asked in vain."""
    gaps_none: str
    """Instead, where there is none whose text is kept."""
    gaps_without_text: str
    """How many there were besides."""
    gaps_votes: str
    """How people voted on answers."""

    command_start: str
    """In the menu of commands."""
    command_help: str
    """In the menu of commands."""
    command_ask: str
    """In the menu of commands."""
    command_sources: str
    """In the menu of commands."""
    command_settings: str
    """In the menu of commands."""
    command_rebuild: str
    """In the menu of commands."""
    command_rollback: str
    """In the menu of commands."""
    command_status: str
    """In the menu of commands."""
    command_gaps: str
    """In the menu of commands."""

    thousands: str
    """Between thousands."""
    decimal: str
    """Before decimals."""
    percent: str
    """A share of a hundred."""
    article_forms: tuple[str, ...]
    """How one article is called, and more: see `counted_articles`."""
    days: str
    """The unit, in short."""
    hours: str
    """The unit, in short."""
    minutes: str
    """The unit, in short."""
    seconds: str
    """The unit, in short."""

    greetings: tuple[str, ...]
    """What people write to greet; see `bot.small_talk`."""
    thanked: tuple[str, ...]
    """What they write to thank."""
    asides: tuple[str, ...]
    """What may stand beside either."""
    reactions: tuple[str, ...]
    """What they write to show that they have read an answer."""
    help_asked: tuple[str, ...]
    """What they write to get help."""
    small_words: tuple[str, ...]
    """Words of a question that do not say what it is about."""

    def number(self, value: float, decimals: int = 0) -> str:
        """Return a number as this language writes it."""
        signs = {",": self.thousands, ".": self.decimal}
        return "".join(signs.get(sign, sign) for sign in f"{value:,.{decimals}f}")

    def share(self, part: float) -> str:
        """Return a part of one in percent, with a decimal."""
        return self.percent.format(number=self.number(100 * part, 1))

    def counted_articles(self, count: int) -> str:
        """Return a number of articles with the noun in the form that the number asks for.

        A language with one form uses it always, one with two has the first for 1, and one with
        three has those of Russian: for 1, for 2 to 4, for more, by the last digits.
        """
        forms = self.article_forms
        place = 0 if count == 1 else 1
        if len(forms) == 1:
            place = 0
        elif len(forms) == 3:
            place = _slavic_form(count)
        return f"{self.number(count)} {forms[place]}"

    def duration(self, seconds: float) -> str:
        """Return a length of time in its two largest units, the smaller left out where it is zero."""
        total = max(0, round(seconds))
        minutes, second = divmod(total, 60)
        hours, minute = divmod(minutes, 60)
        day, hour = divmod(hours, 24)
        parts = [
            (day, self.days),
            (hour, self.hours),
            (minute, self.minutes),
            (second, self.seconds),
        ]
        first = next((place for place, (count, _) in enumerate(parts) if count), len(parts) - 1)
        shown = [part for place, part in enumerate(parts[first : first + 2]) if part[0] or not place]
        return " ".join(f"{self.number(count)} {unit}" for count, unit in shown)


def phrases_for(code: str | None) -> Phrases:
    """Return the phrases of a language, in English where the bot does not speak it.

    Args:
        code: As Telegram gives it, such as `de` or `pt-BR`; None where it is not known.
    """
    language = (code or "").replace("_", "-").split("-")[0].lower()
    return _read(language if language in LANGUAGES else LANGUAGES[0])


@cache
def _read(code: str) -> Phrases:
    text = (files(__package__) / "languages" / f"{code}.yaml").read_text(encoding="utf-8")
    phrases: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in yaml.safe_load(text).items()
    }
    return Phrases(code=code, **phrases)


def _slavic_form(count: int) -> int:
    last, last_two = count % 10, count % 100
    if last == 1 and last_two != 11:
        return 0
    return 1 if 2 <= last <= 4 and not 12 <= last_two <= 14 else 2
