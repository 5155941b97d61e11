use std::{fmt, str::FromStr};

use siphasher::sip::SipHasher24;

use chat::PlayerId;

/// One pair of queues, the persister's and the broadcaster's of the same players. The first has number 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition(u16);

/// The number of partitions that the players are spread over: 1 to [`Self::MOST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partitions(u16);

impl Partition {
    /// The partition that always exists.
    pub const FIRST: Self = Self(0);

    /// Its number.
    pub fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Partitions {
    /// With more partitions the share of each in waiting events and in the prefetch would be too small.
    pub const MOST: Self = Self(64);

    /// Their number.
    pub fn count(self) -> u16 {
        self.0
    }

    /// All of them, in order.
    pub fn all(self) -> impl Iterator<Item = Partition> + Clone + use<> {
        (0..self.0).map(Partition)
    }

    /// The partitions beyond these, up to [`Self::MOST`].
    pub fn surplus_partitions(self) -> impl Iterator<Item = Partition> + use<> {
        (self.0..Self::MOST.0).map(Partition)
    }

    /// Whether `partition` is one of them.
    pub fn contain(self, partition: Partition) -> bool {
        partition.0 < self.0
    }

    /// The partition of `player`. It must be the same in every service and release. When the number changes,
    /// as few players as possible change their partition.
    ///
    /// Events of no conversation, which have no player, use the first partition.
    pub fn of(self, player: Option<&PlayerId>) -> Partition {
        match (self.0, player) {
            (1, _) | (_, None) => Partition::FIRST,
            (count, Some(player)) => {
                Partition(jump(SipHasher24::new().hash(player.as_str().as_bytes()), count))
            }
        }
    }

    /// The share of `partition` in `total`, at least 1. A surplus partition gets the share of one of
    /// [`Self::MOST`].
    pub fn share(self, total: u16, partition: Partition) -> u16 {
        let sharers = if self.contain(partition) { self } else { Self::MOST };
        (total / sharers.0).max(1)
    }
}

impl FromStr for Partitions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(count) if (1..=Self::MOST.0).contains(&count) => Ok(Self(count)),
            _ => Err(format!("must be a number from 1 to {}", Self::MOST.0)),
        }
    }
}

/// The bucket of `key`, of `buckets`. When a bucket is added to n, one key in n + 1 moves, and it moves into
/// the new bucket.
///
/// Source: Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014,
/// <https://arxiv.org/abs/1406.2294>.
fn jump(mut key: u64, buckets: u16) -> u16 {
    let (mut bucket, mut next) = (0, 0.0);
    while next < f64::from(buckets) {
        // Less than the number of buckets; the cast cuts off the fraction.
        bucket = next as u16;
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        let divisor = ((key >> 33) + 1) as f64;
        next = (f64::from(bucket) + 1.0) * ((1_u64 << 31) as f64 / divisor);
    }
    bucket
}

#[cfg(test)]
mod tests {
    use super::*;

    fn player(number: usize) -> PlayerId {
        format!("player-{number}").try_into().unwrap()
    }

    fn partitions(count: u16) -> Partitions {
        count.to_string().parse().unwrap()
    }

    #[test]
    fn a_player_has_the_same_partition_in_every_service_and_every_release() {
        let of =
            |count| (0..8).map(|id| partitions(count).of(Some(&player(id))).0).collect::<Vec<_>>();
        assert_eq!(of(1), [0; 8]);
        assert_eq!(of(8), [3, 4, 0, 2, 5, 2, 6, 1]);
        assert_eq!(of(64), [31, 4, 12, 19, 5, 35, 41, 43]);
    }

    #[test]
    fn each_partition_has_its_share_of_the_players() {
        let mut players = [0; 8];
        for number in 0..80_000 {
            players[usize::from(partitions(8).of(Some(&player(number))).0)] += 1;
        }
        assert!(players.iter().all(|count| (9_500..10_500).contains(count)), "{players:?}");
    }

    #[test]
    fn with_one_more_partition_players_move_only_into_it() {
        for count in 1..Partitions::MOST.0 {
            for number in 0..1_000 {
                let before = partitions(count).of(Some(&player(number)));
                let after = partitions(count + 1).of(Some(&player(number)));
                assert!(after == before || after.0 == count);
            }
        }
    }

    #[test]
    fn shares_sum_to_no_more_than_the_total_and_are_at_least_one() {
        assert_eq!(partitions(1).share(256, Partition::FIRST), 256);
        assert_eq!(partitions(8).share(256, Partition(7)), 32);
        assert_eq!(partitions(8).share(256, Partition(8)), 4);
        assert_eq!(partitions(64).share(32, Partition(63)), 1);
    }

    #[test]
    fn a_number_out_of_range_is_rejected() {
        for invalid in ["0", "65", "-1", "eight", ""] {
            assert!(invalid.parse::<Partitions>().is_err(), "{invalid}");
        }
    }
}
