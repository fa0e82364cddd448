"""Van 't Hoff plot of Henry constants.

usage: henry.py RUN SPECIES FILE
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

run, species, output = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
metal = "units: Metal" in (run / "resolved.ron").read_text(encoding="utf-8")
inverse, unit = ("1000/T [1/K]", "1/(Å² bar)") if metal else ("1/T [k/ε]", "σ/ε")
data = pd.read_csv(run / "figures" / f"henry_{species}.csv").sort_values("inverse_temperature")

figure, axes = plt.subplots(figsize=(3.4, 2.7), layout="constrained")
axes.plot(data.inverse_temperature, data.henry, "-", color="0.6", lw=1)
simulated = data[data.layer == "simulated"]
axes.errorbar(simulated.inverse_temperature, simulated.henry, simulated.henry_err, fmt="o", ms=3)
axes.set(yscale="log", xlabel=inverse, ylabel=f"Henry constant of {species} [{unit}]")
figure.savefig(output, dpi=300)
