//! Assigns sessions to the staff at their desks (`AUTO_ASSIGN=on`).
//!
//! One persister of the system assigns: the one that holds an advisory lock. Each second it takes
//! sessions from those who left, and gives the oldest sessions without an assignee to those who are
//! free. It decides only; each decision is a [`SessionChange`] that [`store::persist`] writes as it
//! writes one of staff, so that a claim of a member of the staff and one of the assigner have one
//! winner.

mod lock;
pub mod queries;
mod roster;
mod settings;

use std::{collections::HashMap, time::Duration};

use chat::{
    Assignee, AssignmentReason, PlayerId, SenderId, SessionAction, SessionChange, SessionState,
    event::Event,
};
use chrono::{DateTime, TimeDelta, Utc};
use database::{DatabaseSettings, connect_to_write};
use diesel_async::AsyncPgConnection;
use service::{
    LogLimit, Outage, backoff,
    shutdown::{ShutdownSettings, grace},
};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use self::settings::{AssignSettings, Switch};
use self::{
    lock::AssignerLock,
    roster::{Pile, Roster, WaitingSession},
};
use crate::{
    metrics::{AssignedReason, Metrics},
    staff_facts::RepliesClaim,
    store::{self, Attempt, Locks, Outcome, StoreError},
    worker::announcer::Announcer,
};

/// Time between two passes, and between two attempts at the lock.
const PERIOD: Duration = Duration::from_secs(1);

/// The most sessions that one pass assigns or releases. The next pass decides on newer facts.
const MOST_OF_PASS: i64 = 100;

/// How long a session is left out after a change of it had no effect, or could not be written.
const LEFT_OUT: Duration = Duration::from_secs(10);

/// How often the assigner announces its recent changes anew.
const ANNOUNCE_INTERVAL: Duration = Duration::from_secs(60);

/// How long a change is recent. An assigner that died before it announced a change is followed by
/// another one within seconds, which announces the change.
const RECENT: TimeDelta = TimeDelta::minutes(2);

/// How often the sessions in the pile are counted.
const COUNT_INTERVAL: Duration = Duration::from_secs(10);

/// How long RabbitMQ may take to confirm an announcement. After that another persister may assign.
const ANNOUNCING_LIMIT: Duration = Duration::from_secs(30);

const NO_ANSWER: &str = "PostgreSQL does not answer";

/// Key of a session.
type Key = (PlayerId, Uuid);

/// Why the assigner gave up its lock.
enum Failure {
    /// The database failed.
    Database(StoreError),
    /// RabbitMQ does not confirm an announcement.
    Unconfirmed,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Database(error)
    }
}

/// Assigns while it holds the lock.
pub(crate) struct Assigner {
    settings: AssignSettings,
    /// An answer after a release claims the session, also when the system releases it.
    replies_claim: RepliesClaim,
    database: DatabaseSettings,
    shutdown: ShutdownSettings,
    announcer: Announcer,
    metrics: Metrics,
    outage: Outage,
    state: State,
}

/// What an assigner knows beside the database.
#[derive(Default)]
struct State {
    /// Sessions that are left out, each until a time.
    left_out: HashMap<Key, Instant>,
    /// Changed sessions that RabbitMQ has not confirmed.
    unannounced: Vec<Key>,
    announced_at: Option<Instant>,
    counted_at: Option<Instant>,
}

/// The database's clock, as of one moment.
struct Clock {
    database: DateTime<Utc>,
    read_at: Instant,
}

impl Clock {
    fn now(&self) -> DateTime<Utc> {
        let elapsed = TimeDelta::from_std(self.read_at.elapsed()).unwrap_or_default();
        self.database + TimeDelta::microseconds(elapsed.num_microseconds().unwrap_or_default())
    }
}

impl Assigner {
    pub fn new(
        settings: AssignSettings,
        replies_claim: RepliesClaim,
        database: DatabaseSettings,
        shutdown: ShutdownSettings,
        announcer: Announcer,
        metrics: Metrics,
        outage: Outage,
    ) -> Self {
        let state = State::default();
        Self { settings, replies_claim, database, shutdown, announcer, metrics, outage, state }
    }

    /// Assigns until `stop` is cancelled. An assignment that is under way is announced, unless that
    /// takes too long.
    pub async fn run(mut self, stop: CancellationToken) {
        let shutdown = self.shutdown;
        tokio::select! {
            () = self.assign_with_retry(&stop) => {}
            () = grace(&stop, shutdown) => {}
        }
    }

