"""Settings as they are documented and read."""

from __future__ import annotations

from pathlib import Path

from heaters_pipeline.settings import Settings

DOCS = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


def test_every_setting_is_documented_with_its_default() -> None:
    documented = DOCS.read_text()
    for name, field in Settings.model_fields.items():
        variable = field.validation_alias or f"HEATERS_{name.upper()}"
        row = next(line for line in documented.splitlines() if f"`{variable}`" in line)
        assert str(field.description) in row
        if field.default_factory is None and field.default is not None:
            assert f"`{field.default}`" in row
