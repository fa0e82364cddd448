//! Runs of a scene that keep what every walker saw of every state.

use super::stats::Estimate;
use adlayer::testing::base::ids::StateId;
use adlayer::testing::input::scene::{self, CheckedScene};
use adlayer::testing::sampler::{Sampler, Setup};
use adlayer::testing::system::configuration::Batch;
use adlayer::testing::thermo::states::StateGrid;

/// Parses a scene; files it names lie in `tests/data`.
pub(crate) fn load(text: &str) -> CheckedScene {
    let path = super::reference::data("test.ron");
    scene::parse(text, &path).unwrap_or_else(|e| panic!("{e:?}\n{text}"))
}

/// Sums over the samples of one state in one walker.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) samples: f64,
    e: f64,
    ee: f64,
    /// `[n_reservoirs]`
    n: Vec<f64>,
    nn: Vec<f64>,
    en: Vec<f64>,
    /// Samples with N atoms of the first reservoir species.
    pub(crate) histogram: Vec<u64>,
    /// Σ E of those samples.
    e_of_n: Vec<f64>,
}

impl Tally {
    fn add(&mut self, energy: f64, counts: &[u16]) {
        let grow = |v: &mut Vec<f64>| v.resize(counts.len(), 0.0);
        grow(&mut self.n);
        grow(&mut self.nn);
        grow(&mut self.en);
        self.samples += 1.0;
        self.e += energy;
        self.ee += energy * energy;
        for (s, &count) in counts.iter().enumerate() {
            let n = f64::from(count);
            self.n[s] += n;
            self.nn[s] += n * n;
            self.en[s] += energy * n;
        }
        if let Some(&first) = counts.first() {
            let k = usize::from(first);
            if self.histogram.len() <= k {
                self.histogram.resize(k + 1, 0);
                self.e_of_n.resize(k + 1, 0.0);
            }
            self.histogram[k] += 1;
            self.e_of_n[k] += energy;
        }
    }

    /// Adds `sign` times another tally.
    fn combine(&mut self, other: &Tally, sign: f64) {
        let join = |a: &mut Vec<f64>, b: &[f64]| {
            a.resize(a.len().max(b.len()), 0.0);
            a.iter_mut().zip(b).for_each(|(x, y)| *x += sign * y);
        };
        self.samples += sign * other.samples;
        self.e += sign * other.e;
        self.ee += sign * other.ee;
        join(&mut self.n, &other.n);
        join(&mut self.nn, &other.nn);
        join(&mut self.en, &other.en);
        join(&mut self.e_of_n, &other.e_of_n);
        self.histogram.resize(self.histogram.len().max(other.histogram.len()), 0);
        for (a, b) in self.histogram.iter_mut().zip(&other.histogram) {
            *a = a.checked_add_signed(sign as i64 * *b as i64).expect("no more is taken away than was added");
        }
    }

    /// ⟨E⟩
    pub(crate) fn energy(&self) -> f64 {
        self.e / self.samples
    }

    /// ⟨N⟩ of the first reservoir species
    pub(crate) fn atoms(&self) -> f64 {
        self.atoms_of(0)
    }

    /// ⟨N_s⟩
    pub(crate) fn atoms_of(&self, s: usize) -> f64 {
        self.n[s] / self.samples
    }

    /// Var E
    pub(crate) fn var_energy(&self) -> f64 {
        self.ee / self.samples - self.energy().powi(2)
    }

    /// Var N of the first reservoir species
    pub(crate) fn var_atoms(&self) -> f64 {
        self.nn[0] / self.samples - self.atoms().powi(2)
    }

    /// Cov(E, N) of the first reservoir species
    pub(crate) fn cov_energy_atoms(&self) -> f64 {
        self.en[0] / self.samples - self.energy() * self.atoms()
    }

    /// P(N = n)
    pub(crate) fn probability(&self, n: usize) -> f64 {
        self.histogram.get(n).copied().unwrap_or(0) as f64 / self.samples
    }

    /// ⟨E | N = n⟩
    pub(crate) fn energy_given(&self, n: usize) -> f64 {
        self.e_of_n[n] / self.histogram[n] as f64
    }
}

