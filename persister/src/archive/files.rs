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

/// Nobody but the owner reads what players wrote.
const PRIVATE: u32 = 0o600;

/// A directory with a file for each month (UTC) in which messages were accepted,
/// `messages-2026-03.jsonl`, and in it a line of JSON for each message. Nobody else may write to it
/// meanwhile: [`ArchiveLock`](super::ArchiveLock).
#[derive(Debug)]
pub struct Archive {
    directory: PathBuf,
    files: BTreeMap<String, File>,
}

impl Archive {
    /// The archive in `directory`, which must be there: one that was made in place of one that is not
    /// mounted would be no archive.
    ///
    /// # Errors
    /// When there is no such directory.
    pub fn open(directory: &Path) -> anyhow::Result<Self> {
        let found = fs::metadata(directory)
            .with_context(|| format!("the archive {} cannot be opened", directory.display()))?;
        anyhow::ensure!(found.is_dir(), "the archive {} is no directory", directory.display());
        Ok(Self { directory: directory.to_owned(), files: BTreeMap::new() })
    }

    /// Adds the messages, each to the file of its month. Once this returns they are on disk.
    ///
    /// # Errors
    /// When they cannot be written; some may be, and the last of them in part, which whoever adds to
    /// that file next takes off.
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

    /// Erases what messages of `player` say, and the names of their senders, and says of how many. A
    /// file is replaced by another, whole or not at all.
    ///
    /// # Errors
    /// When a file cannot be read or written; those before it are done then.
    pub fn erase(&self, player: &PlayerId) -> anyhow::Result<usize> {
        // As `add` writes it: whose it is stands first, and no letter of it needs escaping.
        let beginning = format!("{{\"playerId\":\"{player}\",");
        let mut erased = 0;
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == "jsonl") {
                erased += self
                    .erase_in(&path, beginning.as_bytes())
                    .with_context(|| format!("cannot erase in {}", path.display()))?;
            }
        }
        Ok(erased)
    }

    fn append(&mut self, name: &str, lines: &[u8]) -> io::Result<()> {
        if !self.files.contains_key(name) {
            let file = open_whole(&self.directory.join(name))?;
            self.sync_directory()?;
            self.files.insert(name.to_owned(), file);
        }
        if let Some(file) = self.files.get_mut(name) {
            file.write_all(lines)?;
            file.sync_all()?;
        }
        Ok(())
    }

    fn erase_in(&self, path: &Path, beginning: &[u8]) -> anyhow::Result<usize> {
        open_whole(path)?;
        if !lines(path)?.any(|line| line.is_ok_and(|line| says_something(&line, beginning))) {
            return Ok(0);
        }
        let replacement = path.with_extension("jsonl.new");
        let mut out =
            BufWriter::new(create(OpenOptions::new().write(true).truncate(true), &replacement)?);
        let mut erased = 0;
        for line in lines(path)? {
            let line = line?;
            if says_something(&line, beginning) {
                let mut message: ArchivedMessage = serde_json::from_slice(&line)?;
                message.message.content.clear();
                message.message.sender_name = None;
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

    /// Puts on disk which files there are.
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

fn says_something(line: &[u8], beginning: &[u8]) -> bool {
    let erased = b"\"content\":\"\"";
    line.starts_with(beginning) && !line.windows(erased.len()).any(|it| it == erased)
}

/// Opens a file to add lines to. What comes after its last whole line is taken off: whoever wrote it
/// died before it said that it had, so that the message is in the database still.
fn open_whole(path: &Path) -> io::Result<File> {
    const STEP: u64 = 64 * 1024;
    let mut file = create(OpenOptions::new().append(true).read(true), path)?;
    let mut end = file.seek(SeekFrom::End(0))?;
    while end > 0 {
        let start = end.saturating_sub(STEP);
        let mut piece = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        (&file).take(end - start).read_to_end(&mut piece)?;
        if let Some(newline) = piece.iter().rposition(|it| *it == b'\n') {
            end = u64::try_from(newline).map_or(end, |newline| start + newline + 1);
            break;
        }
        end = start;
    }
    file.set_len(end)?;
    Ok(file)
}
