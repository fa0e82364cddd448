//! The pool of clients: started, asked, watched, started anew, ended.

use super::client::{Client, Meeting};
use super::connection::{Connection, Trouble};
use super::probe::Probes;
use super::protocol::{Answer, Question};
use super::queue::{Place, Queue};
use super::socket::{Address, Listener};
use super::spec::ClientSpec;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a question is put again to another client because one was lost before it was asked.
const MOST_LOST: u32 = 20;
/// Time between two looks for clients that somebody else starts.
const LOOK: Duration = Duration::from_millis(5);

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Failure {
    /// No client could answer it.
    OfQuestion(String),
    /// Clients cannot be asked at all.
    OfClients(String),
}

/// What the clients have done.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Answers.
    pub(super) answers: AtomicU64,
    /// Questions that a client failed at, first tries and repeated ones.
    pub(super) failures: AtomicU64,
    /// Clients that were started after the first in their place.
    pub(super) restarts: AtomicU64,
    /// Time that clients were being asked. \[ns\]
    pub(super) busy: AtomicU64,
}

/// Clients behind one queue.
#[derive(Debug)]
pub(super) struct Pool {
    programs: Vec<ClientSpec>,
    meeting: Meeting,
    retries: u32,
    queue: Arc<Queue>,
    /// What clients are asked first; those with input files are asked their own first question.
    probe: Question,
    probes: Probes,
    /// What was done so far.
    pub(super) counters: Counters,
    began: Instant,
    door: Option<Door>,
}

/// The thread that lets in clients that somebody else starts.
#[derive(Debug)]
struct Door {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Pool {
    /// Starts all clients, or waits for the first one that somebody else starts, and compares what they say of `probe`.
    ///
    /// - `retries`: how often a question is asked again
    /// - `tolerance`: largest difference between energies of two clients \[energy\]
    ///
    /// # Errors
    /// What is wrong with a client.
    pub(super) fn start(
        programs: Vec<ClientSpec>,
        meeting: Meeting,
        retries: u32,
        probe: Question,
        tolerance: f64,
    ) -> Result<Pool, String> {
        let queue = Arc::new(Queue::default());
        let mut pool = Pool {
            programs,
            meeting,
            retries,
            queue,
            probe,
            probes: Probes::new(tolerance),
            counters: Counters::default(),
            began: Instant::now(),
            door: None,
        };
        if pool.programs.is_empty() {
            pool.open_door()?;
        }
        let places = pool.programs.iter().enumerate().flat_map(|(p, spec)| (0..spec.count).map(move |_| p));
        let mut places: Vec<Place> = places
            .enumerate()
            .map(|(index, program)| Place { index, program: Some(program), client: None, probed: false })
            .collect();
        let pool_ref = &pool;
        let started: Vec<Result<(), String>> = std::thread::scope(|s| {
            let start = |place: &mut Place| {
                let ready = pool_ref.make_ready(place, "", &pool_ref.probe);
                ready.map_err(|trouble| with_last_words(&trouble, place.client.take()))
            };
            let start = |place| s.spawn(move || start(place));
            let threads: Vec<_> = places.iter_mut().filter(|p| !pool_ref.has_template(p)).map(start).collect();
            let failed = || Err("a client could not be started".to_owned());
            threads.into_iter().map(|t| t.join().unwrap_or_else(|_| failed())).collect()
        });
        let problem = started.into_iter().find_map(Result::err);
        places.into_iter().for_each(|p| pool.queue.add(p));
        match problem {
            Some(problem) => Err(problem),
            None => {
                if pool.programs.is_empty() {
                    pool.first_guest()?;
                }
                pool.began = Instant::now();
                Ok(pool)
            }
        }
    }

    fn has_template(&self, place: &Place) -> bool {
        place.program.is_some_and(|p| self.programs[p].template.is_some())
    }

    /// Places of clients.
    pub(super) fn n_clients(&self) -> usize {
        self.queue.places()
    }

    /// What was found of how well clients repeat themselves.
    pub(super) fn probes(&self) -> &Probes {
        &self.probes
    }

    /// Share of the time since the start that the places of clients were being asked.
    pub(super) fn busy(&self) -> f64 {
        let there = self.began.elapsed().as_secs_f64() * self.n_clients().max(1) as f64;
        1e-9 * self.counters.busy.load(Ordering::Relaxed) as f64 / there
    }

