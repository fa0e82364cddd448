"""The client of forces from outside, against answers that are known and potentials of adlayer itself."""

from __future__ import annotations

import math
import socket
import struct
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import adlayer
from adlayer import client

SCENE = """
Scene(
    units: Lj,
    species: [(name: "B", symbol: "Ar", mass: 1.0)],
    potential: POTENTIAL,
    cell: Bulk(lengths: (6.0, 6.0, 6.0)),
    reservoir: [(species: "B", max_atoms: 30)],
    grid: (
        temperature: List([0.8, 1.2]),
        reservoir: [(species: "B", convention: Activity, values: List([-3.0, -2.0]))],
    ),
    dynamics: MonteCarlo(displacement: 0.5, attempts: 4),
    moves: (insert_delete: 8),
    schedule: (equilibration: 20, production: CYCLES),
)
"""


def outside(calculator: str) -> str:
    command = f"{sys.executable} {Path(client.__file__)} --calculator {calculator}"
    return f'External(clients: [(command: "{command}", count: 2)])'


def scene(potential: str, cycles: int) -> str:
    return SCENE.replace("POTENTIAL", potential).replace("CYCLES", str(cycles))


def test_atoms_on_springs_have_the_exact_average(tmp_path: Path) -> None:
    run = adlayer.sample(scene(outside("harmonic"), 600), tmp_path / "run")
    assert run.info["forces"]["reproducible"] == "bitwise" and run.info["forces"]["clients"] == 2
    beta = 1.0 / run.states["temperature"]
    # ∫ e^{−βr²/2} over the cube
    integral = (np.sqrt(2 * math.pi / beta) * np.vectorize(math.erf)(3.0 * np.sqrt(beta / 2))) ** 3
    exact = np.exp(run.states["ln_z_B"]) * integral
    z = (run.states["n_B_mean"] - exact) / run.states["n_B_err"]
    assert (z.abs() < 5).all(), z
    assert (exact - np.exp(run.states["ln_z_B"]) * 216).abs().min() > 5 * run.states["n_B_err"].max()


def test_a_calculator_of_ase_decides_as_the_potential_here(tmp_path: Path) -> None:
    pytest.importorskip("ase")
    native = "LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [(between: (\"B\", \"B\"), epsilon: 1.0, sigma: 1.0)])"
    ase = outside("lj --arguments '{\\\"rc\\\": 2.5}'")
    here = adlayer.sample(scene(native, 40), tmp_path / "here", device="reference")
    there = adlayer.sample(scene(ase, 40), tmp_path / "there")
    assert (here.states["n_B_mean"] == there.states["n_B_mean"]).all()
    assert here.states["n_B_mean"].max() > 5
    assert np.allclose(here.states["energy_mean"], there.states["energy_mean"], rtol=0, atol=1e-8)


def test_what_a_calculator_raises_is_its_answer() -> None:
    class Fails:
        def compute(self, question: client.Question) -> client.Answer:
            raise ValueError(f"no convergence with {len(question.positions)} atoms")

    server, stream = socket.socketpair()
    with server, stream:
        thread = threading.Thread(target=client.Client(stream, Fails()).serve)
        thread.start()
        atoms = b'{"names":["A"],"symbols":["D"],"species":[0],"frozen":0,"forces":true,"periodic":[true,true,false],"reduced":false}'
        words = [w.ljust(12).encode() for w in ("INIT", "POSDATA", "STATUS", "GETFORCE", "EXIT")]
        matrix = struct.pack("=18d", *([1.0] * 18))
        server.sendall(words[0] + struct.pack("=ii", 0, len(atoms)) + atoms)
        server.sendall(words[1] + matrix + struct.pack("=i3d", 1, 0.0, 0.0, 0.0) + words[2] + words[3] + words[4])
        thread.join()
        said = server.recv(4096)
    assert said[:8] == b"HAVEDATA" and said[12:22] == b"FORCEREADY"
    assert math.isnan(struct.unpack("=d", said[24:32])[0])
    assert said.endswith(b"error: ValueError: no convergence with 1 atoms")
    question = client.Question(["A"], ["D"], [0], ((1, 0, 0), (0, 1, 0), (0, 0, 1)), [(0, 0, 0)], 0, True, (True, True, False))
    assert question.atom_symbols == ["H"]
