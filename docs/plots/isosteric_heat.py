"""Isosteric heat of adsorption over coverage: from fluctuations as lines, from the slope of ln f as points.

usage: isosteric_heat.py RUN SPECIES FILE
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

run, species, output = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
metal = "units: Metal" in (run / "resolved.ron").read_text(encoding="utf-8")
kelvin, energy_unit, length = ("K", "eV", "Å") if metal else ("ε/k", "ε", "σ")
data = pd.read_csv(run / "figures" / f"isosteric_heat_{species}.csv")

figure, axes = plt.subplots(figsize=(3.4, 2.7), layout="constrained")
for temperature, line in data[data.layer == "covariance"].groupby("temperature"):
    line = line.sort_values("n_per_area")
    (drawn,) = axes.plot(line.n_per_area, line.q_st, lw=1, label=f"{temperature:g}")
    axes.fill_between(line.n_per_area, line.q_st - line.q_st_err, line.q_st + line.q_st_err, color=drawn.get_color(), alpha=0.3, lw=0)
check = data[data.layer == "clapeyron"]
axes.plot(check.n_per_area, check.q_st, "k.", ms=3, label="from ln f")
axes.set(xlabel=f"atoms per area [1/{length}²]", ylabel=rf"$q_{{st}}$ [{energy_unit}]")
axes.legend(title=f"T [{kelvin}]", fontsize=6, title_fontsize=7, frameon=False)
figure.savefig(output, dpi=300)
