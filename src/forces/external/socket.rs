//! Sockets of either kind: where clients connect, and the connection.

use super::spec::SocketSpec;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where i-PI and its clients have UNIX sockets, before their names.
const PREFIX: &str = "/tmp/ipi_";

/// Where a client connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A UNIX socket: its name among those of i-PI, and its path.
    Unix(String, PathBuf),
    /// Host and port.
    Tcp(String, u16),
}

impl Address {
    /// The address of a scene.
    ///
    /// - `place`: number of a client that is started; `None`: the address of clients that are waited for
    pub fn of(socket: &SocketSpec, place: Option<usize>) -> Address {
        let numbered = |name: &str| match place {
            Some(k) => format!("{name}-{k}"),
            None => name.to_owned(),
        };
        match socket {
            SocketSpec::Unix(name) => Address::unix(&numbered(name)),
            SocketSpec::Tcp(host, 0) => Address::Tcp(host.clone(), 0),
            SocketSpec::Tcp(host, port) => Address::Tcp(host.clone(), port.saturating_add(place.unwrap_or(0) as u16)),
        }
    }

    /// The UNIX socket of a name, or of an absolute path.
    pub fn unix(name: &str) -> Address {
        let path = if Path::new(name).is_absolute() { name.into() } else { PathBuf::from(format!("{PREFIX}{name}")) };
        Address::Unix(name.to_owned(), path)
    }

    /// Reads what [`Address`] shows: `unix:NAME` or `tcp:HOST:PORT`.
    pub fn parse(text: &str) -> Option<Address> {
        if let Some(name) = text.strip_prefix("unix:").filter(|n| !n.is_empty()) {
            return Some(Address::unix(name));
        }
        let (host, port) = text.strip_prefix("tcp:")?.rsplit_once(':')?;
        Some(Address::Tcp(host.to_owned(), port.parse().ok()?))
    }

    /// Connects to a server.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(&self) -> Result<Stream> {
        match self {
            #[cfg(unix)]
            Address::Unix(_, path) => UnixStream::connect(path).map(Stream::Unix),
            #[cfg(not(unix))]
            Address::Unix(..) => Err(no_unix_sockets()),
            Address::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port))?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Address::Unix(name, _) => write!(f, "unix:{name}"),
            Address::Tcp(host, port) => write!(f, "tcp:{host}:{port}"),
        }
    }
}

/// A socket that waits for clients.
#[derive(Debug)]
pub struct Listener {
    kind: Kind,
    /// Where clients connect; with the port that was found where any was wanted.
    pub address: Address,
}

