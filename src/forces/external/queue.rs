//! Who is served next: places of clients that are free, and callers that wait for one.

use super::client::Client;
use super::connection::Trouble;
use super::protocol::{Answer, Question};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

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

/// What a caller wants.
#[derive(Debug)]
pub(super) struct Request<'a> {
    /// What a client must have been started for, where that matters.
    pub(super) key: &'a str,
    /// What it will ask.
    pub(super) question: &'a Arc<Question>,
    /// Work that the caller has left, in any unit; the most comes first, then who came first.
    pub(super) work: f64,
    /// Whether it is to be asked without others: a batch that failed may have failed for one of its configurations.
    pub(super) alone: bool,
}

/// What became of a question: the answer, or what went wrong, and that in words.
pub(super) type Outcome = Result<Told, (Trouble, String)>;

/// What a client said.
#[derive(Debug)]
pub(super) struct Told {
    /// Its answer.
    pub(super) answer: Answer,
    /// How long that took. \[s\]
    pub(super) took: f64,
    /// Why its energy is not believed at once.
    pub(super) doubt: Option<String>,
}

/// How a caller is served.
#[derive(Debug)]
pub(super) enum Served {
    /// With a client, to ask it.
    Place(Box<Place>),
    /// With what another caller, who had the client, was told for it.
    Answered(Outcome),
}

/// A caller that waits.
#[derive(Debug)]
struct Waiting {
    key: String,
    question: Arc<Question>,
    work: f64,
    alone: bool,
    ticket: u64,
    sender: Sender<Served>,
}

/// A caller whose question is asked together with that of another one.
#[derive(Debug)]
pub(super) struct Companion {
    /// Its question.
    pub(super) question: Arc<Question>,
    sender: Sender<Served>,
}

