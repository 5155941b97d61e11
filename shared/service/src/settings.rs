//! Reads the settings of a service: from the environment, or from options, which override it; secrets also
//! from files.

use std::{
    ffi::{OsStr, OsString},
    time::Duration,
};

use clap::{Command, Parser, builder::Resettable, error::ErrorKind};

use super::secrets;

/// How a process was started.
#[derive(Debug)]
pub enum Invocation<Service, Command> {
    /// As a service, with these settings.
    Serve(Service),
    /// As a command of an operator.
    Command(Command),
}

/// Parses the settings of this process. An invalid setting ends the process with one line on standard
/// error and the exit status 2.
pub fn parse<S: Parser>() -> S {
    parse_as(S::command())
}

/// Parses the arguments of this process: a command of `C`, if the first argument names one, else the
/// settings `S` of the service, whose `--help` lists the commands too. An invalid setting ends the process
/// as in [`parse`].
///
/// Each command has settings of its own. As subcommands of the service's own parser, the commands would
/// also validate the service's variables.
pub fn parse_invocation<S: Parser, C: Parser>() -> Invocation<S, C> {
    let commands = C::command();
    let first = std::env::args().nth(1).unwrap_or_default();
    if commands.get_subcommands().any(|command| command.get_name() == first) {
        return Invocation::Command(parse_as(commands));
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
        Err(problem) => match command.try_get_matches_from_mut(std::env::args_os()) {
            Err(error) if is_help(error.kind()) => Err(error),
            _ => fail(&problem),
        },
    };
    if let Ok(matches) = &read
        && let Err(problem) = secrets::refuse_guessable(&command, matches)
    {
        fail(&problem);
    }
    match read.and_then(|matches| S::from_arg_matches(&matches)) {
        Ok(settings) => settings,
        Err(error) if is_help(error.kind()) => error.exit(),
        Err(error) => fail(&one_line(&secrets::hide(&command, error).to_string())),
    }
}

/// The value of a variable. An empty variable counts as unset, since container engines often cannot leave
/// one out.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The command, which ignores empty variables.
fn without_empty(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
        match argument.get_env().map(is_empty) {
            Some(true) => argument.env(Resettable::Reset),
            _ => argument,
        }
    });
    command.mut_subcommands(without_empty)
}

/// Ends the process because of an invalid setting: prints `problem` on one line, with the exit status 2.
pub fn fail(problem: &str) -> ! {
    #[expect(clippy::print_stderr, reason = "logging starts after the settings are parsed")]
    {
        eprintln!("error: {problem}");
    }
    std::process::exit(2)
}

/// Parses a duration such as `250ms`, `2s`, `5m` or `1h`.
///
/// # Errors
/// States the form.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let milliseconds_each = match text.get(digits.len()..) {
        Some("ms") => 1,
        Some("s") => 1_000,
        Some("m") => 60_000,
        Some("h") => 3_600_000,
        _ => {
            return Err("must be a number followed by ms, s, m or h, such as 250ms".to_owned());
        }
    };
    let number: u32 = digits.parse().map_err(|_| "the number must be a whole number".to_owned())?;
    if number == 0 {
        return Err("the duration must be greater than zero".to_owned());
    }
    Ok(Duration::from_millis(u64::from(number) * milliseconds_each))
}

/// Parses a number of bytes such as `64KiB`, `512MiB` or `2GiB`.
///
/// # Errors
/// States the form.
pub fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let bytes_each: u64 = match text.get(digits.len()..) {
        Some("KiB") => 1 << 10,
        Some("MiB") => 1 << 20,
        Some("GiB") => 1 << 30,
        _ => {
            return Err("must be a number followed by KiB, MiB or GiB, such as 512MiB".to_owned());
        }
    };
    let number: u32 = digits.parse().map_err(|_| "the number must be a whole number".to_owned())?;
    if number == 0 {
        return Err("the number of bytes must be greater than zero".to_owned());
    }
    Ok(u64::from(number) * bytes_each)
}

/// Whether clap prints help or the version, and no error.
fn is_help(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// The first paragraph of clap's error on one line, without its `error:`.
fn one_line(error: &str) -> String {
    let paragraph: Vec<_> =
        error.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    paragraph.join(" ").trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_parsed_with_their_unit() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("25m"), Ok(Duration::from_secs(1_500)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7_200)));
        for invalid in ["", "0s", "5", "s", "1.5s", "-1s", "5d", "5 s"] {
            assert!(duration(invalid).is_err(), "{invalid:?}");
        }
    }

    #[test]
    fn bytes_are_parsed_with_their_unit() {
        assert_eq!(bytes("64KiB"), Ok(65_536));
        assert_eq!(bytes("512MiB"), Ok(536_870_912));
        assert_eq!(bytes("2GiB"), Ok(2_147_483_648));
        for invalid in ["", "0MiB", "512", "MiB", "1.5GiB", "-1MiB", "5MB", "5 MiB"] {
            assert!(bytes(invalid).is_err(), "{invalid:?}");
        }
    }

    #[test]
    fn an_error_is_one_line() {
        let error = "error: the following were not provided:\n  --a <A>\n  --b <B>\n\nUsage: x";
        assert_eq!(one_line(error), "the following were not provided: --a <A> --b <B>");
    }
}