    async fn assign_with_retry(&mut self, stop: &CancellationToken) {
        let mut waits = backoff::waits();
        while !stop.is_cancelled() {
            match self.assign(stop, &mut waits).await {
                Ok(()) => {}
                Err(Failure::Database(error)) => self.outage.failed(&error),
                Err(Failure::Unconfirmed) => {
                    tracing::warn!("an assignment is not announced: another persister may assign");
                }
            }
            self.metrics.pile_sessions.set(0);
            // Another persister gets the lock meanwhile.
            let wait = PERIOD + waits.next().unwrap_or_default();
            stop.run_until_cancelled(sleep(wait)).await;
        }
    }

    /// Waits for the lock, and assigns while the connection that holds it lasts.
    async fn assign(
        &mut self,
        stop: &CancellationToken,
        waits: &mut backoff::Waits,
    ) -> Result<(), Failure> {
        let connected = connect_to_write(&self.database).await;
        let mut connection =
            connected.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        self.in_time(AssignerLock::limit_idle_time(&mut connection)).await?;
        while !self.in_time(AssignerLock::try_acquire(&mut connection)).await? {
            self.outage.succeeded();
            *waits = backoff::waits();
            if stop.run_until_cancelled(sleep(PERIOD)).await.is_none() {
                return Ok(());
            }
        }
        tracing::info!("this persister assigns sessions");
        self.state.announced_at = None;
        self.state.counted_at = None;
        loop {
            self.pass(&mut connection, stop).await?;
            self.outage.succeeded();
            *waits = backoff::waits();
            if stop.run_until_cancelled(sleep(PERIOD)).await.is_none() {
                return Ok(());
            }
        }
    }

    /// Releases and assigns what is due.
    async fn pass(
        &mut self,
        connection: &mut AsyncPgConnection,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let began = Instant::now();
        self.state.left_out.retain(|_, until| *until > began);
        self.count_pile(connection).await?;
        let rows = self.in_time(queries::staff(connection)).await?;
        let Some(database) = rows.first().map(|row| row.clock) else { return Ok(()) };
        let clock = Clock { database, read_at: Instant::now() };
        let mut roster = Roster::new(rows, &self.settings);
        self.announce_recent(connection, &roster, &clock).await?;

        let gone = roster.gone();
        if !gone.is_empty() {
            let sessions = queries::sessions_to_release(connection, &gone, MOST_OF_PASS);
            for (key, from) in self.in_time(sessions).await? {
                if stop.is_cancelled() {
                    return Ok(());
                }
                self.release(connection, key, from, clock.now()).await?;
            }
        }
        let sessions = self.in_time(self.waiting_sessions(connection, &mut roster)).await?;
        for session in sessions {
            if stop.is_cancelled() || !roster.has_free() {
                return Ok(());
            }
            self.assign_session(connection, session, &mut roster, clock.now()).await?;
        }
        Ok(())
    }

    /// The sessions that the free members may get, in the order in which they get them: of each team,
    /// and of no team, as many as its members can get. Adds to the roster how many sessions its
    /// members have.
    async fn waiting_sessions(
        &self,
        connection: &mut AsyncPgConnection,
        roster: &mut Roster,
    ) -> Result<Vec<WaitingSession>, StoreError> {
        let open = queries::open_sessions(connection, &roster.present()).await?;
        roster.add_open(open);
        let mut pile = Pile::default();
        let left_out = &self.state.left_out;
        for team in roster.teams_with_free() {
            let beside = i64::try_from(left_out.len()).unwrap_or(i64::MAX);
            let count = roster.free(team).min(MOST_OF_PASS).saturating_add(beside);
            let mut sessions = queries::pile(connection, team, count).await?;
            sessions.retain(|session| !left_out.contains_key(&session.key()));
            pile.extend(sessions);
        }
        let players = pile.players();
        if !players.is_empty() {
            let former = queries::former_assignees(connection, &players).await?;
            pile.add_former(former, self.settings.sticky());
        }
        Ok(pile.into_sessions())
    }

    async fn assign_session(
        &mut self,
        connection: &mut AsyncPgConnection,
        session: WaitingSession,
        roster: &mut Roster,
        accepted_at: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let Some((member, reason)) = roster.choose(&session) else { return Ok(()) };
        let (id, name) = (member.id.clone(), member.name.clone());
        let assignee = Assignee { id: id.clone(), name, reason: AssignmentReason::Auto };
        let has_it = |state: &SessionState| state.staff.assignee_id.as_ref() == Some(&id);
        let claim = SessionAction::Claim(assignee);
        if self.change(connection, session.key(), claim, accepted_at, has_it).await? {
            roster.assign(&id, accepted_at);
            self.in_time(queries::set_assigned(connection, &id, accepted_at)).await?;
            self.metrics.assigned.of(reason).inc();
        }
        Ok(())
    }

