"""Starting runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from ._program import AdlayerError, Interrupted, program
from ._run import Run


def sample(
    scene: str | Path,
    output: str | Path,
    *,
    device: str = "auto",
    cycles: int | None = None,
    seed: int | None = None,
    walltime: str | None = None,
    force: bool = False,
) -> Run:
    """Samples a scene, analyses it and draws the figures; returns the run.

    ``scene`` is the path of a scene, or the text of one (anything with ``Scene(`` in it). The other arguments are those of
    ``adlayer run``. In a terminal the program shows how far it is. Ctrl-C stops the run in good order; while it runs, another
    program may open it with :class:`Run`.

    Raises :class:`AdlayerError` with what the program said if it fails, :class:`Interrupted` if it was stopped before its end.
    """
    output = Path(output)
    arguments = ["--device", device, "-o", os.fspath(output)]
    for name, value in (("--cycles", cycles), ("--seed", seed), ("--walltime", walltime)):
        if value is not None:
            arguments += [name, str(value)]
    if force:
        arguments.append("--force")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as kept:
        if isinstance(scene, str) and "Scene(" in scene:
            path = Path(folder) / "scene.ron"
            path.write_text(scene, encoding="utf-8")
        else:
            path = Path(scene)
        # The bar needs a terminal; what is said elsewhere is kept for the error.
        to_terminal = sys.stderr is not None and sys.stderr.isatty()
        errors = None if to_terminal else kept
        code = _wait(subprocess.Popen([program(), "run", path, *arguments], stdout=subprocess.DEVNULL, stderr=errors))
        kept.seek(0)
        words = kept.read().decode("utf-8", "replace").strip()
    if code == 75:
        raise Interrupted(f"the run in {output} was stopped before its end; `adlayer resume {output}` goes on", Run(output))
    # 3: `until` met its limit before the boundaries were known; the run is whole.
    if code not in (0, 3):
        raise AdlayerError(words or f"adlayer ended with exit code {code}", code)
    return Run(output)


def _wait(started: subprocess.Popen[bytes]) -> int:
    """Waits for the end and hands Ctrl-C on."""
    try:
        return started.wait()
    except KeyboardInterrupt:
        # A terminal has told the program already; a second signal would end it at once.
        if not _has_terminal():
            started.send_signal(signal.SIGINT)
        return started.wait()


def _has_terminal() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except (OSError, AttributeError):
        return False
