#!/usr/bin/env python3
"""What a cycle costs on many ranks, reckoned from a few measured times. Standard library only.

    python3 benches/scaling_model.py                      # tables, from the times measured on two cores
    python3 benches/scaling_model.py --gather 16.5 --round 130 --latency 1.5 --bandwidth 12
    python3 benches/scaling_model.py --check              # the tables are those stored below

Five questions, a table each.

1. Exchange of one walker of R replicas that is split over P ranks. Every rank hears E and N of all replicas (an all-gather by
   recursive doubling: ceil(log2 P) messages of latency `a`, R records of 16 B over the bandwidth `B`), and decides a round (linear
   in R, measured at 10,240 replicas). Nothing else is told in a cycle:

       t = ceil(log2 P) a + 16 R / B + t_round R / 10240

2. Whole walkers, P ranks that agree every 0.25 s whether to stop: one all-gather of 16 B a rank, 0.25 s apart.
   Gathering the replicas of all walkers instead would cost the second column: that is why nobody does.

3. Replicas of unequal cost between two exchanges that all wait for: the share of the time that workers are busy.
   A step costs a lognormal time of standard deviation `jitter`; of replica r it is ((54 + N_r)/54)^2.5 times longer, N_r from 0
   to 24: a slab of 54 atoms with N adsorbed ones, quantum chemistry that goes as n^2.5. Jobs go to workers one by one as they
   become free, longest first (`queue`), or by number, r mod P (`fixed`).

4. A card that works on one half of its walkers while the host exchanges those of the other. Device time of a cycle of R replicas:
   `steps` steps at the measured rate of dynamics for R, attempts at that for R; a half runs at the rate of half as many, or, where
   the card fills the end of one half with the beginning of the other, at that of all (`overlap`). The host's part that the device
   waits for, `idle`, is hidden: for half of the replicas it is shorter than the device's work on the other half. The states of one
   walker exchange with one another: a single walker has no halves.

5. A cycle of W5 (64 x 64 states, one and four walkers) over its dynamics. The card makes `steps` steps at the rate of W5, `faster-w5` times
   as fast as measured, and attempts at the rate that statistics/attempts.py models (the measured one is that of calls, most of which
   is waiting, and comes beside it); then it waits `idle` for the host. All other host work, processor time over
   cores, goes on beside it, and counts where it takes longer. Transfers, and what the card does not fill, are not in it.

Measured inputs: `mpirun -n 2 adlayer bench SCENE` prints the gather and the round at 160 and 10,240 replicas.
"""

import argparse
import heapq
import math
import random
import sys

RECORD = 16  # bytes of a replica: E (8), N of a species (2), room for three more
AGREEMENT = 0.25  # seconds between two agreements


def exchange_us(replicas, ranks, o):
    """Microseconds of an exchange of one walker: (told, decided)."""
    told = math.ceil(math.log2(ranks)) * o.latency + 1e-3 * RECORD * replicas / o.bandwidth
    return told, o.round * replicas / 10_240


def agreement_share(ranks, o):
    """Share of the time that an agreement takes."""
    us = math.ceil(math.log2(max(ranks, 2))) * o.latency + 1e-3 * 16 * ranks / o.bandwidth
    return 1e-6 * us / AGREEMENT


def lognormal(rng, jitter):
    sigma = math.sqrt(math.log(1 + jitter * jitter))
    return math.exp(rng.gauss(-0.5 * sigma * sigma, sigma))


def costs(rng, replicas, steps, jitter, unequal):
    """Time of each replica between two exchanges; N grows along the chemical potential, which is the faster index."""
    out = []
    for r in range(replicas):
        n = 24 * (r % 16) / 15 if unequal else 0
        scale = ((54 + n) / 54) ** 2.5
        out.append(scale * sum(lognormal(rng, jitter) for _ in range(steps)))
    return out


def busy(times, workers, queue):
    """Share of the time that workers are busy until the last job is done."""
    if queue:
        free = [0.0] * workers
        for t in sorted(times, reverse=True):
            heapq.heappush(free, heapq.heappop(free) + t)
        end = max(free)
    else:
        end = max(sum(times[w::workers]) for w in range(workers))
    return sum(times) / (workers * end)