impl Companion {
    /// Hands it what became of its question.
    pub(super) fn hand(self, outcome: Outcome) {
        // It waits until it is served or its queue is closed.
        let _ = self.sender.send(Served::Answered(outcome));
    }
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
    /// Told of every caller that begins to wait.
    arrival: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a place.
    pub(super) fn add(&self, place: Place) {
        self.lock().places += 1;
        self.put(place, |_, _| {});
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

    /// A place for a caller, as soon as none waits that has more work left; or its answer, where another one asked for it.
    ///
    /// - `patience`: how long it may be that there is no place at all
    ///
    /// # Errors
    /// `None` if there was none for so long, else why the queue was closed.
    pub(super) fn take(&self, request: &Request<'_>, patience: Duration) -> Result<Served, Option<String>> {
        let (ticket, receiver) = {
            let mut inner = self.lock();
            if let Some(why) = &inner.closed {
                return Err(Some(why.clone()));
            }
            if let Some(place) = inner.free_for(request.key) {
                return Ok(Served::Place(Box::new(place)));
            }
            let (sender, receiver) = channel();
            inner.tickets += 1;
            let ticket = inner.tickets;
            let Request { key, question, work, alone } = *request;
            let (key, question) = (key.to_owned(), Arc::clone(question));
            inner.waiting.push(Waiting { key, question, work, alone, ticket, sender });
            (ticket, receiver)
        };
        self.arrival.notify_all();
        loop {
            match receiver.recv_timeout(patience) {
                Ok(served) => return Ok(served),
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
    ///
    /// - `begin`: asks its question where that is possible, so that the client need not wait until the caller is awake
    pub(super) fn put(&self, mut place: Place, begin: impl FnOnce(&mut Place, &Question)) {
        let waiting = {
            let mut inner = self.lock();
            match inner.next_for(&place) {
                Some(waiting) => waiting,
                None => return inner.free.push(place),
            }
        };
        if place.client.as_ref().is_some_and(|c| c.key == waiting.key) && place.probed {
            begin(&mut place, &waiting.question);
        }
        // It waits until it is served or its queue is closed.
        if let Err(unsent) = waiting.sender.send(Served::Place(Box::new(place)))
            && let Served::Place(mut place) = unsent.0
        {
            // It may have been asked what nobody waits for.
            place.client = None;
            self.lock().free.push(*place);
        }
    }

    /// Callers that wait with questions for the same client, those with the most work left first; waits until there are as many
    /// as wanted, or until a time.
    ///
    /// - `most`: how many are wanted
    pub(super) fn join(&self, key: &str, most: usize, until: Instant) -> Vec<Companion> {
        let mut inner = self.lock();
        loop {
            let there = inner.waiting.iter().filter(|w| w.joins(key)).count();
            let left = until.saturating_duration_since(Instant::now());
            if there >= most || left.is_zero() {
                return std::iter::from_fn(|| inner.next_companion(key)).take(most).collect();
            }
            inner = self.arrival.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
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

impl Waiting {
    /// Whether its question may be asked together with one for such a client.
    fn joins(&self, key: &str) -> bool {
        !self.alone && self.key == key
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

    /// Who joins a question for a client: the one with the most work, then the first that came.
    fn next_companion(&mut self, key: &str) -> Option<Companion> {
        let before = |a: &Waiting, b: &Waiting| a.work.total_cmp(&b.work).then(b.ticket.cmp(&a.ticket));
        let joining = (0..self.waiting.len()).filter(|&k| self.waiting[k].joins(key));
        let next = joining.max_by(|&a, &b| before(&self.waiting[a], &self.waiting[b]))?;
        let Waiting { question, sender, .. } = self.waiting.swap_remove(next);
        Some(Companion { question, sender })
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

    fn question() -> Arc<Question> {
        Arc::new(Question { cell: [glam::DVec3::X; 3], atoms: Default::default(), positions: Vec::new() })
    }

    fn take(queue: &Queue, work: f64, patience: u64) -> Result<Served, Option<String>> {
        let request = Request { key: "", question: &question(), work, alone: false };
        queue.take(&request, Duration::from_millis(patience))
    }

    fn taken(served: Result<Served, Option<String>>) -> Place {
        match served {
            Ok(Served::Place(place)) => *place,
            other => panic!("no place: {other:?}"),
        }
    }

    #[test]
    fn the_one_with_the_most_work_is_served_first_and_equals_in_their_order() {
        let queue = Arc::new(Queue::default());
        queue.add(place(0));
        let held = taken(take(&queue, 1.0, 20_000));
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut threads = Vec::new();
        for (k, work) in [3.0, 7.0, 3.0, 5.0].into_iter().enumerate() {
            let (queue_of, order) = (Arc::clone(&queue), Arc::clone(&order));
            threads.push(thread::spawn(move || {
                let place = taken(take(&queue_of, work, 20_000));
                order.lock().expect("sound").push(k);
                queue_of.put(place, |_, _| {});
            }));
            while queue.lock().waiting.len() <= k {
                thread::yield_now();
            }
        }
        queue.put(held, |_, _| {});
        threads.into_iter().for_each(|t| t.join().expect("done"));
        assert_eq!(*order.lock().expect("sound"), [1, 3, 0, 2]);
    }

    #[test]
    fn without_a_place_patience_ends_and_a_closed_queue_says_why() {
        let queue = Queue::default();
        assert!(matches!(take(&queue, 1.0, 5), Err(None)));
        queue.add(place(0));
        let held = taken(take(&queue, 1.0, 5));
        thread::scope(|s| {
            // There is a place, so it waits longer than its patience.
            let waits = s.spawn(|| take(&queue, 1.0, 1));
            while queue.lock().waiting.is_empty() {
                thread::yield_now();
            }
            thread::sleep(Duration::from_millis(20));
            queue.close("over");
            assert!(matches!(waits.join().expect("ended"), Err(Some(why)) if why == "over"));
        });
        queue.put(held, |_, _| {});
        assert!(matches!(take(&queue, 1.0, 1), Err(Some(_))));
        assert_eq!(queue.drain().len(), 1);
    }

    #[test]
    fn companions_are_those_with_the_most_work_and_none_that_wants_to_be_alone() {
        let queue = Queue::default();
        queue.add(place(0));
        let held = taken(take(&queue, 9.0, 20_000));
        thread::scope(|s| {
            let mut waiting = Vec::new();
            for (work, alone) in [(1.0, false), (8.0, true), (3.0, false), (2.0, false)] {
                let queue = &queue;
                waiting.push(s.spawn(move || {
                    let request = Request { key: "", question: &question(), work, alone };
                    matches!(queue.take(&request, Duration::from_secs(20)), Ok(Served::Answered(_)))
                }));
                while queue.lock().waiting.len() < waiting.len() {
                    thread::yield_now();
                }
            }
            assert!(queue.join("another", 9, Instant::now()).is_empty());
            let joined = queue.join("", 2, Instant::now() + Duration::from_secs(20));
            assert_eq!(joined.len(), 2, "it does not wait for more than are wanted");
            let left: Vec<f64> = queue.lock().waiting.iter().map(|w| w.work).collect();
            assert!(left.contains(&8.0) && left.contains(&1.0), "{left:?}");
            joined.into_iter().for_each(|c| c.hand(Err((Trouble::Lost(String::new()), String::new()))));
            // Who waits for more than there are waits as long as it may.
            let begun = Instant::now();
            let joined = queue.join("", 5, begun + Duration::from_millis(30));
            assert!(joined.len() == 1 && begun.elapsed() >= Duration::from_millis(30));
            joined.into_iter().for_each(|c| c.hand(Err((Trouble::Lost(String::new()), String::new()))));
            queue.put(held, |_, _| {});
            let answered: Vec<bool> = waiting.into_iter().map(|w| w.join().expect("served")).collect();
            assert_eq!(answered, [true, false, true, true]);
        });
    }
}
