use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
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

    /// Sets a variable, in place of an earlier value.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// All variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Reads a file that [`write`](Self::write) wrote. A missing file holds no variables.
    ///
    /// # Errors
    /// When the file cannot be read or parsed.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        Self::parse(&text).with_context(|| format!("cannot parse {}", path.display()))
    }

    /// Replaces the file atomically.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let new = path.with_extension("new");
        let put = || -> anyhow::Result<()> {
            let mut options = fs::OpenOptions::new();
            let mut file =
                options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(self.to_shell()?.as_bytes())?;
            Ok(fs::rename(&new, path)?)
        };
        put().with_context(|| format!("cannot write {}", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let words = shlex::split(text).context("a quote is not closed")?;
        let mut variables = Self::default();
        for word in words {
            let (name, value) = word.split_once('=').context("a line is not NAME=value")?;
            variables.set(name, value);
        }
        Ok(variables)
    }

    fn to_shell(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        for (name, value) in self.iter() {
            // shlex would quote addresses and keys too, which readers without a shell cannot parse.
            let quoted = if is_plain(value) { value.into() } else { shlex::try_quote(value)? };
            text.push_str(&format!("{name}={quoted}\n"));
        }
        Ok(text)
    }
}

/// Whether a shell reads `value` as it is.
fn is_plain(value: &str) -> bool {
    value.chars().all(|one| one.is_ascii_alphanumeric() || "_-.,:/@%+=".contains(one))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const HARD: [(&str, &str); 6] = [
        ("EMPTY", ""),
        ("PLAIN", "postgres://chat:0a@127.0.0.1:5/%2f"),
        ("SPACE", " two words "),
        ("QUOTES", r#"it's "so" \ `id` $HOME"#),
        ("ONLY_QUOTES", "'''"),
        ("LINES", "one\ntwo=2\n"),
    ];

    #[test]
    fn a_shell_and_read_return_the_values_that_were_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("env");
        assert_eq!(Variables::read(&path).unwrap(), Variables::default());
        let mut variables = Variables::default();
        for (name, value) in HARD {
            variables.set(name, value);
        }
        variables.write(&path).unwrap();
        assert_eq!(Variables::read(&path).unwrap(), variables);
        for (name, value) in HARD {
            let output = Command::new("sh")
                .args(["-c", &format!(r#". "$1" && printf %s "${name}""#), "sh"])
                .arg(&path)
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), value, "{name}");
        }
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains("PLAIN=postgres://chat:0a@127.0.0.1:5/%2f\n"), "{text}");
    }

    #[test]
    fn a_file_that_is_not_name_and_value_is_rejected() {
        for broken in ["NAME", "NAME=value\nNAME", "NAME='value\n"] {
            assert!(Variables::parse(broken).is_err(), "{broken}");
        }
    }
}
