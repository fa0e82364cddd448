"""The blocks of docs/python.md, one after the other."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def test_the_blocks_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("ase", "pymbar", "xarray"):
        pytest.importorskip(package)
    page = (PROJECT / "docs" / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 5
    shutil.copytree(PROJECT / "scenes", tmp_path / "scenes")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)  # noqa: S102: the page itself
    run = names["run"]
    assert repr(run) == "Run('runs/surface': Two-component Lennard-Jones surface, 98 states, finished)"
    assert 0.0 <= float(names["n"]) <= 64.0  # type: ignore[arg-type]
