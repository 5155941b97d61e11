use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    task::Waker,
    time::{Duration, Instant},
};

use actix_web::HttpRequest;
use atomic_waker::AtomicWaker;

use crate::metrics::CloseReason;

/// The bytes of a response that a client must take within each client timeout.
const BYTES_PER_TIMEOUT: u64 = 64 * 1024;

/// The state of one connection. Its stream and its requests write it, on one thread; the registry
/// reads it from others. Times are in microseconds since `began`; 0 means none.
#[derive(Debug)]
pub struct Connection {
    began: Instant,
    /// Requests in progress.
    requests: AtomicU32,
    /// Requests since the connection was opened.
    begun: AtomicU64,
    /// When the last request ended, or the connection was opened.
    last_active: AtomicU64,
    /// When the first bytes of an incomplete head arrived.
    head_began: AtomicU64,
    /// Whether the body of the request in progress may be read.
    body_open: AtomicBool,
    /// Whether that body was read completely.
    body_read: AtomicBool,
    /// Whether incoming bytes are the rest of a body that no handler read.
    draining: AtomicBool,
    /// Whether a write waits for the client.
    blocked: AtomicBool,
    /// When a write of this response first waited for the client, and the bytes written since.
    stalled_since: AtomicU64,
    taken_since: AtomicU64,
    /// Whether bytes have arrived that must not be read yet.
    held: AtomicBool,
    closing: AtomicBool,
    waker: AtomicWaker,
}

/// The time limits of clients.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For a request's head, and for each [`BYTES_PER_TIMEOUT`] of a response.
    pub client: Duration,
    /// Between two requests.
    pub idle: Duration,
}

impl Connection {
    /// Opens a connection. `began` is the origin of its times.
    pub(crate) fn open(began: Instant) -> Self {
        let connection = Self {
            began,
            requests: AtomicU32::new(0),
            begun: AtomicU64::new(0),
            last_active: AtomicU64::new(0),
            head_began: AtomicU64::new(0),
            body_open: AtomicBool::new(false),
            body_read: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            stalled_since: AtomicU64::new(0),
            taken_since: AtomicU64::new(0),
            held: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        };
        connection.last_active.store(connection.now(), Relaxed);
        connection
    }

    /// The connection of `request`, if it came over one.
    pub fn for_request(request: &HttpRequest) -> Option<&Arc<Self>> {
        request.conn_data::<Arc<Self>>()
    }

    /// Microseconds since `began`; at least 1.
    pub(super) fn now(&self) -> u64 {
        micros(self.began.elapsed()).max(1)
    }

    /// When it was last active; `now` while a request is in progress.
    pub(super) fn last_active(&self, now: u64) -> u64 {
        if self.is_answering() { now } else { self.last_active.load(Relaxed) }
    }

    pub(super) fn is_answering(&self) -> bool {
        self.requests.load(Relaxed) > 0
    }

