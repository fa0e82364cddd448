"""⟨N⟩, or any other column of the maps, over T and μ with contours; masked cells are grey.

usage: map.py RUN SPECIES FILE [COLUMN]
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.colors import LogNorm

run, species, output = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
metal = "units: Metal" in (run / "resolved.ron").read_text(encoding="utf-8")
kelvin, energy_unit, heat_unit = ("K", "eV", "eV/K") if metal else ("ε/k", "ε", "k")
column = sys.argv[4] if len(sys.argv) > 4 else f"n_{species}"
cells = pd.read_csv(run / "analysis" / "maps.csv")
others = [c for c in cells.columns if c.startswith("mu_") and c != f"mu_{species}"]
for other in others:
    # One slice of a mixture: the other gases at the middle of their axes.
    values = sorted(cells[other].unique())
    cells = cells[cells[other] == values[len(values) // 2]]
# μ of one column of the map may differ in its last bits from row to row.
cells = cells.assign(mu=cells[f"mu_{species}"].round(9))
table = cells.pivot_table(index="temperature", columns="mu", values=column, dropna=False)
# Fluctuations and heat capacities span decades.
norm = LogNorm() if column.startswith(("energy_fluctuation", "c_", "susceptibility")) and (table.stack() > 0).all() else None

figure, axes = plt.subplots(figsize=(3.4, 2.7), layout="constrained")
axes.set_facecolor("0.88")
mesh = axes.pcolormesh(table.columns, table.index, table.values, shading="nearest", rasterized=True, norm=norm)
if norm is None:
    lines = axes.contour(table.columns, table.index, table.values, levels=5, colors="white", linewidths=0.5)
    axes.clabel(lines, fontsize=5)
names = {f"n_{species}": f"⟨N⟩ of {species}", "energy_fluctuation": rf"Var E/$(kT^2)$ [{heat_unit}]"}
figure.colorbar(mesh, label=names.get(column, column.replace("_", " ")))
axes.set(xlabel=f"μ of {species} [{energy_unit}]", ylabel=f"T [{kelvin}]")
figure.savefig(output, dpi=300)
