//! Helpers of the tests.
#![allow(dead_code, reason = "each test program uses some of them")]
#![expect(clippy::unwrap_used, reason = "a test's helpers fail as the test does")]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;
use tokio::time::sleep;

/// Longer than a start of RabbitMQ on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// The variable by which [`Place::processes`] finds commands that do not name the place.
pub const PLACE: &str = "STACK_TEST_PLACE";

/// A directory for one stack, which only its owner may enter, with a space in its path.
pub struct Place {
    parent: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self::named("a stack ")
    }

    /// One without a space in its path, for which RabbitMQ 3 cannot find the free disk space.
    pub fn plain() -> Self {
        Self::named("stack-")
    }

    fn named(beginning: &str) -> Self {
        let parent = tempfile::Builder::new().prefix(beginning).tempdir().unwrap();
        Self { parent }
    }

    /// The directory of the stack.
    pub fn directory(&self) -> PathBuf {
        self.parent.path().join("local")
    }

    /// A directory beside it.
    pub fn beside(&self, name: &str) -> PathBuf {
        let directory = self.parent.path().join(name);
        fs::create_dir_all(&directory).unwrap();
        directory
    }

    /// A command of the program for this place.
    pub fn stack(&self, subcommand: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stack"));
        command.arg(subcommand).arg("--dir").arg(self.directory());
        for name in [
            "ATTACHMENT_SECRET",
            "ATTACHMENT_STORE",
            "AUTH_JWT_SECRET",
            "AUTH_MODE",
            "PORTAL_DIR",
            "PUSHER_CHANNEL_ACCESS",
            "PUSHER_SECRET",
        ] {
            command.env_remove(name);
        }
        command.env(PLACE, self.parent.path()).stdin(Stdio::null());
        command
    }

    /// The processes with this place in their arguments, environment or working directory.
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
            let directory = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
            let texts = [&arguments, &environment, directory.as_os_str().as_encoded_bytes()];
            if texts.iter().any(|text| text.windows(needle.len()).any(|part| part == needle)) {
                found.push(format!("{name} {}", String::from_utf8_lossy(&arguments)));
            }
        }
        found
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A failed test leaves its processes running.
        for process in self.processes() {
            let pid = process.split(' ').next().unwrap().parse().unwrap();
            kill(Pid::from_raw(pid), Signal::SIGKILL).ok();
        }
    }
}

/// A program that runs until a signal ends it.
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
            assert!(read > 0, "it ended before it printed {text:?}; it printed {seen}");
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

/// Waits until `find` returns a value.
pub async fn eventually<T>(what: &str, mut find: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(found) = find().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not in time");
        sleep(Duration::from_millis(50)).await;
    }
}

/// The exit code of a command, and what it printed.
pub fn outcome(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = [stdout, stderr].concat();
    (status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// Writes an executable script.
pub fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
