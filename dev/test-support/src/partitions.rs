use ::broker::{Partition, Partitions};
use chat::PlayerId;

/// So many partitions, as the services are told.
pub fn partitions(count: u16) -> Partitions {
    count.to_string().parse().unwrap()
}

/// A player of each of `count` partitions, in their order.
pub fn player_of_each(count: u16) -> Vec<(Partition, String)> {
    let partitions = partitions(count);
    let player_of = |partition| {
        let mut players = (0..).map(|number| format!("player-{number}"));
        let is_there = |player: &String| {
            partitions.of(&PlayerId::try_from(player.clone()).unwrap()) == partition
        };
        (partition, players.find(is_there).unwrap())
    };
    partitions.all().map(player_of).collect()
}
