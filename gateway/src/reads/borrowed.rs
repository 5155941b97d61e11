use database::DatabaseSettings;
use diesel_async::{AsyncPgConnection, pooled_connection::deadpool::Object};
use tokio::runtime::Handle;

/// A connection out of a pool, for one read. It goes back when the read is done. When the read is given
/// up, because it takes too long or because its client has gone, its query still runs: the connection is
/// closed instead, and PostgreSQL is asked to cancel the query.
pub(super) struct Borrowed<'a> {
    connection: Option<Object<AsyncPgConnection>>,
    settings: &'a DatabaseSettings,
}

impl<'a> Borrowed<'a> {
    pub(super) fn new(
        connection: Object<AsyncPgConnection>,
        settings: &'a DatabaseSettings,
    ) -> Self {
        Self { connection: Some(connection), settings }
    }

    /// The connection, which is there until it is given back.
    pub(super) fn connection(&mut self) -> Result<&mut AsyncPgConnection, String> {
        self.connection.as_deref_mut().ok_or_else(|| "the connection was given back".to_owned())
    }

    /// Returns the connection to its pool: the read is done.
    pub(super) fn give_back(mut self) {
        drop(self.connection.take());
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let connection = Object::take(connection);
        let token = connection.cancel_token();
        drop(connection);
        let settings = self.settings.clone();
        // Without a runtime the process is ending, and its connections with it.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Err(error) = database::cancel(token, &settings).await {
                tracing::debug!(cause = %error, "a query that was given up cannot be cancelled");
            }
        });
    }
}