    async fn release(
        &mut self,
        connection: &mut AsyncPgConnection,
        key: Key,
        from: SenderId,
        accepted_at: DateTime<Utc>,
    ) -> Result<(), Failure> {
        if self.state.left_out.contains_key(&key) {
            return Ok(());
        }
        let what = SessionAction::Release { team: None, from: Some(from.clone()) };
        let lost_it = |state: &SessionState| state.staff.assignee_id.as_ref() != Some(&from);
        if self.change(connection, key, what, accepted_at, lost_it).await? {
            self.metrics.assigned.of(AssignedReason::Gone).inc();
        }
        Ok(())
    }

    /// Writes a change of a session by the system, and announces it. Returns whether it had the
    /// effect that `is_effective` finds in the session's new state.
    async fn change(
        &mut self,
        connection: &mut AsyncPgConnection,
        key: Key,
        what: SessionAction,
        accepted_at: DateTime<Utc>,
        is_effective: impl Fn(&SessionState) -> bool,
    ) -> Result<bool, Failure> {
        let event = Event::SessionChange(Box::new(SessionChange {
            change_id: Uuid::now_v7(),
            player_id: key.0.clone(),
            session_id: Some(key.1),
            what,
            by: None,
            by_name: None,
            accepted_at,
            traceparent: None,
        }));
        let attempt = Attempt::new(Locks::Skip).with_replies(self.replies_claim);
        let events = [event];
        let outcome = match self.in_time(store::persist(connection, &events, &attempt)).await {
            Ok(outcome) => outcome,
            Err(error) => {
                self.leave_out(key);
                return match error {
                    StoreError::Refused(reason) => {
                        static LIMIT: LogLimit = LogLimit::per_minute(10);
                        if let Some(line) = LIMIT.line() {
                            tracing::warn!(
                                exception.message = %reason,
                                left_out = line.left_out,
                                "a session cannot be assigned"
                            );
                        }
                        Ok(false)
                    }
                    StoreError::Unavailable(_) => Err(error.into()),
                };
            }
        };
        if outcome.locked.contains(&key.0) {
            // The next pass tries again.
            return Ok(false);
        }
        let changed = outcome.session_updates.iter().find(|state| state.id == key.1);
        let is_effective = changed.is_some_and(is_effective);
        if !is_effective {
            self.leave_out(key.clone());
        }
        self.announce_change(key, &outcome).await?;
        Ok(is_effective)
    }

    fn leave_out(&mut self, key: Key) {
        self.state.left_out.insert(key, Instant::now() + LEFT_OUT);
    }

    async fn announce_change(&mut self, key: Key, outcome: &Outcome) -> Result<(), Failure> {
        self.state.unannounced.push(key);
        let announced = self.announcer.publish_outcome(outcome);
        timeout(ANNOUNCING_LIMIT, announced).await.map_err(|_| Failure::Unconfirmed)?;
        self.state.unannounced.clear();
        Ok(())
    }

    /// Announces what this assigner could not announce; and now and then the recent changes of the
    /// assigner, since one may have died before it announced its last change.
    async fn announce_recent(
        &mut self,
        connection: &mut AsyncPgConnection,
        roster: &Roster,
        clock: &Clock,
    ) -> Result<(), Failure> {
        let mut keys = self.state.unannounced.clone();
        let is_due = self.state.announced_at.is_none_or(|at| at.elapsed() >= ANNOUNCE_INTERVAL);
        if is_due {
            let since = clock.now() - RECENT;
            let ids = roster.ids();
            let recent = queries::recently_changed(connection, &ids, since);
            keys.extend(self.in_time(recent).await?);
        }
        if !keys.is_empty() {
            let states = self.in_time(store::sessions_by_key(connection, &keys)).await?;
            let announced = self.announcer.announce_sessions(states);
            timeout(ANNOUNCING_LIMIT, announced).await.map_err(|_| Failure::Unconfirmed)?;
        }
        self.state.unannounced.clear();
        if is_due {
            self.state.announced_at = Some(Instant::now());
        }
        Ok(())
    }

    async fn count_pile(&mut self, connection: &mut AsyncPgConnection) -> Result<(), Failure> {
        if self.state.counted_at.is_none_or(|at| at.elapsed() >= COUNT_INTERVAL) {
            let count = self.in_time(queries::count_pile(connection)).await?;
            self.metrics.pile_sessions.set(count);
            self.state.counted_at = Some(Instant::now());
        }
        Ok(())
    }

    /// Runs statements for a limited time. PostgreSQL cancels a slow statement itself; this limit is
    /// for a server that does not answer.
    async fn in_time<T>(
        &self,
        statements: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let no_answer = |_| StoreError::Unavailable(NO_ANSWER.to_owned());
        timeout(self.database.database_timeout * 2, statements).await.map_err(no_answer)?
    }
}
