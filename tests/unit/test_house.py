"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT

ROOMS = ("heaters_pipeline", "review_app", "sql", "tests", "benchmarks")
TEXTS = {".py", ".js", ".html", ".css", ".md", ".toml", ".yaml", ".txt", ".json", ".mako"}

HEAVY = {"cv2", "dagster", "flask", "scenedetect", "sentence_transformers", "torch"}
"""What makes an import slow, or ties it to a server."""

IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
print(*sys.modules)
"""

SOMEBODYS_FOLDER = re.compile(r"(?<![\w.})])/(?:home|Users|root|work)/(?!nobody)\w")


def files(*suffixes: str) -> Iterator[Path]:
    """Of all rooms, of the documents, and of the checkout's top."""
    folders = [CHECKOUT / room for room in (*ROOMS, "docs")]
    found = [*CHECKOUT.iterdir(), *(path for folder in folders for path in folder.rglob("*"))]
    return (path for path in found if path.is_file() and path.suffix in suffixes)


def name(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


@pytest.mark.parametrize("package", ["heaters_pipeline.work", "heaters_pipeline.domain"])
def test_a_package_of_plain_python_loads_nothing_heavy(package: str) -> None:
    command = [sys.executable, "-c", IMPORT_ALL, package]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert HEAVY & {*done.stdout.split()} == set()


def test_the_readme_links_every_document() -> None:
    readme = (CHECKOUT / "README.md").read_text()
    documents = [*(CHECKOUT / "docs").glob("*.md"), *(CHECKOUT / "docs").glob("*/README.md")]
    assert [name(path) for path in documents if f"]({name(path)})" not in readme] == []


def test_every_module_says_what_it_is_for() -> None:
    """A file without code needs no words."""
    modules = (path for path in files(".py") if path.stat().st_size)
    assert [
        name(path) for path in modules if not ast.get_docstring(ast.parse(path.read_bytes()))
    ] == []


def test_no_file_names_a_folder_of_somebody_s_machine() -> None:
    found = {name(path): SOMEBODYS_FOLDER.search(path.read_text()) for path in files(*TEXTS)}
    assert {path: match[0] for path, match in found.items() if match} == {}


def test_every_promise_of_security_names_tests_that_exist() -> None:
    page = (CHECKOUT / "docs" / "security.md").read_text()
    rows = re.findall(r"^\| (.+) \| (.+) \|$", page.partition("## Promises")[2], re.M)[1:]
    lost = []
    for promise, told in rows:
        code = ""
        for test in re.findall("`([^`]+)`", told) or [told]:
            if test.endswith(".py"):
                file = CHECKOUT / (test if "/" in test else f"tests/integration/{test}")
                code = file.read_text() if file.is_file() else ""
            is_there = bool(code) if test.endswith(".py") else f"\ndef {test}(" in code
            if not is_there:
                lost.append((promise, test))
    assert rows and lost == []
