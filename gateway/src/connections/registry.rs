use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::time::{MissedTickBehavior, interval};

use super::connection::{Connection, Timeouts};
use crate::{
    limits::{LimitSettings, Proxies, counted_address},
    metrics::{CloseReason, Metrics},
};

/// The longest time between two checks of all connections.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The limits on connections.
#[derive(Debug)]
pub struct Bounds {
    /// The most connections of all clients together.
    all: usize,
    /// The most connections of one client address, if limited.
    of_an_address: Option<usize>,
    /// Addresses that forward for many clients, and have no limit of their own.
    proxies: Proxies,
    client_timeout: Duration,
    idle: Duration,
}

impl Bounds {
    /// Applies the settings.
    pub fn new(settings: &LimitSettings) -> Self {
        let of_an_address = usize::try_from(settings.address_connections).unwrap_or(usize::MAX);
        Self {
            all: usize::try_from(settings.max_connections).unwrap_or(usize::MAX),
            of_an_address: (of_an_address > 0).then_some(of_an_address),
            proxies: Proxies::new(settings.trusted_proxies.clone()),
            client_timeout: settings.client_timeout,
            idle: settings.keep_alive + settings.client_timeout,
        }
    }
}

/// The open connections.
#[derive(Clone, Debug)]
pub struct Connections(Arc<Registry>);

#[derive(Debug)]
struct Registry {
    began: Instant,
    bounds: Bounds,
    metrics: Metrics,
    open: Mutex<Open>,
}

/// The connections of all clients, and of each address that has a limit.
#[derive(Debug, Default)]
struct Open {
    all: Order,
    by_address: HashMap<IpAddr, Order>,
    admitted: u64,
}

/// Connections by when they were last known to be active. A request does not reorder them; a
/// connection is moved when a search finds it at the front.
type Order = BTreeMap<Place, Arc<Entry>>;

/// When a connection was last known to be active, and its number.
type Place = (u64, u64);

/// A connection and its place.
#[derive(Debug)]
struct Entry {
    connection: Arc<Connection>,
    number: u64,
    known_active: AtomicU64,
    address: Option<IpAddr>,
}

impl Entry {
    fn place(&self) -> Place {
        (self.known_active.load(Relaxed), self.number)
    }
}

/// An admitted connection, until its stream ends.
#[derive(Debug)]
pub(super) struct Admitted {
    entry: Arc<Entry>,
    connections: Connections,
}

impl Connections {
    /// Starts a task that closes each connection whose client takes too long: for a request's head,
    /// for a response, or between two requests.
    pub fn new(bounds: Bounds, metrics: Metrics) -> Self {
        let open = Mutex::default();
        let registry = Arc::new(Registry { began: Instant::now(), bounds, metrics, open });
        let known = Arc::downgrade(&registry);
        let count = known.clone();
        registry.metrics.connections.answer_by(move || {
            count.upgrade().map_or(0.0, |registry| registry.lock().all.len() as f64)
        });
        let Bounds { client_timeout, idle, .. } = registry.bounds;
        tokio::spawn(async move {
            let mut ticks = interval(CHECK_INTERVAL.min(client_timeout / 4));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let Some(registry) = known.upgrade() else { return };
                registry.close_overdue(&Timeouts { client: client_timeout, idle });
            }
        });
        Self(registry)
    }

    /// Admits a connection from `peer`. At a limit, of all clients or of the address, it closes the
    /// connection that has been idle for longest; when none is idle, it does not admit the new one.
    pub(super) fn admit(&self, peer: Option<SocketAddr>) -> Option<Admitted> {
        let Registry { began, bounds, metrics, .. } = &*self.0;
        let address = peer.map(|peer| peer.ip().to_canonical());
        let address = address.filter(|address| !bounds.proxies.trusts(*address));
        let address = address.filter(|_| bounds.of_an_address.is_some()).map(counted_address);
        let connection = Arc::new(Connection::open(*began));
        let now = connection.now();
        let mut open = self.0.lock();
        let room = match (address, bounds.of_an_address) {
            (Some(address), Some(bound)) => open.make_room(Some(address), bound, now, metrics),
            _ => true,
        };
        if !room {
            metrics.closed_connections.of(CloseReason::Address).inc();
            return None;
        }
        if !open.make_room(None, bounds.all, now, metrics) {
            metrics.closed_connections.of(CloseReason::Full).inc();
            return None;
        }
        open.admitted += 1;
        let known_active = AtomicU64::new(now);
        let entry = Entry { connection, number: open.admitted, known_active, address };
        let entry = Arc::new(entry);
        open.insert(&entry);
        Some(Admitted { entry, connections: self.clone() })
    }
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close_overdue(&self, timeouts: &Timeouts) {
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        for entry in self.lock().all.values() {
            if entry.connection.is_closing() {
                continue;
            }
            if let Some(reason) = entry.connection.overdue(now, timeouts) {
                self.metrics.closed_connections.of(reason).inc();
                entry.connection.close();
            }
        }
    }
}

