//! Secret settings: read from files, and kept out of error messages.
//!
//! A secret is an option with `hide_env_values`. Its variable `NAME` may be replaced by `NAME_FILE`, the path
//! of a file with the value, as container engines provide secrets.

use std::{ffi::OsString, fs};

use clap::{
    Arg, ArgMatches, Command,
    error::{ContextKind, ContextValue, Error},
};

/// Looks up an environment variable; tests replace it.
type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The command with help texts that name the files.
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

/// The arguments of a process, to which the secrets from files are added as options.
///
/// # Errors
/// Names the file that cannot be read, or the secret that is given twice.
pub(super) fn add_from_files(
    command: &Command,
    given: impl IntoIterator<Item = OsString>,
    variables: Variables<'_>,
) -> Result<Vec<OsString>, String> {
    let given: Vec<_> = given.into_iter().collect();
    let mut arguments = Vec::new();
    let mut current = command;
    for (position, argument) in given.iter().enumerate() {
        arguments.push(argument.clone());
        if let Some(subcommand) = current.find_subcommand(argument) {
            current = subcommand;
        } else if position > 0 {
            continue;
        }
        // A command reads its options before the name of its subcommand.
        for secret in current.get_arguments() {
            arguments.extend(from_file(secret, &given, variables)?);
        }
    }
    Ok(arguments)
}

/// The error of clap without the value of a secret.
pub(super) fn hide(command: &Command, mut error: Error) -> Error {
    let option =
        error.get(ContextKind::InvalidArg).map(|option| OsString::from(option.to_string()));
    if option.is_some_and(|option| is_secret(command, &option)) {
        error.insert(ContextKind::InvalidValue, ContextValue::String("(hidden)".to_owned()));
    }
    error
}

/// Prefix of the example secrets in the documentation.
const EXAMPLE_PREFIX: &str = "change-me";

/// Rejects a secret of the documentation's examples, or one that repeats a single byte.
///
/// # Errors
/// Names the setting, and does not show the secret.
pub(super) fn refuse_guessable(command: &Command, matches: &ArgMatches) -> Result<(), String> {
    for argument in command.get_arguments() {
        let Some(name) = name(argument) else { continue };
        let Ok(values) = matches.try_get_raw(argument.get_id().as_str()) else { continue };
        for value in values.into_iter().flatten() {
            if let Some(problem) = guessable(&value.to_string_lossy()) {
                return Err(format!("{name} {problem}; `openssl rand -hex 32` makes a random one"));
            }
        }
    }
    match matches.subcommand() {
        Some((name, matches)) => command
            .find_subcommand(name)
            .map_or(Ok(()), |command| refuse_guessable(command, matches)),
        None => Ok(()),
    }
}

/// Why a secret can be guessed. The secret of a URL is its password, that of a header its value.
fn guessable(value: &str) -> Option<&'static str> {
    let secret = match value.split_once("://") {
        Some((_, rest)) => {
            let (account, _) = rest.rsplit_once('@')?;
            account.split_once(':')?.1
        }
        None => value,
    };
    let header = secret.split_once('=').map_or("", |(_, value)| value);
    if [secret, header].into_iter().any(|text| text.starts_with(EXAMPLE_PREFIX)) {
        return Some("is that of an example: it begins with change-me");
    }
    let mut bytes = secret.bytes();
    let first = bytes.next();
    let repeats = secret.len() > 1 && bytes.all(|byte| Some(byte) == first);
    repeats.then_some("repeats one byte")
}

/// Whether `option`, with or without a value, is one of the command's secrets.
fn is_secret(command: &Command, option: &OsString) -> bool {
    let mut secrets = command.get_arguments().filter(|argument| name(argument).is_some());
    secrets.any(|argument| argument.get_long().is_some_and(|long| is_option(option, long)))
        || command.get_subcommands().any(|subcommand| is_secret(subcommand, option))
}

/// Whether `argument` is the option `long`, with or without a value.
fn is_option(argument: &OsString, long: &str) -> bool {
    let argument = argument.to_string_lossy();
    let name = argument.split([' ', '=']).next().unwrap_or_default();
    name.strip_prefix("--") == Some(long)
}

/// The variable of an option, if the option is a secret.
fn name(argument: &Arg) -> Option<String> {
    let name = argument.get_env().filter(|_| argument.is_hide_env_values_set())?;
    Some(name.to_string_lossy().into_owned())
}

/// A secret from its file as an option, unless the arguments contain that option.
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
        /// The key
        #[arg(long, env = "TEST_KEY", hide_env_values = true, value_parser = key)]
        key: SecretString,

        /// The owner
        #[arg(long, env = "TEST_OWNER", default_value = "ada")]
        owner: String,
    }

    #[derive(Debug, Parser)]
    enum Commands {
        /// Opens
        Open(Settings),
    }

    fn key(text: &str) -> Result<SecretString, String> {
        if text.len() < 4 { Err("too short".to_owned()) } else { Ok(text.into()) }
    }

    /// The settings of a process with these arguments and variables.
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
    fn a_secret_is_read_from_its_file_without_the_line_end() {
        for (text, key) in
            [("sesame", "sesame"), ("sesame\n", "sesame"), ("two words\r\n", "two words")]
        {
            let (_directory, path) = file(text);
            let settings: Settings =
                read(&[], &path, None).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((settings.key.expose_secret(), &*settings.owner), (key, "ada"));
        }
        let (_directory, path) = file("sesame");
        let Commands::Open(settings) = read(&["open", "--owner=bo"], &path, None).unwrap();
        assert_eq!((settings.key.expose_secret(), &*settings.owner), ("sesame", "bo"));
    }

    #[test]
    fn an_option_overrides_file_and_variable() {
        for option in [&["--key=other"][..], &["--key", "other"]] {
            let settings: Settings = read(option, "/nowhere", Some("third")).unwrap();
            assert_eq!(settings.key.expose_secret(), "other");
        }
    }

    #[test]
    fn an_unreadable_file_or_one_beside_the_variable_is_rejected_by_name() {
        let (_directory, path) = file("sesame");
        let refusal = read::<Settings>(&[], &path, Some("other")).unwrap_err();
        assert!(refusal.contains("TEST_KEY and TEST_KEY_FILE"), "{refusal}");
        let refusal = read::<Settings>(&[], "/nowhere", None).unwrap_err();
        assert!(refusal.contains("TEST_KEY_FILE") && refusal.contains("/nowhere"), "{refusal}");
    }

    #[test]
    fn an_invalid_secret_is_not_shown() {
        let (_directory, path) = file("abc\n");
        for (arguments, path) in [(&[][..], &*path), (&["--key=abc"], "")] {
            let refusal = read::<Settings>(arguments, path, None).unwrap_err();
            assert!(refusal.contains("too short") && !refusal.contains("abc"), "{refusal}");
        }
    }

    #[test]
    fn a_guessable_secret_is_rejected_by_name_and_not_shown() {
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
    fn help_names_the_file() {
        let commands = describe(Commands::command());
        let open = commands.find_subcommand("open").unwrap();
        for mut command in [describe(Settings::command()), open.clone()] {
            let help = command.render_long_help().to_string();
            assert!(help.contains("May be in the file that TEST_KEY_FILE names"), "{help}");
            assert!(!help.contains("TEST_OWNER_FILE"), "{help}");
        }
    }
}
