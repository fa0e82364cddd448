"""Acceptance of exchanges: an edge between two states is the redder the less it is used.

usage: exchange.py RUN SPECIES FILE
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.collections import LineCollection

run, species, output = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
metal = "units: Metal" in (run / "resolved.ron").read_text(encoding="utf-8")
kelvin, energy_unit = ("K", "eV") if metal else ("ε/k", "ε")
states = pd.read_csv(run / "states.csv").set_index("state")
edges = pd.read_csv(run / "exchange.csv")
edges = edges[edges.state_a.isin(states.index) & edges.state_b.isin(states.index)]
place = lambda state: (states.loc[state, f"mu_{species}"], states.loc[state, "temperature"])

figure, axes = plt.subplots(figsize=(3.4, 2.7), layout="constrained")
lines = LineCollection([[place(e.state_a), place(e.state_b)] for e in edges.itertuples()], cmap="RdYlBu", linewidths=1.5)
lines.set_array(edges.acceptance.to_numpy())
lines.set_clim(0, 1)
axes.add_collection(lines)
axes.plot(states[f"mu_{species}"], states.temperature, "k.", ms=2)
figure.colorbar(lines, label="acceptance of exchanges")
axes.set(xlabel=f"μ of {species} [{energy_unit}]", ylabel=f"T [{kelvin}]")
figure.savefig(output, dpi=300)
