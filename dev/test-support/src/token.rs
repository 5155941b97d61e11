use gateway::auth::TokenCommand;

use crate::settings;

/// The secret of the tokens that a guarded gateway accepts.
pub const JWT_SECRET: &str = "a secret of more than thirty-two characters";

/// A token for `subject` with the role `player` or `staff`, valid for an hour.
pub fn token(role: &str, subject: &str) -> String {
    token_by(JWT_SECRET, role, subject)
}

/// A token signed with `secret`.
pub fn token_by(secret: &str, role: &str, subject: &str) -> String {
    let arguments = [
        format!("--role={role}"),
        format!("--subject={subject}"),
        format!("--auth-jwt-secret={secret}"),
    ];
    settings::<TokenCommand>(arguments).make().unwrap()
}
