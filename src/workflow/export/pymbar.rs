//! `--pymbar`: reduced potentials of all samples in all states, as pymbar takes them.
//!
//! | array | shape | |
//! | --- | --- | --- |
//! | `u_kn` | K × N | u_k(x_n) = β_k E_n − Σ_s N_{s,n} ln z_{s,k} − η_k(N); samples in order of their states; ∞ outside the window of a state |
//! | `N_k` | K | samples of each state |
//! | `f_k` | K | MBAR's free energies of exactly these samples, f_0 = 0; NaN where no samples join a state with the first |
//! | `part`, `f_part` | K, K | the part of the states that samples join, and f_k relative to the first state of it |
//! | `beta`, `temperature`, `ln_z` | K, K, K × S | the states |
//! | `state_index` | K | their indices in the run |
//! | `energy`, `counts` | N, N × S | what u_kn is made of |
//! | `state`, `walker`, `replica`, `cycle` | N | row of `u_kn`, and where the sample comes from |

use super::Source;
use crate::analysis::{self, FreeEnergies, PreparedSamples};
use crate::base::error::{Error, Result};
use crate::base::ids::StateId;
use crate::base::units::bytes;
use crate::io::npz;
use crate::run::combined::Combined;
use crate::sample::{SampleRow, Samples, read_samples};
use crate::thermo::states::{Edge, StateGrid, StatePoint};
use crate::workflow::analyze::input;
use std::path::Path;

/// Largest u_kn that is written \[byte\]; pymbar needs several times as much memory.
pub const MOST_BYTES: u64 = 2 << 30;

/// What was written.
#[derive(Debug, Clone)]
pub struct Written {
    /// K
    pub states: usize,
    /// N
    pub samples: usize,
    /// What the analysis leaves out of the runs, in words; it is in the file.
    pub left_out: Option<String>,
}

/// Writes the samples of the chosen states.
///
/// - `stride`: of every state's samples, one in so many is taken
///
/// # Errors
/// [`Error::InputMissing`] and [`Error::BadInput`] if samples are missing or damaged, [`Error::NothingStored`] if the chosen
/// states have none, [`Error::Argument`] if u_kn would be larger than [`MOST_BYTES`], [`Error::Io`].
pub fn write(source: &Source, path: &Path, stride: u32) -> Result<Written> {
    let names: Vec<String> = source.grid.reservoirs.iter().map(|r| r.species.clone()).collect();
    let mut samples = Samples::new(names.len());
    for (directory, member) in source.directories.iter().zip(&source.members) {
        let mut own = read_samples(directory, &names)?;
        own.state.iter_mut().for_each(|k| *k = member.states.get(*k as usize).copied().unwrap_or(u32::MAX));
        samples.append_run(&own);
    }
    let states: Vec<StatePoint> = source.states.iter().map(|&k| source.grid.state(k).clone()).collect();
    let place: Vec<Option<usize>> =
        (0..source.grid.len() as u32).map(|k| source.states.iter().position(|s| s.0 == k)).collect();
    let of_states = by_state(&samples, &place, states.len());
    let all: usize = of_states.iter().map(Vec::len).sum();
    if all == 0 {
        let directory = &source.directories[0];
        return Err(Error::NothingStored {
            path: directory.clone(),
            found: "the chosen states have no samples".to_owned(),
            remedy: format!("choose others, or sample longer: adlayer resume {} --cycles +N", directory.display()),
        });
    }
    let kept = |stride: usize| -> usize { of_states.iter().map(|of| of.len().div_ceil(stride)).sum() };
    let size = |n: usize| 8 * states.len() as u64 * n as u64;
    let stride = stride.max(1) as usize;
    if size(kept(stride)) > MOST_BYTES {
        let enough = (stride..).find(|&s| size(kept(s)) <= MOST_BYTES || kept(s) <= states.len()).unwrap_or(stride);
        return Err(Error::argument(
            format!(
                "u_kn of {} states × {} samples takes {}, more than {}",
                states.len(),
                kept(stride),
                bytes(size(kept(stride))),
                bytes(MOST_BYTES)
            ),
            format!("take fewer samples with --stride {enough}, or fewer states with --states or --temperature"),
        ));
    }
    let order: Vec<usize> = of_states.iter().flat_map(|of| of.iter().copied().step_by(stride)).collect();
    let n_k: Vec<usize> = of_states.iter().map(|of| of.len().div_ceil(stride)).collect();
    let solved = free_energies(source, &samples, &order, &n_k)?;
    let from_first = |k: usize| solved.of(k).map_or(f64::NAN, |(f, _)| f);

    let (k, n, s) = (states.len(), order.len(), names.len());
    let counts_of = |i: usize| samples.counts.iter().map(|column| column[i]).collect::<Vec<u16>>();
    let counts: Vec<Vec<u16>> = order.iter().map(|&i| counts_of(i)).collect();
    npz::write(path, |npz| {
        let row = |state: &StatePoint| -> Vec<f64> {
            let pairs = order.iter().zip(&counts);
            pairs.map(|(&i, n)| state.as_ref().reduced_potential(samples.energy[i], n)).collect()
        };
        npz.rows("u_kn", &[k, n], states.iter().map(row))?;
        npz.array("N_k", &[k], n_k.iter().map(|&n| n as i64).collect())?;
        npz.array("f_k", &[k], (0..k).map(from_first).collect())?;
        npz.array("part", &[k], solved.part.iter().map(|part| part.map_or(-1, i64::from)).collect())?;
        npz.array("f_part", &[k], solved.f_k.clone())?;
        npz.array("beta", &[k], states.iter().map(StatePoint::beta).collect())?;
        npz.array("temperature", &[k], states.iter().map(|s| s.temperature).collect())?;
        npz.rows("ln_z", &[k, s], states.iter().map(|s| s.ln_z.clone()))?;
        npz.array("state_index", &[k], source.states.iter().map(|k| k.0).collect())?;
        npz.array("energy", &[n], order.iter().map(|&i| samples.energy[i]).collect::<Vec<f64>>())?;
        npz.rows("counts", &[n, s], counts.iter().cloned())?;
        npz.array("state", &[n], order.iter().map(|&i| row_of(&samples, &place, i) as u32).collect())?;
        npz.array("walker", &[n], order.iter().map(|&i| samples.walker[i]).collect())?;
        npz.array("replica", &[n], order.iter().map(|&i| samples.replica[i]).collect())?;
        npz.array("cycle", &[n], order.iter().map(|&i| samples.cycle[i]).collect::<Vec<u32>>())
    })?;
    Ok(Written { states: k, samples: n, left_out: left_out(source) })
}

