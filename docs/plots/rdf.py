"""Pairs over their distance, at some values of μ and the temperature in the middle: a histogram of `Rdf`, on average over the samples of a state.

usage: rdf.py RUN SPECIES HISTOGRAM FILE
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

import adlayer

run, species, name, output = adlayer.Run(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
states = pd.read_csv(Path(sys.argv[1]) / "states.csv").set_index("state")
temperature = sorted(states.temperature.unique())[states.temperature.nunique() // 2]
chosen = states[states.temperature == temperature].sort_values(f"mu_{species}")
chosen = chosen.iloc[:: max(len(chosen) // 4, 1)]
histogram, state = run.histogram(name), run.samples(["state"]).state.to_numpy()
width = histogram.edges[1] - histogram.edges[0]

figure, axes = plt.subplots(figsize=(3.4, 2.5), layout="constrained")
for index, row in chosen.iterrows():
    pairs = histogram.counts[state == index].mean(axis=0) / width
    axes.plot(histogram.centres, pairs, lw=1, label=f"{row[f'mu_{species}']:.4g}")
axes.set(xlabel="r", ylabel="pairs per length", title=f"{name}, T = {temperature:g}")
axes.legend(title=f"μ of {species}", fontsize=6, title_fontsize=6, frameon=False)
figure.savefig(output, dpi=300)
