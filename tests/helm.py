"""Charts rendered: by Helm where it is installed, else by the few words of its templates that ours
use. Any other word is refused, so that no chart passes that was not understood."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

RELEASE = {"Name": "heaters", "Revision": 1}
_WORD = re.compile(r"\{\{-? (.*?) -?\}\}")


def rendered(chart: Path, **changes: Any) -> list[dict[str, Any]]:
    """The documents of a chart, with `changes` of its values (by their dotted names)."""
    helm = shutil.which("helm")
    if helm:
        sets = [
            part
            for name, value in changes.items()
            for part in ("--set-json", f"{name}={json.dumps(value)}")
        ]
        command = [helm, "template", str(RELEASE["Name"]), str(chart), *sets]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    else:
        values = yaml.safe_load((chart / "values.yaml").read_text())
        for name, value in changes.items():
            *way, last = name.split(".")
            place = values
            for part in way:
                place = place[part]
            place[last] = value
        scope = {"Values": values, "Release": RELEASE}
        templates = sorted((chart / "templates").glob("*.yaml"))
        text = "\n---\n".join(_render(path.read_text(), scope) for path in templates)
    return [document for document in yaml.safe_load_all(text) if document]


def _render(template: str, scope: dict[str, Any]) -> str:
    lines: list[str] = []
    shown = [True]
    for line in template.splitlines():
        word = _WORD.fullmatch(line.strip())
        if word and word[1].startswith("if "):
            shown.append(shown[-1] and bool(_value(word[1].removeprefix("if "), scope)))
        elif word and word[1] == "end":
            shown.pop()
        elif not shown[-1]:
            continue
        elif word and (block := re.fullmatch(r"toYaml (\S+) \| nindent (\d+)", word[1])):
            dumped = yaml.safe_dump(_value(block[1], scope), sort_keys=False)
            lines.extend(" " * int(block[2]) + each for each in dumped.splitlines())
        else:
            lines.append(_WORD.sub(lambda found: _inline(found[1], scope), line))
    if len(shown) != 1:
        raise ValueError("an `if` has no `end`")
    return "\n".join(lines)


def _inline(word: str, scope: dict[str, Any]) -> str:
    name, _, filtered = word.partition(" | ")
    value = _value(name, scope)
    if filtered not in ("", "quote"):
        raise ValueError(f"{word}: not one of the words that are known here")
    return json.dumps(str(value)) if filtered else str(value)


def _value(name: str, scope: dict[str, Any]) -> Any:
    if not re.fullmatch(r"(\.\w+)+", name):
        raise ValueError(f"{name}: not one of the words that are known here")
    found: Any = scope
    for part in name.removeprefix(".").split("."):
        found = found[part]
    return found