    /// Requests since the connection was opened.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Relaxed)
    }

    /// Whether incoming bytes belong to a body that a handler reads.
    pub(super) fn is_body_open(&self) -> bool {
        self.body_open.load(Relaxed)
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Relaxed)
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(Relaxed)
    }

    /// Since when a write waits for the client. None when no write waits, or the connection is
    /// closing.
    pub(crate) fn blocked_since(&self) -> Option<u64> {
        let is_blocked = self.is_blocked() && !self.is_closing();
        is_blocked.then(|| self.stalled_since.load(Relaxed))
    }

    /// Whether it was told to close.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    /// Whether its stream holds bytes back.
    pub(super) fn is_held(&self) -> bool {
        self.held.load(Relaxed)
    }

    /// Records that bytes have arrived that must not be read yet.
    pub(super) fn hold(&self) {
        self.held.store(true, Relaxed);
    }

    /// Wakes the stream to read the bytes that it held back.
    fn release(&self) {
        if self.held.load(Relaxed) {
            self.held.store(false, Relaxed);
            self.waker.wake();
        }
    }

    /// Sets the waker for when the connection is closed or may be read.
    pub(super) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Records the arrival of bytes of a head.
    pub(super) fn head_arrived(&self) {
        if self.head_began.load(Relaxed) == 0 {
            self.head_began.store(self.now(), Relaxed);
        }
    }

    /// Records the start of a request, whose head is complete.
    pub(super) fn request_began(&self) {
        self.requests.fetch_add(1, Relaxed);
        self.begun.fetch_add(1, Relaxed);
        self.head_began.store(0, Relaxed);
        self.body_read.store(false, Relaxed);
        self.draining.store(false, Relaxed);
        if !self.is_blocked() {
            self.stalled_since.store(0, Relaxed);
        }
    }

    /// Records that a response was written to the socket. `unread` tells whether the rest of a body
    /// may follow that no handler read.
    pub(super) fn request_ended(&self, unread: bool) {
        self.draining.store(unread, Relaxed);
        self.body_open.store(false, Relaxed);
        self.last_active.store(self.now(), Relaxed);
        self.requests.fetch_sub(1, Relaxed);
        self.release();
    }

    pub(super) fn was_body_read(&self) -> bool {
        self.body_read.load(Relaxed)
    }

    /// Allows the body of the request in progress to be read.
    pub fn open_body(&self) {
        self.body_open.store(true, Relaxed);
        self.release();
    }

    /// Records that the body was read completely.
    pub fn close_body(&self) {
        self.body_open.store(false, Relaxed);
        self.body_read.store(true, Relaxed);
    }

    /// Records that the client took `bytes` of a response.
    pub(super) fn wrote(&self, bytes: usize) {
        if self.stalled_since.load(Relaxed) == 0 {
            return;
        }
        self.taken_since.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Relaxed);
        if self.blocked.swap(false, Relaxed) {
            self.release();
        }
    }

    /// Records that a write waits for the client.
    pub(crate) fn write_blocked(&self) {
        self.blocked.store(true, Relaxed);
        if self.stalled_since.load(Relaxed) == 0 {
            self.stalled_since.store(self.now(), Relaxed);
            self.taken_since.store(0, Relaxed);
        }
    }

    /// Why the connection must be closed at `now`, if it must.
    pub(super) fn overdue(&self, now: u64, timeouts: &Timeouts) -> Option<CloseReason> {
        let is_over = |since: u64, limit: Duration| now.saturating_sub(since) > micros(limit);
        if self.is_blocked() {
            let stalled = self.stalled_since.load(Relaxed);
            let parts = self.taken_since.load(Relaxed) / BYTES_PER_TIMEOUT;
            let parts = u32::try_from(parts).unwrap_or(u32::MAX).saturating_add(1);
            return is_over(stalled, timeouts.client.saturating_mul(parts))
                .then_some(CloseReason::Stalled);
        }
        if self.is_answering() {
            return None;
        }
        let head = self.head_began.load(Relaxed);
        // actix responds to a first head that is late, and needs time for it.
        if head > 0 && is_over(head, timeouts.client + timeouts.client / 4) {
            return Some(CloseReason::SlowHead);
        }
        is_over(self.last_active.load(Relaxed), timeouts.idle).then_some(CloseReason::Idle)
    }

    /// Tells its stream to close.
    pub(crate) fn close(&self) {
        self.closing.store(true, Relaxed);
        self.waker.wake();
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUTS: Timeouts =
        Timeouts { client: Duration::from_secs(10), idle: Duration::from_secs(85) };

    fn seconds(number: u64) -> u64 {
        number * 1_000_000
    }

    #[test]
    fn connection_is_overdue_when_its_client_takes_less_than_64_kib_per_timeout() {
        let connection = Connection::open(Instant::now());
        connection.request_began();
        connection.write_blocked();
        let since = connection.stalled_since.load(Relaxed);
        let overdue = |at: u64| connection.overdue(since + seconds(at), &TIMEOUTS);
        assert_eq!(overdue(9), None);
        assert_eq!(overdue(11), Some(CloseReason::Stalled));
        connection.wrote(7_000);
        assert_eq!(overdue(11), None, "no write waits for the client");
        connection.write_blocked();
        assert_eq!(overdue(11), Some(CloseReason::Stalled), "7 kB in 11 s is too slow");
        connection.wrote(60_000);
        connection.write_blocked();
        assert_eq!((overdue(19), overdue(21)), (None, Some(CloseReason::Stalled)));
    }

    #[test]
    fn head_is_overdue_after_its_timeout_and_a_request_in_progress_never() {
        let connection = Connection::open(Instant::now());
        connection.head_arrived();
        let at = |at: u64| connection.overdue(connection.now() + seconds(at), &TIMEOUTS);
        assert_eq!((at(12), at(13)), (None, Some(CloseReason::SlowHead)));
        connection.request_began();
        assert_eq!(at(1_000), None);
        connection.request_ended(false);
        assert_eq!((at(84), at(86)), (None, Some(CloseReason::Idle)));
    }
}
