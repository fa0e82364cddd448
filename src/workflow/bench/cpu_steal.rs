//! taken: processor time that others took from a measurement.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::time::Instant;

/// Kernel ticks in a second, as `/proc/stat` counts them (`USER_HZ`).
const TICKS_PER_S: f64 = 100.0;

/// Share of the time from which on a thread counts as one that works.
const WORKS: f64 = 0.05;

/// A reading of what others have taken since the machine and this process began.
#[derive(Debug, Clone)]
pub(crate) struct CpuSteal {
    at: Instant,
    /// Threads of this process by their numbers
    threads: HashMap<OsString, Thread>,
    /// Processor seconds that the host of a virtual machine gave to others.
    stolen: f64,
}

/// Seconds that a thread had a processor, and that it could have run and had none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Thread {
    ran: f64,
    waited: f64,
}

impl CpuSteal {
    /// The present reading; empty where the system does not tell (other than Linux).
    pub(crate) fn read() -> CpuSteal {
        CpuSteal { at: Instant::now(), threads: threads().unwrap_or_default(), stolen: stolen().unwrap_or(0.0) }
    }

    /// Share of `processors` that others took since this reading: from threads that work, for those that only look
    /// whether there is something to do always wait a little.
    pub(crate) fn share_since(&self, processors: usize) -> f64 {
        CpuSteal::read().share_beyond(self, processors)
    }

    fn share_beyond(&self, before: &CpuSteal, processors: usize) -> f64 {
        let seconds = (self.at - before.at).as_secs_f64();
        let waited = self.threads.iter().filter_map(|(id, now)| {
            let then = before.threads.get(id).copied().unwrap_or_default();
            (now.ran - then.ran > WORKS * seconds).then_some(now.waited - then.waited)
        });
        (waited.sum::<f64>() + self.stolen - before.stolen) / (seconds * processors as f64)
    }
}

/// What the threads of this process had and lacked.
fn threads() -> Option<HashMap<OsString, Thread>> {
    let tasks = fs::read_dir("/proc/self/task").ok()?.flatten();
    let thread = |task: fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        Some((task.file_name(), thread_of(&text)?))
    };
    Some(tasks.filter_map(thread).collect())
}

/// A `schedstat`: nanoseconds on a processor, nanoseconds on a run queue, slices.
fn thread_of(schedstat: &str) -> Option<Thread> {
    let mut seconds = schedstat.split_ascii_whitespace().map(|word| Some(1e-9 * word.parse::<f64>().ok()?));
    Some(Thread { ran: seconds.next()??, waited: seconds.next()?? })
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
    use std::time::Duration;

    #[test]
    fn fields_of_the_kernel_are_read_by_their_place() {
        assert_eq!(thread_of("250000000 1500000000 2\n"), Some(Thread { ran: 0.25, waited: 1.5 }));
        let stat = "cpu  7191257 553950 329448 1356889 29851 0 5919 210147 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(steal_of(stat), Some(2101.47));
        assert_eq!((thread_of(""), steal_of("intr 1 2")), (None, None));
    }

    #[test]
    fn the_share_taken_is_that_of_all_processors_and_of_threads_that_work() {
        let reading = |at, stolen, threads: [(&str, f64, f64); 2]| CpuSteal {
            at,
            stolen,
            threads: threads.map(|(id, ran, waited)| (id.into(), Thread { ran, waited })).into(),
        };
        let now = Instant::now();
        let before = reading(now, 3.0, [("1", 10.0, 1.0), ("2", 5.0, 1.0)]);
        let after = reading(now + Duration::from_secs(10), 4.0, [("1", 18.0, 2.0), ("2", 5.1, 6.0)]);
        let share = after.share_beyond(&before, 2);
        assert!((share - 0.1).abs() < 1e-9, "1 s stolen, 1 s waited, of 20: {share}");
    }
}
