//! What the tests of the program have in common.
#![allow(dead_code, reason = "each test program uses its part")]
#![expect(clippy::unwrap_used, reason = "a test's helpers fail as the test does")]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

/// A start of RabbitMQ on a busy machine is the longest of all waits.
const LIMIT: Duration = Duration::from_secs(120);

/// A directory for one stack, which nobody but its owner may enter, and whose name needs care.
pub struct Place {
    parent: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self::named("a stack ")
    }

    /// One whose name needs none: RabbitMQ 3 cannot tell the free disk space at a path with a space
    /// in it, and so does without.
    pub fn plain() -> Self {
        Self::named("stack-")
    }

    fn named(beginning: &str) -> Self {
        let parent = tempfile::Builder::new().prefix(beginning).tempdir().unwrap();
        Self { parent }
    }

    /// Where the stack is.
    pub fn directory(&self) -> PathBuf {
        self.parent.path().join("local")
    }

    /// A directory beside it.
    pub fn beside(&self, name: &str) -> PathBuf {
        let directory = self.parent.path().join(name);
        fs::create_dir_all(&directory).unwrap();
        directory
    }

    /// The program, with an order for this place.
    pub fn stack(&self, order: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stack"));
        command.arg(order).arg("--dir").arg(self.directory());
        for name in
            ["AUTH_JWT_SECRET", "AUTH_MODE", "PORTAL_DIR", "PUSHER_CHANNEL_ACCESS", "PUSHER_SECRET"]
        {
            command.env_remove(name);
        }
        command.stdin(Stdio::null());
        command
    }

    /// Every process that has to do with this place, as far as `/proc` tells.
    pub fn processes(&self) -> Vec<String> {
        let needle = self.parent.path().as_os_str().as_encoded_bytes();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap_or_default();
            if name.parse::<u32>().is_err() || name == std::process::id().to_string() {
                continue;
            }
            let read = |file| fs::read(entry.path().join(file)).unwrap_or_default();
            let (arguments, environment) = (read("cmdline"), read("environ"));
            if [&arguments, &environment]
                .iter()
                .any(|text| text.windows(needle.len()).any(|part| part == needle))
            {
                found.push(format!("{name} {}", String::from_utf8_lossy(&arguments)));
            }
        }
        found
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // When a test failed, what it had started is still there.
        for process in self.processes() {
            let pid = process.split(' ').next().unwrap().parse().unwrap();
            kill(Pid::from_raw(pid), Signal::SIGKILL).ok();
        }
    }
}

/// A program that runs until it is told to end.
pub struct Background {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Background {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// Reads lines until one holds `text`.
    pub fn wait_for_line(&mut self, text: &str) -> String {
        let mut seen = String::new();
        loop {
            let start = seen.len();
            let read = self.output.read_line(&mut seen).unwrap();
            assert!(read > 0, "it ended before it wrote {text:?}; it wrote {seen}");
            if seen[start..].contains(text) {
                return seen[start..].to_owned();
            }
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    pub fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

/// Waits until `look` sees something.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "{what}: not in time");
        sleep(Duration::from_millis(50));
    }
}

/// The same for what is asked in an asynchronous way.
pub async fn at_last<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let seen = tokio::time::timeout(LIMIT, waiting).await;
    assert!(seen.is_ok(), "{what}: not in time");
    seen.unwrap()
}

/// What a command printed, with its exit code.
pub fn outcome(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = [stdout, stderr].concat();
    (status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// Makes a script that can be run.
pub fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
