"""P(N) and F(N) at the states that the run has chosen.

usage: distribution.py RUN SPECIES FILE
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

run, species, output = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
metal = "units: Metal" in (run / "resolved.ron").read_text(encoding="utf-8")
kelvin, energy_unit = ("K", "eV") if metal else ("ε/k", "ε")
probability = pd.read_csv(run / "figures" / f"p_n_{species}.csv")
free_energy = pd.read_csv(run / "figures" / f"free_energy_n_{species}.csv")

figure, (above, below) = plt.subplots(2, figsize=(3.4, 4), sharex=True, layout="constrained")
keys = ["temperature", f"mu_{species}"]
for (temperature, mu), line in probability.groupby(keys):
    above.errorbar(line[f"n_{species}"], line.p, line.p_err, lw=1, label=f"T = {temperature:g} {kelvin}, μ = {mu:.4g} {energy_unit}")
for _, line in free_energy.groupby(keys):
    below.errorbar(line[f"n_{species}"], line.free_energy, line.error, lw=1)
above.set(ylabel="P(N)")
below.set(xlabel=f"N of {species}", ylabel=f"F(N) [{energy_unit}]")
below.xaxis.get_major_locator().set_params(integer=True)
above.legend(fontsize=6, frameon=False)
figure.savefig(output, dpi=300)
