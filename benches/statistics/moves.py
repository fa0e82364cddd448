"""Memory of one replica for `insert_delete`, and what it did: the tables that particle moves read beside those of `executed.py`."""

import struct

import numpy as np

from executed import CUTOFF, EDGES, FAR, PERIODS, SYSTEMS, Table, replica
from nak import F, U

# kT, ln z, height of the cell (None: that of the scene). W1 as benches/gpu.rs fills it.
STATES = {"W1": (0.7, -4.0, 10), "W5": (0.7, -6.0, None), "default": (0.51, -5.0, None)}
SHARES = 2**24
KEYS = (0x9E3779B9, 0xBB67AE85)
BINDINGS = {"frozen": 2, "positions": 3, "velocities": 4, "replicas": 5, "order": 6, "states": 7, "tallies": 8, "log": 15}


def insertion_table(table, frozen, height, kt, first):
    """Shares before every voxel of one temperature, one point a voxel.   Twin: src/sampler/insertion.rs"""
    counts = np.array([11, 19, int(62 * height / 6)])
    repeats = np.rint(PERIODS / EDGES).astype(int)
    box = np.append(EDGES, height)
    at = (np.stack(np.meshgrid(*map(np.arange, counts), indexing="ij"), -1).reshape(-1, 3) + 0.5) * box / counts
    shifts = np.array([(a * PERIODS[0], b * PERIODS[1], 0) for a in (-1, 0, 1) for b in (-1, 0, 1)])
    near = np.concatenate([frozen + shift for shift in shifts])
    near = near[(np.abs(near[:, :2] - EDGES / 2) < EDGES / 2 + CUTOFF).all(1)]
    r2 = ((at[:, None] - near) ** 2).sum(-1)
    u = np.where(r2 < CUTOFF**2, 4 * 1.5 * (r2**-6.0 - r2**-3.0), 0).sum(1)
    weights = np.exp((u.min() - u) / kt)
    before = np.rint(np.append(0, weights.cumsum()) / weights.sum() * SHARES)
    table.write("voxels", *map(int, counts), first, within="counts")
    table.write("voxels", *map(int, repeats), len(before), within="repeats")
    table.write("voxels", *(counts / box), 0, within="per_length")
    table.write("voxels", *(box / counts), 0, within="to_length")
    return before


def set_up(name, n, source, constants, steps, seed=1):
    """(params, table, memory by binding) of one replica with n atoms."""
    kt, ln_z, height = STATES[name]
    height = height or SYSTEMS[name][1]
    table, memory = replica(name, n, source, constants, height, 0.04)
    capacity = int(constants["CAPACITY"])
    table.write("n_reservoirs", 1)
    for word, value in (("species", 1), ("max_atoms", capacity), ("z_lo", 0), ("z_hi", height)):
        table.write("reservoirs", value, within=word)
    slab, weight = memory[2].view(F), 0
    if constants.get("BIASED"):
        n_frozen = int(constants["N_FROZEN"])
        shares = insertion_table(table, slab[: 4 * n_frozen].reshape(-1, 4)[:, :3], height, kt, len(slab))
        memory[2] = np.concatenate([slab, shares.astype(F), np.zeros(-len(shares) % 4, F)]).view(np.uint8)
        weight = int(0.9 * SHARES)
    volume = PERIODS.prod() * height
    state = struct.pack("<2f6I8f8I", 1 / kt, kt, 0, 0, 0, 0, 2**32 - 1, 0, ln_z + np.log(volume), *7 * [0], weight, *7 * [0])
    zeros = lambda words: np.zeros(4 * words, np.uint8)
    memory.update({7: np.frombuffer(bytearray(state), np.uint8), 8: zeros(12 * (capacity + 1)), 15: zeros(steps + 4)})
    params = Table(source, "Params")
    words = {"n_replicas": 1, "steps": steps, "book": 1, "result_words": 4, "n_states": 1, "log_words": 1 + steps, "fresh_log": 1}
    for word, value in words.items():
        params.write(word, value)
    if "round_keys" in params.offsets("Params"):
        keys = [(key + step * k) % 2**32 for k in range(10) for key, step in zip((seed, 0), KEYS)]
        params.write("round_keys", *keys)
    else:
        params.write("seed_low", seed)
    return params, table, memory


def check(n, memory, steps):
    """What a replica with n atoms did in `steps` attempts: {tried, accepted, N}; asserts what must hold."""
    left, _, _, events = memory[5].view(U)[:4]
    log, tallies = memory[15].view(U), memory[8].view(U).reshape(-1, 3, 4).astype(int)
    kinds = log[1 : 1 + events] >> 24
    assert log[0] == events and (kinds < 2).all()
    assert left == n + (kinds == 0).sum() - (kinds == 1).sum(), "N is what the log says"
    assert tallies[..., 0].sum() == steps and tallies[..., 1].sum() == events, "every attempt is booked once"
    assert not tallies[:, 2].any()
    # every N between two accepted moves has its attempts
    assert set(np.flatnonzero(tallies[..., 0].sum(1))) <= set(n + np.cumsum([0, *np.where(kinds == 0, 1, -1)])), "books of its N"
    atoms, velocities = (memory[k].view(F).reshape(-1, 4)[:left] for k in (3, 4))
    assert np.isfinite(atoms).all() and np.isfinite(velocities).all() and (atoms[:, 3] == 1).all()
    d = atoms[:, None, :3] - atoms[None, :, :3]
    d[..., :2] -= PERIODS * np.rint(d[..., :2] / PERIODS)
    nearest = ((d**2).sum(-1) + np.eye(left) * FAR).min() if left > 1 else FAR
    # a core of half a sigma
    assert nearest > 0.24, (nearest, left, events, tallies.sum(0), atoms)
    return {"tried": tallies[..., 0].sum(0)[:2].tolist(), "accepted": tallies[..., 1].sum(0)[:2].tolist(), "N": int(left)}
