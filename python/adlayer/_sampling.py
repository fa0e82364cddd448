"""Starting runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
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
    progress: Callable[[Run], object] | None = None,
) -> Run:
    """Samples a scene, analyses it and draws the figures; returns the run.

    ``scene`` is the path of a scene, or the text of one (anything with ``Scene(`` in it). The other arguments are those of
    ``adlayer run``. In a terminal the program shows how far it is. Ctrl-C stops the run in good order; while it runs, another
    program may open it with :class:`Run`. ``progress`` is called with the run every second, and once at its end:
    ``run.info["production_done"]`` says how far it is, ``run.states`` has averages so far once there are any. If it raises, the run is
    stopped in good order.

    Raises :class:`AdlayerError` with what the program said if it fails, :class:`Interrupted` if it was stopped before its end.
    """
    output, begun = Path(output), int(time.time())

    def look() -> None:
        try:
            run = Run(output)
            is_ours = run.info["started_unix"] >= begun
        except FileNotFoundError:
            # not yet, or an older one is being replaced
            return
        if is_ours and progress is not None:
            progress(run)

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
        started = subprocess.Popen([program(), "run", path, *arguments], stdout=subprocess.DEVNULL, stderr=errors)
        code = _wait(started, look)
        kept.seek(0)
        words = kept.read().decode("utf-8", "replace").strip()
    if code == 75:
        raise Interrupted(f"the run in {output} was stopped before its end; `adlayer resume {output}` goes on", Run(output))
    # 3: `until` met its limit before the boundaries were known; the run is whole.
    if code not in (0, 3):
        raise AdlayerError(words or f"adlayer ended with exit code {code}", code)
    look()
    return Run(output)


def _wait(started: subprocess.Popen[bytes], look: Callable[[], None]) -> int:
    """Waits for the end, looks every second, and hands Ctrl-C on."""
    try:
        while True:
            try:
                return started.wait(1.0)
            except subprocess.TimeoutExpired:
                look()
    except KeyboardInterrupt:
        # A terminal has told the program already; a second signal would end it at once.
        if not _has_terminal():
            started.send_signal(signal.SIGINT)
        return started.wait()
    except BaseException:
        started.send_signal(signal.SIGINT)
        started.wait()
        raise


def _has_terminal() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except (OSError, AttributeError):
        return False
