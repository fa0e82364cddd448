"""Runs of adlayer, as pandas, xarray, pymbar and ASE take them.

``adlayer.sample("scene.ron")`` makes a run; ``adlayer.Run("runs/scene")`` opens one that is there;
``adlayer.Together("runs/a", "runs/b", output="runs/both")`` analyses runs of one system with other temperatures and chemical potentials. What the files
hold, with units, is in ``docs/files.md`` of the project; names of columns here are those of the files.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._program import AdlayerError, Interrupted, program, version
    from ._run import Histogram, Run, Together
    from ._sampling import sample

__all__ = ["AdlayerError", "Histogram", "Interrupted", "Run", "Together", "program", "sample", "version"]

_HOMES = {"Histogram": "_run", "Run": "_run", "Together": "_run", "sample": "_sampling"}


def __getattr__(name: str) -> Any:
    # When it is first asked for: a client (`adlayer.client`) has no use for pandas, and may run where there is none.
    if name in __all__:
        return getattr(import_module(f".{_HOMES.get(name, '_program')}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