/// What the analysis of the runs leaves out; nothing where they cannot be analysed yet.
fn left_out(source: &Source) -> Option<String> {
    let mut combined = Combined::read(&source.directories).ok()?;
    let input = input(&mut combined);
    let runs: Vec<String> = source.directories.iter().map(|directory| directory.display().to_string()).collect();
    PreparedSamples::new(&input).ok()?.left_out(&runs)
}

/// Samples of each chosen state, in the order of the run: `[K][…]`.
fn by_state(samples: &Samples, place: &[Option<usize>], n_states: usize) -> Vec<Vec<usize>> {
    let mut of_states = vec![Vec::new(); n_states];
    for (i, &state) in samples.state.iter().enumerate() {
        if let Some(k) = place.get(state as usize).copied().flatten() {
            of_states[k].push(i);
        }
    }
    of_states
}

/// Row of u_kn of a sample that was chosen.
fn row_of(samples: &Samples, place: &[Option<usize>], sample: usize) -> usize {
    let row = place.get(samples.state[sample] as usize).copied().flatten();
    row.unwrap_or_else(|| unreachable!("only samples of chosen states are exported"))
}

/// MBAR of the exported samples in each part of the states that they join.
fn free_energies(source: &Source, samples: &Samples, order: &[usize], n_k: &[usize]) -> Result<FreeEnergies> {
    let place = |k: StateId| source.states.iter().position(|&s| s == k).map(|i| StateId(i as u32));
    let states = source.states.iter().map(|&k| source.grid.state(k).clone()).collect();
    let edge = |e: &Edge| Some(Edge { a: place(e.a)?, b: place(e.b)?, ..*e });
    let edges = source.grid.edges.iter().filter_map(edge).collect();
    let grid = StateGrid::list(source.grid.reservoirs.clone(), states, edges);
    let row = n_k.iter().enumerate().flat_map(|(k, &n)| std::iter::repeat_n(k as u32, n));
    let mut exported = Samples::new(samples.counts.len());
    for (&i, state) in order.iter().zip(row) {
        let counts: Vec<u16> = samples.counts.iter().map(|column| column[i]).collect();
        let (cycle, walker, replica) = (samples.cycle[i], samples.walker[i], samples.replica[i]);
        exported.push(SampleRow { cycle, walker, replica, state, energy: samples.energy[i], counts: &counts });
    }
    analysis::free_energies(&grid, &exported)
}