#[derive(Debug)]
enum Kind {
    #[cfg(unix)]
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Listener {
    /// Listens. The socket of a server that is no more is replaced.
    ///
    /// # Errors
    /// What is in the way, with the remedy.
    pub fn bind(address: Address) -> std::result::Result<Listener, String> {
        match &address {
            #[cfg(unix)]
            Address::Unix(name, path) => {
                clear(path)?;
                let listener = UnixListener::bind(path).map_err(|e| {
                    format!(
                        "cannot listen at {}: {e}; give another name, e.g. `socket: Unix(\"{name}2\")`",
                        path.display()
                    )
                })?;
                listener.set_nonblocking(true).map_err(|e| e.to_string())?;
                Ok(Listener { kind: Kind::Unix(listener), address })
            }
            #[cfg(not(unix))]
            Address::Unix(..) => Err(no_unix_sockets().to_string()),
            Address::Tcp(host, port) => {
                let failed = |e: Error| match e.kind() {
                    ErrorKind::AddrInUse => {
                        format!(
                            "port {port} of {host} is in use; give another one, or 0 for any: `socket: Tcp(\"{host}\", 0)`"
                        )
                    }
                    _ => format!("cannot listen at {host}, port {port}: {e}; give an address of this machine"),
                };
                let listener = TcpListener::bind((host.as_str(), *port)).map_err(failed)?;
                listener.set_nonblocking(true).map_err(|e| e.to_string())?;
                let port = listener.local_addr().map_or(*port, |a| a.port());
                Ok(Listener { kind: Kind::Tcp(listener), address: Address::Tcp(host.clone(), port) })
            }
        }
    }

    /// The next connection, if there is one.
    ///
    /// # Errors
    /// The operating system's.
    pub fn accept(&self) -> Result<Option<Stream>> {
        let accepted = match &self.kind {
            #[cfg(unix)]
            Kind::Unix(listener) => listener.accept().map(|(s, _)| Stream::Unix(s)),
            Kind::Tcp(listener) => listener.accept().map(|(s, _)| Stream::Tcp(s)),
        };
        match accepted {
            Ok(stream) => {
                stream.set_blocking()?;
                Ok(Some(stream))
            }
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(None),
            Err(e) => Err(e),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Address::Unix(_, path) = &self.address {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Removes the socket of a server that is no more.
#[cfg(unix)]
fn clear(path: &Path) -> std::result::Result<(), String> {
    use std::os::unix::fs::FileTypeExt;
    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    let shown = path.display();
    if !found.file_type().is_socket() {
        return Err(format!("{shown} is there and is no socket; remove it, or give `socket` another name"));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(format!("another program listens at {shown}; wait for its end, or give `socket` another name")),
        Err(e) if e.kind() == ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(|e| format!("cannot remove the stale socket {shown}: {e}; remove it"))
        }
        Err(e) => Err(format!("cannot use the socket {shown}: {e}; remove it, or give `socket` another name")),
    }
}

#[cfg(not(unix))]
fn no_unix_sockets() -> Error {
    Error::new(ErrorKind::Unsupported, "there are no UNIX sockets here; give `socket: Tcp(\"127.0.0.1\", 0)`")
}

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// Over a UNIX socket.
    #[cfg(unix)]
    Unix(UnixStream),
    /// Over TCP.
    Tcp(TcpStream),
}

impl Stream {
    fn set_blocking(&self) -> Result<()> {
        match self {
            #[cfg(unix)]
            Stream::Unix(s) => s.set_nonblocking(false),
            Stream::Tcp(s) => s.set_nonblocking(false).and_then(|()| s.set_nodelay(true)),
        }
    }

    /// The longest that a read or a write waits.
    ///
    /// # Errors
    /// The operating system's.
    pub fn set_timeout(&self, timeout: Duration) -> Result<()> {
        match self {
            #[cfg(unix)]
            Stream::Unix(s) => s.set_read_timeout(Some(timeout)).and_then(|()| s.set_write_timeout(Some(timeout))),
            Stream::Tcp(s) => s.set_read_timeout(Some(timeout)).and_then(|()| s.set_write_timeout(Some(timeout))),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match self {
            #[cfg(unix)]
            Stream::Unix(s) => s.read(buffer),
            Stream::Tcp(s) => s.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> Result<usize> {
        match self {
            #[cfg(unix)]
            Stream::Unix(s) => s.write(buffer),
            Stream::Tcp(s) => s.write(buffer),
        }
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_shown() {
        for text in ["unix:si100-3", "unix:/tmp/own.sock", "tcp:127.0.0.1:31415"] {
            assert_eq!(Address::parse(text).map(|a| a.to_string()).as_deref(), Some(text));
        }
        assert_eq!(Address::parse("si100"), None);
        let Some(Address::Unix(_, path)) = Address::parse("unix:x") else { panic!("a path") };
        assert_eq!(path, Path::new("/tmp/ipi_x"));
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = folder.path().join("s").to_string_lossy().into_owned();
        let first = Listener::bind(Address::unix(&name)).expect("listens");
        let why = Listener::bind(Address::unix(&name)).expect_err("in use");
        assert!(why.contains("another program listens"), "{why}");
        // A server that was killed leaves its socket behind.
        std::mem::forget(first);
        std::fs::remove_file(&name).expect("there");
        drop(UnixListener::bind(&name).expect("listens"));
        assert!(Path::new(&name).exists());
        Listener::bind(Address::unix(&name)).expect("replaced");
        std::fs::write(&name, "text").expect("written");
        let why = Listener::bind(Address::unix(&name)).expect_err("a file");
        assert!(why.contains("is no socket"), "{why}");
    }
}
