"""A profile in chosen states: density over z, g(r), numbers of neighbours; with error bands.

usage: profile.py RUN FIGURE FILE      (FIGURE: density_Kr, layers_B, rdf, coordination_histogram, …)
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

run, name, output = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
data = pd.read_csv(run / "figures" / f"{name}.csv")
x, y = data.columns[-3], data.columns[-2]
metal = "units: Metal" in (run / "resolved.ron").read_text(encoding="utf-8")
kelvin, energy_unit, length = ("K", "eV", "Å") if metal else ("ε/k", "ε", "σ")
words = {"r": f"r [{length}]", "z": f"z [{length}]", "density": f"density [1/{length}³]", "g": "g(r)", "share": "share of atoms"}
heading = ", ".join(f"T [{kelvin}]" if c == "temperature" else f"{c.replace('mu_', 'μ of ')} [{energy_unit}]" for c in data.columns[1:-3])

figure, axes = plt.subplots(figsize=(3.4, 2.7), layout="constrained")
states = list(data.groupby("state", sort=False))
for (_, here), colour in zip(states, plt.cm.viridis([0.9 * i / max(len(states) - 1, 1) for i in range(len(states))])):
    chosen = here.iloc[0]
    label = ", ".join(f"{chosen[column]:.4g}" for column in data.columns[1:-3])
    axes.plot(here[x], here[y], color=colour, lw=1, label=label)
    axes.fill_between(here[x], here[y] - here.error, here[y] + here.error, color=colour, alpha=0.3, lw=0)
axes.set(xlabel=words.get(x, x), ylabel=words.get(y, y))
axes.legend(title=heading, fontsize=5, title_fontsize=6, frameon=False)
figure.savefig(output, dpi=300)
