//! Dynamics, moves, exchange and schedule.

use super::cell::rounded;
use super::windows::LEARNING;
use super::{at_least_one, positive};
use crate::base::Result;
use crate::input::scene::CheckedScene;
use crate::input::scene::bonds::HostAtoms;
use crate::input::scene::compile::species_index;
use crate::input::scene::grammar::{Balance, Dynamics, Exchange, Insertion, Scene, Truncation};
use crate::input::source::{Source, ensure};
use crate::system::insertion::{MAX_TRIALS, MOST_WEIGHT};

/// Cycles of equilibration below which a choice of insertions is doubtful.
const FEWEST_TO_CHOOSE: u32 = 50;

/// Checks how the run is made; appends to `warnings` what is allowed but doubtful.
pub(crate) fn run(source: &Source, scene: &Scene, warnings: &mut Vec<String>) -> Result<()> {
    dynamics(source, scene, warnings)?;
    moves(source, scene, warnings)?;
    balance(source, scene)?;
    at_least_one(source, "exchange.every", scene.exchange.every())?;
    match scene.exchange {
        Exchange::EvenOdd { rounds, .. } => at_least_one(source, "exchange.rounds", rounds)?,
        Exchange::Random { swaps, .. } => swaps_of(source, swaps)?,
    }
    schedule(source, scene)?;
    warnings.extend(equilibration_doubts(scene));
    goal(source, scene, warnings)
}

/// Most pairs that a walker tries after a cycle: some seconds.
const MOST_SWAPS: u32 = 10_000_000;

fn swaps_of(source: &Source, swaps: u32) -> Result<()> {
    at_least_one(source, "exchange.swaps", swaps)?;
    ensure!(
        source,
        swaps <= MOST_SWAPS,
        "exchange.swaps",
        format!("{swaps} pairs in a walker each time are more than {MOST_SWAPS}"),
        "fifty a state mix the configurations of a grid",
    );
    Ok(())
}

/// Friction times time step above which it is remarked.
const MOST_FRICTION: f64 = 1.0;

/// Attempts at insertion and deletion for each one at a change of identity, where the scene leaves the number to us.
const ATTEMPTS_PER_CHANGE: u32 = 10;

/// Fills in the attempts at changes of identity, where two species have a reservoir.
pub(crate) fn fill(source: &Source, scene: &mut Scene) {
    if scene.reservoir.len() > 1 && !source.has("moves.identity") {
        scene.moves.identity = scene.moves.insert_delete.div_ceil(ATTEMPTS_PER_CHANGE);
    }
}

fn dynamics(source: &Source, scene: &Scene, warnings: &mut Vec<String>) -> Result<()> {
    let md = match scene.dynamics {
        Dynamics::Baoab { dt, friction, steps } => {
            positive(source, "dynamics.dt", dt)?;
            positive(source, "dynamics.friction", friction)?;
            at_least_one(source, "dynamics.steps", steps)?;
            if friction * dt > MOST_FRICTION {
                warnings.push(format!(
                    "`friction` {friction} times `dt` {dt} is above {MOST_FRICTION}: velocities are drawn anew in every step, and \
                     atoms hardly move; the motion of atoms is forgotten in 1/`friction`, and 10 to 100 steps are customary"
                ));
            }
            Some("Baoab")
        }
        Dynamics::Verlet { dt, steps, redraw } => {
            positive(source, "dynamics.dt", dt)?;
            at_least_one(source, "dynamics.steps", steps)?;
            if !redraw {
                warnings.push(
                    "`Verlet(redraw: false)` does not sample the canonical ensemble: use it to test energy conservation, \
                     not for averages"
                        .to_owned(),
                );
            }
            Some("Verlet")
        }
        Dynamics::MonteCarlo { displacement, attempts } => {
            positive(source, "dynamics.displacement", displacement)?;
            if scene.reservoir.is_empty() {
                at_least_one(source, "dynamics.attempts", attempts)?;
            }
            None
        }
        // A segment that is rejected where its energy has changed samples any truncation.
        Dynamics::Hmc { dt, steps } => {
            positive(source, "dynamics.dt", dt)?;
            at_least_one(source, "dynamics.steps", steps)?;
            None
        }
        Dynamics::Ghmc { dt, steps, friction } => {
            positive(source, "dynamics.dt", dt)?;
            positive(source, "dynamics.friction", friction)?;
            at_least_one(source, "dynamics.steps", steps)?;
            None
        }
    };
    if let (Some(name), Truncation::Plain) = (md, scene.potential.truncation()) {
        return Err(source.error(
            "potential.truncation",
            format!("`Plain` truncation with `{name}` dynamics: forces miss the jump of the energy at the cutoff"),
            "use `Shifted` or `ForceShifted`, or `MonteCarlo`, `Hmc` or `Ghmc` dynamics",
        ));
    }
    Ok(())
}

