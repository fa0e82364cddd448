"""OpenMM on W1 (surface) or W2 (fluid of N atoms): its CPU platform with one thread.

    openmm_md.py surface [--seconds S]
    openmm_md.py fluid --atoms N

One reduced unit is 1 nm, 1 kJ/mol, 1 amu, hence 1 ps. The upper wall is a steep half-harmonic one and the lower none is
needed above the slab: OpenMM has no reflecting walls. Prints a JSON object.
"""

import argparse
import json
import math
import random
import time

import openmm

GAS_CONSTANT = 0.00831446261815324  # kJ/mol/K


def surface(height=20.0):
    """fcc(111), 4 frozen layers of 6 x 6 (nearest neighbour 1.10) and 64 atoms on the next two layers."""
    d, n = 1.10, 6
    lx, ly, gap = n * d, n * d * math.sqrt(3) / 2, d * math.sqrt(2 / 3)
    sites = [[], []]
    for layer in range(6):
        for i in range(n):
            for j in range(n):
                x = i * d + j * d / 2 + (d + d / 2) / 3 * layer
                y = j * d * math.sqrt(3) / 2 + d * math.sqrt(3) / 6 * layer
                sites[layer >= 4].append((x % lx, y % ly, 0.5 + layer * gap))
    random.Random(1).shuffle(sites[1])
    # Room above the wall, so that nothing meets the underside of the slab through the period.
    return sites[0], sites[1][:64], (lx, ly, height + 3.0), 0.7, height


def fluid(n):
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
    return [], atoms, (side, side, side), 1.0, None


def simulation(frozen, mobile, lengths, kt, ceiling):
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors((lengths[0], 0, 0), (0, lengths[1], 0), (0, 0, lengths[2]))
    pairs = openmm.NonbondedForce()
    pairs.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    pairs.setCutoffDistance(2.5)
    pairs.setUseDispersionCorrection(False)
    for _ in frozen:
        system.addParticle(0.0)  # without mass: never moves
        pairs.addParticle(0.0, 1.0, 1.0)
    for _ in mobile:
        system.addParticle(1.0)
        pairs.addParticle(0.0, 1.0, 1.0)
    for i in range(len(frozen)):
        for j in range(i):
            pairs.addException(j, i, 0.0, 1.0, 0.0)  # slab–slab pairs excluded
    system.addForce(pairs)
    if ceiling is not None:
        wall = openmm.CustomExternalForce(f"500*max(0, z-{ceiling})^2")
        for i in range(len(mobile)):
            wall.addParticle(len(frozen) + i, [])
        system.addForce(wall)
    integrator = openmm.LangevinMiddleIntegrator(kt / GAS_CONSTANT, 1.0, 0.005)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName("CPU"), {"Threads": "1"})
    context.setPositions([openmm.Vec3(*p) for p in frozen + mobile])
    context.setVelocitiesToTemperature(1.5 * kt / GAS_CONSTANT, 7321)
    return context, integrator


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("system", choices=["surface", "fluid"])
    parser.add_argument("--atoms", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=3.0)
    a = parser.parse_args()
    context, integrator = simulation(*(surface() if a.system == "surface" else fluid(a.atoms)))

    def rate(steps):
        wall, cpu = time.perf_counter(), time.process_time()
        integrator.step(steps)
        context.getState(getEnergy=True)  # the queue is drained before the clock stops
        return steps / (time.perf_counter() - wall), steps / (time.process_time() - cpu)

    rate(1000 if a.atoms > 2000 else 4000)
    steps = max(200, int(rate(200)[1] * a.seconds))
    wall, cpu = rate(steps)
    energy = context.getState(getEnergy=True).getPotentialEnergy()._value
    print(json.dumps({
        "peer": "openmm", "version": openmm.version.version, "steps": steps, "steps_per_s": wall, "steps_per_cpu_s": cpu,
        "potential_energy": energy,
    }))


main()
