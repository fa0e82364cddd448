//! The client's end of a connection.

use super::protocol::{
    Answer, Atoms, BATCH, CELL_BYTES, HEADER, LONGEST_TEXT, MOST_AT_ONCE, MOST_ATOMS, Question, WireUnits, header,
    integer, word,
};
use super::socket::Stream;
use std::io::{BufReader, Error, ErrorKind, Read, Result, Write};

/// What a client does wrong, for tests of the server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// Ends with a message.
    Dies,
    /// Answers for one atom more.
    Atoms,
    /// Answers with an energy that is no number.
    Nan,
    /// Writes what is no word of the protocol.
    Garbage,
    /// Writes half an answer and goes.
    Half,
    /// Announces a text of 4 GB.
    Huge,
    /// Answers after so many seconds.
    Slow(f64),
    /// Adds this to every energy.
    OtherEnergy(f64),
    /// Says that it has no energy, where no forces are wanted.
    NoEnergy,
}

/// When a client does something wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planted {
    /// What it does.
    pub fault: Fault,
    /// From which of its questions on, the first being 0.
    pub from: u64,
    /// At every so many of them.
    pub every: u64,
}

impl Planted {
    /// Reads `KIND`, `KIND=NUMBER`, either with `@FROM` behind it, and `%EVERY` behind that.
    pub fn parse(text: &str) -> Option<Planted> {
        let (text, every) = text.split_once('%').map_or((text, Some(1)), |(text, n)| (text, n.parse().ok()));
        let (what, from) = text.split_once('@').map_or((text, Some(0)), |(what, from)| (what, from.parse().ok()));
        let (kind, number) = what.split_once('=').map_or((what, None), |(kind, n)| (kind, n.parse().ok()));
        let fault = match (kind, number) {
            ("dies", None) => Fault::Dies,
            ("atoms", None) => Fault::Atoms,
            ("nan", None) => Fault::Nan,
            ("garbage", None) => Fault::Garbage,
            ("half", None) => Fault::Half,
            ("huge", None) => Fault::Huge,
            ("no-energy", None) => Fault::NoEnergy,
            ("slow", Some(seconds)) => Fault::Slow(seconds),
            ("other-energy", Some(energy)) => Fault::OtherEnergy(energy),
            _ => return None,
        };
        Some(Planted { fault, from: from?, every: every.filter(|&n| n > 0)? })
    }

    /// What is done wrong at a question.
    fn at(&self, number: u64, question: &Question) -> Option<Fault> {
        let asked = self.fault != Fault::NoEnergy || !question.atoms.forces;
        (asked && number >= self.from && (number - self.from).is_multiple_of(self.every)).then_some(self.fault)
    }
}

/// Answers a server until it says `EXIT` or goes away. It wants to be told what the atoms are before every question.
///
/// - `at_once`: how many configurations it takes at once; 1: one after the other, as any client
/// - `answers`: energy and forces of each in the units of the scene, or why there are none
///
/// # Errors
/// When the server is lost in the middle, or speaks another protocol.
pub fn serve(
    stream: Stream,
    units: WireUnits,
    planted: Option<Planted>,
    at_once: usize,
    mut answers: impl FnMut(&[Question]) -> Vec<std::result::Result<Answer, String>>,
) -> Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut atoms, mut ready) = (None::<Atoms>, None::<(Vec<u8>, Option<Fault>)>);
    let (mut asked, mut wanted, mut number) = (Vec::new(), 1, 0);
    let needs = if at_once > 1 { format!("{BATCH}{at_once}") } else { "NEEDINIT".to_owned() };
    loop {
        let mut said = [0; HEADER];
        match stream.read_exact(&mut said) {
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            other => other?,
        }
        match word(&said).as_str() {
            "STATUS" => {
                let status = match (&ready, &atoms) {
                    (Some(_), _) => "HAVEDATA",
                    (None, Some(_)) => "READY",
                    (None, None) => &needs,
                };
                stream.get_mut().write_all(&header(status))?;
            }
            BATCH => {
                let n = whole_number(&mut stream)?;
                let known = usize::try_from(n).ok().filter(|n| (1..=MOST_AT_ONCE).contains(n));
                wanted = known.ok_or_else(|| wrong(format!("{n} configurations at once")))?;
            }
            "INIT" => {
                whole_number(&mut stream)?;
                let text = bytes(&mut stream, LONGEST_TEXT, 1)?;
                // Servers of i-PI have nothing to say here: an empty text leaves the atoms to the client.
                atoms = Some(match text.trim_ascii().is_empty() {
                    true => Atoms { forces: true, ..Atoms::default() },
                    false => {
                        serde_json::from_slice(&text).map_err(|e| wrong(format!("what is said of the atoms: {e}")))?
                    }
                });
            }
            "POSDATA" => {
                let mut cell = [0; CELL_BYTES];
                stream.read_exact(&mut cell)?;
                let positions = bytes(&mut stream, MOST_ATOMS, 24)?;
                let Some(mut atoms) = atoms.take() else {
                    return Err(wrong("it was not told what the atoms are".to_owned()));
                };
                if atoms.names.is_empty() && atoms.species.is_empty() {
                    atoms.species = vec![0; positions.len() / 24];
                }
                let (told, n) = (atoms.species.len(), positions.len() / 24);
                if told != n {
                    return Err(wrong(format!("{n} positions of {told} atoms")));
                }
                asked.push(Question::read(atoms, &cell, &positions, units));
                if asked.len() == wanted {
                    let found = answers(&asked);
                    ready = Some(all_written(&asked, found, units, planted, number)?);
                    number += asked.len() as u64;
                    asked.clear();
                    wanted = 1;
                }
            }
            "GETFORCE" => {
                let Some((answer, fault)) = ready.take() else {
                    return Err(wrong("it was asked for nothing".to_owned()));
                };
                stream.get_mut().write_all(&answer)?;
                if fault == Some(Fault::Half) {
                    return Ok(());
                }
            }
            "EXIT" => return Ok(()),
            other => return Err(wrong(format!("the server said `{}`", other.escape_default()))),
        }
    }
}

