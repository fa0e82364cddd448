"""Executes NAK's assembly of a compute shader (Mesa's compiler for NVIDIA cards), one warp after the other between barriers, and counts
what is executed. Only instructions that `integrate` and `insert_delete` have are known; another one is an error that names it."""

import collections
import re

import numpy as np

np.seterr(all="ignore")
U, F, LANES = np.uint32, np.float32, 32
LOW = np.uint64(0xFFFFFFFF)
ENDED = 10**9
WORDS = {"b32": 1, "b64": 2, "b128": 4}
# What only moves values or marks control flow: NVIDIA's own compilers have next to none of it.
EMPTY = ("mov", "nop", "bclear")

# delay: cycles until the next instruction may issue; waits: scoreboards that must be free before; read, write: scoreboards that are
# taken until sources are read and until the result is there.
Instruction = collections.namedtuple("Instruction", "guard to operation operands delay waits read write")


def parse(path):
    """Instructions in order, and where each label stands."""
    program, labels = [], {}
    for line in open(path):
        text, _, schedule = line.partition("//")
        text = text.strip()
        block = re.match(r"block(?:\.u)? \d+ (L\d+) ", text)
        if block:
            labels[block.group(1)] = len(program)
        elif text and not text.startswith("}"):
            guard, text = re.match(r"(?:@(!?u?p\w+)\s+)?(.*)", text).groups()
            to, text = text.split("=", 1) if re.match(r"[^=\[]*=", text) else ("", text)
            words = re.findall(r"\S*\[[^\]]*\](?:\[[^\]]*\])?|\S+", text.replace("], pT", "]"))
            program.append(Instruction(guard, to.split(), words[0], words[1:], *timing(schedule)))
    return [with_offset(program, k) for k in range(len(program))], labels


def with_offset(program, k):
    """NAK does not print offsets below zero. `delete_atom` alone copies an atom in workgroup memory, from the slot before n."""
    one = program[k]
    bare = one.operation.startswith("ld.shared") and one.operation.endswith("b128") and one.operands[0].endswith("+rZ]")
    after = (other for other in program[k + 1 : k + 12] if other.operation.startswith("st.shared"))
    if bare and any(other.operands[1] == one.to[0] for other in after):
        return one._replace(operands=[one.operands[0].replace("]", "+-0x10]"), *one.operands[1:]])
    return one


def timing(schedule):
    """(delay, waits, read, write) as NAK prints them: `delay=2 wt=000101 rd:0 wr:1`."""
    of = dict(re.findall(r"(\w+)[=:](\w+)", schedule))
    number = lambda name: int(of[name]) if name in of else None
    waits = tuple(k for k, bit in enumerate(reversed(of.get("wt", ""))) if bit == "1")
    return number("delay") or 1, waits, number("rd"), number("wr")


