"""A column of the maps over μ at several temperatures: an order parameter, a number of neighbours, an energy.

usage: observables.py RUN SPECIES COLUMN FILE [LABEL]
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

run, species, column, output = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
label = sys.argv[5] if len(sys.argv) > 5 else column.replace("_", " ")
metal = "units: Metal" in (run / "resolved.ron").read_text(encoding="utf-8")
kelvin, energy_unit = ("K", "eV") if metal else ("ε/k", "ε")
cells = pd.read_csv(run / "analysis" / "maps.csv")
temperatures = sorted(cells.temperature.unique())

figure, axes = plt.subplots(figsize=(4.0, 2.7), layout="constrained")
for temperature in temperatures[:: max(len(temperatures) // 6, 1)]:
    line = cells[(cells.temperature == temperature) & cells[column].notna()].sort_values(f"mu_{species}")
    (drawn,) = axes.plot(line[f"mu_{species}"], line[column], lw=1, label=f"{temperature:g}")
    if f"{column}_err" in line:
        low, high = line[column] - line[f"{column}_err"], line[column] + line[f"{column}_err"]
        axes.fill_between(line[f"mu_{species}"], low, high, color=drawn.get_color(), alpha=0.3, lw=0)
axes.set(xlabel=f"μ of {species} [{energy_unit}]", ylabel=label)
# Curves may lie anywhere: the legend stands beside them.
axes.legend(title=f"T [{kelvin}]", fontsize=6, title_fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
figure.savefig(output, dpi=300)
