//! How a setting that is a secret comes from a file, and stays out of complaints.
//!
//! A secret is each option whose value `--help` does not show (`hide_env_values`). Beside its variable
//! `NAME` there is then `NAME_FILE`, the path of a file that holds the value, as container engines
//! hand secrets out.

use std::{ffi::OsString, fs};

use clap::{
    Arg, ArgMatches, Command,
    error::{ContextKind, ContextValue, Error},
};

/// The variables of a process, or what a test says that they are.
type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The command, whose help names the files too.
pub(super) fn describe(command: Command) -> Command {
    let described = command.mut_args(|argument| match (name(&argument), argument.get_help()) {
        (Some(name), Some(help)) => {
            let help = format!("{help}. May be in the file that {name}_FILE names");
            argument.help(help)
        }
        _ => argument,
    });
    described.mut_subcommands(describe)
}

/// The arguments of a process, with those secrets that files hold added as options.
///
/// # Errors
/// Says which file cannot be read, or which secret is given twice.
pub(super) fn add_from_files(
    command: &Command,
    given: impl IntoIterator<Item = OsString>,
    variables: Variables<'_>,
) -> Result<Vec<OsString>, String> {
    let given: Vec<_> = given.into_iter().collect();
    let mut arguments = Vec::new();
    let mut of = command;
    for (position, argument) in given.iter().enumerate() {
        arguments.push(argument.clone());
        if let Some(subcommand) = of.find_subcommand(argument) {
            of = subcommand;
        } else if position > 0 {
            continue;
        }
        // A command reads its options between its name and that of its own command.
        for secret in of.get_arguments() {
            arguments.extend(from_file(secret, &given, variables)?);
        }
    }
    Ok(arguments)
}

/// What clap complains about, without the value of a secret.
pub(super) fn hide(command: &Command, mut complaint: Error) -> Error {
    let option = complaint.get(ContextKind::InvalidArg).map(|it| OsString::from(it.to_string()));
    if option.is_some_and(|option| is_secret(command, &option)) {
        complaint.insert(ContextKind::InvalidValue, ContextValue::String("(hidden)".to_owned()));
    }
    complaint
}

/// How the secrets of examples begin, which stand in documents and are no secrets.
const EXAMPLE: &str = "change-me";

/// Refuses a secret that can be guessed by all who read an example, or that is one byte again and again.
///
/// # Errors
/// Names the setting.
pub(super) fn refuse_guessable(command: &Command, matches: &ArgMatches) -> Result<(), String> {
    for argument in command.get_arguments() {
        let Some(name) = name(argument) else { continue };
        let Ok(values) = matches.try_get_raw(argument.get_id().as_str()) else { continue };
        for value in values.into_iter().flatten() {
            let why = guessable(&value.to_string_lossy());
            why.map_or(Ok(()), |why| {
                Err(format!("{name} {why}; `openssl rand -hex 32` makes a random one"))
            })?;
        }
    }
    match matches.subcommand() {
        Some((name, matches)) => command
            .find_subcommand(name)
            .map_or(Ok(()), |command| refuse_guessable(command, matches)),
        None => Ok(()),
    }
}

/// Why a secret can be guessed. Of an address the password is the secret; of a header, its value.
fn guessable(value: &str) -> Option<&'static str> {
    let secret = match value.split_once("://") {
        Some((_, rest)) => {
            let (account, _) = rest.rsplit_once('@')?;
            account.split_once(':')?.1
        }
        None => value,
    };
    let header = secret.split_once('=').map_or("", |(_, value)| value);
    if [secret, header].into_iter().any(|text| text.starts_with(EXAMPLE)) {
        return Some("is that of an example: it begins with change-me");
    }
    let mut bytes = secret.bytes();
    let first = bytes.next();
    let repeats = secret.len() > 1 && bytes.all(|byte| Some(byte) == first);
    repeats.then_some("repeats one byte")
}

/// Whether `option`, which may have a value behind it, is one of the command's secrets.
fn is_secret(command: &Command, option: &OsString) -> bool {
    let mut secrets = command.get_arguments().filter(|argument| name(argument).is_some());
    secrets.any(|argument| argument.get_long().is_some_and(|long| is_option(option, long)))
        || command.get_subcommands().any(|subcommand| is_secret(subcommand, option))
}

/// Whether `argument` is the option `long`, with or without a value behind it.
fn is_option(argument: &OsString, long: &str) -> bool {
    let argument = argument.to_string_lossy();
    let name = argument.split([' ', '=']).next().unwrap_or_default();
    name.strip_prefix("--") == Some(long)
}

/// The variable of an option, if that is a secret.
fn name(argument: &Arg) -> Option<String> {
    let name = argument.get_env().filter(|_| argument.is_hide_env_values_set())?;
    Some(name.to_string_lossy().into_owned())
}

