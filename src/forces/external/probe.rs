//! Whether clients say the same of the same configuration, and say it again.

use super::connection::{Connection, Trouble};
use super::protocol::{Answer, Question};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What the first client said of the probe, and what the others said beside it.
#[derive(Debug)]
pub(super) struct Probes {
    /// Two clients whose energies differ by more are not two clients of the same energies. \[energy\]
    tolerance: f64,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// By what clients were started for.
    answers: HashMap<String, (Question, Answer)>,
    /// Largest difference of two energies of one configuration. \[energy\]
    noise: f64,
    /// Whether any bit of any answer differed.
    differs: bool,
}

impl Probes {
    /// - `tolerance`: largest difference between two clients of the same energies \[energy\]
    pub(super) fn new(tolerance: f64) -> Probes {
        Probes { tolerance, known: Mutex::default() }
    }

    /// Asks a new client the probe and compares its answer with that of the first one; unless it is `brief`, asks again
    /// after another configuration.
    ///
    /// # Errors
    /// Those of the client, and [`Trouble::Refused`] if its energy is another one.
    pub(super) fn compare(
        &self,
        key: &str,
        probe: &Question,
        brief: bool,
        client: &mut Connection,
    ) -> Result<(), Trouble> {
        let known = |k: &Known| k.answers.get(key).cloned();
        let first = known(&self.known.lock().unwrap_or_else(PoisonError::into_inner));
        let (probe, first) = match first {
            Some((probe, answer)) => (probe, Some(answer)),
            None => (probe.clone(), None),
        };
        let mut answers = vec![client.ask(&probe)?];
        if !brief {
            let other = beside(&probe);
            client.ask(&other)?;
            answers.push(client.ask(&probe)?);
            if client.capacity()? > 1 {
                // An answer must not depend on what else was asked at the same time.
                let mut batch = client.ask_all(&[&probe, &other])?;
                answers.push(batch.swap_remove(0)?);
            }
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let first = match first {
            Some(first) => first,
            None => {
                let (asked, first) = known.answers.entry(key.to_owned()).or_insert((probe.clone(), answers[0].clone()));
                // Another client was faster, with a probe of its own: that one counts.
                if *asked != probe {
                    drop(known);
                    return self.compare(key, &probe, brief, client);
                }
                first.clone()
            }
        };
        for answer in answers {
            let difference = (answer.energy - first.energy).abs();
            if difference > self.tolerance {
                return Err(Trouble::Refused(format!(
                    "two clients give different energies of one configuration, {} and {}, where {:.1e} is allowed (1 % of \
                     the smallest kT); start clients of one program with one set of inputs, and converge them further",
                    first.energy, answer.energy, self.tolerance
                )));
            }
            known.noise = known.noise.max(difference);
            known.differs |= !is_same(&answer, &first);
        }
        Ok(())
    }

    /// Whether two energies may be of one configuration.
    pub(super) fn agree(&self, a: f64, b: f64) -> bool {
        (a - b).abs() <= self.tolerance
    }

    /// Largest difference of two energies of one configuration so far. \[energy\]
    pub(super) fn noise(&self) -> f64 {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).noise
    }

    /// Whether all answers to one configuration had the same bits so far.
    pub(super) fn is_bitwise(&self) -> bool {
        !self.known.lock().unwrap_or_else(PoisonError::into_inner).differs
    }
}

/// Whether two answers have the same bits.
fn is_same(a: &Answer, b: &Answer) -> bool {
    let bits = |x: &Answer| x.forces.iter().flat_map(|f| f.to_array()).map(f64::to_bits).collect::<Vec<_>>();
    a.energy.to_bits() == b.energy.to_bits() && bits(a) == bits(b)
}

/// Another configuration: the last atom moved by a little.
fn beside(probe: &Question) -> Question {
    let mut other = probe.clone();
    let step = 0.01 * other.cell[0].length().min(5.0);
    if let Some(last) = other.positions.last_mut() {
        last.z += step;
    }
    other
}
