#!/usr/bin/env python3
"""Table of what `run` found: table.py FOLDER."""
import collections
import heapq
import pathlib
import re
import sys

KERNELS = ("integrate", "measure", "insert_delete", "identity_changes", "displace")


def statistics(path):
    """{(kernel, statistic): value} of the first device."""
    found = {}
    for line in path.read_text().splitlines():
        _, kernel, name, value = line.split("\t")
        found[kernel, name] = value
    return found


def pair_loops(path):
    """Instructions an atom pair, of every short loop with a division: the shortest ways round in NAK's assembly."""
    blocks, ahead, size, pairs = None, collections.defaultdict(set), collections.Counter(), collections.Counter()
    for line in path.read_text().splitlines():
        start = re.match(r"\s*block(?:\.u)? (\d+) \S+ \[(.*?)\]", line)
        if start:
            blocks = int(start.group(1))
            for before in filter(None, start.group(2).split(", ")):
                ahead[int(before)].add(blocks)
        elif blocks is not None and line.strip() and not line.strip().startswith("}"):
            size[blocks] += 1
            pairs[blocks] += "mufu.rcp" in line
    found = {}
    for begin in [block for block in list(pairs) if pairs[block]]:
        # Dijkstra, from the block back to itself
        queue, done = [(size[begin], [begin])], set()
        while queue:
            length, way = heapq.heappop(queue)
            if way[-1] == begin and len(way) > 1:
                found.setdefault(frozenset(way), (length - size[begin], sum(pairs[block] for block in set(way))))
                break
            if way[-1] not in done or way == [begin]:
                done.add(way[-1])
                for block in ahead[way[-1]]:
                    heapq.heappush(queue, (length + size[block], way + [block]))
    return list(dict.fromkeys(f"{length / count:.0f}" for length, count in found.values() if length < 100))


def main():
    work = pathlib.Path(sys.argv[1])
    nvk, radv = statistics(work / "nvk.tsv"), statistics(work / "radv.tsv")
    names = dict.fromkeys(kernel for kernel, _ in nvk)
    print("| kernel | NVK sm_90: registers, warps an SM | instructions, static cycles | an atom pair, loop by loop "
          "| ptxas sm_90: registers | RADV navi31: VGPRs, waves | inverse throughput | spills |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for kernel in sorted(names, key=lambda name: (name.rsplit("-", 1)[0].lower(), name)):
        if kernel.rsplit("-", 1)[1] not in KERNELS:
            continue
        n = lambda name: nvk.get((kernel, name), "?")
        a = lambda name: radv.get((kernel, name), "?")
        log = work / "nvk" / f"{kernel}.ptxas"
        used = re.search(r"Used (\d+) registers", log.read_text()) if log.exists() else None
        spilled = re.search(r"(\d+) bytes spill stores", log.read_text()) if log.exists() else None
        spills = [n("Spills to memory"), spilled.group(1) if spilled else "–", a("Spilled VGPRs"), a("Spilled SGPRs")]
        loops = " · ".join(pair_loops(work / "nvk" / f"{kernel}.asm"))
        print(f"| {kernel.replace('-', ' ')} | {n('Number of GPRs')}, {n('Max warps/SM')} | {n('Instruction count')}, "
              f"{int(n('Static cycle count')):,} | {loops or '–'} | {used.group(1) if used else '–'} | {a('VGPRs')}, "
              f"{a('Subgroups per SIMD')} | {a('Inverse Throughput')} | {' '.join(spills)} |")


main()
