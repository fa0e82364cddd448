//! A client: its connection, and the process and the folder where it was started here.

use super::connection::{Connection, Trouble};
use super::process::ClientProcess;
use super::protocol::{Question, WireUnits};
use super::socket::{Address, Listener};
use super::spec::{ClientSpec, SocketSpec};
use super::template::fill_folder;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Time between two looks at a socket that nobody has connected to yet.
const LOOK: Duration = Duration::from_millis(2);

/// How clients are met.
#[derive(Debug, Clone)]
pub(super) struct Meeting {
    /// Where they connect.
    pub(super) socket: SocketSpec,
    /// In which time they must have connected.
    pub(super) connect_timeout: Duration,
    /// In which time they must have answered.
    pub(super) timeout: Duration,
    /// Units of the scene on the wire.
    pub(super) units: WireUnits,
}

/// A client that is connected.
#[derive(Debug)]
pub(super) struct Client {
    /// Its connection.
    pub(super) connection: Connection,
    /// What it was started for, where that matters.
    pub(super) key: String,
    /// How long it waits for more configurations, where it takes several at once.
    pub(super) linger: Duration,
    process: Option<ClientProcess>,
    /// The folder that it runs in; removed with it.
    _folder: Option<TempDir>,
}

impl Client {
    /// One that somebody else started.
    pub(super) fn guest(connection: Connection) -> Client {
        Client { connection, key: String::new(), linger: Duration::ZERO, process: None, _folder: None }
    }

    /// Starts a program and waits until it has connected.
    ///
    /// - `place`: number of its place, of which the socket has its name
    /// - `question`: the first that it will be asked, for its input files
    ///
    /// # Errors
    /// What went wrong, with what the program wrote last.
    pub(super) fn start(
        program: &ClientSpec,
        meeting: &Meeting,
        place: usize,
        key: &str,
        question: &Question,
    ) -> Result<Client, Trouble> {
        let refused = Trouble::Refused;
        let listener = Listener::bind(Address::of(&meeting.socket, Some(place))).map_err(refused)?;
        let address = match &listener.address {
            Address::Tcp(host, port) if host == "0.0.0.0" => Address::Tcp("127.0.0.1".to_owned(), *port),
            address => address.clone(),
        };
        let folder = match &program.template {
            None => None,
            Some(template) => {
                let folder = tempfile::tempdir().map_err(|e| refused(format!("no folder for a client: {e}")))?;
                fill_folder(template.folder.as_ref(), folder.path(), question, &address).map_err(refused)?;
                Some(folder)
            }
        };
        let at = folder.as_ref().map(TempDir::path);
        let mut process = ClientProcess::start(&program.command, &address, at).map_err(refused)?;
        let until = Instant::now() + meeting.connect_timeout;
        let stream = loop {
            let accepted =
                listener.accept().map_err(|e| Trouble::Lost(format!("nobody can connect to {address}: {e}")))?;
            if let Some(stream) = accepted {
                break stream;
            }
            if process.has_ended().is_some() {
                let problem = format!("a client did not connect to {address}: {}", process.last_words());
                return Err(Trouble::Lost(problem));
            }
            if Instant::now() >= until {
                let waited = meeting.connect_timeout.as_secs_f64();
                let problem = format!(
                    "a client did not connect to {address} within `connect_timeout`, {waited} s: {}",
                    process.last_words()
                );
                return Err(Trouble::Lost(problem));
            }
            std::thread::sleep(LOOK);
        };
        let connection = Connection::new(stream, meeting.timeout, meeting.units);
        let connection = connection.map_err(|e| Trouble::Lost(format!("the connection of a client is lost: {e}")))?;
        let (key, linger) = (key.to_owned(), Duration::ZERO);
        Ok(Client { connection, key, linger, process: Some(process), _folder: folder })
    }

    /// Ends it after it has failed, and says what it wrote last.
    pub(super) fn last_words(mut self) -> String {
        // A sound one has nothing to say.
        self.connection.say_exit();
        self.process.take().map_or_else(|| "it was not started by adlayer".to_owned(), ClientProcess::last_words)
    }

    /// Tells it that it may go.
    pub(super) fn say_exit(&mut self) {
        self.connection.say_exit();
    }

    /// Waits for it to go after it was told to, and kills it if it does not.
    pub(super) fn wind_up(self) {
        let Client { connection, process, .. } = self;
        drop(connection);
        if let Some(mut process) = process {
            process.wind_up();
        }
    }
}
