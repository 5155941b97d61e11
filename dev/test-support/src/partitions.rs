use ::broker::{Partition, Partitions};
use chat::PlayerId;

/// The setting of `count` partitions.
pub fn partitions(count: u16) -> Partitions {
    count.to_string().parse().unwrap()
}

/// A player for each of `count` partitions, in their order.
pub fn player_of_each(count: u16) -> Vec<(Partition, String)> {
    let partitions = partitions(count);
    let player_of = |partition| {
        let mut players = (0..).map(|number| format!("player-{number}"));
        let is_in_partition = |player: &String| {
            partitions.of(Some(&PlayerId::try_from(player.clone()).unwrap())) == partition
        };
        (partition, players.find(is_in_partition).unwrap())
    };
    partitions.all().map(player_of).collect()
}
