use gateway::auth::TokenCommand;

use crate::settings;

/// What signs the tokens that a guarded gateway takes.
pub const JWT_SECRET: &str = "a secret that nobody guesses, since it is long";

/// A token for `subject` as a `player` or as `staff`, good for an hour.
pub fn token(role: &str, subject: &str) -> String {
    token_by(JWT_SECRET, role, subject)
}

/// The same, signed with `secret`.
pub fn token_by(secret: &str, role: &str, subject: &str) -> String {
    let arguments = [
        format!("--role={role}"),
        format!("--subject={subject}"),
        format!("--auth-jwt-secret={secret}"),
    ];
    settings::<TokenCommand>(arguments).make().unwrap()
}
