#!/usr/bin/env python3
"""Warp instructions and cycles of an insertion or deletion attempt: attempts.py FOLDER, after `run`; numpy is needed.

NVK's assembly of `insert_delete` is executed for one replica (nak.py) over a dispatch of 100 attempts, checked by what it wrote
(moves.py), and timed by a model (latency.py): alone on a card, and with as many workgroups on a processor as there is room for.
"""

import collections
import pathlib
import sys

import numpy as np

from latency import CLOCK, PROCESSORS, Traced, simulate
from moves import check, set_up
from nak import EMPTY, U, parse

STEPS = 100
CASES = (("W1", 64), ("W1", 40), ("W5", 24), ("W5", 64), ("default", 12), ("default", 6))


def constants_of(stem):
    return {key: float(value) for key, value in map(str.split, stem.with_suffix(".constants").read_text().splitlines())}


def traced(stem, name, n, steps, seed=1):
    """(machine, what it did) of one dispatch."""
    source, constants = stem.with_suffix(".wgsl").read_text(), constants_of(stem)
    params, table, memory = set_up(name, n, source, constants, steps, seed)
    addresses = np.zeros((64, 4), U)
    addresses[:15, 0] = np.arange(1, 16) << 24
    banks = {0: np.zeros(64, U), 1: np.pad(np.frombuffer(params.bytes, U), (0, 64)), 2: addresses}
    banks = {bank: data.view(np.uint8).ravel() for bank, data in banks.items()}
    system = np.frombuffer(bytes(table.bytes), np.uint8)
    code, threads = parse(stem.with_suffix(".asm")), int(constants["WORKGROUP"])
    machine = Traced(*code, threads, banks, system, memory, shared_by_all=(2, 7))
    machine.run()
    return machine, check(n, memory, steps)


def phases(program):
    """Phase of every place: `insert_delete` from barrier to barrier in the order of the text, of memory alone where a warp is a workgroup.

    They are rough: loops of the end may stand before others, and pairs begin at the first load of their kind.
    """
    names = iter(("load", "count atoms", "draw, end", "propose", "sum, verdict", "book, apply", "end"))
    name, found = next(names), []
    for one in program:
        found.append(name)
        if one.operation.startswith("membar") and not one.operation.endswith("gpu"):
            name = next(names, "end")
        elif name == "propose" and ".constant.b128" in one.operation:
            name = "slab pairs"
        elif name == "slab pairs" and one.operation.startswith("ld.shared"):
            name = "mobile pairs"
    return found


def by_phase(program, spent):
    of, sums = phases(program), collections.Counter()
    for place, cycles in spent.items():
        sums[of[place]] += cycles
    return dict(sums)


def main():
    alone_only = "--alone" in sys.argv
    folder, *cases = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    folder = pathlib.Path(folder)
    folder = folder / "nvk" if (folder / "nvk").is_dir() else folder
    for name, n in [(name, int(n)) for name, n in (case.split(":") for case in cases)] or CASES:
        machine, did = traced(folder / f"{name}-insert_delete", name, n, STEPS)
        total, empty = sum(machine.executed.values()), sum(machine.executed[kind] for kind in EMPTY)
        cycles, spent = simulate([machine.traces])
        counts = collections.Counter(step.place for trace in machine.traces for step in trace)
        print(f"{name}, {n} atoms: {did}; of an attempt {(total - empty) / STEPS:.0f} ({total / STEPS:.0f}) instructions, "
              f"alone {cycles / STEPS:,.0f} cycles")
        executed = by_phase(machine.program, counts)
        for phase, of in by_phase(machine.program, spent).items():
            print(f"  {phase}: {executed[phase] / STEPS:.1f} instructions, {of / STEPS:.0f} cycles")
        for k in () if alone_only else (8, 31):
            busy, _ = simulate([machine.traces] * k, start=[137 * g for g in range(k)])
            rate = 1e-6 * k * STEPS * PROCESSORS * CLOCK / busy
            print(f"  {k} workgroups a processor: {rate:,.0f} million attempts/s")


if __name__ == "__main__":
    main()