/// Fewest cycles of equilibration in which the number of atoms can show.
const FEWEST_TO_BALANCE: u32 = 16;

fn balance(source: &Source, scene: &Scene) -> Result<()> {
    if scene.balance == Balance::Fixed {
        return Ok(());
    }
    ensure!(
        source,
        !scene.reservoir.is_empty(),
        "balance",
        "`balance` is Auto, but no species has a reservoir: there are no particle moves to balance with the dynamics",
        "leave `balance` out",
    );
    ensure!(
        source,
        !matches!(scene.dynamics, Dynamics::Hmc { .. } | Dynamics::Ghmc { .. }),
        "balance",
        "`balance` is Auto, but the steps of hybrid Monte Carlo are those of one trajectory, whose length is yours to choose",
        "leave `balance` out",
    );
    ensure!(
        source,
        scene.dynamics.steps() > 0,
        "balance",
        "`balance` is Auto, but `attempts` of the dynamics, the most there may be, is 0",
        "give `attempts` 1 or more, or leave `balance` out",
    );
    Ok(())
}

fn moves(source: &Source, scene: &Scene, warnings: &mut Vec<String>) -> Result<()> {
    let attempts = scene.moves.insert_delete;
    if scene.reservoir.is_empty() {
        ensure!(
            source,
            attempts == 0,
            "moves.insert_delete",
            format!("`insert_delete` is {attempts}, but no species has a reservoir"),
            "leave `moves` out, or name a species in `reservoir`",
        );
        ensure!(
            source,
            scene.moves.identity == 0,
            "moves.identity",
            format!("`identity` is {}, but no species has a reservoir", scene.moves.identity),
            "leave `moves` out, or name two species in `reservoir`",
        );
        return Ok(());
    }
    ensure!(
        source,
        source.has("moves"),
        "moves",
        "field `moves` is missing, and species have a reservoir",
        "add `moves: (insert_delete: 100)`",
    );
    ensure!(
        source,
        attempts > 0,
        "moves.insert_delete",
        "`insert_delete` is 0, but species have a reservoir: their numbers would never change",
        "give 1 or more, or leave out `reservoir`",
    );
    let identity = scene.moves.identity;
    ensure!(
        source,
        identity == 0 || scene.reservoir.len() > 1,
        "moves.identity",
        format!("`identity` is {identity}, but only species {} has a reservoir", scene.reservoir[0].species),
        "leave it out, or name a second species in `reservoir`",
    );
    insertion(source, scene, warnings)
}

fn insertion(source: &Source, scene: &Scene, warnings: &mut Vec<String>) -> Result<()> {
    if let Insertion::Bonds { hosts, shell, cap, shares, neighbours } = &scene.moves.insertion {
        return bonds(source, scene, hosts, *shell, *cap, *shares, *neighbours);
    }
    let Insertion::Biased { henry, trials } = scene.moves.insertion else { return Ok(()) };
    ensure!(
        source,
        (1..=MAX_TRIALS as u32).contains(&trials),
        "moves.insertion.trials",
        format!("`trials` is {trials}"),
        format!("give a whole number from 1 to {MAX_TRIALS}"),
    );
    if let Some(henry) = henry {
        ensure!(
            source,
            (0.0..=MOST_WEIGHT).contains(&henry),
            "moves.insertion.henry",
            format!("`henry` is {henry}"),
            format!(
                "give a share from 0 to {MOST_WEIGHT}, so that every place is reached; without it, it is chosen in \
                 equilibration"
            ),
        );
    }
    if scene.substrate.is_none() && scene.external.is_empty() {
        warnings.push(
            "`insertion: Biased` has neither slab nor field to go by: every place is as likely as any other".to_owned(),
        );
    }
    Ok(())
}

