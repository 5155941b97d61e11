use std::io::{self, Write};

/// Where the supervisor prints what it does. Each line begins with the name of its writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Console {
    /// Nowhere.
    Silent,
    /// To standard error.
    Errors,
    /// To standard output.
    Output,
    /// To standard output, together with the lines of the processes.
    OutputAndLogs,
}

impl Console {
    /// Prints lines of the supervisor itself.
    pub fn print(self, text: &str) {
        for line in text.lines() {
            self.write("stack", line);
        }
    }

    /// Prints a line that a process wrote.
    pub(crate) fn echo(self, name: &str, line: &str) {
        if self == Self::OutputAndLogs {
            self.write(name, line);
        }
    }

    fn write(self, name: &str, line: &str) {
        let line = format!("{name:<12} | {line}\n");
        let written = match self {
            Self::Silent => Ok(()),
            Self::Errors => io::stderr().lock().write_all(line.as_bytes()),
            Self::Output | Self::OutputAndLogs => io::stdout().lock().write_all(line.as_bytes()),
        };
        // The system keeps running when the reader of its output has gone.
        written.ok();
    }
}
