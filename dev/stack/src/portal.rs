use std::{net::SocketAddr, path::Path};

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::Variables;

/// How long a portal's token is valid.
const TOKEN_LIFE: &str = "168h";

/// A user of the portals.
struct DemoUser {
    /// The variable of the address.
    variable: &'static str,
    role: &'static str,
    id: &'static str,
    name: &'static str,
    /// Further options of `gateway token`.
    options: &'static [&'static str],
}

/// A player, and two members of the staff who can hand conversations over.
const DEMO_USERS: [DemoUser; 3] = [
    DemoUser { variable: "PLAYER_PORTAL_URL", role: "player", id: "bo", name: "Bo", options: &[] },
    DemoUser {
        variable: "STAFF_PORTAL_URL",
        role: "staff",
        id: "ada",
        name: "Ada",
        options: &["--lead", "--teams", "payments"],
    },
    DemoUser {
        variable: "SECOND_STAFF_PORTAL_URL",
        role: "staff",
        id: "grace",
        name: "Grace",
        options: &["--teams", "appeals"],
    },
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
    for DemoUser { variable, role, id, name, options } in DEMO_USERS {
        let made = Command::new(binaries.join("gateway"))
            .args(["token", "--role", role, "--subject", id, "--name", name])
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