/// Answers on the wire, and the last fault among them.
///
/// - `number`: of the first question
fn all_written(
    asked: &[Question],
    found: Vec<std::result::Result<Answer, String>>,
    units: WireUnits,
    planted: Option<Planted>,
    number: u64,
) -> Result<(Vec<u8>, Option<Fault>)> {
    let mut bytes = Vec::new();
    let mut last = None;
    for ((question, found), number) in asked.iter().zip(found).zip(number..) {
        let answer = found.unwrap_or_else(|why| Answer {
            energy: f64::NAN,
            forces: vec![glam::DVec3::ZERO; question.positions.len()],
            extra: format!("error: {why}"),
        });
        let fault = planted.and_then(|p| p.at(number, question));
        bytes.append(&mut written(answer, units, fault)?);
        last = fault.or(last);
        if fault == Some(Fault::Half) {
            break;
        }
    }
    Ok((bytes, last))
}

/// An answer on the wire, with what is wrong with it.
fn written(mut answer: Answer, units: WireUnits, fault: Option<Fault>) -> Result<Vec<u8>> {
    match fault {
        Some(Fault::Dies) => return Err(Error::other("out of memory (planted)")),
        Some(Fault::Slow(seconds)) => std::thread::sleep(std::time::Duration::from_secs_f64(seconds)),
        Some(Fault::Nan) => answer.energy = f64::NAN,
        Some(Fault::OtherEnergy(more)) => answer.energy += more,
        Some(Fault::Atoms) => answer.forces.push(glam::DVec3::ZERO),
        Some(Fault::NoEnergy) => "error: the SCF did not converge (planted)".clone_into(&mut answer.extra),
        _ => {}
    }
    answer.energy /= units.energy;
    answer.forces.iter_mut().for_each(|f| *f /= units.force());
    let mut bytes = Vec::new();
    answer.write(&mut bytes);
    match fault {
        Some(Fault::Garbage) => bytes.fill(b'?'),
        Some(Fault::Half) => bytes.truncate(bytes.len() / 2),
        Some(Fault::Huge) => {
            let text = bytes.len() - 4 - answer.extra.len();
            bytes[text..text + 4].fill(0xff);
        }
        _ => {}
    }
    Ok(bytes)
}

fn wrong(problem: String) -> Error {
    Error::new(ErrorKind::InvalidData, problem)
}

fn whole_number(stream: &mut impl Read) -> Result<i32> {
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes)?;
    Ok(integer(bytes))
}

/// Bytes behind their number.
///
/// - `most`: the highest number that is taken; `size`: bytes of each
fn bytes(stream: &mut impl Read, most: usize, size: usize) -> Result<Vec<u8>> {
    let n = whole_number(stream)?;
    let n = usize::try_from(n).ok().filter(|&n| n <= most).ok_or_else(|| wrong(format!("{n} of something")))?;
    let mut bytes = vec![0; n * size];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
