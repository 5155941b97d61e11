use clap::Args;
use secrecy::SecretString;

/// The application at Pusher.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Pusher application")]
pub struct App {
    /// The application's id, as the Pusher dashboard shows it
    #[arg(id = "pusher_app_id", long = "pusher-app-id", env = "PUSHER_APP_ID", value_name = "ID")]
    pub id: String,

    /// The application's key, which is public
    #[arg(id = "pusher_key", long = "pusher-key", env = "PUSHER_KEY", value_name = "KEY")]
    pub key: String,

    /// The application's secret; signs calls and subscriptions
    #[arg(
        id = "pusher_secret",
        long = "pusher-secret",
        env = "PUSHER_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub secret: SecretString,
}
