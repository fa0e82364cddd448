"""LAMMPS' pair_style table, written anew from what README.md says of it; make.py checks it against LAMMPS itself."""

import math
from pathlib import Path

import numpy as np


def read(path, keyword):
    """One section of a table file: a dict of rule (None, R, RSQ, BITMAP), fp (None or two slopes), r, e, f."""
    lines = [line.strip() for line in Path(path).read_text().splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    start = next(i for i, line in enumerate(lines) if line.split()[0] == keyword)
    words = lines[start + 1].split()
    n, rule, ends, fp = None, None, None, None
    while words:
        word = words.pop(0)
        if word == "N":
            n = int(words.pop(0))
        elif word in ("R", "RSQ", "BITMAP"):
            rule, ends = word, (float(words.pop(0)), float(words.pop(0)))
        elif word == "FPRIME":
            fp = float(words.pop(0)), float(words.pop(0))
        else:
            raise ValueError(f"{path}: {word}")
    rows = np.array([[float(x) for x in line.split()[1:4]] for line in lines[start + 2 : start + 2 + n]])
    r, i = rows[:, 0], np.arange(n)
    if rule == "R":
        r = ends[0] + (ends[1] - ends[0]) * i / (n - 1)
    elif rule == "RSQ":
        r = np.sqrt(ends[0] ** 2 + (ends[1] ** 2 - ends[0] ** 2) * i / (n - 1))
    elif rule == "BITMAP":
        raise ValueError(f"{path}: BITMAP")
    return {"rule": rule, "ends": ends, "fp": fp, "r": r, "e": rows[:, 1], "f": rows[:, 2]}


def second_derivatives(x, y, first, last):
    """Second derivatives at the knots of the cubic spline with these slopes at its ends."""
    n = len(x)
    h = np.diff(x)
    slope = np.diff(y) / h
    diagonal, right = np.empty(n), np.empty(n)
    diagonal[0], right[0] = 2 * h[0], 6 * (slope[0] - first)
    diagonal[1:-1], right[1:-1] = 2 * (h[:-1] + h[1:]), 6 * np.diff(slope)
    diagonal[-1], right[-1] = 2 * h[-1], 6 * (last - slope[-1])
    for k in range(1, n):
        w = h[k - 1] / diagonal[k - 1]
        diagonal[k] -= w * h[k - 1]
        right[k] -= w * right[k - 1]
    m = np.empty(n)
    m[-1] = right[-1] / diagonal[-1]
    for k in range(n - 2, -1, -1):
        m[k] = (right[k] - h[k] * m[k + 1]) / diagonal[k]
    return m


def cubic(x, y, m, k, at):
    """Value at `at` of the spline piece k."""
    h = x[k + 1] - x[k]
    a, b = (x[k + 1] - at) / h, (at - x[k]) / h
    return a * y[k] + b * y[k + 1] + ((a**3 - a) * m[k] + (b**3 - b) * m[k + 1]) * h * h / 6


class Table:
    """pair_style table STYLE N with one section of a file; STYLE is spline or linear."""

    def __init__(self, path, keyword, style, n, cut=None):
        file = read(path, keyword)
        r, e, f = file["r"], file["e"], file["f"]
        inner, outer = file["ends"] or (r[0], r[-1])
        self.style, self.cut = style, outer if cut is None else cut
        self.inner2 = inner * inner
        self.delta = (self.cut**2 - self.inner2) / (n - 1)
        self.s = self.inner2 + np.arange(n) * self.delta
        # first stage: splines of the file's columns in r
        e2 = second_derivatives(r, e, -f[0], -f[-1])
        slopes = file["fp"] or ((f[1] - f[0]) / (r[1] - r[0]), (f[-1] - f[-2]) / (r[-1] - r[-2]))
        f2 = second_derivatives(r, f, *slopes)

        def from_file(y, y2, at):
            k = min(max(int(np.searchsorted(r, at, side="right")) - 1, 0), len(r) - 2)
            return cubic(r, y, y2, k, at)

        # second stage: e and f/r on a grid of n values of s = r²
        roots = np.sqrt(self.s)
        if style == "linear" and file["rule"] == "RSQ" and len(r) == n and outer == self.cut:
            self.e, force = e, f
        else:
            self.e = np.array([from_file(e, e2, x) for x in roots])
            force = np.array([from_file(f, f2, x) for x in roots])
        self.g = force / roots
        if style == "spline":
            lo, hi = math.sqrt(self.inner2), self.cut
            self.e2 = second_derivatives(self.s, self.e, -force[0] / (2 * lo), -force[-1] / (2 * hi))
            step = 0.1 * self.delta
            if file["fp"]:
                first = (file["fp"][0] / lo - force[0] / self.inner2) / (2 * lo)
            else:
                x = math.sqrt(self.inner2 + step)
                first = (from_file(f, f2, x) / x - force[0] / lo) / step
            if file["fp"] and self.cut == r[-1]:
                last = (file["fp"][1] / hi - force[-1] / hi**2) / (2 * hi)
            else:
                x = math.sqrt(hi * hi - step)
                last = (force[-1] / hi - from_file(f, f2, x) / x) / step
            self.g2 = second_derivatives(self.s, self.g, first, last)

    def at(self, r):
        """Energy and force (-du/dr, of its own interpolation) at a distance."""
        s = r * r
        k = min(int((s - self.inner2) / self.delta), len(self.s) - 2)
        if self.style == "linear":
            t = (s - self.s[k]) / self.delta
            return self.e[k] + t * (self.e[k + 1] - self.e[k]), (self.g[k] + t * (self.g[k + 1] - self.g[k])) * r
        return cubic(self.s, self.e, self.e2, k, s), cubic(self.s, self.g, self.g2, k, s) * r
