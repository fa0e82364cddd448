#!/usr/bin/env python3
"""Warp instructions of a replica-step of W1 and of the default scene: executed.py FOLDER, after `run`; numpy is needed.

NVK's assembly of `integrate` is executed for one replica (nak.py), with as many turns of every loop as its atoms ask for: W1 as
`Layers` starts it, the default scene with 12 atoms of its sqrt(3) layer, both off their sites by a tenth. What a step takes is the
difference of a long segment and a short one.
"""

import itertools
import pathlib
import re
import struct
import sys

import numpy as np

from nak import EMPTY, F, U, Machine, parse

SPACING, CUTOFF = 1.10, 2.5
RISE = SPACING * np.sqrt(2 / 3)
EDGES = np.array([SPACING, SPACING * np.sqrt(3)])
PERIODS = np.array([6 * SPACING, 3 * SPACING * np.sqrt(3)])
FAR = 2.0**50
# Of the 72 sites of two layers.
LEFT_OUT = (2, 32, 36, 41, 42, 46, 51, 59)


class Table:
    """Bytes of a struct, written by the names that the shader gives."""

    SIZES = {"f32": (4, 4), "u32": (4, 4), "vec3<f32>": (12, 16), "vec4<f32>": (16, 16), "vec4<u32>": (16, 16)}

    def __init__(self, source, root="SystemTable"):
        self.root = root
        source = re.sub(r"//.*", "", source)
        self.structs = {
            name: re.findall(r"(\w+): ([^\n]+),", body) for name, body in re.findall(r"struct (\w+) \{(.*?)\n\}", source, re.S)
        }
        self.bytes = bytearray(self.size(root)[0])

    def size(self, kind):
        """(bytes, alignment) of a type."""
        array = re.match(r"array<(.+), (\d+)>", kind)
        if array:
            size, align = self.size(array.group(1))
            return int(array.group(2)) * -(-size // align) * align, align
        if kind in self.SIZES:
            return self.SIZES[kind]
        at = self.offsets(kind)["end"][0]
        return -(-at // 16) * 16, 16

    def offsets(self, kind):
        at, found = 0, {}
        for name, of in self.structs[kind]:
            size, align = self.size(of)
            at = -(-at // align) * align
            found[name] = (at, of)
            at += size
        return {**found, "end": (at, "")}

    def write(self, name, *values, entry=0, within=None):
        """A member of the table, or one of an entry of an array of structs in it."""
        at, kind = self.offsets(self.root)[name]
        if within:
            inner = re.match(r"array<(.+), \d+>", kind).group(1)
            at += entry * self.size(inner)[0]
            more, kind = self.offsets(inner)[within]
            at += more
        letter = "I" if "u32" in kind else "f"
        struct.pack_into(f"<{len(values)}{letter}", self.bytes, at, *values)


def layer(k):
    sites = [(i * SPACING + j * SPACING / 2 + SPACING / 2 * k, (j + k / 3) * EDGES[1] / 2) for i in range(6) for j in range(6)]
    return np.array([(x % PERIODS[0], y % PERIODS[1], k * RISE) for x, y in sites])


def bins(frozen, ceiling, narrowest=0.12, most=32_768):
    """Records of the slab's bins, their numbers, records of one, widths.   Twin: src/backend/gpu/slab.rs"""
    reach = (1 + 1e-4) * CUTOFF
    top = min(ceiling, reach)
    shifts = [(a * PERIODS[0], b * PERIODS[1], 0) for a in range(-2, 3) for b in range(-2, 3)]
    near = np.concatenate([frozen + shift for shift in np.array(shifts)])
    near = near[((near[:, :2] - np.clip(near[:, :2], 0, EDGES)) ** 2).sum(1) <= reach**2]
    near = near[np.argsort(-near[:, 2], kind="stable")]
    even = lambda n: n + n % 2
    box = np.append(EDGES, top)
    for width, flat in ((narrowest * CUTOFF * 1.25**k, flat) for k in itertools.count() for flat in (0.5, 1)):
        along = np.maximum(np.ceil(box / (width, width, flat * width)), 1).astype(int)
        widths, lists = box / along, {}
        for place in np.ndindex(*along):
            low = np.array(place) * widths
            lists[place] = near[((near - np.clip(near, low, low + widths)) ** 2).sum(1) <= reach**2]
        records = 1 + even(max(map(len, lists.values())))
        along[2] += 1
        if np.prod(along) * records <= most:
            break
    held = np.zeros((*along, records, 4), F)
    held[..., 1:, 2] = FAR
    for place, atoms in lists.items():
        held[place][0, 0] = even(len(atoms))
        held[place][1 : 1 + len(atoms), :3] = atoms
    return held, along, records, widths


def in_two(x):
    high = float((np.array([x], F).view(U) & U(0xFFFFF000)).view(F)[0])
    return high, x - high


# Layers of the slab, height of the cell, (ε, σ) of mobile with frozen and with mobile atoms
SYSTEMS = {"W1": (4, 20, ((1, 1), (1, 1))), "W5": (4, 12, ((1, 1), (1, 1))), "default": (3, 6, ((1.5, 1), (0.6, 1.65)))}


def replica(name, n, source, constants, height=None, off=0.1):
    """(table, memory by binding) of one replica."""
    layers, ceiling, pairs = SYSTEMS[name]
    height = height or ceiling
    frozen = np.concatenate([layer(k) - [0, 0, (layers - 1) * RISE] for k in reversed(range(layers))])
    noise = np.random.default_rng(3)
    if name != "default":
        start = np.delete(np.concatenate([layer(4), layer(5)]), LEFT_OUT, axis=0)[:n] - [0, 0, 3 * RISE]
    else:
        sites = [(i, j) for i in range(6) for j in range(6) if (i - j) % 3 == 0][:n]
        start = np.array([((i + j / 2 + 2) * SPACING, (j + 4 / 3) * EDGES[1] / 2, 1.0) for i, j in sites])
    start = start + noise.normal(0, off, start.shape)
    start[:, :2] %= PERIODS
    held, along, records, widths = bins(frozen, height)
    assert records == constants["SLAB_RECORDS"], (records, constants["SLAB_RECORDS"])

    table = Table(source)
    table.write("lengths", *PERIODS, height, CUTOFF)
    table.write("lengths_low", 0, 0, 0, 1.5 * 2**23)
    table.write("inverse_lengths", *(1 / PERIODS), 1 / height, 1.5 * 2**23)
    table.write("walls", 0, height, (1.12 * CUTOFF) ** 2, (0.06 * CUTOFF) ** 2)
    table.write("dynamics", 0.0025, np.exp(-0.005), np.sqrt(1 - np.exp(-0.01)), 0)
    table.write("slab_bins", *map(int, along), len(frozen))
    table.write("slab_scale", *(1 / widths), 0)
    table.write("slab_cells", *(1 / EDGES), 0, 0)
    table.write("slab_edges", *(part for parts in zip(*map(in_two, EDGES)) for part in parts))
    table.write("n_species", 2)
    table.write("n_groups", layers)
    for a, b in np.ndindex(2, 2):
        epsilon, sigma = pairs[a + b - 1] if a + b else (0, 1)
        entry = 8 * a + b
        table.write("pairs", 4 * epsilon * sigma**12, 4 * epsilon * sigma**6, 0, entry=entry, within="form")
        table.write("pairs", 4 * epsilon * ((sigma / CUTOFF) ** 12 - (sigma / CUTOFF) ** 6), entry=entry, within="shift")
        table.write("pairs", (0.5 * sigma) ** 2, entry=entry, within="core_squared")
        table.write("pairs", CUTOFF**2, entry=entry, within="r_cut_squared")
    for k in range(2):
        table.write("species", 1, entry=k, within="inverse_mass")

    room = np.zeros((2, int(constants["CAPACITY"]), 4), F)
    room[0, :n, :3], room[0, :n, 3] = start, 1
    room[1, :n, :3] = noise.normal(0, 0.8, start.shape)
    slab = np.concatenate([np.pad(frozen, ((0, 0), (0, 1))).astype(F), held.reshape(-1, 4)])
    state = np.zeros(64, F)
    state[:2] = 1 / 0.7, 0.7
    bytes_of = lambda data: np.frombuffer(bytearray(data.tobytes()), np.uint8)
    memory = {2: slab, 3: room[0], 4: room[1], 5: np.array([n, 0, 0, 0], U), 6: np.zeros(4, U), 7: state, 14: np.zeros(16, U)}
    return table, {binding: bytes_of(data) for binding, data in memory.items()}


def executed(stem, name, n, steps):
    constants = {key: float(value) for key, value in map(str.split, stem.with_suffix(".constants").read_text().splitlines())}
    table, memory = replica(name, n, stem.with_suffix(".wgsl").read_text(), constants)
    # Params, and the addresses of the bindings: the binding itself is the upper byte
    params = np.array([0, 1, 0, steps, 0, 0, 0, 0, 4, 0, 1, 0, 1, 0, 0, 0, *range(1, 21)], U)
    addresses = np.zeros((64, 4), U)
    addresses[:15, 0] = np.arange(1, 16) << 24
    banks = {0: np.zeros(64, U), 1: np.pad(params, (0, 64)), 2: addresses}
    banks = {bank: data.view(np.uint8).ravel() for bank, data in banks.items()}
    machine = Machine(*parse(stem.with_suffix(".asm")), int(constants["WORKGROUP"]), banks, table, memory)
    machine.run()
    assert np.isfinite(memory[3].view(F)).all()
    return machine.executed


def main():
    folder = pathlib.Path(sys.argv[1]) / "nvk"
    print("| replica-step | warp instructions | with copies and marks |\n| --- | --- | --- |")
    for name, n, steps in (("W1", 64, 16), ("default", 12, 20), ("default", 6, 20)):
        stem = folder / f"{name}-integrate"
        long, short = (executed(stem, name, n, k) for k in (2 + steps, 2))
        long.subtract(short)
        total, empty = sum(long.values()) / steps, sum(long[kind] for kind in EMPTY) / steps
        print(f"| {name}, {n} atoms | {total - empty:,.0f} | {total:,.0f} |")


if __name__ == "__main__":
    main()
