"""Runs of adlayer, as pandas, xarray, pymbar and ASE take them.

``adlayer.sample("scene.ron")`` makes a run; ``adlayer.Run("runs/scene")`` opens one that is there. What the files
hold, with units, is in ``docs/files.md`` of the project; names of columns here are those of the files.
"""

from ._program import AdlayerError, Interrupted, program, version
from ._run import Histogram, Run
from ._sampling import sample

__all__ = ["AdlayerError", "Histogram", "Interrupted", "Run", "program", "sample", "version"]
