"""The scripts of docs/plots draw what a run leaves behind, without a warning."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import adlayer
import pytest

PROJECT = Path(__file__).parents[2]
PLOTS = PROJECT / "docs" / "plots"

OF_A_SPECIES = ["phase_diagram", "map", "isotherms", "isosteric_heat", "henry", "distribution", "exchange"]


def draw(script: str, *arguments: object) -> None:
    output = next(Path(str(a)) for a in arguments if str(a).endswith(".png"))
    command = [sys.executable, "-W", "error", PLOTS / f"{script}.py", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{script}: {done.stderr}"
    assert output.read_bytes().startswith(b"\x89PNG") and output.stat().st_size > 5_000, script


@pytest.fixture(scope="module")
def krypton(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("plots") / "krypton"
    adlayer.sample(PROJECT / "scenes" / "krypton_graphite.ron", output, device="cpu", cycles=600)
    return output


@pytest.mark.parametrize("script", OF_A_SPECIES)
def test_a_figure_of_a_species(krypton: Path, tmp_path: Path, script: str) -> None:
    draw(script, krypton, "Kr", tmp_path / "figure.png")


def test_flow_and_an_observable(krypton: Path, tmp_path: Path) -> None:
    draw("flow", krypton, tmp_path / "flow.png")
    draw("observables", krypton, "Kr", "psi6", tmp_path / "psi6.png")
    draw("profile", krypton, "density_Kr", tmp_path / "density.png")
    draw("free_energy", krypton, "n_Kr", tmp_path / "free_energy.png")
    draw("map", krypton, "Kr", tmp_path / "fluctuation.png", "energy_fluctuation")


def test_a_canonical_run(tmp_path: Path) -> None:
    adlayer.sample(PROJECT / "scenes" / "canonical.ron", tmp_path / "melt", device="cpu", cycles=300)
    draw("heat_capacity", tmp_path / "melt", tmp_path / "heat.png")
    draw("profile", tmp_path / "melt", "rdf", tmp_path / "rdf.png")


def test_pairs_over_their_distance(tmp_path: Path) -> None:
    text = (PROJECT / "scenes" / "lj_surface.ron").read_text(encoding="utf-8")
    scene = text.replace("Order(wave_vector: Sqrt3)", "Rdf(r_max: 3.0, bins: 60), Order(wave_vector: Sqrt3)")
    assert "Rdf" in scene
    adlayer.sample(scene, tmp_path / "surface", device="cpu", cycles=30)
    draw("rdf", tmp_path / "surface", "B", "rdf", tmp_path / "rdf.png")


def test_every_script_is_tested_and_in_the_page() -> None:
    scripts = {path.stem for path in PLOTS.glob("*.py")}
    assert scripts == {*OF_A_SPECIES, "flow", "observables", "free_energy", "rdf", "heat_capacity", "profile"}
    page = (PROJECT / "docs" / "plots.md").read_text(encoding="utf-8")
    assert all(f"plots/{script}.py" in page for script in scripts)
