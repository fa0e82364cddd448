"""Flow of replicas: the fraction that came from the upper end of each axis. A straight line is free diffusion, a step a bottleneck.

usage: flow.py RUN FILE
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

run, output = Path(sys.argv[1]), sys.argv[2]
data = pd.read_csv(run / "analysis" / "flow.csv")
axes_of_run = list(data.axis.unique())

figure, panels = plt.subplots(1, len(axes_of_run), figsize=(2.4 * len(axes_of_run), 2.4), sharey=True, squeeze=False, layout="constrained")
for panel, axis in zip(panels[0], axes_of_run):
    line = data[data.axis == axis]
    panel.errorbar(line.value, line.fraction, line.fraction_err, fmt="o-", ms=3, lw=1, capsize=2)
    panel.plot([line.value.iloc[0], line.value.iloc[-1]], [0, 1], "--", color="0.6", lw=1)
    panel.set(xlabel=axis, title=f"{line.round_trips.iloc[0]:.0f} round trips")
panels[0][0].set(ylabel="from the upper end")
figure.savefig(output, dpi=300)
