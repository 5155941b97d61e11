//! Pusher's signatures: the broadcaster's for each call, and the gateway's for each subscription.

use std::hint::black_box;

use broadcaster::events;
use pusher::{Channels, RequestToSign, sign_request, sign_subscription};
use secrecy::SecretString;

use crate::{Call, broadcaster::batch_of_ten, samples};

const SECRET: &str = "7ad3773142a6692b25b8";

/// Signs a call with ten events.
pub fn of_batch() -> anyhow::Result<Call> {
    let events = batch_of_ten()?;
    let body = events::batch(&events.iter().collect::<Vec<_>>())?;
    let secret = SecretString::from(SECRET);
    Ok(Box::new(move || {
        let path = "/apps/3/batch_events";
        let request = RequestToSign { method: "POST", path, body: black_box(&body) };
        black_box(sign_request("278d425bdf160c739803", &secret, request, 1_700_000_000));
        Ok(())
    }))
}

/// Signs a player's subscription to the player's channel.
pub fn of_subscription() -> anyhow::Result<Call> {
    let channel = Channels::Private.player(&samples::player(1));
    let secret = SecretString::from(SECRET);
    Ok(Box::new(move || {
        black_box(sign_subscription(&secret, "1234.5678", black_box(&channel), None));
        Ok(())
    }))
}
