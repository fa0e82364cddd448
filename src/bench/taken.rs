//! taken: processor time that others took from a measurement.

use std::fs;
use std::time::Instant;

/// Kernel ticks in a second, as `/proc/stat` counts them (`USER_HZ`).
const TICKS_PER_S: f64 = 100.0;

/// A reading of what others have taken since the machine and this process began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    at: Instant,
    /// Processor seconds: threads of this process waiting for a processor, and processors the host gave to others.
    seconds: f64,
}

impl Taken {
    /// The present reading; zero where the system does not tell (other than Linux).
    pub(super) fn read() -> Taken {
        Taken { at: Instant::now(), seconds: waited().unwrap_or(0.0) + stolen().unwrap_or(0.0) }
    }

    /// Share of `processors` that others took since this reading.
    pub(super) fn share_since(&self, processors: usize) -> f64 {
        let now = Taken::read();
        (now.seconds - self.seconds) / ((now.at - self.at).as_secs_f64() * processors as f64)
    }
}

/// Seconds in which a thread of this process could have run and had no processor.
fn waited() -> Option<f64> {
    let tasks = fs::read_dir("/proc/self/task").ok()?.flatten();
    Some(tasks.filter_map(|task| wait_of(&fs::read_to_string(task.path().join("schedstat")).ok()?)).sum())
}

/// Second field of a `schedstat`: nanoseconds on a run queue. [s]
fn wait_of(schedstat: &str) -> Option<f64> {
    Some(1e-9 * schedstat.split_ascii_whitespace().nth(1)?.parse::<f64>().ok()?)
}

/// Seconds that the host of a virtual machine gave to others, all processors.
fn stolen() -> Option<f64> {
    steal_of(&fs::read_to_string("/proc/stat").ok()?)
}

/// `steal` of the line of all processors: `cpu user nice system idle iowait irq softirq steal …`. [s]
fn steal_of(stat: &str) -> Option<f64> {
    let line = stat.lines().find(|line| line.starts_with("cpu "))?;
    Some(line.split_ascii_whitespace().nth(8)?.parse::<f64>().ok()? / TICKS_PER_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_kernel_are_read_by_their_place() {
        assert_eq!(wait_of("686987 1500000000 2\n"), Some(1.5));
        let stat = "cpu  7191257 553950 329448 1356889 29851 0 5919 210147 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(steal_of(stat), Some(2101.47));
        assert_eq!(steal_of("intr 1 2"), None);
    }

    #[test]
    fn the_share_taken_is_that_of_all_processors() {
        let before =
            Taken { at: Instant::now() - std::time::Duration::from_secs(10), seconds: Taken::read().seconds - 2.0 };
        let share = before.share_since(2);
        assert!((0.09..0.2).contains(&share), "2 s of 10 s on 2 processors: {share}");
    }
}
