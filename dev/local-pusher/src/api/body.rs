use pusher::limits::{MAX_CHANNELS_PER_TRIGGER, MAX_DATA_BYTES, MAX_EVENTS_PER_BATCH};
use serde::Deserialize;

use super::ApiError;
use crate::protocol::{ChannelName, Event, SocketId};

#[derive(Deserialize)]
struct Body {
    name: String,
    data: String,
    #[serde(default)]
    channels: Vec<String>,
    channel: Option<String>,
    socket_id: Option<String>,
}

#[derive(Deserialize)]
struct BatchBody {
    batch: Vec<Body>,
}

/// Parses the body of a trigger.
///
/// Source: <https://pusher.com/docs/channels/library_auth_reference/rest-api/#post-event-trigger-an-event>.
pub(super) fn parse_event(body: &[u8]) -> Result<Event, ApiError> {
    serde_json::from_slice::<Body>(body).map_err(ApiError::bad_request)?.try_into()
}

/// Parses the body of a batch, whose events have one channel each. One invalid event makes the whole
/// batch invalid.
///
/// Source: <https://pusher.com/docs/channels/library_auth_reference/rest-api/#post-batch-events-trigger-multiple-events>.
pub(super) fn parse_batch(body: &[u8]) -> Result<Vec<Event>, ApiError> {
    let body: BatchBody = serde_json::from_slice(body).map_err(ApiError::bad_request)?;
    if body.batch.len() > MAX_EVENTS_PER_BATCH {
        return Err(ApiError::BadRequest(format!(
            "The batch is too large: at most {MAX_EVENTS_PER_BATCH} events"
        )));
    }
    if body.batch.iter().any(|event| event.channel.is_none() || !event.channels.is_empty()) {
        return Err(ApiError::bad_request("An event of a batch goes to one channel"));
    }
    body.batch.into_iter().map(Event::try_from).collect()
}

impl TryFrom<Body> for Event {
    type Error = ApiError;

    fn try_from(body: Body) -> Result<Self, ApiError> {
        let mut names = body.channels;
        names.extend(body.channel);
        if !(1..=MAX_CHANNELS_PER_TRIGGER).contains(&names.len()) {
            return Err(ApiError::BadRequest(format!(
                "An event goes to 1 to {MAX_CHANNELS_PER_TRIGGER} channels"
            )));
        }
        if body.data.len() > MAX_DATA_BYTES {
            return Err(ApiError::DataTooLarge);
        }
        let channels: Result<Vec<_>, _> = names.into_iter().map(ChannelName::try_from).collect();
        let channels = channels.map_err(ApiError::bad_request)?;
        let except = body.socket_id.map(SocketId::try_from).transpose();
        Ok(Self {
            name: body.name.try_into().map_err(ApiError::bad_request)?,
            channels,
            data: body.data,
            except: except.map_err(|error| ApiError::BadRequest(format!("socket_id {error}")))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{ResponseError, http::StatusCode};
    use serde_json::{Value, json};

    use super::*;

    fn status(body: &Value) -> Option<u16> {
        let error = parse_event(body.to_string().as_bytes()).err();
        error.map(|error| error.status_code().as_u16())
    }

    #[test]
    fn an_event_within_the_limits_is_accepted() {
        let channels: Vec<_> = (0..100).map(|number| format!("room-{number}")).collect();
        for body in [
            json!({"name": "e", "data": "", "channel": "room"}),
            json!({"name": "e", "data": "x".repeat(10_240), "channels": ["room"]}),
            json!({"name": "e", "data": "{}", "channels": channels, "socket_id": "1.2"}),
            json!({"name": "e", "data": "{}", "channel": "room", "unknown": 1}),
        ] {
            assert_eq!(status(&body), None, "{body}");
        }
    }

    #[test]
    fn an_invalid_event_is_rejected_with_the_status_of_pusher() {
        let channels: Vec<_> = (0..101).map(|number| format!("room-{number}")).collect();
        for body in [
            json!({}),
            json!({"data": "{}", "channel": "room"}),
            json!({"name": "e", "channel": "room"}),
            json!({"name": "e", "data": {}, "channel": "room"}),
            json!({"name": "e", "data": "{}"}),
            json!({"name": "e", "data": "{}", "channels": []}),
            json!({"name": "e", "data": "{}", "channels": channels}),
            json!({"name": "e", "data": "{}", "channel": "a room"}),
            json!({"name": "e", "data": "{}", "channel": "room", "socket_id": "1"}),
            json!({"name": "pusher:e", "data": "{}", "channel": "room"}),
        ] {
            assert_eq!(status(&body), Some(400), "{body}");
        }
        let large = json!({"name": "e", "data": "x".repeat(10_241), "channel": "room"});
        assert_eq!(status(&large), Some(413));
    }

    #[test]
    fn a_batch_is_rejected_with_eleven_events_or_an_invalid_one() {
        let event = json!({"name": "e", "data": "{}", "channel": "room"});
        let parse = |batch: Vec<Value>| {
            parse_batch(json!({"batch": batch}).to_string().as_bytes())
                .map(|events| events.len())
                .map_err(|error| error.status_code())
        };
        assert_eq!(parse(vec![event.clone(); 10]), Ok(10));
        assert_eq!(parse(vec![event.clone(); 11]), Err(StatusCode::BAD_REQUEST));
        assert_eq!(parse(vec![event, json!({})]), Err(StatusCode::BAD_REQUEST));
        let two_channels = json!({"name": "e", "data": "{}", "channels": ["a", "b"]});
        assert_eq!(parse(vec![two_channels]), Err(StatusCode::BAD_REQUEST));
    }
}
