use std::{net::SocketAddr, path::Path};

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::Variables;

/// How long a portal's token is valid.
const TOKEN_LIFE: &str = "168h";

/// The users of the portals: the variable of the address, role, id, name, and further options.
const DEMO_USERS: [(&str, &str, &str, &str, &[&str]); 2] = [
    ("PLAYER_PORTAL_URL", "player", "bo", "Bo", &[]),
    ("STAFF_PORTAL_URL", "staff", "ada", "Ada", &["--lead"]),
];

/// Adds the addresses of the portal's pages at `gateway`, each with the token of its demo user.
///
/// # Errors
/// When the gateway's program signs no tokens, as with a key that only verifies them.
pub(crate) async fn set_portal_urls(
    binaries: &Path,
    gateway: SocketAddr,
    variables: &mut Variables,
) -> anyhow::Result<()> {
    for (variable, role, subject, name, options) in DEMO_USERS {
        let made = Command::new(binaries.join("gateway"))
            .args(["token", "--role", role, "--subject", subject, "--name", name])
            .args(["--expires-in", TOKEN_LIFE])
            .args(options)
            .envs(variables.iter())
            .output()
            .await
            .context("cannot make a token for the portal")?;
        ensure!(
            made.status.success(),
            "no token for the portal: {}",
            String::from_utf8_lossy(&made.stderr).trim()
        );
        let token = String::from_utf8(made.stdout).context("the token is not text")?;
        let url = format!("http://{gateway}/portal/{role}/#token={}", token.trim());
        variables.set(variable, url);
    }
    Ok(())
}