/// Checks insertions about atoms of the slab, without the slab.
fn bonds(
    source: &Source,
    scene: &Scene,
    hosts: &str,
    shell: (f64, f64),
    cap: f64,
    shares: (f64, f64, f64),
    neighbours: Option<f64>,
) -> Result<()> {
    ensure!(
        source,
        scene.species.iter().any(|s| s.name == hosts),
        "moves.insertion.hosts",
        format!("`hosts` is \"{hosts}\", no species of the scene"),
        "name the species of the atoms of the slab to which the inserted ones bind",
    );
    ensure!(
        source,
        shell.0 > 0.0 && shell.0 < shell.1 && shell.1.is_finite(),
        "moves.insertion.shell",
        format!("`shell` is ({}, {})", shell.0, shell.1),
        "give the least and the greatest length of a bond, both above 0",
    );
    ensure!(
        source,
        cap > 0.0 && cap <= 180.0,
        "moves.insertion.cap",
        format!("`cap` is {cap}"),
        "give the half-angle of a cap about a dangling bond, above 0 and at most 180 degrees",
    );
    let (least, sum) = (1.0 - MOST_WEIGHT, shares.0 + shares.1 + shares.2);
    ensure!(
        source,
        shares.0 >= least - 1e-9 && shares.1 >= 0.0 && shares.2 >= 0.0 && (sum - 1.0).abs() < 1e-9,
        "moves.insertion.shares",
        format!("`shares` are ({}, {}, {})", shares.0, shares.1, shares.2),
        format!(
            "give three shares that sum to 1, anywhere, in half-shells and in caps; the first at least {least:.1}, so that every \
             place is reached"
        ),
    );
    if let Some(neighbours) = neighbours {
        positive(source, "moves.insertion.neighbours", neighbours)?;
    }
    Ok(())
}

/// Checks insertions about atoms of the slab against that.
pub(crate) fn hosts(source: &Source, loaded: &CheckedScene) -> Result<()> {
    let Insertion::Bonds { hosts, shell, neighbours, .. } = &loaded.scene.moves.insertion else { return Ok(()) };
    let atoms = HostAtoms::new(loaded, usize::from(species_index(&loaded.scene, hosts)));
    let Some(atoms) = atoms else {
        return Err(source.error(
            "moves.insertion.hosts",
            format!("`hosts` is \"{hosts}\", of which the slab has no atom"),
            "name a species of the slab, or use `Uniform` or `Biased`",
        ));
    };
    let half = 0.5 * loaded.cell().shortest_period();
    for (name, length) in [("shell", shell.1), ("neighbours", neighbours.unwrap_or(atoms.reach))] {
        ensure!(
            source,
            length <= half,
            if name == "neighbours" && neighbours.is_none() {
                "moves.insertion".to_owned()
            } else {
                format!("moves.insertion.{name}")
            },
            format!(
                "`{name}` reaches {}, more than half of the shortest period or width, {}",
                rounded(length),
                rounded(half)
            ),
            "lower it, or take a larger cell",
        );
    }
    Ok(())
}

/// Most further runs beside one.
const MOST_FURTHER_RUNS: u32 = 100;