impl Open {
    fn order(&self, address: Option<IpAddr>) -> Option<&Order> {
        match address {
            Some(address) => self.by_address.get(&address),
            None => Some(&self.all),
        }
    }

    fn insert(&mut self, entry: &Arc<Entry>) {
        self.all.insert(entry.place(), Arc::clone(entry));
        if let Some(address) = entry.address {
            let order = self.by_address.entry(address).or_default();
            order.insert(entry.place(), Arc::clone(entry));
        }
    }

    fn remove(&mut self, entry: &Entry) {
        self.all.remove(&entry.place());
        let Some(address) = entry.address else { return };
        if let Some(order) = self.by_address.get_mut(&address) {
            order.remove(&entry.place());
            if order.is_empty() {
                self.by_address.remove(&address);
            }
        }
    }

    /// Closes an idle connection if there are `bound` connections, of `address` or of all clients.
    /// Returns whether one more may be opened.
    fn make_room(
        &mut self,
        address: Option<IpAddr>,
        bound: usize,
        now: u64,
        metrics: &Metrics,
    ) -> bool {
        if self.order(address).map_or(0, Order::len) < bound {
            return true;
        }
        let Some(idle) = self.longest_idle(address, now) else { return false };
        self.remove(&idle);
        idle.connection.close();
        metrics.closed_connections.of(CloseReason::Replaced).inc();
        true
    }

    fn longest_idle(&mut self, address: Option<IpAddr>, now: u64) -> Option<Arc<Entry>> {
        loop {
            let first = Arc::clone(self.order(address)?.first_key_value()?.1);
            let known_active = first.known_active.load(Relaxed);
            if known_active >= now {
                // A request is in progress, or the connection is newer than the search; so are all
                // behind it.
                return None;
            }
            let active = first.connection.last_active(now).max(known_active);
            if active == known_active {
                return Some(first);
            }
            self.remove(&first);
            first.known_active.store(active, Relaxed);
            self.insert(&first);
        }
    }
}

impl Admitted {
    /// The state of the connection.
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.entry.connection
    }

    /// Counts the connection as closed for `reason`.
    pub(super) fn count(&self, reason: CloseReason) {
        self.connections.0.metrics.closed_connections.of(reason).inc();
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.connections.0.lock().remove(&self.entry);
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::registry::Registry as Metered;

    use super::*;

    fn connections(all: usize, of_an_address: Option<usize>) -> Connections {
        let bounds = Bounds {
            all,
            of_an_address,
            proxies: Proxies::new(vec!["10.0.0.0/8".parse().unwrap()]),
            client_timeout: Duration::from_secs(10),
            idle: Duration::from_secs(85),
        };
        let metrics = Metrics::register(&mut Metered::default());
        Connections::new(bounds, metrics)
    }

    fn peer(address: &str) -> Option<SocketAddr> {
        Some(SocketAddr::new(address.parse().unwrap(), 1))
    }

    fn pause() {
        let began = Instant::now();
        while began.elapsed() < Duration::from_micros(5) {}
    }

    #[tokio::test]
    async fn longest_idle_connection_is_replaced_and_a_busy_one_never() {
        let connections = connections(3, None);
        let admit = || {
            pause();
            connections.admit(peer("1.1.1.1"))
        };
        let open: Vec<_> = (0..3).map(|_| admit().unwrap()).collect();
        let is_closing = |number: usize| open[number].connection().is_closing();
        open[0].connection().request_began();
        pause();
        open[1].connection().request_began();
        open[1].connection().request_ended(false);
        let newest = admit().unwrap();
        assert_eq!((is_closing(0), is_closing(1), is_closing(2)), (false, false, true));
        let _further = admit().unwrap();
        assert_eq!((is_closing(0), is_closing(1)), (false, true));
        newest.connection().request_began();
        let last = admit().unwrap();
        last.connection().request_began();
        assert!(admit().is_none(), "no connection is idle");
        drop(last);
        assert!(admit().is_some());
    }

    #[tokio::test]
    async fn each_address_has_its_own_limit_and_proxies_have_none() {
        let connections = connections(100, Some(2));
        let busy = |address: &str| {
            let admitted = connections.admit(peer(address))?;
            admitted.connection().request_began();
            Some(admitted)
        };
        let of_one = [busy("1.1.1.1"), busy("1.1.1.1")];
        assert!(of_one.iter().all(Option::is_some) && busy("::ffff:1.1.1.1").is_none());
        let network = [busy("2001:db8::1"), busy("2001:db8::2")];
        assert!(network.iter().all(Option::is_some) && busy("2001:db8::3").is_none());
        assert!(busy("2001:db8:0:1::3").is_some());
        let proxied: Vec<_> = (0..10).map(|_| busy("10.1.2.3")).collect();
        assert!(proxied.iter().all(Option::is_some));
        drop(of_one);
        assert!(busy("1.1.1.1").is_some());
        assert_eq!(
            connections.0.lock().by_address.len(),
            1,
            "an address without connections is removed"
        );
    }
}
