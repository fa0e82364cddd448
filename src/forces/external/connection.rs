//! The server's end of a connection: one configuration after the other, or several at once where the client takes them.

use super::protocol::{
    Answer, BATCH, HEADER, LONGEST_TEXT, MOST_AT_ONCE, Question, WireUnits, header, integer, numbers, vectors, word,
};
use super::socket::Stream;
use std::io::{Error, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

/// Bytes asked of the socket at once.
const CHUNK: usize = 1 << 13;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Trouble {
    /// The client was lost before it was asked; the question is not to blame.
    Lost(String),
    /// It was asked, and failed.
    Failed(String),
    /// It answered that it has no energy; the connection is sound.
    NoEnergy(String),
    /// It is not to be asked at all.
    Refused(String),
}

impl Trouble {
    /// What happened.
    pub(super) fn problem(&self) -> &str {
        match self {
            Trouble::Lost(problem)
            | Trouble::Failed(problem)
            | Trouble::NoEnergy(problem)
            | Trouble::Refused(problem) => problem,
        }
    }
}

/// What a client that is ready wants before it is given positions.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ready {
    /// Nothing: it has what it needs.
    Positions,
    /// To be told what the atoms are.
    Atoms,
    /// The same of up to so many configurations at once.
    Batch(usize),
}

/// A client that is connected.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    timeout: Duration,
    units: WireUnits,
    out: Vec<u8>,
    /// What was received and not yet looked at, from `taken` on.
    received: Vec<u8>,
    taken: usize,
    /// Whether its status was asked for ahead of the next question.
    status_asked: bool,
    /// What it has said of itself since the last question.
    ready: Option<Ready>,
    /// When it was asked what it has not answered yet.
    asked: Option<Instant>,
}

impl Connection {
    /// - `timeout`: the longest that an answer may take
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn new(stream: Stream, timeout: Duration, units: WireUnits) -> std::io::Result<Connection> {
        stream.set_timeout(timeout)?;
        let (out, received) = (Vec::new(), Vec::new());
        Ok(Connection {
            stream,
            timeout,
            units,
            out,
            received,
            taken: 0,
            status_asked: false,
            ready: None,
            asked: None,
        })
    }

    /// How many configurations the client takes at once; waits until it is ready.
    ///
    /// # Errors
    /// [`Trouble::Lost`].
    pub(super) fn capacity(&mut self) -> Result<usize, Trouble> {
        Ok(match self.ready(Instant::now() + self.timeout)? {
            Ready::Positions | Ready::Atoms => 1,
            Ready::Batch(most) => most,
        })
    }

    /// What the client wants next.
    fn ready(&mut self, until: Instant) -> Result<Ready, Trouble> {
        if let Some(ready) = self.ready {
            return Ok(ready);
        }
        self.ask_status().map_err(|e| Trouble::Lost(lost(&e)))?;
        let said = self.status(until).map_err(Trouble::Lost)?;
        let batch = said.strip_prefix(BATCH).and_then(|n| n.parse().ok()).filter(|n| (1..=MOST_AT_ONCE).contains(n));
        let ready = match (said.as_str(), batch) {
            ("READY", _) => Ready::Positions,
            ("NEEDINIT", _) => Ready::Atoms,
            (_, Some(most)) => Ready::Batch(most),
            _ => return Err(Trouble::Lost(format!("it said `{said}` where READY or NEEDINIT was expected"))),
        };
        self.ready = Some(ready);
        Ok(ready)
    }

    /// Asks a configuration.
    ///
    /// # Errors
    /// Why there is no answer; the connection is of no use after that, unless it is [`Trouble::NoEnergy`].
    pub(super) fn ask(&mut self, question: &Question) -> Result<Answer, Trouble> {
        self.ask_all(&[question])?.pop().unwrap_or_else(|| Err(Trouble::Failed("it answered nothing".to_owned())))
    }

    /// Asks several configurations at once, as many as [`Connection::capacity`] at most.
    ///
    /// - returns: of each its answer, or why it has none
    ///
    /// # Errors
    /// Why there are no answers; the connection is of no use after that.
    pub(super) fn ask_all(&mut self, questions: &[&Question]) -> Result<Vec<Result<Answer, Trouble>>, Trouble> {
        self.begin(questions)?;
        self.finish(questions)
    }

    /// When the client was asked what it has not answered yet.
    pub(super) fn asked(&self) -> Option<Instant> {
        self.asked
    }