/// A secret as an option, if it is one whose file is named, and no option overrides that.
fn from_file(
    argument: &Arg,
    given: &[OsString],
    variables: Variables<'_>,
) -> Result<Option<OsString>, String> {
    let (Some(name), Some(long)) = (name(argument), argument.get_long()) else { return Ok(None) };
    let file = format!("{name}_FILE");
    let is_overridden = given.iter().any(|argument| is_option(argument, long));
    let Some(path) = variables(&file).filter(|_| !is_overridden) else { return Ok(None) };
    if variables(&name).is_some() {
        return Err(format!("{name} and {file} are both set, and only one may be"));
    }
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("{file}: cannot read {}: {error}", path.display()))?;
    Ok(Some(format!("--{long}={}", text.trim_end_matches(['\r', '\n'])).into()))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};
    use secrecy::{ExposeSecret, SecretString};

    use super::*;

    #[derive(Debug, Parser)]
    struct Settings {
        /// Opens the door
        #[arg(long, env = "TEST_KEY", hide_env_values = true, value_parser = key)]
        key: SecretString,

        /// Those who have one
        #[arg(long, env = "TEST_OWNER", default_value = "ada")]
        owner: String,
    }

    #[derive(Debug, Parser)]
    enum Commands {
        /// Opens it
        Open(Settings),
    }

    fn key(text: &str) -> Result<SecretString, String> {
        if text.len() < 4 { Err("too short".to_owned()) } else { Ok(text.into()) }
    }

    /// The settings of a process with these arguments, whose variable `TEST_KEY_FILE` is `file`.
    fn read<S: Parser>(arguments: &[&str], file: &str, key: Option<&str>) -> Result<S, String> {
        let command = describe(S::command());
        let variables = |name: &str| match name {
            "TEST_KEY" => key.map(Into::into),
            "TEST_KEY_FILE" => Some(file.into()),
            _ => None,
        };
        let given = std::iter::once(&"test").chain(arguments).map(OsString::from);
        let arguments = add_from_files(&command, given, &variables)?;
        let parsed = command.clone().try_get_matches_from(arguments);
        parsed
            .and_then(|matches| S::from_arg_matches(&matches))
            .map_err(|error| hide(&command, error).to_string())
    }

    fn file(text: &str) -> (tempfile::TempDir, String) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap().to_owned();
        (directory, path)
    }

    #[test]
    fn a_secret_is_read_from_its_file_without_the_end_of_its_line() {
        for (text, key) in
            [("sesame", "sesame"), ("sesame\n", "sesame"), ("two words\r\n", "two words")]
        {
            let (_directory, path) = file(text);
            let settings: Settings = read(&[], &path, None).unwrap_or_else(|it| panic!("{it}"));
            assert_eq!((settings.key.expose_secret(), &*settings.owner), (key, "ada"));
        }
        let (_directory, path) = file("sesame");
        let Commands::Open(settings) = read(&["open", "--owner=bo"], &path, None).unwrap();
        assert_eq!((settings.key.expose_secret(), &*settings.owner), ("sesame", "bo"));
    }

    #[test]
    fn an_option_overrides_the_file_as_it_does_the_variable() {
        for option in [&["--key=other"][..], &["--key", "other"]] {
            let settings: Settings = read(option, "/nowhere", Some("third")).unwrap();
            assert_eq!(settings.key.expose_secret(), "other");
        }
    }

    #[test]
    fn a_file_beside_the_variable_or_one_that_cannot_be_read_is_refused_by_name() {
        let (_directory, path) = file("sesame");
        let refusal = read::<Settings>(&[], &path, Some("other")).unwrap_err();
        assert!(refusal.contains("TEST_KEY and TEST_KEY_FILE"), "{refusal}");
        let refusal = read::<Settings>(&[], "/nowhere", None).unwrap_err();
        assert!(refusal.contains("TEST_KEY_FILE") && refusal.contains("/nowhere"), "{refusal}");
    }

    #[test]
    fn a_secret_that_is_refused_is_not_shown() {
        let (_directory, path) = file("abc\n");
        for (arguments, path) in [(&[][..], &*path), (&["--key=abc"], "")] {
            let refusal = read::<Settings>(arguments, path, None).unwrap_err();
            assert!(refusal.contains("too short") && !refusal.contains("abc"), "{refusal}");
        }
    }

    #[test]
    fn a_secret_that_can_be_guessed_is_refused_by_name_and_not_shown() {
        let refusal = |arguments: &[&str]| {
            let command = Commands::command();
            let matches = command.clone().try_get_matches_from(arguments).unwrap();
            refuse_guessable(&command, &matches).err()
        };
        for guessable in [
            "change-me!",
            "change-me-to-a-secret-of-thirty-two-bytes",
            "xxxxxxxx",
            "amqp://chat:change-me-rabbitmq@rabbitmq:5672/%2f",
            "postgres://chat:0000@host/chat",
            "authorization=change-me",
        ] {
            let refusal = refusal(&["test", "open", &format!("--key={guessable}")]).unwrap();
            assert!(refusal.starts_with("TEST_KEY ") && !refusal.contains(guessable), "{refusal}");
        }
        for good in ["sesame", "abab", "amqp://host", "amqp://@host", "amqp://chat@host/", "aaaa="]
        {
            assert_eq!(refusal(&["test", "open", &format!("--key={good}")]), None, "{good}");
        }
        assert_eq!(refusal(&["test", "open", "--key=sesame", "--owner=change-me"]), None);
    }

    #[test]
    fn the_help_names_the_file() {
        let commands = describe(Commands::command());
        let open = commands.find_subcommand("open").unwrap();
        for mut command in [describe(Settings::command()), open.clone()] {
            let help = command.render_long_help().to_string();
            assert!(help.contains("May be in the file that TEST_KEY_FILE names"), "{help}");
            assert!(!help.contains("TEST_OWNER_FILE"), "{help}");
        }
    }
}
