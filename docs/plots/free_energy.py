"""F = −kT ln P of an observable or of N at the points that the analysis has chosen.

usage: free_energy.py RUN COLUMN FILE [LABEL]
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

run, column, output = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
words = sys.argv[4] if len(sys.argv) > 4 else column.replace("_", " ")
metal = "units: Metal" in (run / "resolved.ron").read_text(encoding="utf-8")
kelvin, energy_unit = ("K", "eV") if metal else ("ε/k", "ε")
table = pd.read_csv(run / "analysis" / "free_energy.csv")
table = table[table.order_parameter == column]
if table.empty:
    sys.exit(f"no free energy of `{column}` in {run}")
mu = [c for c in table.columns if c.startswith("mu_")]
temperatures = sorted(table.temperature.unique())

figure, panels = plt.subplots(
    1, len(temperatures), figsize=(1.2 + 2.0 * len(temperatures), 2.5), sharey=True, squeeze=False, layout="constrained"
)
for axes, temperature in zip(panels[0], temperatures):
    for point, line in table[table.temperature == temperature].groupby(mu):
        label = ", ".join(f"{x:.4g}" for x in point)
        axes.errorbar(line.value, line.free_energy, line.error, lw=1, marker=".", ms=4, label=label)
    axes.set(xlabel=words, title=f"T = {temperature:g} {kelvin}")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(title=f"μ [{energy_unit}]", fontsize=6, title_fontsize=6, frameon=False)
# Room for the legends over the curves.
low, high = panels[0][0].get_ylim()
panels[0][0].set_ylim(low, high + 0.4 * (high - low))
panels[0][0].set_ylabel(f"F [{energy_unit}]")
figure.savefig(output, dpi=300)
