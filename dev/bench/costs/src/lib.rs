//! The work of the services for each message, in named items, to detect changes of their cost. All
//! of it is the services' own code, on constant input.

mod body;
mod broadcaster;
mod gateway;
mod persister;
mod samples;
mod signature;

/// Does the work of an item once.
pub type Call = Box<dyn FnMut() -> anyhow::Result<()>>;

/// An item of work.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Its name.
    pub name: &'static str,
    prepare: fn() -> anyhow::Result<Call>,
}

/// All items, in the order of a message's path.
pub const COSTS: [Cost; 11] = [
    Cost { name: "send", prepare: gateway::send },
    Cost { name: "token", prepare: gateway::token },
    Cost { name: "encode-1", prepare: || body::encode(1) },
    Cost { name: "encode-500", prepare: || body::encode(500) },
    Cost { name: "decode-1", prepare: || body::decode(1) },
    Cost { name: "decode-500", prepare: || body::decode(500) },
    Cost { name: "sessions-500", prepare: || persister::sessions(500) },
    Cost { name: "pusher-events", prepare: broadcaster::pusher_events },
    Cost { name: "batch-10", prepare: broadcaster::batch },
    Cost { name: "sign-batch-10", prepare: signature::of_batch },
    Cost { name: "sign-subscription", prepare: signature::of_subscription },
];

impl Cost {
    /// Prepares the input.
    ///
    /// # Errors
    /// When the input is invalid.
    pub fn prepare(&self) -> anyhow::Result<Call> {
        (self.prepare)()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_can_be_repeated() {
        for cost in COSTS {
            let mut call = cost.prepare().unwrap();
            for _ in 0..100 {
                call().unwrap_or_else(|error| panic!("{}: {error}", cost.name));
            }
        }
    }
}
