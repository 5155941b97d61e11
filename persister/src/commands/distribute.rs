use clap::Args;
use database::DatabaseSettings;
use service::settings::fail;

/// Distribute the tables by player over the servers of a Citus cluster
#[derive(Args, Clone, Debug)]
pub struct DistributeCommand {
    /// Number of parts of each table. A cluster has at most as many servers
    #[arg(long, value_name = "COUNT", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1024))]
    shards: u16,
    #[command(flatten)]
    database: DatabaseSettings,
}

impl DistributeCommand {
    /// Distributes the tables, and prints which. Ends the process when a setting is invalid.
    ///
    /// # Errors
    /// Those of [`database::distribute`].
    #[expect(clippy::print_stdout, reason = "output of a command")]
    pub async fn run(self) -> anyhow::Result<()> {
        if let Err(error) = self.database.check() {
            fail(&error);
        }
        let distributed = database::distribute(&self.database, self.shards).await?;
        distributed.iter().for_each(|table| println!("distributed {table}"));
        println!("all tables are distributed by player_id");
        Ok(())
    }
}
