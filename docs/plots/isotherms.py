"""Isotherms: atoms per area against the pressure, MBAR as lines with bands, direct averages as points.

usage: isotherms.py RUN SPECIES FILE
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

run, species, output = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
metal = "units: Metal" in (run / "resolved.ron").read_text(encoding="utf-8")
kelvin, bar, length = ("K", "bar", "Å") if metal else ("ε/k", "ε/σ³", "σ")
data = pd.read_csv(run / "figures" / f"isotherms_pressure_{species}.csv")
area = (data.n / data.n_per_area).median()
pressure = f"pressure_{species}"

figure, axes = plt.subplots(figsize=(3.4, 2.7), layout="constrained")
temperatures = sorted(data.temperature.unique())
for temperature, colour in zip(temperatures, plt.cm.plasma([0.85 * i / max(len(temperatures) - 1, 1) for i in range(len(temperatures))])):
    here = data[data.temperature == temperature]
    line = here[here.layer == "mbar"].sort_values(pressure)
    axes.plot(line[pressure], line.n_per_area, color=colour, lw=1, label=f"{temperature:g}")
    low, high = line.n_per_area - line.n_err / area, line.n_per_area + line.n_err / area
    axes.fill_between(line[pressure], low, high, color=colour, alpha=0.3, lw=0)
    points = here[(here.layer == "direct") & (here.at_max_atoms == 0)]
    axes.errorbar(points[pressure], points.n_per_area, points.n_err / area, fmt="o", ms=2, color=colour, lw=0.7)
axes.set(xscale="log", xlabel=f"p of {species} [{bar}]", ylabel=f"atoms per area [1/{length}²]")
axes.legend(title=f"T [{kelvin}]", fontsize=6, title_fontsize=7, frameon=False)
figure.savefig(output, dpi=300)
