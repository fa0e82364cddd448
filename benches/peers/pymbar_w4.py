"""pymbar on W4. `write FILE` makes u_kn; `solve FILE` solves it with JAX and prints a JSON object with f_k."""

import json
import os
import resource
import sys
import time

import numpy as np

STATES, SAMPLES = 160, 500


def write(path):
    along = np.arange(STATES) / (STATES - 1)
    spring, centre = 16.0**along, 8.0 * along
    rng = np.random.default_rng(4)
    x = (centre[:, None] + rng.standard_normal((STATES, SAMPLES)) / np.sqrt(spring)[:, None]).ravel()
    (0.5 * spring[:, None] * (x[None] - centre[:, None]) ** 2).astype("<f8").tofile(path)


def solve(path):
    u_kn = np.fromfile(path, "<f8").reshape(STATES, -1)
    n_k = np.full(STATES, SAMPLES)
    os.environ.setdefault("PYMBAR_DISABLE_JAX", "FALSE")
    from pymbar import MBAR, __version__

    peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    before = peak()
    wall, cpu = [], []
    for _ in range(2):  # the first includes JAX's compilation
        w, c = time.perf_counter(), time.process_time()
        mbar = MBAR(u_kn, n_k)
        wall.append(time.perf_counter() - w)
        cpu.append(time.process_time() - c)
    print(json.dumps({
        "peer": "pymbar", "version": __version__, "seconds": wall, "cpu_seconds": cpu,
        "mib_beyond_input": peak() - before, "f_k": np.asarray(mbar.f_k).tolist(),
    }))


{"write": write, "solve": solve}[sys.argv[1]](sys.argv[2])
