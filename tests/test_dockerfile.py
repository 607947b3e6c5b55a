"""The Dockerfile fits the project: what it copies, names and asks is there. No image is built here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from bot.commands import app
from bot.serving import HEARTBEAT
from bot.settings import PREFIX, Settings

ROOT: Final = Path(__file__).parents[1]
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TOKEN: Final = "12345:made-up"
NOW: Final = timedelta()


def instructions(name: str) -> list[str]:
    """Return what stands after each instruction of that name, on one line."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
    return re.findall(rf"^{name} +(.+)$", text, re.MULTILINE)


def copied() -> set[str]:
    """Return what is copied out of the project."""
    own = [line.split() for line in instructions("COPY") if not line.startswith("--from=")]
    return {source for line in own for source in line[:-1]}


def test_what_is_copied_exists_and_nothing_else_is_sent_to_the_builder() -> None:
    ignored = [
        line
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert [name for name in copied() if not (ROOT / name).exists()] == []
    assert ignored[0] == "*"
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied()


def test_all_that_the_project_is_built_from_is_copied() -> None:
    packages = {name.split(".")[0] for name in PROJECT["tool"]["setuptools"]["packages"]}
    project = PROJECT["project"]
    assert {"pyproject.toml", project["readme"], *project["license-files"], *packages} <= copied()


def test_pytorch_is_the_version_that_the_project_pins() -> None:
    (pinned,) = (each for each in PROJECT["project"]["dependencies"] if each.startswith("torch=="))
    (installed,) = (line.split()[-1] for line in instructions("RUN") if "--index-url" in line)
    assert installed == pinned


def test_the_environment_is_made_by_the_python_that_runs_it() -> None:
    build, final = instructions("FROM")
    assert build.removesuffix(" AS build") == final


def test_what_is_set_are_settings() -> None:
    names = [pair.split("=")[0] for line in instructions("ENV") for pair in line.split()]
    own = {name.removeprefix(PREFIX).lower() for name in names if name.startswith(PREFIX)}
    assert own >= {"articles", "index", "state"}
    assert own <= set(Settings.__struct_fields__)


def test_the_command_is_a_command_of_the_project() -> None:
    (entry,) = (json.loads(line) for line in instructions("ENTRYPOINT"))
    (command,) = (json.loads(line) for line in instructions("CMD"))
    assert entry[0] in PROJECT["project"]["scripts"]
    assert command[0] in app.commands


@pytest.mark.parametrize(
    ("token", "folder", "age", "status"),
    [
        (TOKEN, "12345", NOW, 0),
        (TOKEN, "12345", timedelta(seconds=90), 0),
        (TOKEN, "12345", timedelta(seconds=150), 1),
        (TOKEN, "678", NOW, 1),
        (TOKEN, "12345", None, 1),
        (None, "12345", NOW, 0),
        (None, "12345", timedelta(seconds=150), 1),
    ],
    ids=["fresh", "recent", "old", "another-bot", "none", "token-in-a-file", "old-and-token-in-a-file"],
)
def test_a_bot_is_healthy_while_telegram_answers(
    tmp_path: Path, token: str | None, folder: str, age: timedelta | None, status: int
) -> None:
    (check,) = instructions("HEALTHCHECK")
    (tmp_path / folder).mkdir()
    if age is not None:
        heartbeat = tmp_path / folder / HEARTBEAT
        heartbeat.touch()
        at = (datetime.now().astimezone() - age).timestamp()
        os.utime(heartbeat, (at, at))
    environment = {"PATH": os.environ["PATH"], "FOOTNOTE_STATE": str(tmp_path)}
    if token is not None:
        environment["FOOTNOTE_TOKEN"] = token
    command = check.partition(" CMD ")[2]
    assert subprocess.run(["/bin/sh", "-c", command], env=environment, check=False).returncode == status
