"""The methods by which a bot learns and sets what people see of it: name, descriptions and commands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from tests.stand_in.methods_messages import Act
from tests.stand_in.parameters import Parameters
from tests.stand_in.refusals import bad_request
from tests.stand_in.wire import user_json
from tests.stand_in.world import World

_COMMAND: Final = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE: Final = re.compile(r"(?:[a-z]{2})?")
_MOST_COMMANDS: Final = 100
_MOST_COMMAND_DESCRIPTION: Final = 256
_SCOPES: Final = {
    "default": (),
    "all_private_chats": (),
    "all_group_chats": (),
    "all_chat_administrators": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}


def get_me(world: World, values: Parameters) -> Act:
    """Return the bot's own User with what is switched on at @BotFather."""
    switches = world.switches
    own = {
        "can_join_groups": switches.can_join_groups,
        "can_read_all_group_messages": switches.can_read_all_group_messages,
        "supports_inline_queries": switches.supports_inline_queries,
        "supports_guest_queries": switches.supports_guest_queries,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }
    return lambda: user_json(world.bot) | own


def _language(values: Parameters) -> str:
    code = values.text("language_code")
    if not _LANGUAGE.fullmatch(code):
        raise bad_request("LANG_CODE_INVALID")
    return code


def _commands_key(world: World, values: Parameters) -> tuple[str, str]:
    """Return the scope and the language that a call is about."""
    scope = values.structure("scope") or {"type": "default"}
    if scope.get("type") not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    for name in _SCOPES[scope["type"]]:
        if name not in scope:
            raise bad_request(f"can't parse BotCommandScope: can't find field \"{name}\"")
    if "chat_id" in scope:
        world.chat(scope["chat_id"])
    return json.dumps(scope, sort_keys=True), _language(values)


def set_my_commands(world: World, values: Parameters) -> Act:
    """Check and prepare a setMyCommands."""
    key = _commands_key(world, values)
    commands = values.structure("commands")
    if not isinstance(commands, list):
        raise bad_request("expected an Array of BotCommand")
    if len(commands) > _MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not _COMMAND.fullmatch(str(command.get("command", "")).removeprefix("/")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= _MOST_COMMAND_DESCRIPTION:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")

    def act() -> bool:
        world.profile.commands[key] = commands
        return True

    return act


def get_my_commands(world: World, values: Parameters) -> Act:
    """Return the commands of exactly this scope and language."""
    key = _commands_key(world, values)
    return lambda: world.profile.commands.get(key, [])


def delete_my_commands(world: World, values: Parameters) -> Act:
    """Check and prepare a deleteMyCommands."""
    key = _commands_key(world, values)

    def act() -> bool:
        world.profile.commands.pop(key, None)
        return True

    return act


def setter_of(field: str, longest: int, refusal: str) -> Callable[[World, Parameters], Act]:
    """Return the method that sets the bot's name or one of its descriptions."""

    def method(world: World, values: Parameters) -> Act:
        key = field, _language(values)
        text = values.text(field)
        if len(text) > longest:
            raise bad_request(refusal)

        def act() -> bool:
            world.profile.texts[key] = text
            return True

        return act

    return method


def getter_of(field: str) -> Callable[[World, Parameters], Act]:
    """Return the method that tells the bot's name or one of its descriptions."""

    def method(world: World, values: Parameters) -> Act:
        key = field, _language(values)
        unset = world.bot.first_name if field == "name" else ""

        def act() -> dict[str, Any]:
            texts = world.profile.texts
            return {field: texts.get(key) or texts.get((field, "")) or unset}

        return act

    return method
