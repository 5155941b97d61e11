//! Ends connections on which nobody finishes asking.
//!
//! actix gives up a connection whose first head does not come, and one on which nothing at all comes
//! between two requests. One whose second head comes byte by byte, or stops in its middle, it would
//! keep for ever.

use std::{
    any::Any,
    net::{Shutdown, TcpStream},
    os::fd::AsFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{Extensions, ServiceRequest, ServiceResponse},
    middleware::Next,
    rt,
};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A connection that is watched for as long as this is there.
#[derive(Debug)]
struct Watched {
    activity: Arc<Mutex<Activity>>,
    _end: DropGuard,
}

/// What happens on a connection.
#[derive(Debug)]
struct Activity {
    /// Requests that are being answered.
    requests: u32,
    /// When the last of them was, or when the connection began.
    last: Instant,
}

/// Has a new connection, which is `stream`, shut once no request has come to its end on it for
/// `limit`. To be called as actix's `on_connect`; [`attend`] tells of the requests.
pub fn watch(stream: &dyn Any, data: &mut Extensions, limit: Duration) {
    let Some(stream) = stream.downcast_ref::<rt::net::TcpStream>() else { return };
    let socket = match stream.as_fd().try_clone_to_owned() {
        Ok(socket) => TcpStream::from(socket),
        Err(error) => {
            tracing::error!(cause = %error, "a connection cannot be watched");
            return;
        }
    };
    let activity = Arc::new(Mutex::new(Activity { requests: 0, last: Instant::now() }));
    let end = CancellationToken::new();
    tokio::spawn(follow(socket, Arc::clone(&activity), limit, end.clone()));
    data.insert(Watched { activity, _end: end.drop_guard() });
}

/// Says of each request when it begins and when it has been answered.
pub async fn attend(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let activity = request.conn_data::<Watched>().map(|watched| Arc::clone(&watched.activity));
    let _being_answered = activity.map(BeingAnswered::begin);
    next.call(request).await
}

/// A request that is being answered, also if its client leaves meanwhile.
struct BeingAnswered(Arc<Mutex<Activity>>);

impl BeingAnswered {
    fn begin(activity: Arc<Mutex<Activity>>) -> Self {
        lock(&activity).requests += 1;
        Self(activity)
    }
}

impl Drop for BeingAnswered {
    fn drop(&mut self) {
        let mut activity = lock(&self.0);
        activity.requests -= 1;
        activity.last = Instant::now();
    }
}

async fn follow(
    socket: TcpStream,
    activity: Arc<Mutex<Activity>>,
    limit: Duration,
    end: CancellationToken,
) {
    loop {
        let (busy, last) = {
            let activity = lock(&activity);
            (activity.requests > 0, activity.last)
        };
        let deadline = if busy { Instant::now() + limit } else { last + limit };
        if deadline <= Instant::now() {
            break;
        }
        if end.run_until_cancelled(sleep_until(deadline)).await.is_none() {
            return;
        }
    }
    if let Err(error) = socket.shutdown(Shutdown::Both) {
        tracing::trace!(cause = %error, "the connection had ended");
    }
}

fn lock(activity: &Mutex<Activity>) -> MutexGuard<'_, Activity> {
    activity.lock().unwrap_or_else(PoisonError::into_inner)
}
