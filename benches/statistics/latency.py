"""A model of the time that warps take: `nak.py` executes, NAK's own delays and waits say when each instruction may issue.

Warps issue in order, one instruction a cycle and scheduler. An instruction issues when the delay of the one before it is over, when
the results that it waits for are there, and when its unit takes it. Units take a warp for several cycles (Hopper: 16 lanes of whole
numbers and comparisons, 32 of floating point, 4 of mufu, and one unit of memory for four schedulers). Latencies are round numbers near
those of Volta (Jia et al., arXiv:1804.06826, 2018); none was measured on the card that the clock is of. Not in it:
misses of instruction caches, conflicts of banks, traffic beyond the caches, the launch of a workgroup.
"""

import collections
import heapq

from nak import Machine

CLOCK, PROCESSORS, SCHEDULERS = 1.755e9, 132, 4
LATENCY = {
    "mufu": 23, "ldc": 38, "shared": 30, "l1": 38, "l2": 265, "device": 600, "atoms": 45, "atomg": 600, "s2r": 30, "bar": 22,
    "f2i": 16, "i2f": 16, "frnd": 16, "popc": 16, "flo": 16, "r2ur": 12, "vote": 12, "shfl": 25, "redux": 25, "imad64": 6,
}
# Cycles of issue that a taken branch costs beside the delay that the compiler writes.
BRANCH = 8
# Cycles that a warp keeps its unit, by what the unit does.
UNITS = {"alu": 2, "fma": 1, "imad": 2, "mufu": 8, "memory": 4, "control": 1}
MEMORY = ("ld", "st", "ldc", "atom", "red", "shfl")
UNIT_OF = collections.defaultdict(lambda: "alu", {
    **dict.fromkeys(("fadd", "fmul", "ffma"), "fma"), **dict.fromkeys(("imad", "imad64"), "imad"),
    **dict.fromkeys(("mufu", "i2f", "f2i", "frnd", "popc", "flo"), "mufu"), **dict.fromkeys(MEMORY, "memory"),
    **dict.fromkeys(("bra", "bar", "bssy", "bsync", "bclear", "nop", "exit", "membar"), "control"),
})

# place in the program, unit, cycles of it, delay, waits, scoreboard of sources, of the result, latency of the result
Step = collections.namedtuple("Step", "place unit busy delay waits read write latency is_barrier")


class Traced(Machine):
    """A workgroup that writes down what every warp does."""

    def __init__(self, *arguments, shared_by_all=()):
        super().__init__(*arguments)
        self.traces = [[] for _ in range(self.warps)]
        self.lines = set()
        # bindings that other workgroups bring into the caches too
        self.shared_by_all = shared_by_all

    def observe(self, w, here, kind, taken):
        one, unit = self.program[here], UNIT_OF[kind]
        latency, busy, shared = LATENCY.get(kind, 6), UNITS[unit], ".shared" in one.operation
        if kind in ("ld", "st"):
            latency = LATENCY["shared"] if shared else self.cached(self.touched)
            # a turn of the unit moves 128 bytes
            busy = max(1, len(self.touched))
        elif kind in ("atom", "atoms", "atomg", "red"):
            latency, busy = LATENCY["atoms" if shared or kind == "atoms" else "atomg"], 2
        elif kind in MEMORY:
            busy = 1
        delay = one.delay + (BRANCH if taken else 0)
        self.traces[w].append(Step(here, unit, busy, delay, one.waits, one.read, one.write, latency, kind == "bar"))

    def cached(self, lines):
        slowest = "l1"
        for line in lines:
            if line not in self.lines:
                self.lines.add(line)
                near = line >> 17 in self.shared_by_all
                slowest = "l2" if near and slowest != "device" else "device"
        return LATENCY[slowest]


class Warp:
    def __init__(self, trace, group, scheduler):
        self.trace, self.group, self.scheduler = trace, group, scheduler
        self.at, self.ready, self.since, self.boards = 0, 0, 0, [0] * 6

    def earliest(self):
        """Cycle at which the next instruction may issue, units aside."""
        step = self.trace[self.at]
        return max([self.ready] + [self.boards[b] for b in step.waits])


def simulate(workgroups, start=None):
    """(cycles until all are done, {place: cycles that warps stood before it}) of workgroups on one processor.

    workgroups: traces of the warps of each; start: cycle at which each begins
    """
    warps, number = [], 0
    for g, traces in enumerate(workgroups):
        for trace in traces:
            warp = Warp(trace, g, number % SCHEDULERS)
            warp.ready = warp.since = start[g] if start else 0
            warps.append(warp)
            number += 1
    arrived, left = collections.defaultdict(list), collections.Counter(w.group for w in warps)
    free, units = [0] * SCHEDULERS, collections.defaultdict(int)
    spent = collections.Counter()
    queue = [(w.earliest(), k) for k, w in enumerate(warps)]
    heapq.heapify(queue)
    end = 0
    while queue:
        at, k = heapq.heappop(queue)
        warp = warps[k]
        step = warp.trace[warp.at]
        unit = ("memory",) if step.unit == "memory" else (step.unit, warp.scheduler)
        possible = max(at, free[warp.scheduler], units[unit])
        if possible > at:
            heapq.heappush(queue, (possible, k))
            continue
        spent[step.place] += at - warp.since
        warp.since = at
        free[warp.scheduler], units[unit] = at + 1, at + step.busy
        if step.write is not None:
            warp.boards[step.write] = max(warp.boards[step.write], at + step.latency)
        if step.read is not None:
            warp.boards[step.read] = max(warp.boards[step.read], at + 12)
        warp.ready = at + step.delay
        warp.at += 1
        end = max(end, at)
        if warp.at == len(warp.trace):
            left[warp.group] -= 1
            continue
        if step.is_barrier:
            arrived[warp.group].append(k)
            if len(arrived[warp.group]) < left[warp.group]:
                continue
            for other in arrived.pop(warp.group):
                warps[other].ready = max(warps[other].ready, at + LATENCY["bar"])
                heapq.heappush(queue, (warps[other].earliest(), other))
            continue
        heapq.heappush(queue, (warp.earliest(), k))
    return end, spent
