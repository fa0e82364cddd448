"""The program itself: where it is, and how it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Sequence

if TYPE_CHECKING:
    from ._run import Run


class AdlayerError(RuntimeError):
    """The program ended with an error.

    ``code`` is its exit code (``docs/guide.md`` lists them), the message what it said.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class Interrupted(AdlayerError):
    """A run stopped in good order before its end (exit code 75). ``run`` is what there is of it; ``adlayer resume`` goes on."""

    def __init__(self, message: str, run: Run) -> None:
        super().__init__(message, 75)
        self.run = run


def program() -> Path:
    """The path of the ``adlayer`` program.

    The environment variable ``ADLAYER`` comes first, then the program that was installed with this package, then ``PATH``.

    Raises :class:`AdlayerError` if there is none.
    """
    given = os.environ.get("ADLAYER")
    if given:
        return Path(given)
    name = "adlayer.exe" if os.name == "nt" else "adlayer"
    for folder in (sysconfig.get_path("scripts"), Path(sys.executable).parent):
        beside = Path(folder) / name
        if beside.is_file():
            return beside
    found = shutil.which(name)
    if found is None:
        raise AdlayerError(
            "there is no program `adlayer`: `pip install .` in the project's folder builds it, or set ADLAYER to its path"
        )
    return Path(found)


def version() -> str:
    """The version of the program, e.g. ``0.1.0``."""
    return call(["--version"]).split()[-1]


def call(arguments: Sequence[str | os.PathLike[str]]) -> str:
    """Runs the program to its end and returns what it printed.

    Raises :class:`AdlayerError` with what it said if it fails.
    """
    done = subprocess.run([program(), *arguments], capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise AdlayerError(done.stderr.strip() or f"adlayer ended with exit code {done.returncode}", done.returncode)
    return done.stdout
