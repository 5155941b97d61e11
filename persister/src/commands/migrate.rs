use clap::Args;
use database::DatabaseSettings;
use service::settings::fail;

/// Migrate the database to the schema of this release
#[derive(Args, Clone, Debug)]
pub struct MigrateCommand {
    #[command(flatten)]
    database: DatabaseSettings,
}

impl MigrateCommand {
    /// Migrates, and prints the migrations that it applied. Ends the process when a setting is
    /// invalid.
    ///
    /// # Errors
    /// Those of [`database::migrate`].
    #[expect(clippy::print_stdout, reason = "output of a command")]
    pub async fn run(self) -> anyhow::Result<()> {
        if let Err(error) = self.database.check() {
            fail(&error);
        }
        let applied = database::migrate(&self.database).await?;
        applied.iter().for_each(|migration| println!("applied {migration}"));
        println!("the database is up to date");
        Ok(())
    }
}
