"""Checks calls against the Bot API reference as data, where that file lies beside the project."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

_FILE: Final = Path(__file__).parents[2].parent / "shared" / "data" / "bot-api-10.3.json"
_LENGTH: Final = re.compile(r"(\d+)-(\d+) (characters|bytes)", re.IGNORECASE)
_CONSTANT: Final = re.compile(r"(?:must be|always) '?(\w+)'?$")
_DISCRIMINATORS: Final = ("type", "status", "source")
_PLAIN: Final[dict[str, type | tuple[type, ...]]] = {
    "String": str,
    "Integer": int,
    "Float": (int, float),
    "Boolean": bool,
    "True": bool,
    "InputFile": str,
}


def is_here() -> bool:
    """Whether the reference can be read, without which everything counts as right."""
    return _FILE.is_file()


@cache
def _reference() -> dict[str, dict[str, Any]]:
    """Return every method and type by its name; the methods' names in lower case too."""
    if not is_here():
        return {}
    sections = json.loads(_FILE.read_text(encoding="utf-8"))["items"]
    items = {child["name"]: child for section in sections for child in section["children"]}
    methods = {name.lower(): item for name, item in items.items() if item["category"] == "methods"}
    return items | methods


def wrong_in_call(method: str, values: dict[str, Any]) -> list[str]:
    """Return what the reference does not allow in a call, as sentences; empty where all is right."""
    if not is_here():
        return []
    if method.lower() not in _reference():
        return [f"{method} is no method"]
    item = _reference()[method.lower()]
    types = {field["name"]: field["type"] for field in item["annotations"]}
    return _fields(item, {name: _decoded(value, types.get(name)) for name, value in values.items()}, method)


def wrong_in_object(kind: str, value: Any) -> list[str]:
    """Return what the reference does not allow in an object of a type, such as `Update`."""
    return _value(kind, value, kind) if is_here() else []


def _decoded(value: Any, kind: str | None) -> Any:
    """Return a form's string as what it stands for, where it may stand for something else."""
    if not isinstance(value, str) or kind is None or kind in ("String", "InputFile or String"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _fields(item: dict[str, Any], values: dict[str, Any], where: str) -> list[str]:
    known = {field["name"]: field for field in item["annotations"]}
    wrong = [f"{where} has no field {name}" for name in values if name not in known]
    for name, field in known.items():
        if name in values:
            wrong += _value(field["type"], values[name], f"{where}.{name}", field["description"])
        elif field["required"]:
            wrong.append(f"{where} lacks {name}")
    return wrong


def _value(kind: str, value: Any, where: str, description: str = "") -> list[str]:
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            return [f"{where} is no array"]
        element = kind.removeprefix("Array of ")
        return [wrong for i, part in enumerate(value) for wrong in _value(element, part, f"{where}[{i}]")]
    if " or " in kind:
        return _one_of(kind.split(" or "), value, where, description)
    if kind in _PLAIN:
        if not isinstance(value, _PLAIN[kind]) or (isinstance(value, bool) != (kind in ("Boolean", "True"))):
            return [f"{where} is no {kind}: {value!r}"]
        return _length(value, where, description) if isinstance(value, str) else []
    item = _reference().get(kind)
    if item is None:
        return []
    if item.get("any_of"):
        return _one_of(item["any_of"], value, where)
    return _fields(item, value, where) if isinstance(value, dict) else [f"{where} is no {kind}"]


def _one_of(kinds: list[str], value: Any, where: str, description: str = "") -> list[str]:
    """Return nothing where one of the types fits, else what is wrong with the one that fits best."""
    attempts = [_value(kind, value, where, description) for kind in kinds]
    return min(attempts, key=len)


def _length(value: str, where: str, description: str) -> list[str]:
    constant = _CONSTANT.search(description.rstrip("."))
    if constant and value != constant[1] and where.rpartition(".")[2] in _DISCRIMINATORS:
        return [f"{where} must be {constant[1]}: {value!r}"]
    bounds = _LENGTH.search(description)
    if bounds is None or "parsing" in description:
        return []
    length = len(value.encode() if bounds[3].lower() == "bytes" else value)
    inside = int(bounds[1]) <= length <= int(bounds[2])
    return [] if inside else [f"{where} has {length} {bounds[3].lower()}, not {bounds[1]}-{bounds[2]}"]
