"""What Telegram refuses in a text, a keyboard or an inline result, with the words it refuses it in."""

from __future__ import annotations

import re
from typing import Any, Final

from tests.stand_in.message_html import EntityError, parse_html
from tests.stand_in.message_text import Entity, checked_link, entity_of, kept_text, utf16_length
from tests.stand_in.parameters import Parameters
from tests.stand_in.records import Button, Content, InlineResult, Keyboard
from tests.stand_in.refusals import Refusal, bad_request

MOST_TEXT: Final = 4096
MOST_BUTTONS: Final = 100
MOST_BUTTONS_A_ROW: Final = 8
MOST_BUTTON_BYTES: Final = 64
MOST_COPIED: Final = 256
MOST_RESULTS: Final = 50
MOST_RESULT_ID_BYTES: Final = 64
MOST_OFFSET_BYTES: Final = 64
MOST_CALLBACK_ANSWER: Final = 200
MOST_QUOTE: Final = 1024
_START: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KINDS: Final = frozenset(
    (
        *("callback_data", "url", "copy_text", "switch_inline_query", "switch_inline_query_current_chat"),
        *("switch_inline_query_chosen_chat", "web_app", "login_url", "callback_game", "pay"),
    )
)


def text_of(
    values: Parameters, *, text: str = "text", mode: str = "parse_mode", entities: str = "entities"
) -> Content:
    """Return the text of a call as it is kept, without a keyboard.

    Raises:
        Refusal: It is empty, too long, or cannot be parsed.
    """
    written = values.text(text)
    if not written:
        raise bad_request("message text is empty")
    parsed, marks = _parsed(written, values.text(mode), values.structure(entities))
    if not parsed:
        raise bad_request("text must be non-empty")
    if utf16_length(parsed) > MOST_TEXT:
        raise bad_request("message is too long")
    return Content(parsed, tuple(marks))


def _parsed(written: str, mode: str, entities: list[dict[str, Any]] | None) -> tuple[str, list[Entity]]:
    """Return a text and its marks by the mode in which it was written."""
    if mode.lower() == "html":
        try:
            return parse_html(written)
        except EntityError as error:
            raise Refusal(400, str(error)) from error
    if mode.lower() in ("markdown", "markdownv2"):
        raise bad_request(f"the stand-in does not read {mode}")
    if mode:
        raise bad_request("unsupported parse_mode")
    return kept_text(written, [entity_of(fields) for fields in entities or []])


def quote_of(reply: Parameters) -> str | None:
    """Return the plain text that a reply quotes, or None.

    Raises:
        Refusal: It cannot be parsed or is too long.
    """
    written = reply.text("quote")
    if not written:
        return None
    quoted, _ = _parsed(written, reply.text("quote_parse_mode"), reply.structure("quote_entities"))
    if utf16_length(quoted) > MOST_QUOTE:
        raise bad_request("QUOTE_TEXT_INVALID")
    return quoted


def keyboard_of(markup: dict[str, Any] | None) -> Keyboard:
    """Return the inline keyboard of a call; another kind of markup shows nothing under the message.

    Raises:
        Refusal: A button or the whole is not as Telegram allows.
    """
    if markup is None or "inline_keyboard" not in markup:
        return ()
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    if sum(map(len, rows)) > MOST_BUTTONS or any(len(row) > MOST_BUTTONS_A_ROW for row in rows):
        raise bad_request("reply markup is too long")
    return tuple(tuple(_button(fields) for fields in row) for row in rows if row)


def _button(fields: dict[str, Any]) -> Button:
    label = fields.get("text")
    if not isinstance(label, str) or not label.strip():
        raise bad_request('can\'t parse inline keyboard button: field "text" must be of type String')
    kinds = sorted(_KINDS & fields.keys())
    if not kinds:
        raise bad_request("text buttons are unallowed in the inline keyboard")
    if len(kinds) > 1:
        raise bad_request(f"exactly one kind of button is expected, not {' and '.join(kinds)}")
    return Button(label, kinds[0], _button_value(kinds[0], fields[kinds[0]]))


def _button_value(kind: str, value: Any) -> Any:
    if kind == "callback_data" and not 1 <= len(str(value).encode()) <= MOST_BUTTON_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    if kind == "copy_text":
        copied = value.get("text") if isinstance(value, dict) else None
        if not isinstance(copied, str) or not 1 <= utf16_length(copied) <= MOST_COPIED:
            raise bad_request("BUTTON_COPY_TEXT_INVALID")
        return copied
    if kind == "url" and checked_link(str(value)) is None:
        raise bad_request(f"inline keyboard button URL '{value}' is invalid: Wrong HTTP URL")
    if kind.startswith("switch_inline_query") and isinstance(value, str) and utf16_length(value) > 256:
        raise bad_request("BUTTON_DATA_INVALID")
    return value


def results_of(query: str, results: Any) -> tuple[InlineResult, ...]:
    """Return what a bot offers for an inline query.

    Raises:
        Refusal: There is too much, an id is wrong or twice there, or a content would be refused as a message.
    """
    if not isinstance(results, list):
        raise bad_request("can't parse inline query results JSON object")
    if len(results) > MOST_RESULTS:
        raise bad_request("RESULTS_TOO_MUCH")
    ids = [str(fields.get("id", "")) for fields in results]
    if len(set(ids)) < len(ids):
        raise bad_request("RESULT_ID_DUPLICATE")
    return tuple(result_of(query, fields) for fields in results)


def result_of(query: str, fields: Any) -> InlineResult:
    """Return one article of an answer to an inline or guest query.

    Raises:
        Refusal: Its id, its title or its content is not as Telegram allows, or it is no article.
    """
    if not isinstance(fields, dict) or fields.get("type") != "article":
        raise bad_request("the stand-in knows only inline results of type article")
    if not 1 <= len(str(fields.get("id", "")).encode()) <= MOST_RESULT_ID_BYTES:
        raise bad_request("RESULT_ID_INVALID")
    if not fields.get("title"):
        raise bad_request("can't parse InlineQueryResult: can't find field \"title\"")
    content = fields.get("input_message_content")
    if not isinstance(content, dict):
        raise bad_request("can't parse InlineQueryResult: message content is not specified")
    shown = text_of(Parameters(content), text="message_text")
    keyboard = keyboard_of(fields.get("reply_markup"))
    return InlineResult(query, fields, Content(shown.text, shown.entities, keyboard))


def check_results_button(button: dict[str, Any] | None) -> None:
    """Check the button above inline results.

    Raises:
        Refusal: It has no text, does not exactly one thing, or its start parameter is not allowed.
    """
    if button is None:
        return
    if not button.get("text"):
        raise bad_request("can't parse inline query results button: can't find field \"text\"")
    if ("web_app" in button) == ("start_parameter" in button):
        raise bad_request(
            "exactly one of web_app and start_parameter must be in the inline query results button"
        )
    if "start_parameter" in button and not _START.fullmatch(str(button["start_parameter"])):
        raise bad_request("START_PARAM_INVALID")
