use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use crate::Console;

/// Lines that are kept in memory, for the one who wants to know why a process ended.
const TAIL_LINES: usize = 30;
/// Bytes after which a file becomes `NAME.log.1`, in the place of the one before.
const FILE_BYTES: u64 = 32 * 1024 * 1024;
/// Bytes after which a line is broken in two.
const LINE_BYTES: u64 = 64 * 1024;

/// What one process writes: to its file, to the console, and the last lines to memory.
#[derive(Debug)]
pub(crate) struct Log {
    name: String,
    console: Option<Console>,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    path: PathBuf,
    file: File,
    bytes: u64,
    tail: VecDeque<String>,
}

impl Log {
    /// Continues the file of `name` in `directory`; lines go to `console` too if there is one.
    pub(crate) fn open(directory: &Path, name: &str, console: Option<Console>) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let path = directory.join(format!("{name}.log"));
        let file = append(&path)?;
        let bytes = file.metadata()?.len();
        Ok(Self {
            name: name.to_owned(),
            console,
            written: Mutex::new(Written { path, file, bytes, tail: VecDeque::new() }),
        })
    }

    /// The last lines, oldest first.
    pub(crate) fn tail(&self) -> String {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        Vec::from_iter(written.tail.iter().map(String::as_str)).join("\n")
    }

    /// Takes what `stream` brings until its end.
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
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = written.line(line) {
            let complaint = format!("(its log file cannot be written: {error})");
            written.remember(&complaint);
        }
        written.remember(line);
        if let Some(console) = self.console {
            console.echo(&self.name, line);
        }
    }
}

impl Written {
    fn line(&mut self, line: &str) -> io::Result<()> {
        if self.bytes > FILE_BYTES {
            fs::rename(&self.path, self.path.with_extension("log.1"))?;
            self.file = append(&self.path)?;
            self.bytes = 0;
        }
        let line = format!("{line}\n");
        self.file.write_all(line.as_bytes())?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    fn remember(&mut self, line: &str) {
        if self.tail.len() == TAIL_LINES {
            self.tail.pop_front();
        }
        self.tail.push_back(line.to_owned());
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}
