use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::Context;

/// Names with values, as a file that a shell reads with `. FILE` and that only its owner may read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Gives a name its value.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Every name with its value, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Reads a file that [`write`](Self::write) made; one that is not there holds nothing.
    ///
    /// # Errors
    /// When it cannot be read or is no such file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        Self::parse(&text).with_context(|| format!("cannot understand {}", path.display()))
    }

    /// Writes the file; who reads it meanwhile sees the old one or the new one, whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let new = path.with_extension("new");
        let put = || -> io::Result<()> {
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(self.to_string().as_bytes())?;
            fs::rename(&new, path)
        };
        put().with_context(|| format!("cannot write {}", path.display()))
    }

    fn parse(mut text: &str) -> anyhow::Result<Self> {
        let mut variables = Self::default();
        while let Some((name, rest)) = text.split_once('=') {
            let (value, rest) = unquote(rest)?;
            variables.set(name, value);
            text = rest;
        }
        anyhow::ensure!(text.is_empty(), "a line holds no NAME=value");
        Ok(variables)
    }
}

impl fmt::Display for Variables {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.iter() {
            formatter.write_str(name)?;
            formatter.write_char('=')?;
            quote(value, formatter)?;
            formatter.write_char('\n')?;
        }
        Ok(())
    }
}

/// Characters that mean nothing to a shell.
fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_-.,:/@%+=".contains(character)
}

/// Within single quotes a shell understands nothing but their end, so an inner one is put between
/// two quoted parts.
fn quote(value: &str, to: &mut impl fmt::Write) -> fmt::Result {
    if value.chars().all(is_plain) {
        to.write_str(value)
    } else {
        write!(to, "'{}'", value.replace('\'', r"'\''"))
    }
}

/// The value that `text` begins with, and what comes after its line.
fn unquote(text: &str) -> anyhow::Result<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let plain = rest.find(['\'', '\\', '\n']).context("a line has no end")?;
        let (before, special) = rest.split_at(plain);
        value.push_str(before);
        if let Some(after) = special.strip_prefix('\n') {
            return Ok((value, after));
        } else if let Some(after) = special.strip_prefix(r"\'") {
            value.push('\'');
            rest = after;
        } else if let Some((quoted, after)) =
            special.strip_prefix('\'').and_then(|inner| inner.split_once('\''))
        {
            value.push_str(quoted);
            rest = after;
        } else {
            anyhow::bail!("a quote has no end");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const HARD: [(&str, &str); 6] = [
        ("EMPTY", ""),
        ("PLAIN", "postgres://chat:0a@127.0.0.1:5/chat"),
        ("SPACE", " two words "),
        ("QUOTES", r#"it's "so" \ `id` $HOME"#),
        ("ONLY_QUOTES", "'''"),
        ("LINES", "one\ntwo=2\n"),
    ];

    fn hard() -> Variables {
        let mut variables = Variables::default();
        for (name, value) in HARD {
            variables.set(name, value);
        }
        variables
    }

    #[test]
    fn a_shell_reads_what_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("env");
        hard().write(&path).unwrap();
        for (name, value) in HARD {
            let output = Command::new("sh")
                .arg("-c")
                .arg(format!(r#". "$1" && printf %s "${name}""#))
                .arg("sh")
                .arg(&path)
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), value, "{name}");
        }
    }

    #[test]
    fn reads_what_it_wrote() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("env");
        assert_eq!(Variables::read(&path).unwrap(), Variables::default());
        hard().write(&path).unwrap();
        assert_eq!(Variables::read(&path).unwrap(), hard());
    }

    #[test]
    fn refuses_a_broken_file() {
        for broken in ["NAME", "NAME=value", "NAME='value\n"] {
            assert!(Variables::parse(broken).is_err(), "{broken}");
        }
    }
}
