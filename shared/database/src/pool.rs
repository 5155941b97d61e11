use diesel_async::{
    AsyncPgConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, deadpool::BuildError,
    },
};

use crate::{DatabaseSettings, connect};

/// Connections to the database that are used again. Asking it for one has no time limit of its
/// own; whoever asks sets one.
pub type Pool = diesel_async::pooled_connection::deadpool::Pool<AsyncPgConnection>;

/// A pool of at most `size` connections. None is made before it is needed, so that a service starts
/// without its database.
///
/// # Errors
/// When the pool cannot be built, for which its settings give no cause.
pub fn pool(settings: &DatabaseSettings, size: usize) -> Result<Pool, BuildError> {
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    config.recycling_method = RecyclingMethod::Fast;
    let for_connections = settings.clone();
    config.custom_setup = Box::new(move |_| {
        let settings = for_connections.clone();
        Box::pin(async move {
            connect(&settings)
                .await
                .map_err(|error| diesel::ConnectionError::BadConnection(error.to_string()))
        })
    });
    let manager = AsyncDieselConnectionManager::new_with_config("", config);
    Pool::builder(manager).max_size(size).build()
}
