//! The server's end of a connection: one configuration after the other.

use super::protocol::{Answer, HEADER, LONGEST_TEXT, Question, WireUnits, header, integer, numbers, vectors, word};
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
}

impl Connection {
    /// - `timeout`: the longest that an answer may take
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn new(stream: Stream, timeout: Duration, units: WireUnits) -> std::io::Result<Connection> {
        stream.set_timeout(timeout)?;
        Ok(Connection { stream, timeout, units, out: Vec::new(), received: Vec::new(), taken: 0, status_asked: false })
    }

    /// Asks a configuration.
    ///
    /// # Errors
    /// Why there is no answer; the connection is of no use after that.
    pub(super) fn ask(&mut self, question: &Question) -> Result<Answer, Trouble> {
        let until = Instant::now() + self.timeout;
        self.ask_status().map_err(|e| Trouble::Lost(lost(&e)))?;
        let status = self.status(until).map_err(Trouble::Lost)?;
        self.out.clear();
        match status.as_str() {
            "READY" => {}
            "NEEDINIT" => question.write_atoms(&mut self.out),
            other => return Err(Trouble::Lost(format!("it said `{other}` where READY or NEEDINIT was expected"))),
        }
        question.write_positions(self.units, &mut self.out);
        // Its answer to this one comes when it has finished.
        self.out.extend_from_slice(&header("STATUS"));
        self.stream.write_all(&self.out).map_err(|e| Trouble::Lost(lost(&e)))?;
        let answer = self.answer(question, until).map_err(Trouble::Failed)?;
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

    fn answer(&mut self, question: &Question, until: Instant) -> Result<Answer, String> {
        match self.status(until)?.as_str() {
            "HAVEDATA" => {}
            other => return Err(format!("it said `{other}` where HAVEDATA was expected: it has computed nothing")),
        }
        self.stream.write_all(&header("GETFORCE")).map_err(|e| lost(&e))?;
        let said = self.status(until)?;
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
        // Asked ahead, so that the next question need not wait for the answer; where it fails, that one will say so.
        let _ = self.ask_status();
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

    /// A word of the client.
    fn status(&mut self, until: Instant) -> Result<String, String> {
        let word = word(self.take(HEADER, until)?);
        self.status_asked = false;
        match word.chars().all(|c| c.is_ascii_uppercase()) && !word.is_empty() {
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
