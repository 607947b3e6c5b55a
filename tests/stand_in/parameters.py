"""A call's parameters, whether they came as a form, in parts or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from tests.stand_in.refusals import bad_request


@dataclass(frozen=True, slots=True)
class Parameters:
    """The named values of one call; each is a string, or already decoded where the body was JSON."""

    values: Mapping[str, Any]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str:
        """Return a string, which is empty where the parameter is absent."""
        value = self.values.get(name, "")
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise bad_request(f"parameter {name} must be a string")
        return str(value)

    def integer(self, name: str) -> int | None:
        """Return a whole number, or None where the parameter is absent."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        try:
            return int(str(value))
        except ValueError:
            raise bad_request(f"parameter {name} must be an integer") from None

    def flag(self, name: str) -> bool:
        """Return a truth value, which is false where the parameter is absent."""
        return str(self.values.get(name, "")).lower() in ("true", "yes", "1")

    def structure(self, name: str) -> Any:
        """Return an object or a list, or None where the parameter is absent."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                raise bad_request(f"can't parse {name} JSON object") from None
        if not isinstance(value, dict | list):
            raise bad_request(f"object expected as {name}")
        return value

    def decoded(self) -> dict[str, Any]:
        """Return the values with objects and lists decoded, for the log of calls."""
        shown: dict[str, Any] = {}
        for name, value in self.values.items():
            shown[name] = value
            if isinstance(value, str) and value[:1] in ("{", "[") and name not in ("text", "description"):
                try:
                    shown[name] = json.loads(value)
                except ValueError:
                    continue
        return shown


def parameters_of(query: str, content_type: str, body: bytes) -> Parameters:
    """Return the parameters of a request, those in the body before those in the address.

    Raises:
        Refusal: The body is not what its content type says, or not UTF-8.
    """
    values: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            decoded = json.loads(body or b"{}")
            if not isinstance(decoded, dict):
                raise bad_request("object expected as JSON body")
            values |= {name: value for name, value in decoded.items() if value is not None}
        elif kind == "application/x-www-form-urlencoded":
            values |= dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
        elif kind == "multipart/form-data":
            values |= _parts(content_type, body)
    except UnicodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    except json.JSONDecodeError:
        raise bad_request("can't parse JSON body") from None
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    return Parameters(values)


def _parts(content_type: str, body: bytes) -> dict[str, str]:
    """Return the fields of a multipart body; a file stands as its name."""
    head = f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode("latin-1")
    values: dict[str, str] = {}
    for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        values[str(name)] = part.get_filename() or payload.decode()
    return values