    /// Asks a configuration; waits for a client, and asks others if it fails.
    ///
    /// - `key`: what a client must have been started for; empty where that does not matter
    /// - `work`: as for [`Queue::take`]
    /// - returns: with how long the client took \[s\]
    ///
    /// # Errors
    /// Why there is no answer.
    pub(super) fn ask(&self, key: &str, question: &Question, work: f64) -> Result<(Answer, f64), Failure> {
        let (mut failed, mut lost) = (0, 0);
        loop {
            let mut place = self
                .queue
                .take(key, work, self.meeting.connect_timeout)
                .map_err(|why| Failure::OfClients(why.unwrap_or_else(|| self.nobody())))?;
            let asked = self.make_ready(&mut place, key, question).and_then(|()| self.ask_place(&mut place, question));
            let trouble = match asked {
                Ok(answer) => {
                    self.queue.put(place);
                    self.counters.answers.fetch_add(1, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(trouble) => trouble,
            };
            let sound = matches!(trouble, Trouble::NoEnergy(_));
            let problem = self.put_away(place, &trouble, sound);
            match trouble {
                Trouble::Refused(_) => return Err(Failure::OfClients(problem)),
                Trouble::Lost(_) if lost >= MOST_LOST.min(self.retries + 3) => return Err(Failure::OfClients(problem)),
                Trouble::Lost(_) => lost += 1,
                Trouble::Failed(_) | Trouble::NoEnergy(_) => {
                    self.counters.failures.fetch_add(1, Ordering::Relaxed);
                    failed += 1;
                    if failed > self.retries {
                        return Err(Failure::OfQuestion(format!("asked {failed} times: {problem}")));
                    }
                }
            }
        }
    }

    /// Sends every caller away, now and later.
    pub(super) fn close(&self, why: &str) {
        self.queue.close(why);
    }

    /// Starts the client of a place where there is none for `key`, and has it say the probe.
    fn make_ready(&self, place: &mut Place, key: &str, question: &Question) -> Result<(), Trouble> {
        if place.client.as_ref().is_some_and(|c| c.key != key)
            && let Some(mut other) = place.client.take()
        {
            other.say_exit();
            other.wind_up();
        }
        let is_new = place.client.is_none();
        if let (None, Some(program)) = (&place.client, place.program) {
            if place.probed {
                self.counters.restarts.fetch_add(1, Ordering::Relaxed);
            }
            let client = Client::start(&self.programs[program], &self.meeting, place.index, key, question)?;
            place.client = Some(client);
        }
        let templated = self.has_template(place);
        let Some(client) = place.client.as_mut() else { return Err(Trouble::Lost("there is no client".to_owned())) };
        if is_new || !place.probed {
            let probe = if templated { question } else { &self.probe };
            let brief = templated || place.probed;
            self.probes.compare(key, probe, brief, &mut client.connection)?;
            place.probed = true;
        }
        Ok(())
    }

    fn ask_place(&self, place: &mut Place, question: &Question) -> Result<(Answer, f64), Trouble> {
        let Some(client) = place.client.as_mut() else { return Err(Trouble::Lost("there is no client".to_owned())) };
        let begun = Instant::now();
        let answer = client.connection.ask(question);
        let took = begun.elapsed();
        self.counters.busy.fetch_add(took.as_nanos() as u64, Ordering::Relaxed);
        answer.map(|answer| (answer, took.as_secs_f64()))
    }

    /// Ends the client of a place after a trouble, unless it is sound, and says what happened.
    fn put_away(&self, mut place: Place, trouble: &Trouble, sound: bool) -> String {
        if sound {
            self.queue.put(place);
            return trouble.problem().to_owned();
        }
        let problem = with_last_words(trouble, place.client.take());
        match place.program {
            Some(_) => self.queue.put(place),
            None => self.queue.remove(place),
        }
        problem
    }

    fn nobody(&self) -> String {
        let address = Address::of(&self.meeting.socket, None);
        let waited = self.meeting.connect_timeout.as_secs_f64();
        format!(
            "no client has connected to {address} within `connect_timeout`, {waited} s; start one, or name a command in \
             `clients`"
        )
    }

    /// Lets in clients that somebody else starts.
    fn open_door(&mut self) -> Result<(), String> {
        let listener = Listener::bind(Address::of(&self.meeting.socket, None))?;
        let (stop, meeting, queue) = (Arc::new(AtomicBool::new(false)), self.meeting.clone(), Arc::clone(&self.queue));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut index = 0;
            while !stopped.load(Ordering::Relaxed) {
                // One that fails to connect is none of the run's trouble.
                let Ok(Some(stream)) = listener.accept() else {
                    std::thread::sleep(LOOK);
                    continue;
                };
                if let Ok(connection) = Connection::new(stream, meeting.timeout, meeting.units) {
                    let client = Some(Client::guest(connection));
                    queue.add(Place { index, program: None, client, probed: false });
                    index += 1;
                }
            }
        });
        self.door = Some(Door { stop, thread: Some(thread) });
        Ok(())
    }

    /// Waits for the first client that somebody else starts, and has it say the probe.
    fn first_guest(&self) -> Result<(), String> {
        let place = self.queue.take("", 0.0, self.meeting.connect_timeout);
        let mut place = place.map_err(|why| why.unwrap_or_else(|| self.nobody()))?;
        match self.make_ready(&mut place, "", &self.probe) {
            Ok(()) => {
                self.queue.put(place);
                Ok(())
            }
            Err(trouble) => Err(self.put_away(place, &trouble, false)),
        }
    }
}

/// A trouble, with what the client wrote last.
fn with_last_words(trouble: &Trouble, client: Option<Client>) -> String {
    let problem = trouble.problem();
    client.map_or_else(|| problem.to_owned(), |client| format!("{problem}; {}", client.last_words()))
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(mut door) = self.door.take() {
            door.stop.store(true, Ordering::Relaxed);
            door.thread.take().map(JoinHandle::join);
        }
        let mut clients: Vec<Client> = self.queue.drain().into_iter().filter_map(|p| p.client).collect();
        // All are told before the first is waited for.
        clients.iter_mut().for_each(Client::say_exit);
        clients.into_iter().for_each(Client::wind_up);
    }
}