    /// Sends questions, whose answers [`Connection::finish`] waits for.
    ///
    /// # Errors
    /// Why that was impossible; the connection is of no use after that.
    pub(super) fn begin(&mut self, questions: &[&Question]) -> Result<(), Trouble> {
        let now = Instant::now();
        let ready = self.ready(now + self.timeout)?;
        self.ready = None;
        self.out.clear();
        if let Ready::Batch(_) = ready {
            self.out.extend_from_slice(&header(BATCH));
            self.out.extend_from_slice(&(questions.len() as i32).to_ne_bytes());
        }
        for question in questions {
            if ready != Ready::Positions {
                question.write_atoms(&mut self.out);
            }
            question.write_positions(self.units, &mut self.out);
        }
        // Its answer to this one comes when it has finished.
        self.out.extend_from_slice(&header("STATUS"));
        self.stream.write_all(&self.out).map_err(|e| Trouble::Lost(lost(&e)))?;
        self.asked = Some(now);
        Ok(())
    }

    /// Waits for the answers to the questions that were sent.
    ///
    /// # Errors
    /// Why there are none; the connection is of no use after that.
    pub(super) fn finish(&mut self, questions: &[&Question]) -> Result<Vec<Result<Answer, Trouble>>, Trouble> {
        let until = self.asked.take().unwrap_or_else(Instant::now) + self.timeout;
        let answers = self.answers(questions, until).map_err(Trouble::Failed)?;
        Ok(answers.into_iter().map(with_an_energy).collect())
    }

    fn answers(&mut self, questions: &[&Question], until: Instant) -> Result<Vec<Answer>, String> {
        match self.status(until)?.as_str() {
            "HAVEDATA" => {}
            other => return Err(format!("it said `{other}` where HAVEDATA was expected: it has computed nothing")),
        }
        // The status before the next question is asked ahead.
        self.stream.write_all(&[header("GETFORCE"), header("STATUS")].concat()).map_err(|e| lost(&e))?;
        self.status_asked = true;
        questions.iter().map(|question| self.answer(question, until)).collect()
    }

    fn answer(&mut self, question: &Question, until: Instant) -> Result<Answer, String> {
        let said = self.word(until)?;
        if said != "FORCEREADY" {
            return Err(format!("it said `{said}` where FORCEREADY was expected"));
        }
        let energy = numbers(self.take(8, until)?).next().unwrap_or(f64::NAN);
        let (n, atoms) = (self.integer(until)?, question.positions.len());
        if n < 0 || n as usize != atoms {
            return Err(format!("it answered for {n} atoms where {atoms} were asked about"));
        }
        let scale = self.units.force();
        let forces = vectors(self.take(24 * atoms, until)?, scale);
        self.take(72, until)?;
        let length = self.integer(until)?;
        if length < 0 || length as usize > LONGEST_TEXT {
            return Err(format!("it announced a text of {} bytes behind its answer", length as u32));
        }
        let extra =
            String::from_utf8_lossy(self.take(length as usize, until)?).trim_matches(['\0', ' ', '\n']).to_owned();
        Ok(Answer { energy: energy * self.units.energy, forces, extra })
    }

    /// Tells the client that it may go.
    pub(super) fn say_exit(&mut self) {
        let _ = self.stream.write_all(&header("EXIT"));
    }

    fn ask_status(&mut self) -> std::io::Result<()> {
        if !self.status_asked {
            self.stream.write_all(&header("STATUS"))?;
            self.status_asked = true;
        }
        Ok(())
    }

    /// What the client says of its status.
    fn status(&mut self, until: Instant) -> Result<String, String> {
        let said = self.word(until)?;
        self.status_asked = false;
        Ok(said)
    }

