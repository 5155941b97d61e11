use std::io::{self, Write};

/// Where the supervisor and its processes are heard: every line says who speaks.
///
/// A reader that went away is no reason to stop the system, so failures to write are ignored.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    stream: Stream,
    echoes: bool,
}

#[derive(Clone, Copy, Debug)]
enum Stream {
    Nowhere,
    Output,
    Errors,
}

impl Console {
    /// Standard output, with the lines of the processes as well.
    pub fn following() -> Self {
        Self { stream: Stream::Output, echoes: true }
    }

    /// Standard output, with what the supervisor has to say only.
    pub fn brief() -> Self {
        Self { stream: Stream::Output, echoes: false }
    }

    /// Standard error, with what the supervisor has to say only.
    pub fn errors() -> Self {
        Self { stream: Stream::Errors, echoes: false }
    }

    /// Nothing is heard.
    pub fn silent() -> Self {
        Self { stream: Stream::Nowhere, echoes: false }
    }

    /// What the supervisor itself has to say.
    pub fn say(&self, text: &str) {
        for line in text.lines() {
            self.write("stack", line);
        }
    }

    /// A line that a process wrote.
    pub(crate) fn echo(&self, name: &str, line: &str) {
        if self.echoes {
            self.write(name, line);
        }
    }

    fn write(&self, name: &str, line: &str) {
        let line = format!("{name:<12} | {line}\n");
        let written = match self.stream {
            Stream::Nowhere => Ok(()),
            Stream::Output => io::stdout().lock().write_all(line.as_bytes()),
            Stream::Errors => io::stderr().lock().write_all(line.as_bytes()),
        };
        written.ok();
    }
}
