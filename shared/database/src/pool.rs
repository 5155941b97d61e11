use diesel_async::{
    AsyncPgConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, deadpool::BuildError,
    },
};

use crate::{DatabaseSettings, connect_to_read};

/// A pool of connections. Waiting for one has no time limit; the caller sets it.
pub type Pool = diesel_async::pooled_connection::deadpool::Pool<AsyncPgConnection>;

/// Creates a pool of at most `size` connections, all of [`connect_to_read`]. Each is opened when it is needed, so that a
/// service starts without its database.
///
/// # Errors
/// None with these settings.
pub fn pool(settings: &DatabaseSettings, size: usize) -> Result<Pool, BuildError> {
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    config.recycling_method = RecyclingMethod::Fast;
    let settings = settings.clone();
    config.custom_setup = Box::new(move |_| {
        let settings = settings.clone();
        Box::pin(async move {
            connect_to_read(&settings)
                .await
                .map_err(|error| diesel::ConnectionError::BadConnection(error.to_string()))
        })
    });
    let manager = AsyncDieselConnectionManager::new_with_config("", config);
    Pool::builder(manager).max_size(size).build()
}
