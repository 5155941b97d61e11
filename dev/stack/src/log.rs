use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use crate::Console;

/// Lines kept in memory, for the error that reports the end of the process.
const TAIL_LINES: usize = 30;
/// Bytes after which a line is broken in two.
const LINE_BYTES: u64 = 64 * 1024;

/// The output of one process: in its file, on the console, and its last lines in memory.
#[derive(Debug)]
pub(crate) struct Log {
    name: String,
    console: Console,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    file: File,
    tail: VecDeque<String>,
}

impl Log {
    /// Appends to the file of `name` in `directory`.
    pub(crate) fn open(directory: &Path, name: &str, console: Console) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let path = directory.join(format!("{name}.log"));
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let written = Mutex::new(Written { file, tail: VecDeque::new() });
        Ok(Self { name: name.to_owned(), console, written })
    }

    /// The last lines, oldest first.
    pub(crate) fn tail(&self) -> String {
        Vec::from_iter(self.lock().tail.iter().map(String::as_str)).join("\n")
    }

    /// Logs all lines of `stream`.
    pub(crate) async fn copy(&self, stream: impl AsyncRead + Unpin) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while (&mut stream).take(LINE_BYTES).read_until(b'\n', &mut line).await? > 0 {
            self.line(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
        Ok(())
    }

    fn line(&self, line: &str) {
        let mut written = self.lock();
        if let Err(error) = written.file.write_all(format!("{line}\n").as_bytes()) {
            written.remember(&format!("(cannot write the log file: {error})"));
        }
        written.remember(line);
        self.console.echo(&self.name, line);
    }

    fn lock(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Written {
    fn remember(&mut self, line: &str) {
        if self.tail.len() == TAIL_LINES {
            self.tail.pop_front();
        }
        self.tail.push_back(line.to_owned());
    }
}
