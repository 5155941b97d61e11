use std::path::Path;

use stack::Variables;

/// The addresses of a running system.
pub fn text(variables: &Variables, directory: &Path) -> String {
    let value = |name| variables.get(name).unwrap_or("?");
    let directory = directory.display();
    let gateway = value("GATEWAY_URL");
    let pusher = format!("{}:{}", value("PUSHER_HOST"), value("PUSHER_PORT"));
    let key = value("PUSHER_KEY");
    let mut portals = String::new();
    for (name, user) in [
        ("PLAYER_PORTAL_URL", "player portal"),
        ("STAFF_PORTAL_URL", "staff portal, of a lead"),
        ("SECOND_STAFF_PORTAL_URL", "staff portal, of another member of the staff"),
    ] {
        if let Some(url) = variables.get(name) {
            portals.push_str(&format!("\n\n  {user}\n  {url}"));
        }
    }
    format!(
        "everything is ready\n\
         \x20 gateway       {gateway}\n\
         \x20 its API       {gateway}/docs\n\
         \x20 local-pusher  {pusher}, key {key}\n\
         \x20 settings      {directory}/env (for a shell: . {directory}/env)\n\
         \x20 logs          {directory}/logs{portals}"
    )
}
