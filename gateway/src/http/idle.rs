//! Ends connections on which nobody finishes asking.
//!
//! actix gives up a connection whose first head does not come, and one on which nothing at all comes
//! between two requests. One whose second head comes byte by byte, or stops in its middle, it would
//! keep for ever.

use std::{
    any::Any,
    net::{Shutdown, TcpStream},
    os::fd::AsFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{Extensions, ServiceRequest, ServiceResponse},
    middleware::Next,
    rt,
};
use tokio::time::{MissedTickBehavior, interval};

/// The longest time between two looks at all connections.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Every connection that is open. With thousands of them, what is kept for each counts: one look after
/// all takes less than a task and a timer a connection.
#[derive(Clone, Debug, Default)]
pub struct Connections(Arc<Mutex<Vec<Weak<Connection>>>>);

/// A connection, for as long as actix keeps it.
#[derive(Debug)]
struct Connection {
    socket: TcpStream,
    activity: Mutex<Activity>,
}

/// What happens on a connection.
#[derive(Debug)]
struct Activity {
    /// Requests that are being answered.
    requests: u32,
    /// When the last of them was, or when the connection began.
    last: Instant,
}

impl Connections {
    /// Shuts, as a task of its own, each connection on which no request has come to its end for
    /// `limit`.
    pub fn end_idle(limit: Duration) -> Self {
        let connections = Self::default();
        let open = Arc::downgrade(&connections.0);
        tokio::spawn(async move {
            let mut looks = interval(LOOK_INTERVAL.min(limit / 4));
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while let Some(open) = open.upgrade() {
                lock(&open).retain(|it| it.upgrade().is_some_and(|it| it.lasts(limit)));
                drop(open);
                looks.tick().await;
            }
        });
        connections
    }

    /// Watches a new connection, which is `stream`. To be called as actix's `on_connect`; [`attend`]
    /// tells of the requests.
    pub fn watch(&self, stream: &dyn Any, data: &mut Extensions) {
        let Some(stream) = stream.downcast_ref::<rt::net::TcpStream>() else { return };
        let socket = match stream.as_fd().try_clone_to_owned() {
            Ok(socket) => TcpStream::from(socket),
            Err(error) => {
                tracing::error!(cause = %error, "a connection cannot be watched");
                return;
            }
        };
        let activity = Mutex::new(Activity { requests: 0, last: Instant::now() });
        let connection = Arc::new(Connection { socket, activity });
        lock(&self.0).push(Arc::downgrade(&connection));
        data.insert(connection);
    }
}

impl Connection {
    /// Whether it is to be watched further; otherwise it is shut.
    fn lasts(&self, limit: Duration) -> bool {
        let activity = lock(&self.activity);
        if activity.requests > 0 || activity.last.elapsed() < limit {
            return true;
        }
        if let Err(error) = self.socket.shutdown(Shutdown::Both) {
            tracing::trace!(cause = %error, "the connection had ended");
        }
        false
    }
}

/// Says of each request when it begins and when it has been answered.
pub async fn attend(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let connection = request.conn_data::<Arc<Connection>>().cloned();
    let _being_answered = connection.map(BeingAnswered::begin);
    next.call(request).await
}

/// A request that is being answered, also if its client leaves meanwhile.
struct BeingAnswered(Arc<Connection>);

impl BeingAnswered {
    fn begin(connection: Arc<Connection>) -> Self {
        lock(&connection.activity).requests += 1;
        Self(connection)
    }
}

impl Drop for BeingAnswered {
    fn drop(&mut self) {
        let mut activity = lock(&self.0.activity);
        activity.requests -= 1;
        activity.last = Instant::now();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