def mean_busy(o, replicas, workers, steps, unequal, queue=True):
    rng = random.Random(18)
    cycles = max(2, 20_000 // (replicas * steps))
    runs = [busy(costs(rng, replicas, steps, o.jitter, unequal), workers, queue) for _ in range(cycles)]
    return sum(runs) / len(runs)


def tables(o):
    out = {}
    print(f"exchange of a split walker (latency {o.latency} µs, {o.bandwidth} GB/s, a round of 10,240 replicas {o.round} µs)")
    print(f"{'replicas':>10}{'ranks':>8}{'told, µs':>12}{'decided, µs':>14}{'of a 4 ms cycle':>18}")
    for replicas, ranks in [(160, 2), (160, 160), (10_240, 2), (10_240, 1_024), (10_240, 10_240)]:
        told, decided = exchange_us(replicas, ranks, o)
        print(f"{replicas:>10}{ranks:>8}{told:>12.1f}{decided:>14.1f}{(told + decided) / 40:>17.1f}%")
        out[f"exchange {replicas} on {ranks}"] = told + decided
    print("\nwhole walkers, a card and 4,096 replicas a rank")
    print(f"{'ranks':>8}{'agreement, share of time':>28}{'were all replicas told: ms a cycle':>40}")
    for ranks in [2, 16, 128, 1_024]:
        everything = 1e-6 * RECORD * 4_096 * ranks / o.bandwidth
        print(f"{ranks:>8}{agreement_share(ranks, o):>28.1e}{everything:>40.2f}")
        out[f"agreement {ranks}"] = agreement_share(ranks, o)
        out[f"everything {ranks}"] = everything
    print(f"\nbusy share between two exchanges, jitter {o.jitter} a step")
    print(f"{'replicas':>10}{'workers':>10}{'cost':>12}{'steps':>7}{'queue':>8}{'fixed':>8}")
    rows = [(160, 160, False, s) for s in (1, 10, 50)] + [(160, 160, True, s) for s in (1, 10, 50)]
    rows += [(160, w, True, 50) for w in (2, 8, 16, 40, 80)] + [(1_024, 1_024, True, 10), (10_240, 10_240, True, 10)]
    for replicas, workers, unequal, steps in rows:
        both = [mean_busy(o, replicas, workers, steps, unequal, queue) for queue in (True, False)]
        cost = "by N" if unequal else "equal"
        print(f"{replicas:>10}{workers:>10}{cost:>12}{steps:>7}{both[0]:>8.2f}{both[1]:>8.2f}")
        out[f"busy {replicas} on {workers} {cost} {steps}"] = both[0]
    print(f"\nhalf-batches in turn, {o.steps} steps and {o.attempts} attempts a cycle, host {o.idle} ms at 16,384, dynamics "
          f"{o.faster} times as fast as measured")
    print(f"{'replicas':>10}{'idle, ms':>10}{'whole, ms':>11}{'halves, ms':>12}{'gain':>7}{'overlap, ms':>13}{'gain':>7}")
    for replicas, idle, whole, half, overlap in halves(o):
        print(f"{replicas:>10}{idle:>10.2f}{whole:>11.2f}{half:>12.2f}{whole / half - 1:>7.1%}{overlap:>13.2f}{whole / overlap - 1:>7.1%}")
        out[f"halves {replicas}"] = whole / half
    print(f"\na cycle of W5 over its dynamics, {o.faster_w5} times as fast as measured")
    print(f"{'replicas':>10}{'cores':>7}{'dynamics, ms':>14}{'attempts, ms':>14}{'host, ms':>10}{'ratio':>7}{'attempts as in calls':>22}")
    for replicas, cores, dynamics, attempts, called, host in over_dynamics(o):
        ratio, as_called = dynamics / (dynamics + attempts + host), dynamics / (dynamics + called + host)
        print(f"{replicas:>10}{cores:>7}{dynamics:>14.2f}{attempts:>14.2f}{host:>10.2f}{ratio:>7.2f}{as_called:>22.2f}")
        out[f"W5 {replicas} on {cores}"] = ratio
    return out


# Replicas: millions of steps of W1 and of insertion attempts per second on an H200 (docs/benchmarks.md, "On a card").
RATES = {1_024: (63.9, 222.0), 4_096: (84.3, 396.0), 16_384: (93.9, 433.0)}


def rate(replicas, which):
    """Between the measured numbers of replicas, linear in the logarithm."""
    known = sorted(RATES)
    replicas = min(max(replicas, known[0]), known[-1])
    above = next(i for i, k in enumerate(known) if k >= replicas)
    if known[above] == replicas:
        return RATES[replicas][which]
    low, high = known[above - 1], known[above]
    share = math.log(replicas / low) / math.log(high / low)
    return (1 - share) * RATES[low][which] + share * RATES[high][which]


def device_ms(replicas, o, at=None):
    """Milliseconds of the device in a cycle."""
    at = at or replicas
    return 1e-3 * replicas * (o.steps / (o.faster * rate(at, 0)) + o.attempts / rate(at, 1))


# Host of a cycle by replicas: what a card waits for, and processor time of all work [ms] (docs/benchmarks.md, "Host work of a cycle").
HOST = {4_096: (0.09, 1.0), 16_384: (0.40, 4.2)}

# Millions of steps of W5 per second on an H200 (docs/benchmarks.md, "On a card").
RATES_W5 = {4_096: 84.0, 16_384: 131.0}
# Millions of attempts of W5 per second as modelled (docs/benchmarks.md, "Attempts executed and timed").
ATTEMPTS_W5 = 1_994.0


def over_dynamics(o):
    """(replicas, cores, dynamics, attempts, these as calls have them, host that is not hidden) in milliseconds a cycle."""
    for replicas, (idle, work) in HOST.items():
        dynamics = 1e-3 * replicas * o.steps / (o.faster_w5 * RATES_W5[replicas])
        attempts, called = (1e-3 * replicas * o.attempts / r for r in (ATTEMPTS_W5, rate(replicas, 1)))
        for cores in (2, 16):
            yield replicas, cores, dynamics, attempts, called, idle + max(0.0, work / cores - dynamics - attempts)


def halves(o):
    """(replicas, whole, halves, halves that overlap) in milliseconds a cycle."""
    for replicas, idle in [(8_192, o.idle / 2), (16_384, o.idle), (32_768, 2 * o.idle)]:
        whole = device_ms(replicas, o) + idle
        yield replicas, idle, whole, device_ms(replicas, o, replicas // 2), device_ms(replicas, o)


# What an earlier model gave for the same inputs (latency 2 µs, 10 GB/s, a round of 120 µs), and how near this one is to come.
KNOWN = {
    "exchange 10240 on 10240": (45 + 120, 5),
    "everything 1024": (6.5, 0.3),
    "busy 160 on 160 equal 1": (0.71, 0.03),
    "busy 160 on 160 equal 10": (0.88, 0.03),
    "busy 160 on 160 equal 50": (0.93, 0.03),
    "busy 160 on 2 by N 50": (1.00, 0.01),
    "busy 160 on 8 by N 50": (1.00, 0.01),
    "busy 160 on 16 by N 50": (1.00, 0.02),
    "busy 160 on 40 by N 50": (0.99, 0.03),
    "busy 160 on 80 by N 50": (0.94, 0.05),
    "busy 160 on 160 by N 50": (0.64, 0.05),
    "busy 1024 on 1024 by N 10": (0.62, 0.05),
    "busy 10240 on 10240 by N 10": (0.61, 0.05),
    "halves 16384": (1.0, 0.02),
}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--latency", type=float, default=2.0, help="of a message between nodes [µs]")
    p.add_argument("--bandwidth", type=float, default=10.0, help="of the network [GB/s]")
    p.add_argument("--round", type=float, default=120.0, help="to decide a round of 10,240 replicas [µs]")
    p.add_argument("--jitter", type=float, default=0.15, help="relative standard deviation of the time of a step")
    p.add_argument("--steps", type=int, default=50, help="of dynamics in a cycle")
    p.add_argument("--attempts", type=int, default=100, help="insertions and deletions in a cycle")
    p.add_argument("--idle", type=float, default=0.5, help="what a device with 16,384 replicas waits for the host [ms a cycle]")
    p.add_argument("--faster", type=float, default=1.35, help="dynamics now over those that the rates were measured with")
    p.add_argument("--faster-w5", type=float, default=1.47, help="the same for W5")
    p.add_argument("--check", action="store_true", help="compare with the values stored in this file")
    o = p.parse_args()
    found = tables(o)
    if o.check:
        wrong = [f"{k}: {found[k]:.3g} for {v} ± {tol}" for k, (v, tol) in KNOWN.items() if abs(found[k] - v) > tol]
        print("\n" + ("as stored" if not wrong else "; ".join(wrong)))
        return 1 if wrong else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
