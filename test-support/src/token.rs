use clap::Parser;
use gateway::auth::TokenCommand;

use crate::system::Parsed;

/// What signs the tokens that a guarded gateway takes.
pub const JWT_SECRET: &str = "a secret that nobody guesses, since it is long";

/// A token for `subject` as a `player` or as `staff`, good for an hour.
pub fn token(role: &str, subject: &str) -> String {
    let arguments = [
        "token",
        &format!("--role={role}"),
        &format!("--subject={subject}"),
        &format!("--auth-jwt-secret={JWT_SECRET}"),
    ];
    Parsed::<TokenCommand>::parse_from(arguments).settings.make().unwrap()
}
