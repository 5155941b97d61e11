//! The persister's work for a batch without the database.

use std::{collections::BTreeMap, hint::black_box};

use chat::Message;
use persister::timeline::Timeline;

use crate::{Call, samples};

/// Assigns each message of a batch to its session, in new conversations.
pub fn sessions(count: usize) -> anyhow::Result<Call> {
    let messages: Vec<_> = (0..count).map(samples::message).collect::<Result<_, _>>()?;
    let mut conversations: BTreeMap<_, Vec<Message>> = BTreeMap::new();
    for message in messages {
        let player = message.player_id.as_str().to_owned();
        conversations.entry(player).or_default().push(message);
    }
    Ok(Box::new(move || {
        for messages in conversations.values() {
            let Some(first) = messages.first() else { continue };
            let mut timeline = Timeline::new(first.player_id.clone(), None, []);
            for (seq, message) in (1..).zip(messages) {
                timeline.place(black_box(message), seq);
            }
            black_box(timeline.finalize());
        }
        Ok(())
    }))
}