class Machine:
    """One workgroup.

    constants: bytes of the constant banks by number; table: those of the bindless one; memory: bytes by the upper byte of the address
    """

    def __init__(self, program, labels, threads, constants, table, memory):
        self.program, self.labels, self.constants, self.table, self.memory = program, labels, constants, table, memory
        self.warps = threads // LANES
        self.r = np.zeros((self.warps, 256, LANES), U)
        self.ur = np.zeros((self.warps, 80), U)
        self.p = np.zeros((self.warps, 8, LANES), bool)
        self.up = np.zeros((self.warps, 8), bool)
        self.at = np.zeros((self.warps, LANES), int)
        # lanes of every convergence barrier, and the one that a lane waits at
        self.members = np.zeros((self.warps, 16, LANES), bool)
        self.waits = np.full((self.warps, LANES), -1)
        self.shared = np.zeros(1 << 16, np.uint8)
        self.executed = collections.Counter()

    def run(self):
        done = np.zeros(self.warps, bool)
        while not done.all():
            for w in np.flatnonzero(~done):
                done[w] = self.to_barrier(w)

    def to_barrier(self, w):
        """Executes a warp up to the next barrier of the workgroup; whether it has ended."""
        at, waits, members = self.at[w], self.waits[w], self.members[w]
        while True:
            free = (waits < 0) & (at < ENDED)
            if not free.any():
                assert (waits < 0).all(), "lanes wait for ever"
                return True
            here = at[free].min()
            lanes = (at == here) & free
            one = self.program[here]
            kind = one.operation.split(".")[0]
            self.executed[kind] += 1
            at[lanes] += 1
            self.touched = ()
            if kind == "bar":
                assert (lanes == (at < ENDED)).all(), "a barrier that some lanes miss"
                self.observe(w, here, kind, False)
                return False
            if kind == "bclear":
                members[int(one.to[0][1:])] = False
            elif kind == "bssy":
                members[int(one.operands[0][1:])] |= lanes
            elif kind == "bsync":
                self.converge(lanes, at, waits, members[int(one.operands[0][1:])], int(one.operands[0][1:]))
            elif kind not in ("nop", "membar"):
                active = lanes & self.predicate(w, one.guard) if one.guard else lanes
                if active.any():
                    self.execute(w, kind, one, active)
            self.observe(w, here, kind, kind == "bra" and (at[lanes] != here + 1).any())

    def observe(self, w, here, kind, taken):
        """Is told of every instruction that a warp executes; `touched` are the lines of 128 bytes that it moved."""

    @staticmethod
    def converge(lanes, at, waits, members, number):
        stay = lanes & members
        at[stay] -= 1
        waits[stay] = number
        wanted = members & (at < ENDED)
        if (waits[wanted] == number).all():
            waits[wanted] = -1
            at[wanted] += 1

    # operands

    def bits(self, w, text):
        text = text.lstrip("-").strip("|")
        if text == "rZ":
            return np.zeros(LANES, U)
        if text.startswith("ur"):
            return np.full(LANES, self.ur[w, int(text[2:].split("..")[0])], U)
        if text.startswith("r"):
            return self.r[w, int(text[1:].split("..")[0])]
        if text.startswith("c"):
            return self.constant(w, text, 0)
        return np.full(LANES, int(text, 16) & 0xFFFFFFFF, U)

    def number(self, w, text):
        value = self.bits(w, text).view(F)
        value = np.abs(value) if "|" in text else value
        return -value if text.startswith("-") else value

    def integer(self, w, text):
        value = self.bits(w, text)
        return (-value.astype(np.int64)).astype(U) if text.startswith("-") else value

    def predicate(self, w, text):
        name = text.lstrip("!")
        if name in ("pT", "pF"):
            value = np.full(LANES, name == "pT")
        elif name.startswith("u"):
            value = np.full(LANES, self.up[w, int(name[2:])])
        else:
            value = self.p[w, int(name[1:])]
        return ~value if text.startswith("!") else value

    def constant(self, w, text, more):
        bank, place = re.match(r"(cx?\[[^\]]*\])\[(.*)\]", text).groups()
        data = self.table if bank.startswith("cx") else self.constants[int(bank[2:-1], 16)]
        at = np.full(LANES, more, np.int64)
        for part in filter(None, place.split("+")):
            at = at + (int(part, 16) if part.startswith("0x") else self.bits(w, part).astype(np.int64))
        at = np.clip(at, 0, len(data) - 4)
        return data[at[:, None] + np.arange(4)].copy().view(U)[:, 0]

    def address(self, w, text):
        at = np.zeros(LANES, np.int64)
        for part in text[text.index("[") + 1 : text.index("]")].split("+"):
            name, _, scale = part.partition(".x")
            if re.match(r"-?0x", part):
                at += int(part, 16)
            elif ".." in part:
                first = int(re.match(r"u?r(\d+)", part).group(1))
                high = np.full(LANES, self.ur[w, first + 1]) if part.startswith("u") else self.r[w, first + 1]
                at += self.bits(w, part).astype(np.int64) + (high.astype(np.int64) << 32)
            else:
                at += self.bits(w, name).astype(np.int64) * int(scale or 1)
        return at

    def put(self, w, to, value, active, more=0):
        if to in ("null", "rZ"):
            return
        value = np.asarray(value)
        value = value if value.dtype == U else value.view(U)
        if to.startswith("ur"):
            self.ur[w, int(to[2:].split("..")[0]) + more] = value[np.argmax(active)]
        else:
            self.r[w, int(to[1:].split("..")[0]) + more][active] = value[active]

    def put_predicate(self, w, to, value, active):
        if to.startswith("u"):
            self.up[w, int(to[2:])] = value[np.argmax(active)]
        elif to not in ("null", "pT"):
            self.p[w, int(to[1:])][active] = value[active]

    # instructions

    def execute(self, w, kind, one, active):
        a, operation = one.operands, one.operation
        put = lambda value, more=0: self.put(w, one.to[0], value, active, more)
        f, i = (lambda k: self.number(w, a[k])), (lambda k: self.integer(w, a[k]))
        signed = lambda value: value if ".u32" in operation else value.view(np.int32)
        if kind == "bra":
            self.at[w][active & self.predicate(w, a[0])] = self.labels[a[-1]]
        elif kind == "exit":
            self.at[w][active] = ENDED
        elif kind == "s2r":
            put((np.arange(LANES) + w * LANES).astype(U) if "0x21" in a[0] else np.zeros(LANES, U))
        elif kind in ("mov", "r2ur"):
            put(i(0))
        elif kind == "ldc":
            for k in range(WORDS[operation.split(".")[1]]):
                put(self.constant(w, a[0], 4 * k), k)
        elif kind in ("ld", "st"):
            self.transfer(w, kind, one, active)
        elif kind == "atom":
            self.add(w, one, active)
        elif kind == "fadd":
            put(f(0) + f(1))
        elif kind == "fmul":
            put(f(0) * f(1))
        elif kind == "ffma":
            put((f(0).astype(np.float64) * f(1) + f(2)).astype(F))
        elif kind == "fmnmx":
            put(np.where(self.predicate(w, a[2]), np.fmin(f(0), f(1)), np.fmax(f(0), f(1))).astype(F))
        elif kind == "imnmx":
            x, y = signed(i(0)), signed(i(1))
            put(np.where(self.predicate(w, a[2]), np.minimum(x, y), np.maximum(x, y)))
        elif kind == "sel":
            put(np.where(self.predicate(w, a[0]), i(1), i(2)))
        elif kind in ("fsetp", "isetp"):
            assert len(a) == 2, operation
            x, y = (f(0), f(1)) if kind == "fsetp" else (signed(i(0)), signed(i(1)))
            word = operation.split(".")[1]
            compare = {"lt": np.less, "gt": np.greater, "ge": np.greater_equal, "le": np.less_equal, "eq": np.equal, "ne": np.not_equal}
            value = compare[word[:2]](x, y)
            if kind == "fsetp" and word.endswith("u"):
                value |= np.isnan(x) | np.isnan(y)
            self.put_predicate(w, one.to[0], value, active)
        elif kind == "plop3":
            x, y, z = (self.predicate(w, t).astype(int) for t in a[:3])
            self.put_predicate(w, one.to[0], (int(a[3][4:-1], 16) >> (4 * x + 2 * y + z) & 1).astype(bool), active)
        elif kind == "lop3":
            table, value = int(operation[operation.index("[") + 1 : -1], 16), np.zeros(LANES, U)
            x, y, z = i(0), i(1), i(2)
            for b in range(8):
                if table >> b & 1:
                    value |= (x if b & 4 else ~x) & (y if b & 2 else ~y) & (z if b & 1 else ~z)
            put(value)
        elif kind == "shf":
            low, high, by = i(0), i(1), i(2) & 31
            if operation.startswith("shf.l"):
                put(low << by)
            else:
                put(signed(high) >> by if ".hi" in operation else low >> by)
        elif kind == "lea":
            put(((i(0).astype(np.uint64) << np.uint64(int(a[1], 0))) + i(2)).astype(U))
        elif kind in ("imad", "imad64"):
            value = i(0).astype(np.uint64) * i(1) + i(2)
            put((value & LOW).astype(U))
            if kind == "imad64":
                put((value >> np.uint64(32)).astype(U), 1)
        elif kind == "iadd3":
            value = sum(self.integer(w, t).astype(np.uint64) for t in a[:3])
            for carry in a[3:]:
                value = value + self.predicate(w, carry)
            put((value & LOW).astype(U))
            if len(one.to) > 1:
                self.put_predicate(w, one.to[1], value > LOW, active)
        elif kind == "prmt":
            both, which = i(0).astype(np.uint64) | i(2).astype(np.uint64) << np.uint64(32), int(a[1][1:-1], 16)
            byte = lambda b: (both >> np.uint64(8 * (which >> 4 * b & 7)) & np.uint64(255)) << np.uint64(8 * b)
            put(sum(byte(b) for b in range(4)).astype(U))
        elif kind == "i2f":
            put(signed(i(0)).astype(F))
        elif kind == "f2i":
            value, (low, high) = np.nan_to_num(np.trunc(f(0).astype(float))), (0, 2**32 - 1) if ".u32" in operation else (-(2**31), 2**31 - 1)
            put(np.clip(value, low, high).astype(np.int64).astype(U))
        elif kind == "frnd":
            put((np.floor if ".rm" in operation else np.rint if ".re" in operation else np.trunc)(f(0)).astype(F))
        elif kind == "mufu":
            put({"rcp": lambda x: 1 / x, "sqrt": np.sqrt, "rsq": lambda x: 1 / np.sqrt(x), "exp2": np.exp2}[operation.split(".")[1]](f(0)).astype(F))
        else:
            raise NotImplementedError(operation)

    def transfer(self, w, kind, one, active):
        words = next(WORDS[t] for t in one.operation.split(".") if t in WORDS)
        at = self.address(w, one.operands[0])
        self.touched = np.unique(at[active] >> 7).tolist()
        for lane in np.flatnonzero(active):
            data, first = (self.shared, at[lane]) if ".shared" in one.operation else (self.memory[at[lane] >> 24], at[lane] & 0xFFFFFF)
            for k in range(words):
                word = data[first + 4 * k : first + 4 * k + 4].view(U)
                if kind == "ld":
                    only = np.arange(LANES) == lane
                    self.put(w, one.to[0], np.full(LANES, word[0]), only, k)
                else:
                    name = one.operands[1]
                    word[0] = 0 if name == "rZ" else self.r[w, int(name[1:].split("..")[0]) + k, lane]

    def add(self, w, one, active):
        assert one.operation.startswith("atom.add.u32.shared"), one.operation
        at, more = self.address(w, one.operands[0]), self.bits(w, one.operands[1]).copy()
        for lane in np.flatnonzero(active):
            word = self.shared[at[lane] : at[lane] + 4].view(U)
            self.put(w, one.to[0], word.copy().repeat(LANES), np.arange(LANES) == lane)
            word[0] += more[lane]
