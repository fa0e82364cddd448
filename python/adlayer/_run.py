"""A run directory."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from ._program import AdlayerError, call

if TYPE_CHECKING:
    import ase
    import pymbar
    import xarray


# Masses of the isotopes of hydrogen that have a symbol of their own [u].
ISOTOPES = {"D": 2.01410177812, "T": 3.0160492779}


@dataclass(frozen=True)
class Histogram:
    """A histogram that is stored with every sample.

    ``edges`` is ``[bins + 1]`` in the unit of what it counts over, ``counts`` is ``[n_samples, bins]``.
    """

    edges: np.ndarray
    counts: np.ndarray

    @property
    def centres(self) -> np.ndarray:
        """Middles of the bins, ``[bins]``."""
        return 0.5 * (self.edges[1:] + self.edges[:-1])


class _Analysis:
    """What an analysis has left in a folder."""

    path: Path
    species: list[str]

    @property
    def tables(self) -> list[str]:
        """Names of the tables of the analysis, for :meth:`table`."""
        return sorted(file.stem for file in (self.path / "analysis").glob("*.csv"))

    def table(self, name: str) -> pd.DataFrame:
        """A table of the analysis, ``analysis/<name>.csv``, e.g. ``"free_energies"``."""
        return self._csv(self.path / "analysis" / f"{name}.csv")

    @property
    def maps(self) -> pd.DataFrame:
        """Averages over T and μ from MBAR; masked cells are NaN."""
        return self.table("maps")

    @property
    def maps_pressure(self) -> pd.DataFrame:
        """The same over T and p."""
        return self.table("maps_pressure")

    @property
    def phases(self) -> pd.DataFrame:
        """The phases that were found, by their number."""
        return self.table("phases").set_index("phase")

    @property
    def boundaries(self) -> pd.DataFrame:
        """Points of the boundaries between phases; an ``unconverged`` one has no error."""
        return self.table("boundaries")

    def dataset(self, pressure: bool = False) -> xarray.Dataset:
        """A map as an :class:`xarray.Dataset` over temperature and one axis a species.

        The axes are ``mu_<s>``, or with ``pressure`` ``pressure_<s>``. Needs xarray.
        """
        frame = self.maps_pressure if pressure else self.maps
        kind = "pressure" if pressure else "mu"
        axes = [f"{kind}_{s}" for s in self.species]
        index = ["temperature", *axes]
        # A value that is computed anew at every T differs in its last digits.
        frame[axes] = frame[axes].map(lambda x: float(f"{x:.10g}"))
        if frame.duplicated(index).any() or len(frame) != np.prod([frame[c].nunique() for c in index]):
            raise AdlayerError(f"the map of {self.path} is no rectangle in {', '.join(index)}: take `maps` as a frame")
        return frame.set_index(index).to_xarray()

    @staticmethod
    def _csv(path: Path) -> pd.DataFrame:
        if not path.is_file():
            raise FileNotFoundError(f"there is no {path}: `adlayer analyze` writes what belongs to the analysis")
        return pd.read_csv(path)


class Run(_Analysis):
    """A run directory, finished or not.

    Tables are pandas frames with the columns of the files; numbers have the units of the scene. Every frame is read when it is
    asked for: a run that goes on is read as it is at that moment.

    Raises :class:`FileNotFoundError` if the folder is no run.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not (self.path / "run.json").is_file():
            raise FileNotFoundError(f"{self.path} is no run of adlayer: it has no run.json")

    def __repr__(self) -> str:
        info = self.info
        return f"Run({str(self.path)!r}: {info['title']}, {info['n_states']} states, {info['status']})"

    @property
    def info(self) -> dict[str, Any]:
        """What ran, where and how fast: ``run.json``."""
        return json.loads((self.path / "run.json").read_text(encoding="utf-8"))

    @property
    def scene(self) -> str:
        """The scene with every default written out."""
        return (self.path / "resolved.ron").read_text(encoding="utf-8")

    @cached_property
    def species(self) -> list[str]:
        """Species with a reservoir, in the order of the scene."""
        columns = pd.read_csv(self.path / "states.csv", nrows=0).columns
        return [c[len("n_") : -len("_mean")] for c in columns if c.startswith("n_") and c.endswith("_mean")]

    # Tables

    @property
    def states(self) -> pd.DataFrame:
        """Averages of every state over all production, by state: ``states.csv``."""
        return self._csv(self.path / "states.csv").set_index("state")

    @property
    def exchange(self) -> pd.DataFrame:
        """Exchange acceptance of every pair of neighbouring states: ``exchange.csv``."""
        return self._csv(self.path / "exchange.csv")

    # Samples

    @property
    def _parts(self) -> list[Path]:
        parts = sorted((self.path / "samples").glob("part-*.parquet"))
        if not parts:
            raise FileNotFoundError(f"{self.path} has no samples yet")
        return parts

    def samples(self, columns: Iterable[str] | None = None) -> pd.DataFrame:
        """Stored samples, one row a replica and cycle: ``cycle``, ``walker``, ``replica``, ``state``, ``energy``, ``n_<s>`` and the
        observables that are numbers. Histograms: :meth:`histogram`.

        ``columns`` reads only these.
        """
        wanted = list(columns) if columns is not None else None
        if wanted is None:
            schema = pq.read_schema(self._parts[0])
            hidden = set(self.histograms)
            wanted = [name for name in schema.names if name not in hidden]
        frames = [pq.read_table(part, columns=wanted).to_pandas() for part in self._parts]
        together = pd.concat(frames, ignore_index=True)
        order = self._order
        return together if order is None else together.iloc[order].reset_index(drop=True)

    @property
    def _order(self) -> np.ndarray | None:
        """Rows of all parts in the order of cycles and replicas; None where they are: ranks that share a run write their walkers apart."""
        if all(not part.name.startswith("part-w") for part in self._parts):
            return None
        keys = [pq.read_table(part, columns=["cycle", "replica"]) for part in self._parts]
        cycle, replica = (np.concatenate([key[name].to_numpy() for key in keys]) for name in ("cycle", "replica"))
        return np.lexsort((replica, cycle))

    @property
    def histograms(self) -> list[str]:
        """Names of the observables that are histograms."""
        prefix = "adlayer.histogram."
        metadata = pq.read_schema(self._parts[0]).metadata or {}
        return sorted(key.decode()[len(prefix) :] for key in metadata if key.decode().startswith(prefix))

    def histogram(self, name: str) -> Histogram:
        """A histogram of every sample, in the order of :meth:`samples`; :attr:`histograms` names them."""
        if name not in self.histograms:
            raise KeyError(f"`{name}` is no histogram of this run: {', '.join(self.histograms) or 'there is none'}")
        counts = []
        for part in self._parts:
            table = pq.read_table(part, columns=[name])
            lo, hi, bins = table.schema.metadata[f"adlayer.histogram.{name}".encode()].decode().split()
            raw = b"".join(table[name].to_pylist())
            counts.append(np.frombuffer(raw, dtype="<f2").reshape(-1, int(bins)).astype(np.float32))
        order, together = self._order, np.concatenate(counts)
        return Histogram(np.linspace(float(lo), float(hi), int(bins) + 1), together if order is None else together[order])

    # Through the program

    def verdict(self) -> dict[str, Any]:
        """Analyses the run again and returns its verdict: ``trusted``, ``sentences``, and the states to add."""
        return json.loads(call(["analyze", self.path, "--json"]))["verdict"]

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays that MBAR takes: ``u_kn`` ``[K, N]``, ``N_k``, ``f_k``, ``beta``, ``energy``, ``counts`` and what else
        ``adlayer export --pymbar`` writes."""
        return _arrays([self.path])

    def mbar(self, **options: Any) -> pymbar.MBAR:
        """MBAR over all samples by pymbar. Needs pymbar.

        ``options`` go to :class:`pymbar.MBAR`. Samples are correlated: divide their number by ``inefficiency_path`` of the table
        ``diagnostics`` for errors, or take those of ``maps``.
        """
        return _mbar(self.arrays(), options)

    def atoms(self, state: int, slab: bool = True) -> list[ase.Atoms]:
        """Stored configurations of a state as :class:`ase.Atoms`, in order of time. Needs ASE.

        D and T are H with the mass and, in ``arrays["isotope"]``, the symbol of the isotope.
        Positions are in the length of the scene; ``atoms.info`` has energy, numbers of atoms, T, μ, cycle and replica. Without
        ``slab`` the frozen atoms are left out.
        """
        import ase.io

        with tempfile.TemporaryDirectory() as folder:
            options = [] if slab else ["--no-slab"]
            call(["export", "--extxyz", "--states", str(state), *options, "-o", folder, self.path])
            files = sorted(Path(folder).rglob("*.xyz"))
            frames = [frame for file in files for frame in ase.io.read(file, index=":", format="extxyz")]
        for frame in frames:
            isotopes = frame.arrays.get("isotope", np.array([], dtype=str))
            if isotopes.size:
                known = [ISOTOPES.get(str(isotope)) for isotope in isotopes]
                frame.set_masses([own if mass is None else mass for mass, own in zip(known, frame.get_masses())])
        return frames


class Together(_Analysis):
    """Runs of one system analysed together: MBAR over the union of their states, which may differ.

    ``Together("runs/cold", "runs/warm", output="runs/both")`` writes tables, figures and ``report.html`` into ``output``; tables
    are those of :class:`Run`. Samples and configurations stay with each of :attr:`runs`.

    Raises :class:`AdlayerError` if the systems differ, with the field and both values.
    """

    def __init__(self, *runs: str | Path | Run, output: str | Path) -> None:
        self.runs = [run if isinstance(run, Run) else Run(run) for run in runs]
        self.path = Path(output)
        self._result = json.loads(call(["analyze", *(run.path for run in self.runs), "-o", self.path, "--json"]))

    def __repr__(self) -> str:
        return f"Together({', '.join(repr(str(run.path)) for run in self.runs)}, output={str(self.path)!r})"

    @property
    def species(self) -> list[str]:
        """Species with a reservoir, in the order of the scene."""
        return self.runs[0].species

    def verdict(self) -> dict[str, Any]:
        """The verdict on all runs: ``trusted``, ``sentences``, and the states to add."""
        return self._result["verdict"]

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays that MBAR takes, over all states and samples: as :meth:`Run.arrays`."""
        return _arrays([run.path for run in self.runs])

    def mbar(self, **options: Any) -> pymbar.MBAR:
        """MBAR over all samples by pymbar: as :meth:`Run.mbar`."""
        return _mbar(self.arrays(), options)


def _arrays(paths: list[Path]) -> dict[str, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "arrays.npz"
        call(["export", "--pymbar", file, *paths])
        with np.load(file) as arrays:
            return {name: arrays[name] for name in arrays.files}


def _mbar(arrays: dict[str, np.ndarray], options: dict[str, Any]) -> pymbar.MBAR:
    import pymbar

    options.setdefault("initial_f_k", np.nan_to_num(arrays["f_k"]))
    return pymbar.MBAR(arrays["u_kn"], arrays["N_k"], **options)
