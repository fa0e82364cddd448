//! What a scene says of forces from outside.

use crate::base::units::Units;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Clients that compute energies and forces, where they are met, and what is done when they fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalSpec {
    /// Programs to start; none: clients that somebody else starts are waited for.
    #[serde(default)]
    pub clients: Vec<ClientSpec>,
    /// One more of `clients`, with its command; once a scene is checked, it stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
    /// Where clients connect; unset: a UNIX socket of a name of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<SocketSpec>,
    /// Seconds in which a client must have connected.
    #[serde(default = "connect_timeout")]
    pub connect_timeout: f64,
    /// Seconds in which a client must have answered.
    #[serde(default = "timeout")]
    pub timeout: f64,
    /// How often a configuration is asked again, each time of a client started anew.
    #[serde(default = "retries")]
    pub retries: u32,
    /// What becomes of a trial that no client could evaluate.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// Two atoms closer than this are never asked about: their energy is infinite \[length\].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core: Option<f64>,
    /// Vacuum between the ceiling and the next slab above it, for clients that are periodic in z \[length\].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vacuum: Option<f64>,
    /// The zero of energy; unset: that of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<ReferenceSpec>,
}

/// A program to start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSpec {
    /// Its command line; `{socket}`, `{path}`, `{host}`, `{port}` are those of its socket.
    #[serde(default)]
    pub command: String,
    /// How many of it run at the same time.
    #[serde(default = "one")]
    pub count: u32,
    /// Input files of a program whose number of atoms is fixed: one process for a composition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
}

/// Input files of a program whose number of atoms is fixed. A scene names their folder, or `(folder: …, command: …)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Their folder.
    pub folder: String,
    /// The command line, where it stands here; once a scene is checked, it stands beside `template`.
    pub command: Option<String>,
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.command {
            None => serializer.serialize_str(&self.folder),
            Some(command) => {
                let mut fields = serializer.serialize_struct("Template", 2)?;
                fields.serialize_field("folder", &self.folder)?;
                fields.serialize_field("command", command)?;
                fields.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Template, D::Error> {
        deserializer.deserialize_any(AsWritten)
    }
}

/// Reads a template from a text or from its fields.
struct AsWritten;

impl<'de> Visitor<'de> for AsWritten {
    type Value = Template;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a folder in double quotes, or (folder: …, command: …)")
    }

    fn visit_str<E>(self, folder: &str) -> Result<Template, E> {
        Ok(Template { folder: folder.to_owned(), command: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Template, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fields {
            folder: String,
            #[serde(default)]
            command: Option<String>,
        }
        let Fields { folder, command } = Fields::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Template { folder, command })
    }
}

/// Where clients connect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SocketSpec {
    /// The socket `/tmp/ipi_NAME`, as i-PI has it, or that of an absolute path.
    Unix(String),
    /// Address and port to listen at; port 0: any free one.
    Tcp(String, u16),
}

/// What becomes of a trial that no client could evaluate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnFailure {
    /// The run ends; `resume` goes on from its last checkpoint.
    #[default]
    Stop,
    /// The trial is rejected and counted: the ensemble is another one if that happens often.
    Reject,
}

/// The zero of energy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceSpec {
    /// E of the slab as the scene has it.
    #[serde(default)]
    pub slab: SlabReference,
    /// E of an atom of each species.
    #[serde(default)]
    pub species: Vec<(String, SpeciesReference)>,
    /// What the clients said; a run writes it into `resolved.ron`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computed: Option<ReferenceEnergies>,
}

/// Where the energy of the slab comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub enum SlabReference {
    /// A client is asked.
    #[default]
    Compute,
    /// A number \[energy\].
    Given(f64),
}

/// Where the energy of an atom comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum SpeciesReference {
    /// Half of a molecule of two, at the distance where a client has its lowest energy.
    HalfMolecule,
    /// An atom alone, as a client has it.
    Atom,
    /// A number \[energy\].
    Given(f64),
}

/// Energies that are taken off those of the clients.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceEnergies {
    /// Of the slab. \[energy\]
    pub slab: f64,
    /// `[n_species]`, of an atom of each species of the scene; 0 where it names none. \[energy\]
    pub species: Vec<f64>,
}

fn connect_timeout() -> f64 {
    60.0
}

fn timeout() -> f64 {
    600.0
}

fn retries() -> u32 {
    2
}

fn one() -> u32 {
    1
}

impl ExternalSpec {
    /// Two atoms closer than this are never asked about. \[length\]
    pub fn core_or_default(&self, units: Units) -> f64 {
        self.core.unwrap_or(match units {
            Units::Metal => 0.5,
            Units::Lj => 0.2,
        })
    }

    /// Vacuum above the ceiling. \[length\]
    pub fn vacuum_or_default(&self, units: Units) -> f64 {
        self.vacuum.unwrap_or(match units {
            Units::Metal => 10.0,
            Units::Lj => 5.0,
        })
    }

    /// Processes that are started.
    pub fn n_clients(&self) -> usize {
        self.clients.iter().map(|c| c.count as usize).sum()
    }

    /// How the energy of an atom of a species is found, if the scene says so.
    pub fn reference_of(&self, species: &str) -> Option<SpeciesReference> {
        let listed = self.reference.iter().flat_map(|r| &r.species);
        listed.filter(|(name, _)| name == species).map(|(_, of)| *of).next()
    }
}
