"""Runs of adlayer, as pandas, xarray, pymbar and ASE take them.

``adlayer.sample("scene.ron")`` makes a run; ``adlayer.Run("runs/scene")`` opens one that is there;
``adlayer.Together("runs/a", "runs/b", output="runs/both")`` analyses runs of one system with other temperatures and chemical potentials. What the files
hold, with units, is in ``docs/files.md`` of the project; names of columns here are those of the files.
"""

from ._program import AdlayerError, Interrupted, program, version
from ._run import Histogram, Run, Together
from ._sampling import sample

__all__ = ["AdlayerError", "Histogram", "Interrupted", "Run", "Together", "program", "sample", "version"]
