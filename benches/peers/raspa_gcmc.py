"""RASPA3 on W3: insertions and deletions in a Lennard-Jones fluid, L = 8, T = 1.5, r_c = 2.5 plain, z = 0.12.

In real units with epsilon = 100 K and sigma = 3 A; the pressure that an ideal gas of activity z has. Prints a JSON object.
"""

import argparse
import json
import os
import tempfile
import time
import warnings

warnings.simplefilter("ignore")
import raspalib as raspa  # noqa: E402

BOLTZMANN = 1.380649e-23  # J/K
EPSILON, SIGMA = 100.0, 3.0  # K, A


def build(cycles, equilibration, seed):
    atom = raspa.PseudoAtom("Ar", False, 39.948, 0.0, 0.0, 18, True, "")
    field = raspa.ForceField(
        [atom], [raspa.VDWParameters(EPSILON, SIGMA)],
        cutoff_framework_vdw=2.5 * SIGMA, cutoff_molecule_vdw=2.5 * SIGMA, shifted=False, use_charge=False,
    )
    particle = raspa.Component(
        field, "argon", 150.86, 4898000.0, 0.0, [raspa.Atom((0.0, 0.0, 0.0), 0.0, type=0)],
        particle_probabilities=raspa.MCMoveProbabilities(swap_probability=1.0), fugacity_coefficient=1.0,
    )
    side = 8.0 * SIGMA
    kelvin = 1.5 * EPSILON
    pressure = 0.12 / (SIGMA * 1e-10) ** 3 * BOLTZMANN * kelvin
    system = raspa.System(
        field, raspa.SimulationBox(side, side, side), external_temperature=kelvin, external_pressure=pressure,
        components=[particle], initial_number_of_molecules=[100],
    )
    return raspa.MonteCarlo(
        number_of_cycles=cycles, number_of_initialization_cycles=equilibration, systems=[system], random_seed=seed,
        print_every=10**9, write_binary_restart_every=10**9, optimize_mc_moves_every=10**9, output_to_files=False,
    )


def swaps(mc):
    """(attempts, accepted) of insertions and deletions; RASPA3 starts the count anew with production."""
    moves = mc.systems[0].components[0].mc_moves_statistics[raspa.Move.Types.SWAP]
    return sum(moves.total_counts), sum(moves.total_accepted)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=3000, help="of production; one is about N attempts")
    parser.add_argument("--equilibration", type=int, default=1500)
    a = parser.parse_args()
    os.chdir(tempfile.mkdtemp())
    mc = build(a.cycles, a.equilibration, int(time.time()) % 100_000)
    mc.setup()
    mc.initialize()
    counts = []
    wall, cpu = time.perf_counter(), time.process_time()
    mc.production(lambda: counts.append(mc.systems[0].number_of_molecules_per_component[0]), 10)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    tried, accepted = swaps(mc)
    print(json.dumps({
        "peer": "raspa3", "version": raspa.__version__, "attempts": tried, "acceptance": accepted / tried if tried else None,
        "attempts_per_s": tried / wall, "attempts_per_cpu_s": tried / cpu, "mean_n": sum(counts) / max(1, len(counts)),
    }))


main()
