//! Cohorts: the walkers of runs that have the same states.
//!
//! Runs that are analysed together may have other grids. What is a sum over states at one time, how far replicas travel, and
//! blocks that are drawn instead of each other belong to walkers over the same states: they are reckoned in each cohort, and
//! cohorts are independent. With one grid there is one cohort.

/// A run among those that are analysed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampledRun {
    /// Walkers; numbered on from those of the runs before it.
    pub walkers: usize,
    /// Production cycles.
    pub production: u32,
    /// `[n_states of the run]`, index of each of its states among all.
    pub states: Vec<u32>,
}

/// Walkers over the same states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cohort {
    /// Its states, ascending.
    pub states: Vec<u32>,
    /// Its runs, by their places among all.
    pub runs: Vec<usize>,
}

/// All cohorts, and who belongs to which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cohorts {
    all: Vec<Cohort>,
    /// `[n_walkers]`, cohort and production cycles
    of_walker: Vec<(usize, u32)>,
    /// Production cycles of a walker that no run claims.
    production: u32,
}

impl Cohorts {
    /// One cohort of any walkers over all states.
    pub fn one(n_states: usize, production: u32) -> Cohorts {
        let all = vec![Cohort { states: (0..n_states as u32).collect(), runs: vec![0] }];
        Cohorts { all, of_walker: Vec::new(), production }
    }

    /// The cohorts of some runs, in the order of their first runs; of none [`Cohorts::one`].
    pub fn of_runs(runs: &[SampledRun], n_states: usize, production: u32) -> Cohorts {
        if runs.is_empty() {
            return Cohorts::one(n_states, production);
        }
        let mut cohorts = Cohorts { all: Vec::new(), of_walker: Vec::new(), production };
        for (r, run) in runs.iter().enumerate() {
            let mut states = run.states.clone();
            states.sort_unstable();
            let cohort = cohorts.all.iter().position(|c| c.states == states).unwrap_or_else(|| {
                cohorts.all.push(Cohort { states, runs: Vec::new() });
                cohorts.all.len() - 1
            });
            cohorts.all[cohort].runs.push(r);
            cohorts.of_walker.extend(std::iter::repeat_n((cohort, run.production), run.walkers));
        }
        cohorts
    }

    /// Number of cohorts.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none; never so.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The cohorts in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Cohort> {
        self.all.iter()
    }

    /// Index of the cohort of a walker.
    pub fn of(&self, walker: u16) -> usize {
        self.of_walker.get(usize::from(walker)).map_or(0, |&(cohort, _)| cohort)
    }

    /// Production cycles of the run of a walker.
    pub fn production(&self, walker: u16) -> u32 {
        self.of_walker.get(usize::from(walker)).map_or(self.production, |&(_, production)| production)
    }

    /// `run 2`, or `runs 1 and 3`, of a cohort; `None` where there is only one, and nothing to be told apart.
    pub fn name(&self, cohort: usize) -> Option<String> {
        if self.len() < 2 {
            return None;
        }
        let numbers: Vec<String> = self.all[cohort].runs.iter().map(|r| (r + 1).to_string()).collect();
        Some(match &numbers[..] {
            [one] => format!("run {one}"),
            [first @ .., last] => format!("runs {} and {last}", first.join(", ")),
            [] => String::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_over_the_same_states_are_one_cohort_in_whatever_order() {
        let run = |walkers, production, states: &[u32]| SampledRun { walkers, production, states: states.to_vec() };
        let runs = [run(1, 100, &[0, 1, 2]), run(2, 50, &[3, 2]), run(1, 70, &[2, 1, 0]), run(1, 60, &[0])];
        let cohorts = Cohorts::of_runs(&runs, 4, 100);
        assert_eq!((0..5).map(|w| cohorts.of(w)).collect::<Vec<_>>(), [0, 1, 1, 0, 2]);
        assert_eq!((0..5).map(|w| cohorts.production(w)).collect::<Vec<_>>(), [100, 50, 50, 70, 60]);
        let names: Vec<_> = (0..3).map(|c| cohorts.name(c)).collect();
        assert_eq!(names, [Some("runs 1 and 3".into()), Some("run 2".into()), Some("run 4".into())]);
        let one = Cohorts::of_runs(&runs[..1], 3, 100);
        assert_eq!((one.len(), one.name(0), one.of(7), one.production(7)), (1, None, 0, 100));
        assert_eq!(Cohorts::of_runs(&[], 3, 9).iter().next().map(|c| c.states.len()), Some(3));
    }
}
