use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use chat::PlayerId;

use crate::store::ArchivedMessage;

/// Only the owner may read the messages.
const PRIVATE: u32 = 0o600;

/// A directory with a file for each month (UTC) in which messages were accepted, such as
/// `messages-2026-03.jsonl`. A file has a line of JSON for each message. The caller holds the
/// [`ArchiveLock`](super::ArchiveLock), which excludes other writers.
#[derive(Debug)]
pub struct Archive {
    directory: PathBuf,
    files: BTreeMap<String, File>,
}

impl Archive {
    /// Opens the archive in `directory`. It must exist: a new directory in the place of a file
    /// system that is not mounted would lose the messages.
    ///
    /// # Errors
    /// When the directory does not exist.
    pub fn open(directory: &Path) -> anyhow::Result<Self> {
        let metadata = fs::metadata(directory)
            .with_context(|| format!("the archive {} cannot be opened", directory.display()))?;
        anyhow::ensure!(
            metadata.is_dir(),
            "the archive {} is not a directory",
            directory.display()
        );
        Ok(Self { directory: directory.to_owned(), files: BTreeMap::new() })
    }

    /// Appends each message to the file of its month. When this returns, they are on disk.
    ///
    /// # Errors
    /// When a file cannot be written. Some messages may be written then, the last of them in part;
    /// the next writer of that file truncates it.
    pub fn add(&mut self, messages: &[ArchivedMessage]) -> anyhow::Result<()> {
        let mut lines: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for message in messages {
            let month = message.message.accepted_at.format("messages-%Y-%m.jsonl").to_string();
            let of_month = lines.entry(month).or_default();
            serde_json::to_writer(&mut *of_month, message)?;
            of_month.push(b'\n');
        }
        for (name, lines) in lines {
            self.append(&name, &lines).with_context(|| format!("cannot write to {name}"))?;
        }
        Ok(())
    }

    /// Erases the contents of the player's messages, their files and the names of their senders. Returns the
    /// number of messages. Each file is replaced atomically.
    ///
    /// # Errors
    /// When a file cannot be read or written; the files before it are erased then.
    pub fn erase(&self, player: &PlayerId) -> anyhow::Result<usize> {
        // As `add` writes a line: the player id comes first, and no character of it is escaped.
        let prefix = format!("{{\"playerId\":\"{player}\",");
        let mut erased = 0;
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                erased += self
                    .erase_in(&path, prefix.as_bytes())
                    .with_context(|| format!("cannot erase in {}", path.display()))?;
            }
        }
        Ok(erased)
    }

    fn append(&mut self, name: &str, lines: &[u8]) -> io::Result<()> {
        if !self.files.contains_key(name) {
            let file = open_truncated(&self.directory.join(name))?;
            self.sync_directory()?;
            self.files.insert(name.to_owned(), file);
        }
        if let Some(file) = self.files.get_mut(name) {
            file.write_all(lines)?;
            file.sync_all()?;
        }
        Ok(())
    }

    fn erase_in(&self, path: &Path, prefix: &[u8]) -> anyhow::Result<usize> {
        open_truncated(path)?;
        if !lines(path)?.any(|line| line.is_ok_and(|line| has_content(&line, prefix))) {
            return Ok(0);
        }
        let replacement = path.with_extension("jsonl.new");
        let mut out =
            BufWriter::new(create(OpenOptions::new().write(true).truncate(true), &replacement)?);
        let mut erased = 0;
        for line in lines(path)? {
            let line = line?;
            if has_content(&line, prefix) {
                let mut message: ArchivedMessage = serde_json::from_slice(&line)?;
                message.message.content.clear();
                message.message.sender_name = None;
                message.message.attachments = None;
                serde_json::to_writer(&mut out, &message)?;
                erased += 1;
            } else {
                out.write_all(&line)?;
            }
            out.write_all(b"\n")?;
        }
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&replacement, path)?;
        self.sync_directory()?;
        Ok(erased)
    }

    /// Makes new and renamed files durable.
    fn sync_directory(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }
}

fn create(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.create(true).mode(PRIVATE).open(path)
}

fn lines(path: &Path) -> io::Result<impl Iterator<Item = io::Result<Vec<u8>>>> {
    Ok(BufReader::new(File::open(path)?).split(b'\n'))
}

/// Whether the line starts with `prefix` and its message is not erased.
fn has_content(line: &[u8], prefix: &[u8]) -> bool {
    let erased = b"\"content\":\"\"";
    line.starts_with(prefix) && !line.windows(erased.len()).any(|window| window == erased)
}

/// Opens a file for appending and truncates it after its last complete line. The writer of a
/// partial line died before the message was deleted from the database.
fn open_truncated(path: &Path) -> io::Result<File> {
    const STEP: u64 = 64 * 1024;
    let mut file = create(OpenOptions::new().append(true).read(true), path)?;
    let mut end = file.seek(SeekFrom::End(0))?;
    while end > 0 {
        let start = end.saturating_sub(STEP);
        let mut piece = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        (&file).take(end - start).read_to_end(&mut piece)?;
        if let Some(newline) = piece.iter().rposition(|byte| *byte == b'\n') {
            end = u64::try_from(newline).map_or(end, |newline| start + newline + 1);
            break;
        }
        end = start;
    }
    file.set_len(end)?;
    Ok(file)
}
