use std::{env, process::Command};

/// The services' programs, each as it is started to serve, and their commands that need a server.
pub const PROGRAMS: [&[&str]; 6] = [
    &["gateway"],
    &["persister"],
    &["broadcaster"],
    &["persister", "migrate"],
    &["persister", "dead-letters", "list"],
    &["broadcaster", "dead-letters", "list"],
];

/// One of the programs that `cargo build --workspace` makes, with its arguments, and with nothing in
/// its environment.
///
/// # Panics
/// When it has not been built.
pub fn program(words: &[&str]) -> Command {
    let (name, arguments) = words.split_first().expect("the name of a program");
    let own = env::current_exe().expect("the path of this program");
    let path = own.ancestors().nth(2).expect("where programs are built").join(name);
    assert!(path.exists(), "there is no {}: run `cargo build --workspace`", path.display());
    let mut command = Command::new(path);
    command.args(arguments).env_clear();
    command
}
