//! Who is served next: places of clients that are free, and callers that wait for one.

use super::client::Client;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Where a client is, or can be started.
#[derive(Debug)]
pub(super) struct Place {
    /// Number of the place.
    pub(super) index: usize,
    /// Which of the programs is started here; `None`: somebody else started the client.
    pub(super) program: Option<usize>,
    /// The client, if there is one now.
    pub(super) client: Option<Client>,
    /// Whether a client of this place was ever asked the probe.
    pub(super) probed: bool,
}

/// A caller that waits.
#[derive(Debug)]
struct Waiting {
    key: String,
    work: f64,
    ticket: u64,
    sender: Sender<Place>,
}

#[derive(Debug, Default)]
struct Inner {
    free: Vec<Place>,
    waiting: Vec<Waiting>,
    tickets: u64,
    /// Places there are, free or not.
    places: usize,
    closed: Option<String>,
}

/// Free places and waiting callers.
#[derive(Debug, Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a place.
    pub(super) fn add(&self, place: Place) {
        self.lock().places += 1;
        self.put(place);
    }

    /// Takes away the place of a client that somebody else started and that is no more.
    pub(super) fn remove(&self, place: Place) {
        self.lock().places -= 1;
        drop(place);
    }

    /// Places there are.
    pub(super) fn places(&self) -> usize {
        self.lock().places
    }

    /// A place for a caller: its own as soon as none waits that has more work left.
    ///
    /// - `key`: what a client must have been started for, where that matters
    /// - `work`: work that the caller has left, in any unit; the most comes first, then who came first
    /// - `patience`: how long it may be that there is no place at all
    ///
    /// # Errors
    /// `None` if there was none for so long, else why the queue was closed.
    pub(super) fn take(&self, key: &str, work: f64, patience: Duration) -> Result<Place, Option<String>> {
        let (ticket, receiver) = {
            let mut inner = self.lock();
            if let Some(why) = &inner.closed {
                return Err(Some(why.clone()));
            }
            if let Some(place) = inner.free_for(key) {
                return Ok(place);
            }
            let (sender, receiver) = channel();
            inner.tickets += 1;
            let ticket = inner.tickets;
            inner.waiting.push(Waiting { key: key.to_owned(), work, ticket, sender });
            (ticket, receiver)
        };
        loop {
            match receiver.recv_timeout(patience) {
                Ok(place) => return Ok(place),
                Err(RecvTimeoutError::Disconnected) => return Err(self.lock().closed.clone()),
                Err(RecvTimeoutError::Timeout) => {
                    let mut inner = self.lock();
                    let own = inner.waiting.iter().position(|w| w.ticket == ticket);
                    if let (0, Some(own)) = (inner.places, own) {
                        inner.waiting.swap_remove(own);
                        return Err(None);
                    }
                }
            }
        }
    }

    /// Gives a place back, or to the caller that waits with the most work.
    pub(super) fn put(&self, place: Place) {
        let mut inner = self.lock();
        match inner.next_for(&place) {
            // The receiver waits until it is served or its queue is closed.
            Some(waiting) => {
                if let Err(unsent) = waiting.sender.send(place) {
                    inner.free.push(unsent.0);
                }
            }
            None => inner.free.push(place),
        }
    }

    /// Sends every caller away, now and later.
    pub(super) fn close(&self, why: &str) {
        let mut inner = self.lock();
        inner.closed.get_or_insert_with(|| why.to_owned());
        inner.waiting.clear();
    }

    /// All places that are free.
    pub(super) fn drain(&self) -> Vec<Place> {
        std::mem::take(&mut self.lock().free)
    }
}

impl Inner {
    /// The free place that suits best: a client started for the key, or an empty place, or any.
    fn free_for(&mut self, key: &str) -> Option<Place> {
        let suits = |p: &Place| match &p.client {
            Some(client) if client.key == key => 2,
            None => 1,
            Some(_) => 0,
        };
        // The last of equals: it was used last.
        let best = (0..self.free.len()).max_by_key(|&k| suits(&self.free[k]))?;
        Some(self.free.remove(best))
    }

    /// Who is served by a place: of those it suits, or of all, the one with the most work, then the first that came.
    fn next_for(&mut self, place: &Place) -> Option<Waiting> {
        let suits = |w: &Waiting| place.client.as_ref().is_some_and(|c| c.key == w.key);
        let before = |a: &Waiting, b: &Waiting| {
            suits(a).cmp(&suits(b)).then(a.work.total_cmp(&b.work)).then(b.ticket.cmp(&a.ticket))
        };
        let next = (0..self.waiting.len()).max_by(|&a, &b| before(&self.waiting[a], &self.waiting[b]))?;
        Some(self.waiting.swap_remove(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    fn place(index: usize) -> Place {
        Place { index, program: Some(0), client: None, probed: false }
    }

    #[test]
    fn the_one_with_the_most_work_is_served_first_and_equals_in_their_order() {
        let queue = Arc::new(Queue::default());
        queue.add(place(0));
        let held = queue.take("", 1.0, Duration::from_secs(20)).expect("free");
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut threads = Vec::new();
        for (k, work) in [3.0, 7.0, 3.0, 5.0].into_iter().enumerate() {
            let (queue_of, order) = (Arc::clone(&queue), Arc::clone(&order));
            threads.push(thread::spawn(move || {
                let place = queue_of.take("", work, Duration::from_secs(20)).expect("a place");
                order.lock().expect("sound").push(k);
                queue_of.put(place);
            }));
            while queue.lock().waiting.len() <= k {
                thread::yield_now();
            }
        }
        queue.put(held);
        threads.into_iter().for_each(|t| t.join().expect("done"));
        assert_eq!(*order.lock().expect("sound"), [1, 3, 0, 2]);
    }

    #[test]
    fn without_a_place_patience_ends_and_a_closed_queue_says_why() {
        let queue = Queue::default();
        assert!(matches!(queue.take("", 1.0, Duration::from_millis(5)), Err(None)));
        queue.add(place(0));
        let held = queue.take("", 1.0, Duration::from_millis(5)).expect("free");
        thread::scope(|s| {
            // There is a place, so it waits longer than its patience.
            let waits = s.spawn(|| queue.take("", 1.0, Duration::from_millis(1)));
            while queue.lock().waiting.is_empty() {
                thread::yield_now();
            }
            thread::sleep(Duration::from_millis(20));
            queue.close("over");
            assert!(matches!(waits.join().expect("ended"), Err(Some(why)) if why == "over"));
        });
        queue.put(held);
        assert!(matches!(queue.take("", 1.0, Duration::from_millis(1)), Err(Some(_))));
        assert_eq!(queue.drain().len(), 1);
    }
}
