//! How a service reads its settings: from the environment, or as options that override it; secrets
//! from files too.

use std::{
    ffi::{OsStr, OsString},
    time::Duration,
};

use clap::{Command, Parser, builder::Resettable, error::ErrorKind};

use super::secrets;

/// What a process was started for.
#[derive(Debug)]
pub enum Invocation<Service, Command> {
    /// To serve, with these settings.
    Serve(Service),
    /// To do one thing for an operator.
    Do(Command),
}

/// The settings of this process. A wrong one ends it: one line to standard error says which and
/// why, and the exit status is 2.
pub fn parse<S: Parser>() -> S {
    parse_as(S::command())
}

/// What this process was started for: one of the commands `C`, if its first argument names one,
/// else to serve with the settings `S`, whose `--help` lists the commands as well. Each command has
/// settings of its own, so that an operator need not give those of the service. A wrong setting
/// ends the process as in [`parse`].
pub fn parse_invocation<S: Parser, C: Parser>() -> Invocation<S, C> {
    let commands = C::command();
    let first = std::env::args().nth(1).unwrap_or_default();
    if commands.get_subcommands().any(|it| it.get_name() == first) {
        return Invocation::Do(parse_as(commands));
    }
    let mut help = "Commands, each with a --help of its own:".to_owned();
    for command in commands.get_subcommands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        help.push_str(&format!("\n  {:<14}{about}", command.get_name()));
    }
    Invocation::Serve(parse_as(S::command().after_help(help)))
}

fn parse_as<S: Parser>(command: Command) -> S {
    let command = secrets::describe(command);
    let given = std::env::args_os();
    let added = secrets::add_from_files(&command, given, &variable);
    let mut command = without_empty(command);
    let read = match added {
        Ok(arguments) => command.try_get_matches_from_mut(arguments),
        Err(complaint) => match command.try_get_matches_from_mut(std::env::args_os()) {
            Err(error) if is_answer(error.kind()) => Err(error),
            _ => fail(&complaint),
        },
    };
    if let Ok(matches) = &read
        && let Err(complaint) = secrets::refuse_guessable(&command, matches)
    {
        fail(&complaint);
    }
    match read.and_then(|matches| S::from_arg_matches(&matches)) {
        Ok(settings) => settings,
        Err(error) if is_answer(error.kind()) => error.exit(),
        Err(error) => fail(&one_line(&secrets::hide(&command, error).to_string())),
    }
}

/// The value of a variable. One that is empty is as good as none: whoever hands variables on, as
/// container engines do, often cannot leave them out.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The command, which reads no variable that is empty.
fn without_empty(command: Command) -> Command {
    let without = command.mut_args(|argument| {
        let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
        match argument.get_env().map(is_empty) {
            Some(true) => argument.env(Resettable::Reset),
            _ => argument,
        }
    });
    without.mut_subcommands(without_empty)
}

/// Ends the process because a setting is wrong, with `complaint` as the one line that says so.
pub fn fail(complaint: &str) -> ! {
    #[expect(clippy::print_stderr, reason = "logging is not set up before the settings are right")]
    {
        eprintln!("error: {complaint}");
    }
    std::process::exit(2)
}

/// Reads a setting such as `250ms`, `2s`, `5m` or `1h`.
///
/// # Errors
/// Says what form it must have.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let milliseconds_each = match text.get(digits.len()..) {
        Some("ms") => 1,
        Some("s") => 1_000,
        Some("m") => 60_000,
        Some("h") => 3_600_000,
        _ => {
            return Err("a number with ms, s, m or h behind it is needed, such as 250ms".to_owned());
        }
    };
    let number: u32 = digits.parse().map_err(|_| "the number is not a whole one".to_owned())?;
    if number == 0 {
        return Err("nothing can be done in no time".to_owned());
    }
    Ok(Duration::from_millis(u64::from(number) * milliseconds_each))
}

/// Reads a number of bytes such as `64KiB`, `512MiB` or `2GiB`.
///
/// # Errors
/// Says what form it must have.
pub fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let bytes_each: u64 = match text.get(digits.len()..) {
        Some("KiB") => 1 << 10,
        Some("MiB") => 1 << 20,
        Some("GiB") => 1 << 30,
        _ => {
            return Err(
                "a number with KiB, MiB or GiB behind it is needed, such as 512MiB".to_owned()
            );
        }
    };
    let number: u32 = digits.parse().map_err(|_| "the number is not a whole one".to_owned())?;
    if number == 0 {
        return Err("the number of bytes must be greater than zero".to_owned());
    }
    Ok(u64::from(number) * bytes_each)
}

/// Whether clap answers a question (`--help`) rather than complains.
fn is_answer(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// What clap says in its first paragraph, on one line and without its own `error:`.
fn one_line(complaint: &str) -> String {
    let paragraph: Vec<_> =
        complaint.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    paragraph.join(" ").trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_unit() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("25m"), Ok(Duration::from_secs(1_500)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7_200)));
        for wrong in ["", "0s", "5", "s", "1.5s", "-1s", "5d", "5 s"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn bytes_are_read_with_their_unit() {
        assert_eq!(bytes("64KiB"), Ok(65_536));
        assert_eq!(bytes("512MiB"), Ok(536_870_912));
        assert_eq!(bytes("2GiB"), Ok(2_147_483_648));
        for wrong in ["", "0MiB", "512", "MiB", "1.5GiB", "-1MiB", "5MB", "5 MiB"] {
            assert!(bytes(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_complaint_is_one_line() {
        let complaint = "error: the following were not provided:\n  --a <A>\n  --b <B>\n\nUsage: x";
        assert_eq!(one_line(complaint), "the following were not provided: --a <A> --b <B>");
    }
}
