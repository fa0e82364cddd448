"""Phase diagram over T and p: first-order lines with their errors, critical and triple points.

usage: phase_diagram.py RUN SPECIES FILE
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

run, species, output = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
metal = "units: Metal" in (run / "resolved.ron").read_text(encoding="utf-8")
kelvin, bar = ("K", "bar") if metal else ("ε/k", "ε/σ³")
points = pd.read_csv(run / "analysis" / "boundaries.csv")
names = pd.read_csv(run / "analysis" / "phases.csv").set_index("phase").name
pressure = f"pressure_{species}"

figure, axes = plt.subplots(figsize=(3.4, 2.7), layout="constrained")
for kind, style in [("first_order", "-"), ("continuous", "--")]:
    for (a, b), line in points[points.kind == kind].groupby(["phase_a", "phase_b"]):
        line = line.sort_values("temperature")
        # A boundary without enough crossings has no error, and is drawn thin.
        known = line.status == "converged"
        label = f"{names.get(a, a)} – {names.get(b, b)}"
        axes.plot(line[pressure], line.temperature, style, lw=1.2 if known.all() else 0.5, label=label)
        if {"pressure_low", "pressure_high"} <= set(line.columns):
            axes.fill_betweenx(line.temperature, line.pressure_low, line.pressure_high, alpha=0.3, lw=0)
for kind, marker in [("critical", "D"), ("triple", "^")]:
    special = points[points.kind == kind]
    axes.plot(special[pressure], special.temperature, marker, color="black", mfc="white", ms=5, label=kind if len(special) else None)
axes.set(xscale="log", xlabel=f"p of {species} [{bar}]", ylabel=f"T [{kelvin}]")
if axes.get_legend_handles_labels()[0]:
    axes.legend(fontsize=6, frameon=False)
figure.savefig(output, dpi=300)