/// Checks when the run has sampled enough. A run that was extended by hand may be longer than its `max_cycles`.
fn goal(source: &Source, scene: &Scene, warnings: &mut Vec<String>) -> Result<()> {
    let s = &scene.schedule;
    let Some(until) = s.until else {
        ensure!(
            source,
            s.refine == 0,
            "schedule.refine",
            "`refine` has no meaning without `until`",
            "say what is wanted, e.g. `until: BoundaryError(mu: 0.02), max_cycles: 100000`, or leave it out",
        );
        ensure!(
            source,
            s.max_cycles.is_none(),
            "schedule.max_cycles",
            "`max_cycles` has no meaning without `until`",
            "leave it out; `production` is the number of cycles",
        );
        return Ok(());
    };
    positive(source, "schedule.until.mu", until.mu())?;
    if let Some((lo, hi)) = until.temperature() {
        let simulated = scene.grid.temperature.values();
        let (coldest, hottest) = simulated.iter().fold((f64::MAX, f64::MIN), |(a, b), &t| (a.min(t), b.max(t)));
        ensure!(
            source,
            lo <= hi && lo <= hottest * (1.0 + 1e-9) && hi >= coldest * (1.0 - 1e-9),
            "schedule.until.temperature",
            format!("no temperature of the grid, {coldest} to {hottest}, is within ({lo}, {hi})"),
            "give the lowest and the highest at which boundaries count, or leave it out for all",
        );
    }
    ensure!(
        source,
        !scene.reservoir.is_empty(),
        "schedule.until",
        "`until` waits for phase boundaries in μ, but no species has a reservoir",
        "leave out `until` and `max_cycles`",
    );
    let Some(max_cycles) = s.max_cycles else {
        return Err(source.error(
            "schedule.until",
            "`until` without `max_cycles`: the run might never end".to_owned(),
            "add the largest number of production cycles, e.g. `max_cycles: 100000`",
        ));
    };
    at_least_one(source, "schedule.max_cycles", max_cycles)?;
    ensure!(
        source,
        s.refine <= MOST_FURTHER_RUNS,
        "schedule.refine",
        format!("{} further runs are more than {MOST_FURTHER_RUNS}", s.refine),
        "give fewer; each is a run over states around one line or one gap",
    );
    ensure!(
        source,
        s.equilibration.checked_add(max_cycles).is_some(),
        "schedule.max_cycles",
        format!("{} + {max_cycles} cycles are more than {}", s.equilibration, u32::MAX),
        "give fewer",
    );
    if max_cycles < s.production {
        warnings.push(format!(
            "`max_cycles` {max_cycles} is less than `production` {}: the run is not extended, whatever the error",
            s.production
        ));
    }
    Ok(())
}

/// What is said of an equilibration in which there is too little time for what is chosen in it.
pub(crate) fn equilibration_doubts(scene: &Scene) -> Vec<String> {
    let cycles = scene.schedule.equilibration;
    let mut doubts = Vec::new();
    if scene.balance == Balance::Auto && cycles < FEWEST_TO_BALANCE {
        doubts.push(format!(
            "`balance` is Auto, and counts atoms in {cycles} cycles of equilibration: {FEWEST_TO_BALANCE} or more make a choice"
        ));
    }
    if matches!(scene.moves.insertion, Insertion::Biased { henry: None, .. }) && cycles < FEWEST_TO_CHOOSE {
        doubts.push(format!(
            "`insertion` is chosen for every state in equilibration, and {cycles} cycles are few for that: give `henry`, or \
             {FEWEST_TO_CHOOSE} cycles or more"
        ));
    }
    if !scene.windows.list().is_empty() && cycles < LEARNING {
        doubts.push(format!(
            "`windows` learn their weights in {cycles} cycles of equilibration: give {LEARNING} or more"
        ));
    }
    doubts
}

/// Checks the length of the run; also used after `--cycles` has changed it.
pub(crate) fn schedule(source: &Source, scene: &Scene) -> Result<()> {
    let s = &scene.schedule;
    at_least_one(source, "schedule.production", s.production)?;
    at_least_one(source, "schedule.sample_every", s.sample_every)?;
    at_least_one(source, "schedule.max_samples_per_state", s.max_samples_per_state)?;
    ensure!(
        source,
        s.sample_every <= s.production,
        "schedule.sample_every",
        format!("`sample_every` is {}, but production has only {} cycles", s.sample_every, s.production),
        "sample more often or run longer",
    );
    ensure!(
        source,
        s.equilibration.checked_add(s.production).is_some(),
        "schedule",
        format!("{} + {} cycles are more than {}", s.equilibration, s.production, u32::MAX),
        "give fewer",
    );
    Ok(())
}
