use clap::Args;
use database::DatabaseSettings;
use service::settings::fail;

/// Bring the database to the schema of this release, once, safely beside others
#[derive(Args, Clone, Debug)]
pub struct MigrateCommand {
    #[command(flatten)]
    database: DatabaseSettings,
}

impl MigrateCommand {
    /// Migrates, and prints the migrations that it applied. Ends the process when a setting is invalid.
    ///
    /// # Errors
    /// Those of [`database::migrate`].
    #[expect(clippy::print_stdout, reason = "the answer to a command of an operator")]
    pub async fn run(self) -> anyhow::Result<()> {
        if let Err(complaint) = self.database.check() {
            fail(&complaint);
        }
        let applied = database::migrate(&self.database).await?;
        applied.iter().for_each(|migration| println!("applied {migration}"));
        println!("the database is up to date");
        Ok(())
    }
}
