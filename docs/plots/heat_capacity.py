"""⟨E⟩ and C_VN of a canonical run, with their errors.

usage: heat_capacity.py RUN FILE
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

run, output = Path(sys.argv[1]), sys.argv[2]
metal = "units: Metal" in (run / "resolved.ron").read_text(encoding="utf-8")
kelvin, energy_unit, heat_unit = ("K", "eV", "eV/K") if metal else ("ε/k", "ε", "k")
energy = pd.read_csv(run / "figures" / "energy.csv")
heat = pd.read_csv(run / "figures" / "heat_capacity.csv")

figure, (above, below) = plt.subplots(2, figsize=(3.4, 4), sharex=True, layout="constrained")
line, points = energy[energy.layer == "mbar"], energy[energy.layer == "direct"]
above.plot(line.temperature, line.energy, lw=1)
above.errorbar(points.temperature, points.energy, points.energy_err, fmt="k.", ms=3)
line, points = heat[heat.layer == "mbar"], heat[heat.layer == "direct"]
below.plot(line.temperature, line.c_vn, lw=1, color="C1")
below.errorbar(points.temperature, points.c_vn, points.c_vn_err, fmt="k.", ms=3)
above.set(ylabel=f"⟨E⟩ [{energy_unit}]")
below.set(xlabel=f"T [{kelvin}]", ylabel=rf"$C_{{VN}}$ [{heat_unit}]")
figure.savefig(output, dpi=300)
