//! The page that a run writes while it goes on.

use super::watch::words;
use crate::base::Result;
use crate::figures::Labels;
use crate::figures::so_far::so_far;
use crate::report::live::{self, LivePage};
use crate::workflow::watch::Watched;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Columns of what is said.
const WIDTH: usize = 100;
/// Largest share of the time of a run that is spent on its page.
const SHARE: u32 = 50;
/// Bytes of samples up to which they are read for round trips.
const MOST_BYTES: u64 = 16 << 20;

/// `report.html` of a run that goes on.
pub(super) struct Live {
    directory: PathBuf,
    every: Duration,
    watched: Option<Watched>,
    /// When it is written next.
    next: Instant,
}

impl Live {
    /// - `every`: time between two pages; zero: there is none
    pub(super) fn new(directory: &Path, every: Duration) -> Option<Live> {
        let next = Instant::now() + every;
        (!every.is_zero()).then(|| Live { directory: directory.to_owned(), every, watched: None, next })
    }

    /// Writes the page if it is time. What keeps it from being written keeps nothing else: the run itself says when its disk
    /// is full.
    pub(super) fn tell(&mut self) {
        if Instant::now() >= self.next {
            let began = Instant::now();
            let _ = self.write();
            self.next = Instant::now() + self.every.max(SHARE * began.elapsed());
        }
    }

    /// Writes the page once more where there is one, so that it says that the run has ended.
    pub(super) fn end(&mut self) {
        if live::is_live(&self.directory.join("report.html")) {
            let _ = self.write();
        }
    }

    /// Writes the page of what there is.
    fn write(&mut self) -> Result<()> {
        if self.watched.is_none() {
            self.watched = Some(Watched::new(&self.directory)?.reading_up_to(MOST_BYTES));
        }
        let Some(watched) = &mut self.watched else { return Ok(()) };
        let look = watched.look()?;
        let grid = watched.loaded.grid();
        let labels = Labels { units: watched.loaded.scene.units, title: String::new() };
        let figures = match look.record.production_done {
            0 => Vec::new(),
            _ => so_far(&grid, &labels, &look.counts, &look.energy),
        };
        let page = LivePage {
            title: &look.record.title,
            words: &words(&watched.loaded, &look, WIDTH),
            figures: &figures,
            again_after: look.goes_on.then(|| self.every.as_secs().max(1)),
        };
        live::write(&self.directory, &page).map(|_| ())
    }
}
