"""The package against runs of the program: a gas without interactions, whose averages are known, and the small surface."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import adlayer

# ⟨N⟩ = zV with z = e^{μ'/kT} and V = 4 × 4 × 5.
IDEAL = """
Scene(
    title: "Ideal gas",
    units: Lj,
    species: [(name: "B", symbol: "Ar", mass: 1.0)],
    potential: LennardJones(cutoff: 1.0, truncation: Shifted, pairs: [(between: ("B", "B"), epsilon: 0.0, sigma: 1.0)]),
    cell: Slab(lengths: (4.0, 4.0), floor: 0.0, height: 5.0),
    reservoir: [(species: "B", max_atoms: 40)],
    grid: (
        temperature: List([0.8, 1.0]),
        reservoir: [(species: "B", convention: Activity, values: List([-3.4, -3.0, -2.6]))],
    ),
    dynamics: MonteCarlo(displacement: 0.5, attempts: 5),
    moves: (insert_delete: 40),
    schedule: (equilibration: 50, production: 400),
    observables: [Density(bins: 16)],
)
"""
AREA, VOLUME = 16.0, 80.0


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> adlayer.Run:
    return adlayer.sample(IDEAL, tmp_path_factory.mktemp("runs") / "ideal", device="cpu")


def test_states_agree_with_the_exact_average(run: adlayer.Run) -> None:
    assert run.species == ["B"]
    states = run.states
    assert len(states) == 6 and states.index.name == "state"
    exact = VOLUME * np.exp(states["ln_z_B"])
    z = (states["n_B_mean"] - exact) / states["n_B_err"]
    assert (z.abs() < 5).all(), z
    # A state of other activity is far outside.
    assert abs(exact.iloc[0] - states["n_B_mean"].iloc[2]) > 5 * states["n_B_err"].iloc[2]


def test_tables_and_the_map(run: adlayer.Run) -> None:
    assert {"maps", "boundaries", "diagnostics", "free_energies"} <= set(run.tables)
    assert len(run.exchange) > 0 and run.info["status"] == "finished" and "Scene(" in run.scene
    free = run.table("free_energies").set_index("state")
    ln_xi = VOLUME * np.exp(run.states["ln_z_B"])
    z = (free["f_k"] - (ln_xi.iloc[0] - ln_xi)) / free["err"].replace(0.0, np.nan)
    assert (z.dropna().abs() < 5).all(), z
    with pytest.raises(FileNotFoundError, match="no_such"):
        run.table("no_such")


def test_runs_with_other_states_together(run: adlayer.Run, tmp_path: Path) -> None:
    other = IDEAL.replace("[0.8, 1.0]", "[0.9, 1.0]").replace("[-3.4, -3.0, -2.6]", "[-3.2, -2.6]") + " "
    warm = adlayer.sample(other.replace("schedule:", "seed: 7, schedule:"), tmp_path / "warm", device="cpu")
    both = adlayer.Together(run, warm, output=tmp_path / "both")
    # One state is in either run.
    free, states = both.table("free_energies").set_index("state"), both.table("diagnostics").set_index("state")
    assert len(free) == 6 + 4 - 1 and free["n_k"].sum() == 10 * 400
    ln_xi = VOLUME * np.exp(states["mu_B"] / states["temperature"])
    z = (free["f_k"] - (ln_xi.iloc[0] - ln_xi)) / free["err"].replace(0.0, np.nan)
    assert (z.dropna().abs() < 5).all(), z
    assert both.species == ["B"] and both.verdict()["sentences"] and (tmp_path / "both/report.html").is_file()
    arrays = both.arrays()
    assert arrays["u_kn"].shape == (9, 4000) and np.allclose(arrays["f_k"], free["f_k"], atol=1e-6)
    cells = both.maps.dropna(subset=["n_B"])
    z = (cells["n_B"] - VOLUME * np.exp(cells["ln_z_B"])) / cells["n_B_err"]
    assert len(cells) > 50 and (z.abs() < 5).all(), z
    with pytest.raises(adlayer.AdlayerError, match="cell.Slab.height"):
        higher = adlayer.sample(IDEAL.replace("height: 5.0", "height: 6.0"), tmp_path / "higher", device="cpu")
        adlayer.Together(run, higher, output=tmp_path / "no")


def test_the_map_as_a_dataset(run: adlayer.Run) -> None:
    pytest.importorskip("xarray")
    data = run.dataset()
    assert set(data.dims) == {"temperature", "mu_B"}
    cell = data["n_B"].sel(temperature=1.0, mu_B=-3.0, method="nearest")
    assert abs(float(cell) - VOLUME * np.exp(-3.0)) < 5 * float(
        data["n_B_err"].sel(temperature=1.0, mu_B=-3.0, method="nearest")
    )


def test_samples_with_their_histograms(run: adlayer.Run) -> None:
    samples = run.samples()
    assert len(samples) == 6 * 400 and {"cycle", "replica", "state", "energy", "n_B"} <= set(samples.columns)
    assert run.histograms == ["density_B"]
    density = run.histogram("density_B")
    assert density.counts.shape == (len(samples), 16) and density.edges.shape == (17,)
    # Every atom is in one bin.
    assert np.array_equal(density.counts.sum(axis=1), samples["n_B"].to_numpy())
    assert (density.edges[0], density.edges[-1]) == (0.0, 5.0)
    assert list(run.samples(columns=["state", "n_B"]).columns) == ["state", "n_B"]
    mean = samples.groupby("state")["n_B"].mean()
    assert np.allclose(mean, run.states["n_B_mean"])
    with pytest.raises(KeyError, match="density_B"):
        run.histogram("density_A")


def test_pymbar_agrees(run: adlayer.Run) -> None:
    pytest.importorskip("pymbar")
    arrays = run.arrays()
    assert arrays["u_kn"].shape == (6, 2400) and arrays["N_k"].tolist() == [400] * 6
    f = run.mbar().f_k
    assert np.allclose(f, run.table("free_energies")["f_k"], atol=1e-6)


def test_configurations_are_atoms(run: adlayer.Run) -> None:
    pytest.importorskip("ase")
    frames = run.atoms(5)
    assert frames and all(set(frame.get_chemical_symbols()) <= {"Ar"} for frame in frames)
    first = frames[0]
    assert first.info["state"] == 5 and len(first) == first.info["N"]
    assert np.allclose(np.diag(first.cell)[:2], [4.0, 4.0])


def test_isotopes_are_hydrogen_with_a_mass_of_their_own(tmp_path: Path) -> None:
    pytest.importorskip("ase")
    scene = IDEAL.replace('symbol: "Ar", mass: 1.0', 'symbol: "D", mass: 2.014').replace("production: 400", "production: 20")
    frames = adlayer.sample(scene, tmp_path / "run", device="cpu").atoms(5)
    atoms = next(frame for frame in frames if len(frame))
    assert set(atoms.get_chemical_symbols()) == {"H"} and set(atoms.arrays["isotope"]) == {"D"}
    assert np.allclose(atoms.get_masses(), 2.014, atol=1e-3)


def test_the_verdict(run: adlayer.Run) -> None:
    verdict = run.verdict()
    assert isinstance(verdict["trusted"], bool) and verdict["sentences"]


def test_what_fails_says_why(tmp_path: Path, run: adlayer.Run) -> None:
    with pytest.raises(FileNotFoundError, match="no run of adlayer"):
        adlayer.Run(tmp_path)
    with pytest.raises(adlayer.AdlayerError, match="insert_deletee") as failed:
        adlayer.sample(IDEAL.replace("insert_delete", "insert_deletee"), tmp_path / "bad")
    assert failed.value.code not in (0, None)
    # The directory is taken.
    with pytest.raises(adlayer.AdlayerError, match="force"):
        adlayer.sample(IDEAL, run.path, cycles=10)
    again = adlayer.sample(IDEAL, tmp_path / "again", cycles=20, seed=3, device="cpu")
    assert again.info["seed"] == 3 and again.info["production"] == 20


def test_walkers_that_ranks_have_written_apart_are_read_in_order(tmp_path: Path, run: adlayer.Run) -> None:
    folder = tmp_path / "apart"
    shutil.copytree(run.path, folder)
    whole = pq.read_table(sorted((folder / "samples").glob("*.parquet")))
    for part in (folder / "samples").glob("*.parquet"):
        part.unlink()
    replicas = np.unique(whole["replica"].to_numpy())
    for walker, some in enumerate(np.array_split(replicas, 2)):
        own = whole.filter(pc.is_in(whole["replica"], pa.array(some, type=whole["replica"].type)))
        pq.write_table(own, folder / "samples" / f"part-w{walker:04}-00000.parquet")
    apart = adlayer.Run(folder)
    pd.testing.assert_frame_equal(apart.samples(), run.samples())
    for name in run.histograms:
        np.testing.assert_array_equal(apart.histogram(name).counts, run.histogram(name).counts)


def test_progress_is_told_and_can_stop_a_run(tmp_path: Path) -> None:
    seen: list[int] = []
    with_an_end = adlayer.sample(IDEAL, tmp_path / "run", device="cpu", progress=lambda r: seen.append(r.info["production_done"]))
    assert seen[-1] == 400 == with_an_end.info["production"] and seen == sorted(seen)

    def enough(going_on: adlayer.Run) -> None:
        # an older run in the same place is not shown
        assert going_on.info["production"] == 1_000_000
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        adlayer.sample(IDEAL, tmp_path / "run", device="cpu", cycles=1_000_000, force=True, progress=enough)
    assert adlayer.Run(tmp_path / "run").info["status"] == "interrupted"


def test_a_stopped_run_can_be_opened(tmp_path: Path) -> None:
    code = (
        "import signal, sys, adlayer\n"
        # a shell that starts tests in the background has it ignored
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try:\n    adlayer.sample(sys.argv[1], sys.argv[2], device='cpu')\n"
        "except adlayer.Interrupted as stopped:\n    print('stopped', stopped.run.info['status'], stopped.code)\n"
    )
    output = tmp_path / "long"
    scene = IDEAL.replace("production: 400", "production: 4000000")
    started = subprocess.Popen([sys.executable, "-c", code, scene, output], stdout=subprocess.PIPE, text=True)
    for _ in range(600):
        log = output / "run.log"
        if log.is_file() and "production starts" in log.read_text(encoding="utf-8"):
            break
        time.sleep(0.1)
    # As from a notebook: to the process itself, not to a terminal's group.
    started.send_signal(signal.SIGINT)
    said, _ = started.communicate(timeout=120)
    assert said.split() == ["stopped", "interrupted", "75"], said
    assert isinstance(adlayer.Run(output).states, pd.DataFrame)


def test_the_version_is_that_of_the_program() -> None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        installed = version("adlayer")
    except PackageNotFoundError:
        pytest.skip("run from a checkout, not installed")
    assert adlayer.version() == installed