    /// A word of the client.
    fn word(&mut self, until: Instant) -> Result<String, String> {
        let word = word(self.take(HEADER, until)?);
        match word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) && !word.is_empty() {
            true => Ok(word),
            false => Err(format!("it said `{}`, which is no word of the i-PI protocol", word.escape_default())),
        }
    }

    fn integer(&mut self, until: Instant) -> Result<i32, String> {
        let bytes = self.take(4, until)?;
        Ok(integer([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// The next so many bytes.
    fn take(&mut self, n: usize, until: Instant) -> Result<&[u8], String> {
        if self.taken == self.received.len() {
            self.received.clear();
            self.taken = 0;
        }
        while self.received.len() - self.taken < n {
            let filled = self.received.len();
            let wanted = n - (filled - self.taken);
            self.received.resize(filled + wanted.max(CHUNK), 0);
            let read = self.stream.read(&mut self.received[filled..]);
            self.received.truncate(filled + read.as_ref().map_or(0, |n| *n));
            match read {
                Ok(0) if filled == self.taken => return Err("it closed the connection".to_owned()),
                Ok(0) => return Err("it closed the connection in the middle of an answer".to_owned()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err(self.too_slow());
                }
                Err(e) => return Err(lost(&e)),
                Ok(_) if Instant::now() > until && self.received.len() - self.taken < n => return Err(self.too_slow()),
                Ok(_) => {}
            }
        }
        self.taken += n;
        Ok(&self.received[self.taken - n..self.taken])
    }

    fn too_slow(&self) -> String {
        format!("it did not answer within `timeout`, {} s", self.timeout.as_secs_f64())
    }
}

/// An answer that says an energy.
fn with_an_energy(answer: Answer) -> Result<Answer, Trouble> {
    if let Some(why) = answer.extra.strip_prefix("error:") {
        return Err(Trouble::NoEnergy(format!("it could not compute this: {}", why.trim())));
    }
    if !answer.energy.is_finite() || answer.forces.iter().any(|f| !f.is_finite()) {
        let energy = answer.energy;
        return Err(Trouble::NoEnergy(format!(
            "it answered with the energy {energy}, or a force that is not a number"
        )));
    }
    Ok(answer)
}

fn lost(error: &Error) -> String {
    format!("the connection was lost ({error})")
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::protocol::Atoms;
    use super::*;
    use crate::base::units::Units;
    use glam::DVec3;
    use std::os::unix::net::UnixStream;
    use std::thread;

    fn question() -> Question {
        let atoms = Atoms { names: vec!["A".into()], symbols: vec!["Ar".into()], species: vec![0], ..Atoms::default() };
        Question { cell: [DVec3::X, DVec3::Y, DVec3::Z], atoms, positions: vec![DVec3::ZERO] }
    }

    /// What becomes of a question when the other side writes these bytes and goes away, or stays.
    fn met(bytes: &[u8], stays: bool) -> Trouble {
        let (here, mut there) = UnixStream::pair().expect("a pair");
        let units = WireUnits::of(Units::Lj);
        let timeout = Duration::from_millis(100);
        let mut connection = Connection::new(Stream::Unix(here), timeout, units).expect("a connection");
        there.write_all(bytes).expect("written");
        let kept = if stays {
            Some(there)
        } else {
            there.shutdown(std::net::Shutdown::Write).expect("closed");
            // It still reads what it is asked.
            thread::spawn(move || std::io::copy(&mut there, &mut std::io::sink()));
            None
        };
        let trouble = connection.ask(&question()).expect_err("no answer");
        drop(kept);
        trouble
    }

    /// A whole answer, with these numbers in it.
    fn answer(energy: f64, atoms: i32, text: u32) -> Vec<u8> {
        let mut bytes = [header("READY"), header("HAVEDATA"), header("FORCEREADY")].concat();
        bytes.extend_from_slice(&energy.to_ne_bytes());
        bytes.extend_from_slice(&atoms.to_ne_bytes());
        bytes.resize(bytes.len() + 24 + 72, 0);
        bytes.extend_from_slice(&text.to_ne_bytes());
        bytes
    }

    #[test]
    fn what_is_no_answer_is_said() {
        let whole = answer(1.0, 1, 0);
        for (bytes, stays, said) in [
            (&whole[..0], false, "closed the connection"),
            (&whole[..0], true, "within `timeout`"),
            (&b"HTTP/1.1 200"[..], true, "no word of the i-PI protocol"),
            (&whole[..24], false, "closed the connection"),
            (&whole[..60], false, "in the middle of an answer"),
            (&whole[..60], true, "within `timeout`"),
            (&answer(1.0, 7, 0), true, "answered for 7 atoms where 1 were"),
            (&answer(1.0, -1, 0), true, "answered for -1 atoms"),
            (&answer(f64::NAN, 1, 0), true, "the energy NaN"),
            (&answer(1.0, 1, u32::MAX), true, "a text of 4294967295 bytes"),
            (&[&header("READY")[..], &header("READY")].concat(), true, "it has computed nothing"),
        ] {
            let trouble = met(bytes, stays);
            assert!(trouble.problem().contains(said), "{said}: {trouble:?}");
            assert_eq!(
                matches!(trouble, Trouble::Lost(_)),
                bytes.len() < HEADER || bytes.starts_with(b"HTTP"),
                "{trouble:?}"
            );
        }
        // The whole answer is one: the connection is sound.
        let (here, mut there) = UnixStream::pair().expect("a pair");
        let mut connection = Connection::new(Stream::Unix(here), Duration::from_secs(5), WireUnits::of(Units::Lj))
            .expect("a connection");
        there.write_all(&whole).expect("written");
        assert_eq!(connection.ask(&question()).map(|a| a.energy), Ok(1.0));
    }
}
