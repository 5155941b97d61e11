use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chat::PlayerId;

use super::QuotaConfig;

/// The number of players below which none is removed.
const MIN_CLEANUP_SIZE: usize = 256;

/// What each player may upload. What is used becomes free again evenly over an hour.
#[derive(Clone, Debug)]
pub struct UploadQuota {
    config: QuotaConfig,
    players: Arc<Mutex<Players>>,
}

#[derive(Debug, Default)]
struct Players {
    used: HashMap<PlayerId, Used>,
    clean_up_at: usize,
}

/// What one player has used.
#[derive(Clone, Copy, Debug)]
struct Used {
    files: f64,
    bytes: f64,
    at: Instant,
}

/// A part of a player's quota. It is returned when this is dropped, unless it is kept.
#[derive(Debug)]
pub struct Charge {
    quota: UploadQuota,
    player: PlayerId,
    bytes: f64,
    files: f64,
}

impl UploadQuota {
    /// Nothing is used.
    pub fn new(config: QuotaConfig) -> Self {
        Self { config, players: Arc::default() }
    }

    /// Charges a file of `bytes` to `player`.
    ///
    /// # Errors
    /// The time until the file is allowed, when the quota is used up.
    pub fn charge(&self, player: &PlayerId, bytes: usize) -> Result<Charge, Duration> {
        let charge =
            Charge { quota: self.clone(), player: player.clone(), bytes: bytes as f64, files: 1.0 };
        self.add(player, 1.0, bytes as f64, Instant::now()).map(|()| charge)
    }

    fn add(&self, player: &PlayerId, files: f64, bytes: f64, now: Instant) -> Result<(), Duration> {
        if self.config.files == 0 {
            return Ok(());
        }
        let (max_files, max_bytes) = (f64::from(self.config.files), self.config.bytes as f64);
        let mut players = self.lock();
        players.clean_up(&self.config, now);
        let used = players.used.entry(player.clone()).or_insert(Used::none(now));
        used.recover(&self.config, now);
        // The part of an hour until enough is free.
        let over = |used: f64, more: f64, max: f64| (used + more - max) / max;
        let late = over(used.files, files, max_files).max(over(used.bytes, bytes, max_bytes));
        // A file's part may be missing by the rounding of a time.
        if late > 1e-9 {
            return Err(QuotaConfig::PERIOD.mul_f64(late.min(1.0)));
        }
        used.files += files;
        used.bytes += bytes;
        Ok(())
    }

    fn give_back(&self, player: &PlayerId, files: f64, bytes: f64) {
        if let Some(used) = self.lock().used.get_mut(player) {
            used.files = (used.files - files).max(0.0);
            used.bytes = (used.bytes - bytes).max(0.0);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Players> {
        self.players.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Players {
    /// Removes players of whose quota nothing is used any more.
    fn clean_up(&mut self, config: &QuotaConfig, now: Instant) {
        if self.used.len() < self.clean_up_at.max(MIN_CLEANUP_SIZE) {
            return;
        }
        self.used.retain(|_, used| {
            used.recover(config, now);
            used.files > 0.0 || used.bytes > 0.0
        });
        self.clean_up_at = 2 * self.used.len();
    }
}

impl Used {
    fn none(now: Instant) -> Self {
        Self { files: 0.0, bytes: 0.0, at: now }
    }

    fn recover(&mut self, config: &QuotaConfig, now: Instant) {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        let part = elapsed / QuotaConfig::PERIOD.as_secs_f64();
        self.files = (self.files - part * f64::from(config.files)).max(0.0);
        self.bytes = (self.bytes - part * config.bytes as f64).max(0.0);
        self.at = now;
    }
}

impl Charge {
    /// Charges `bytes` instead, once the size is known.
    ///
    /// # Errors
    /// The time until the file is allowed, when the quota is used up.
    pub fn resize(&mut self, bytes: usize) -> Result<(), Duration> {
        let bytes = bytes as f64;
        let more = bytes - self.bytes;
        self.quota.add(&self.player, 0.0, more, Instant::now())?;
        self.bytes = bytes;
        Ok(())
    }

    /// Keeps the charge.
    pub fn keep(mut self) {
        (self.files, self.bytes) = (0.0, 0.0);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.quota.give_back(&self.player, self.files, self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn player(id: &str) -> PlayerId {
        PlayerId::try_from(id.to_owned()).unwrap()
    }

    fn quota(files: u32, bytes: u64) -> UploadQuota {
        UploadQuota::new(QuotaConfig { files, bytes })
    }

    #[test]
    fn files_beyond_the_quota_wait_for_their_part_of_an_hour() {
        let (quota, now) = (quota(2, 1_000), Instant::now());
        let add = |id: &str, bytes: f64, seconds: u64| {
            quota.add(&player(id), 1.0, bytes, now + Duration::from_secs(seconds))
        };
        assert_eq!(add("p1", 10.0, 0), Ok(()));
        assert_eq!(add("p1", 10.0, 0), Ok(()));
        assert_eq!(add("p1", 10.0, 0), Err(Duration::from_secs(1_800)));
        assert_eq!(add("p2", 10.0, 0), Ok(()), "another player");
        assert_eq!(add("p1", 10.0, 1_800), Ok(()));
        assert_eq!(add("p2", 990.0, 0), Ok(()));
        assert_eq!(add("p3", 500.0, 0), Ok(()));
        assert_eq!(add("p3", 750.0, 0), Err(Duration::from_secs(900)));
    }

    #[test]
    fn charge_is_returned_unless_it_is_kept() {
        let quota = quota(1, 1_000);
        drop(quota.charge(&player("p1"), 1_000).unwrap());
        let mut charge = quota.charge(&player("p1"), 0).unwrap();
        assert!(charge.resize(1_001).is_err());
        charge.resize(1_000).unwrap();
        charge.keep();
        assert!(quota.charge(&player("p1"), 1).is_err());
    }

    #[test]
    fn zero_files_are_no_limit() {
        let quota = quota(0, 1);
        for _ in 0..100 {
            quota.charge(&player("p1"), 1_000).unwrap().keep();
        }
    }

    #[test]
    fn players_with_a_whole_quota_are_removed() {
        let (quota, now) = (quota(1, 10), Instant::now());
        for number in 0..1_000 {
            quota.add(&player(&format!("p{number}")), 1.0, 1.0, now).unwrap();
        }
        let later = now + QuotaConfig::PERIOD;
        for number in 0..1_000 {
            quota.add(&player(&format!("q{number}")), 1.0, 1.0, later).unwrap();
        }
        assert!(quota.lock().used.len() <= 1_500, "{}", quota.lock().used.len());
    }
}
