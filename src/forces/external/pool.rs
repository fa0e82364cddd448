//! The pool of clients: started, asked, watched, started anew, ended.

use super::client::{Client, Meeting};
use super::connection::{Connection, Trouble};
use super::outliers::Outliers;
use super::probe::Probes;
use super::protocol::{Answer, Question};
use super::queue::{Companion, Outcome, Place, Queue, Request, Served, Told};
use super::socket::{Address, Listener};
use super::spec::ClientSpec;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a question is put again to another client because one was lost before it was asked.
const MOST_LOST: u32 = 20;
/// Share of the time of its last answer that a client which takes several configurations at once waits for more of them, and the
/// longest that it does.
const LINGER: (f64, Duration) = (0.05, Duration::from_millis(20));
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
    /// Requests that clients were asked, each with one question or more.
    pub(super) requests: AtomicU64,
    /// Questions that a client failed at, first tries and repeated ones.
    pub(super) failures: AtomicU64,
    /// Clients that were started after the first in their place.
    pub(super) restarts: AtomicU64,
    /// Energies that were doubted and that a second answer confirmed.
    pub(super) confirmed: AtomicU64,
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
    outliers: Outliers,
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
    /// - `outliers`: what doubts energies
    ///
    /// # Errors
    /// What is wrong with a client.
    pub(super) fn start(
        programs: Vec<ClientSpec>,
        meeting: Meeting,
        retries: u32,
        probe: Question,
        tolerance: f64,
        outliers: Outliers,
    ) -> Result<Pool, String> {
        let queue = Arc::new(Queue::default());
        let mut pool = Pool {
            programs,
            meeting,
            retries,
            queue,
            probe,
            probes: Probes::new(tolerance),
            outliers,
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

    /// What doubts energies.
    pub(super) fn outliers(&self) -> &Outliers {
        &self.outliers
    }

    /// Share of the time since the start that the places of clients were being asked.
    pub(super) fn busy(&self) -> f64 {
        let there = self.began.elapsed().as_secs_f64() * self.n_clients().max(1) as f64;
        1e-9 * self.counters.busy.load(Ordering::Relaxed) as f64 / there
    }

    /// Asks a configuration; waits for a client, and asks others if it fails. An energy that is doubted is asked for again, of a
    /// client started anew where it was started here, and believed if that says the same; else the first one has failed.
    ///
    /// - `key`: what a client must have been started for; empty where that does not matter
    /// - `work`: as in [`Request`]
    /// - returns: with how long the client took \[s\]
    ///
    /// # Errors
    /// Why there is no answer.
    pub(super) fn ask(&self, key: &str, question: &Arc<Question>, work: f64) -> Result<(Answer, f64), Failure> {
        let (mut failed, mut lost, mut doubted) = (0, 0, None);
        loop {
            let request = Request { key, question, work, alone: failed + lost > 0 || doubted.is_some() };
            let served = self
                .queue
                .take(&request, self.meeting.connect_timeout)
                .map_err(|why| Failure::OfClients(why.unwrap_or_else(|| self.nobody())))?;
            let outcome = match served {
                Served::Answered(outcome) => outcome,
                Served::Place(place) => self.serve(*place, &request),
            };
            let (trouble, problem) = match outcome {
                Ok(Told { answer, took, doubt }) => {
                    let energy = answer.energy;
                    let problem = match (doubt, doubted) {
                        (Some(_), None) => {
                            doubted = Some(energy);
                            continue;
                        }
                        (Some(why), Some(first)) if !self.probes.agree(first, energy) => {
                            format!("{why}; before it was {first}")
                        }
                        (doubt, doubted) => {
                            self.settle(question, energy, doubt.is_some(), doubted.is_some());
                            return Ok((answer, took));
                        }
                    };
                    doubted = Some(energy);
                    (Trouble::Failed(String::new()), problem)
                }
                Err(trouble) => trouble,
            };
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

    /// Counts an answer that is believed.
    ///
    /// - `is_low`: whether it is far below all others; `doubted`: whether one was doubted before
    fn settle(&self, question: &Question, energy: f64, is_low: bool, doubted: bool) {
        let count = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
        count(&self.counters.answers);
        if is_low {
            self.outliers.believe(question, energy);
            count(&self.counters.confirmed);
        } else if doubted {
            count(&self.counters.failures);
        }
    }

    /// Sends every caller away, now and later.
    pub(super) fn close(&self, why: &str) {
        self.queue.close(why);
    }

    /// Starts the client of a place where there is none for `key`, and has it say the probe.
    fn make_ready(&self, place: &mut Place, key: &str, question: &Question) -> Result<(), Trouble> {
        if place.client.as_ref().is_some_and(|c| c.key != key) {
            wind_up(place);
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

    /// Asks the client of a place for a caller, and for those that wait where it takes several questions at once; the place is given
    /// back.
    fn serve(&self, mut place: Place, request: &Request<'_>) -> Outcome {
        let mut companions = Vec::new();
        let asked = self
            .make_ready(&mut place, request.key, request.question)
            .and_then(|()| self.ask_place(&mut place, request, &mut companions));
        match asked {
            Ok((answers, took)) => {
                let told = |(answer, question): (Result<Answer, Trouble>, &Question)| match answer {
                    Ok(answer) => {
                        let doubt = self.outliers.doubt(question, answer.energy);
                        Ok(Told { answer, took, doubt })
                    }
                    Err(trouble) => Err((trouble.clone(), trouble.problem().to_owned())),
                };
                let questions = companions.iter().map(|c| &*c.question);
                let questions = std::iter::once(&**request.question).chain(questions);
                let outcomes: Vec<Outcome> = answers.into_iter().zip(questions).map(told).collect();
                if outcomes.iter().any(|o| o.as_ref().is_ok_and(|told| told.doubt.is_some())) {
                    wind_up(&mut place);
                }
                self.queue.put(place, ask_ahead);
                let mut outcomes = outcomes.into_iter();
                let own = outcomes.next();
                companions.into_iter().zip(outcomes).for_each(|(companion, outcome)| companion.hand(outcome));
                own.unwrap_or_else(|| Err((Trouble::Failed(String::new()), "a client answered nothing".to_owned())))
            }
            Err(trouble) => {
                let problem = self.put_away(place, &trouble);
                let outcome = || Err((trouble.clone(), problem.clone()));
                companions.into_iter().for_each(|companion| companion.hand(outcome()));
                outcome()
            }
        }
    }

    /// - `companions`: filled with those whose questions were asked too
    /// - returns: the answers, that of the caller first, and how long they took \[s\]
    fn ask_place(
        &self,
        place: &mut Place,
        request: &Request<'_>,
        companions: &mut Vec<Companion>,
    ) -> Result<(Vec<Result<Answer, Trouble>>, f64), Trouble> {
        let Some(client) = place.client.as_mut() else { return Err(Trouble::Lost("there is no client".to_owned())) };
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        let connection = &mut client.connection;
        let (begun, answers) = match connection.asked() {
            Some(ahead) => (ahead, connection.finish(&[&**request.question])),
            None => {
                if !request.alone {
                    let others = connection.capacity()? - 1;
                    *companions = self.queue.join(request.key, others, Instant::now() + client.linger);
                }
                let companions = companions.iter().map(|c| &*c.question);
                let questions: Vec<&Question> = std::iter::once(&**request.question).chain(companions).collect();
                (Instant::now(), connection.ask_all(&questions))
            }
        };
        let took = begun.elapsed();
        client.linger = took.mul_f64(LINGER.0).min(LINGER.1);
        self.counters.busy.fetch_add(took.as_nanos() as u64, Ordering::Relaxed);
        answers.map(|answers| (answers, took.as_secs_f64()))
    }

    /// Ends the client of a place after a trouble, and says what happened.
    fn put_away(&self, mut place: Place, trouble: &Trouble) -> String {
        let problem = with_last_words(trouble, place.client.take());
        match place.program {
            Some(_) => self.queue.put(place, ask_ahead),
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
        let question = Arc::new(self.probe.clone());
        let request = Request { key: "", question: &question, work: 0.0, alone: true };
        let served = self.queue.take(&request, self.meeting.connect_timeout);
        let served = served.map_err(|why| why.unwrap_or_else(|| self.nobody()))?;
        let Served::Place(mut place) = served else { return Err("the first client was asked by nobody".to_owned()) };
        match self.make_ready(&mut place, "", &self.probe) {
            Ok(()) => {
                self.queue.put(*place, ask_ahead);
                Ok(())
            }
            Err(trouble) => Err(self.put_away(*place, &trouble)),
        }
    }
}

/// Asks the client of a place what the caller that will have it is about to ask. Who takes several questions at once is left to the
/// caller, and so is a trouble: it will meet that again.
fn ask_ahead(place: &mut Place, question: &Question) {
    if let Some(client) = place.client.as_mut()
        && matches!(client.connection.capacity(), Ok(1))
    {
        let _ = client.connection.begin(&[question]);
    }
}

/// Ends the client of a place if it can be started again: what it starts from may be what is wrong.
fn wind_up(place: &mut Place) {
    if place.program.is_some()
        && let Some(mut client) = place.client.take()
    {
        client.say_exit();
        client.wind_up();
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
