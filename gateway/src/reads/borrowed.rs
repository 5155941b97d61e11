use database::DatabaseSettings;
use diesel_async::{AsyncPgConnection, pooled_connection::deadpool::Object};
use tokio::runtime::Handle;

/// A pooled connection, for one read. It returns to the pool when the read ends. A read that is
/// dropped, by a timeout or because its client disconnected, may still run: its connection is
/// closed, and PostgreSQL is told to cancel the query.
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

    /// The connection, until it is returned.
    pub(super) fn connection(&mut self) -> Result<&mut AsyncPgConnection, String> {
        self.connection.as_deref_mut().ok_or_else(|| "the connection was returned".to_owned())
    }

    /// Returns the connection to its pool.
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
        // Without a runtime the process is ending.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Err(error) = database::cancel(token, &settings).await {
                tracing::debug!(exception.message = %error, "an abandoned query cannot be cancelled");
            }
        });
    }
}
