//! Processes of clients: started, watched, ended.

use super::socket::Address;
use std::collections::VecDeque;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Bytes of what a client wrote that are kept for messages.
const TAIL: usize = 2000;
/// How long a client may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);

/// A client that was started here. It ends with this.
#[derive(Debug)]
pub(super) struct ClientProcess {
    child: Child,
    command: String,
    /// The last of what it wrote to stdout and stderr.
    tail: Arc<Mutex<VecDeque<u8>>>,
    readers: Vec<JoinHandle<()>>,
    killed: bool,
}

impl ClientProcess {
    /// Starts a command line in a folder; with the address of its socket in `ADLAYER_SOCKET`.
    ///
    /// # Errors
    /// Why it cannot be started, with the remedy.
    pub(super) fn start(command: &str, address: &Address, folder: Option<&Path>) -> Result<ClientProcess, String> {
        let line = filled(command, address);
        let words = words(&line).ok_or_else(|| format!("`{command}` ends inside a quotation; close it"))?;
        let Some((program, arguments)) = words.split_first() else {
            return Err("the command of a client is empty; give a program with its arguments".to_owned());
        };
        let mut command = Command::new(program);
        command.args(arguments).env("ADLAYER_SOCKET", address.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(folder) = folder {
            command.current_dir(folder);
        }
        // A group of its own: Ctrl-C is for adlayer alone, and what the client starts ends with it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|e| {
            format!("cannot start the client `{program}`: {e}; give a program on PATH, or its whole path")
        })?;
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let out = child.stdout.take().map(|s| keep_tail(s, Arc::clone(&tail)));
        let err = child.stderr.take().map(|s| keep_tail(s, Arc::clone(&tail)));
        Ok(ClientProcess { child, command: line, tail, readers: out.into_iter().chain(err).collect(), killed: false })
    }

    /// Whether it has ended by itself, and how.
    pub(super) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ends it, and says how it ended and what it wrote last.
    pub(super) fn last_words(mut self) -> String {
        // It may be about to end by itself, and say why.
        let until = Instant::now() + Duration::from_millis(300);
        let ended = self.wait_until(until);
        self.kill();
        // What it started may hold its streams open for ever.
        let until = Instant::now() + Duration::from_millis(300);
        while self.readers.iter().any(|r| !r.is_finished()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        let bytes: Vec<u8> = self.tail.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let how = match ended {
            Some(status) => format!("`{}` ended ({status})", self.command),
            None => format!("`{}` was killed", self.command),
        };
        match text.trim() {
            "" => format!("{how} and had written nothing"),
            text => format!("{how}; it wrote last:\n{text}\n"),
        }
    }

    /// Waits for it to end by itself.
    fn wait_until(&mut self, until: Instant) -> Option<ExitStatus> {
        loop {
            let ended = self.has_ended();
            if ended.is_some() || Instant::now() >= until {
                return ended;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for it to end after it was told to, and kills it if it does not.
    pub(super) fn wind_up(&mut self) {
        self.wait_until(Instant::now() + GRACE);
        self.kill();
    }

    fn kill(&mut self) {
        if std::mem::replace(&mut self.killed, true) {
            return;
        }
        #[cfg(unix)]
        if let Some(group) = rustix::process::Pid::from_raw(self.child.id() as i32) {
            // What the client has started goes with it.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for ClientProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads a stream to its end and keeps the last of it.
fn keep_tail(mut stream: impl Read + Send + 'static, tail: Arc<Mutex<VecDeque<u8>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(n @ 1..) = stream.read(&mut bytes) {
            let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
            tail.extend(&bytes[..n]);
            let surplus = tail.len().saturating_sub(TAIL);
            tail.drain(..surplus);
        }
    })
}

/// A text with the places of an address filled in.
pub(super) fn filled(text: &str, address: &Address) -> String {
    match address {
        Address::Unix(name, path) => {
            text.replace("{socket}", name).replace("{path}", &path.to_string_lossy()).replace("{host}", name)
        }
        Address::Tcp(host, port) => {
            let text = text.replace("{socket}", &format!("{host}:{port}")).replace("{host}", host);
            text.replace("{port}", &port.to_string())
        }
    }
}

/// The words of a command line: separated by blanks, those in quotes whole; `None` if a quotation is not closed.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_read_as_a_shell_reads_words() {
        assert_eq!(words("  pw.x -i 'my file' --ipi a:b ").expect("words"), ["pw.x", "-i", "my file", "--ipi", "a:b"]);
        assert_eq!(words(r#"a "" "b 'c'"d"#).expect("words"), ["a", "", "b 'c'd"]);
        assert_eq!(words("a 'b"), None);
    }

    #[test]
    fn last_words_hold_the_exit_code_and_the_tail() {
        let address = Address::unix("nobody");
        let line = r#"sh -c "seq 1 2000; echo out of {socket} >&2; exit 7""#;
        let mut client = ClientProcess::start(line, &address, None).expect("sh");
        let until = Instant::now() + Duration::from_secs(20);
        assert!(client.wait_until(until).is_some());
        let said = client.last_words();
        assert!(said.contains("exit status: 7") && said.contains("out of nobody"), "{said}");
        assert!(!said.contains("\n1\n"), "only the end of it is kept: {said}");
        let why = ClientProcess::start("no-such-program-here", &address, None).expect_err("not there");
        assert!(why.contains("no-such-program-here") && why.contains("on PATH"), "{why}");
    }
}
