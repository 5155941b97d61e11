//! What the services do over and over, each thing by a name, so that a change that makes one of them
//! cost more is seen. All of it is the services' own code.
//!
//! - [`COSTS`]: the list.
//! - `samples`: what it is done with, the same each time.

mod body;
mod broadcaster;
mod gateway;
mod persister;
mod samples;
mod signature;

/// Does it once more.
pub type Call = Box<dyn FnMut() -> anyhow::Result<()>>;

/// Something that is done over and over.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// What it is called.
    pub name: &'static str,
    prepare: fn() -> anyhow::Result<Call>,
}

/// All of them, in the order in which a message goes through them.
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
    /// All that need not be done over and over.
    ///
    /// # Errors
    /// When there is something wrong with what it is done with.
    pub fn prepare(&self) -> anyhow::Result<Call> {
        (self.prepare)()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_can_be_done_again_and_again() {
        for cost in COSTS {
            let mut call = cost.prepare().unwrap();
            for _ in 0..100 {
                call().unwrap_or_else(|error| panic!("{}: {error}", cost.name));
            }
        }
    }
}
