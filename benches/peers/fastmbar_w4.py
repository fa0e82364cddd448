"""FastMBAR on W4, on the processor: solves a file that `pymbar_w4.py write` made; prints a JSON object with f_k."""

import importlib.metadata
import json
import resource
import sys
import time

import numpy as np
import torch
from FastMBAR import FastMBAR

STATES, SAMPLES = 160, 500

torch.set_num_threads(1)
u_kn = np.fromfile(sys.argv[1], "<f8").reshape(STATES, -1)
n_k = np.full(STATES, SAMPLES)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, wall, cpu = peak(), [], []
for _ in range(2):
    w, c = time.perf_counter(), time.process_time()
    mbar = FastMBAR(energy=u_kn, num_conf=n_k, cuda=False, verbose=False)
    wall.append(time.perf_counter() - w)
    cpu.append(time.process_time() - c)
f_k = np.asarray(mbar.F)
print(json.dumps({
    "peer": "fastmbar", "version": importlib.metadata.version("FastMBAR"), "seconds": wall, "cpu_seconds": cpu,
    "mib_beyond_input": peak() - before, "f_k": (f_k - f_k[0]).tolist(),
}))