/// What a run of a scene saw.
pub(crate) struct Run {
    pub(crate) loaded: CheckedScene,
    pub(crate) grid: StateGrid,
    pub(crate) sampler: Sampler,
    /// `[walker][state]`
    pub(crate) tallies: Vec<Vec<Tally>>,
}

impl Run {
    /// A sampler at the start of a scene.
    pub(crate) fn start(device: &str, text: &str) -> Run {
        let loaded = load(text);
        let batch = setup(&loaded).start().expect("the start of a test scene is sound");
        Run::from_batch(device, loaded, &batch)
    }

    /// A sampler that starts from given configurations.
    pub(crate) fn from_batch(device: &str, loaded: CheckedScene, batch: &Batch) -> Run {
        let setup = setup(&loaded);
        let backend = setup.open(device).expect("the backend exists");
        Run::of_sampler(loaded, setup.sampler(backend, batch).expect("the backend holds the batch"))
    }

    /// A sampler that is already there.
    pub(crate) fn of_sampler(loaded: CheckedScene, sampler: Sampler) -> Run {
        let (grid, walkers) = (sampler.grid().clone(), sampler.assignment().walkers());
        Run { tallies: vec![vec![Tally::default(); grid.len()]; walkers], loaded, grid, sampler }
    }

    /// The whole schedule of a scene.
    pub(crate) fn whole(device: &str, text: &str) -> Run {
        let mut run = Run::start(device, text);
        let schedule = run.loaded.scene.schedule.clone();
        run.equilibrate(schedule.equilibration);
        run.sample(schedule.production);
        run
    }

    /// Cycles that are not looked at.
    pub(crate) fn equilibrate(&mut self, cycles: u32) {
        self.sampler.equilibrate(cycles).unwrap_or_else(|e| panic!("{e}"));
    }

    /// Cycles that are added to the tallies.
    pub(crate) fn sample(&mut self, cycles: u32) {
        for _ in 0..cycles {
            for sample in self.sampler.run_cycle().unwrap_or_else(|e| panic!("{e}")) {
                self.tallies[sample.walker][sample.state.index()].add(sample.energy, &sample.counts);
            }
        }
        self.sampler.audit().unwrap_or_else(|e| panic!("{e}"));
    }

    /// All walkers of a state together.
    pub(crate) fn total(&self, state: usize) -> Tally {
        let mut sum = Tally::default();
        self.tallies.iter().for_each(|w| sum.combine(&w[state], 1.0));
        sum
    }

    /// A function of the averages of one state; its error by the jackknife over walkers.
    pub(crate) fn estimate(&self, state: usize, f: impl Fn(&Tally) -> f64) -> Estimate {
        let (all, walkers) = (self.total(state), self.tallies.len() as f64);
        assert!(walkers >= 16.0, "{walkers} walkers say too little about their spread");
        let without: Vec<f64> = self
            .tallies
            .iter()
            .map(|w| {
                let mut rest = all.clone();
                rest.combine(&w[state], -1.0);
                f(&rest)
            })
            .collect();
        let mean = without.iter().sum::<f64>() / walkers;
        let square: f64 = without.iter().map(|x| (x - mean).powi(2)).sum();
        let value = walkers * f(&all) - (walkers - 1.0) * mean;
        Estimate { value, error: (square * (walkers - 1.0) / walkers).sqrt() }
    }

    /// The configurations as they are.
    pub(crate) fn batch(&self) -> Batch {
        Batch { configurations: self.sampler.configurations().expect("the device is there") }
    }

    /// State `k`.
    pub(crate) fn state(&self, k: usize) -> &adlayer::testing::thermo::states::StatePoint {
        self.grid.state(StateId(k as u32))
    }
}

/// A scene compiled.
pub(crate) fn setup(loaded: &CheckedScene) -> Setup {
    Setup::from_scene(loaded).expect("the forces of a test scene are there")
}

/// A scene file of the project.
pub(crate) fn project_scene(name: &str) -> String {
    let path = crate::project::project().join("scenes").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
