//! Scenes of the tests, written as a user writes them.

/// A scene with one species B, put together from the parts in which tests differ.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) pair: &'static str,
    pub(crate) cutoff: f64,
    pub(crate) truncation: &'static str,
    pub(crate) tail: bool,
    pub(crate) external: String,
    /// What is observed: `first_layer: …, observables: …,`.
    pub(crate) observables: String,
    pub(crate) cell: String,
    pub(crate) substrate: String,
    pub(crate) max_atoms: u16,
    pub(crate) planck: Option<f64>,
    pub(crate) temperature: String,
    pub(crate) convention: &'static str,
    pub(crate) values: String,
    pub(crate) walkers: u32,
    pub(crate) dynamics: String,
    pub(crate) attempts: u32,
    /// How states exchange; empty for the default.
    pub(crate) exchange: &'static str,
    pub(crate) equilibration: u32,
    pub(crate) production: u32,
    pub(crate) seed: u64,
}

impl Default for Spec {
    /// An ideal gas that only insertions and deletions move.
    fn default() -> Spec {
        Spec {
            pair: "epsilon: 0.0, sigma: 1.0",
            cutoff: 2.5,
            truncation: "Shifted",
            tail: false,
            external: String::new(),
            observables: String::new(),
            cell: "Bulk(lengths: (10.0, 10.0, 10.0))".into(),
            substrate: "None".into(),
            max_atoms: 60,
            planck: None,
            temperature: "List([1.0])".into(),
            convention: "Activity",
            values: "List([-3.0])".into(),
            walkers: 32,
            dynamics: "MonteCarlo(displacement: 0.3, attempts: 0)".into(),
            attempts: 100,
            exchange: "",
            equilibration: 10,
            production: 100,
            seed: 1,
        }
    }
}

impl Spec {
    /// The text of the scene.
    pub(crate) fn text(&self) -> String {
        let planck = self.planck.map_or_else(String::new, |h| format!("planck: {h:?},"));
        let frozen = if self.substrate == "None" {
            (String::new(), String::new())
        } else {
            (
                "(name: \"A\", symbol: \"Cu\", mass: 1.0),".to_owned(),
                format!("(between: (\"A\",\"B\"), {p}), (between: (\"A\",\"A\"), {p}),", p = self.pair),
            )
        };
        format!(
            r#"Scene(
    units: Lj, {planck}
    species: [ {species} (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(
        cutoff: {cutoff:?}, truncation: {truncation}, tail_correction: {tail},
        pairs: [ {frozen_pairs} (between: ("B","B"), {pair}) ],
    ),
    external: [ {external} ],
    cell: {cell},
    substrate: {substrate},
    reservoir: [ (species: "B", max_atoms: {max_atoms}) ],
    grid: (
        temperature: {temperature},
        reservoir: [ (species: "B", convention: {convention}, values: {values}) ],
        walkers: {walkers},
    ),
    dynamics: {dynamics},
    moves: (insert_delete: {attempts}),
    {exchange}
    {observables}
    schedule: (equilibration: {equilibration}, production: {production}),
    seed: {seed},
)"#,
            species = frozen.0,
            frozen_pairs = frozen.1,
            cutoff = self.cutoff,
            truncation = self.truncation,
            tail = self.tail,
            pair = self.pair,
            external = self.external,
            observables = self.observables,
            cell = self.cell,
            substrate = self.substrate,
            max_atoms = self.max_atoms,
            temperature = self.temperature,
            convention = self.convention,
            values = self.values,
            walkers = self.walkers,
            dynamics = self.dynamics,
            attempts = self.attempts,
            exchange = if self.exchange.is_empty() { String::new() } else { format!("exchange: {},", self.exchange) },
            equilibration = self.equilibration,
            production = self.production,
            seed = self.seed,
        )
    }

    /// One state at an activity.
    pub(crate) fn at(self, temperature: f64, activity: f64) -> Spec {
        let mu = temperature * activity.ln();
        Spec { temperature: format!("List([{temperature:?}])"), values: format!("List([{mu:?}])"), ..self }
    }
}

/// The slab of the reference numbers: 3 frozen layers of fcc(111), 36 sites a layer.
pub(crate) const SLAB: &str = r#"Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3)"#;
