use std::time::Duration;

use actix_web::http::StatusCode;
use serde::Deserialize;

/// How a call to the HTTP API goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and the answer is this.
    Status {
        /// The answer's status.
        status: StatusCode,
        /// The answer's `Retry-After`, in seconds.
        retry_after: Option<u32>,
    },
    /// The call is done as ever, but only after this time.
    Delay(Duration),
    /// Nothing is done and nothing is answered until the fault ends; then the connection breaks.
    Hang,
    /// Nothing is done, and the connection breaks within the answer's first line.
    Close,
    /// Nothing is done, and the connection breaks before the answer.
    Refuse,
    /// The call is done as ever, but the connection breaks before the answer.
    Lost,
}

/// A fault, and how long it lasts: until it is lifted, unless one of the limits comes first.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Request")]
pub struct FaultOrder {
    /// What goes wrong.
    pub fault: Fault,
    /// The number of calls that it concerns.
    pub times: Option<u64>,
    /// The time that it lasts.
    pub lasts: Option<Duration>,
}

/// The order as it is written; an unknown or misspelt field is an error, not a longer fault.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request {
    kind: Kind,
    status: Option<u16>,
    retry_after_seconds: Option<u32>,
    milliseconds: Option<u64>,
    times: Option<u64>,
    for_milliseconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Status,
    Delay,
    Hang,
    Close,
    Refuse,
    Lost,
}

impl TryFrom<Request> for FaultOrder {
    type Error = &'static str;

    fn try_from(request: Request) -> Result<Self, &'static str> {
        let fault = match request.kind {
            Kind::Status => Fault::Status {
                status: request
                    .status
                    .filter(|status| (200..600).contains(status))
                    .and_then(|status| StatusCode::from_u16(status).ok())
                    .ok_or("a status from 200 to 599 is needed")?,
                retry_after: request.retry_after_seconds,
            },
            Kind::Delay => {
                let time = request.milliseconds.ok_or("milliseconds are needed")?;
                Fault::Delay(Duration::from_millis(time))
            }
            Kind::Hang => Fault::Hang,
            Kind::Close => Fault::Close,
            Kind::Refuse => Fault::Refuse,
            Kind::Lost => Fault::Lost,
        };
        let lasts = request.for_milliseconds.map(Duration::from_millis);
        Ok(Self { fault, times: request.times, lasts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<FaultOrder> {
        serde_json::from_str(text).ok()
    }

    #[test]
    fn every_kind_can_be_ordered() {
        let order = parse(r#"{"kind":"status","status":500,"retryAfterSeconds":2,"times":10}"#);
        let order = order.unwrap();
        let fault =
            Fault::Status { status: StatusCode::INTERNAL_SERVER_ERROR, retry_after: Some(2) };
        assert_eq!((order.fault, order.times, order.lasts), (fault, Some(10), None));
        let order = parse(r#"{"kind":"delay","milliseconds":20,"forMilliseconds":50}"#).unwrap();
        assert_eq!(order.fault, Fault::Delay(Duration::from_millis(20)));
        assert_eq!(order.lasts, Some(Duration::from_millis(50)));
        for kind in ["hang", "close", "refuse", "lost"] {
            assert!(parse(&format!(r#"{{"kind":"{kind}"}}"#)).is_some(), "{kind}");
        }
    }

    #[test]
    fn a_fault_that_cannot_be_is_refused() {
        for text in [
            "{}",
            r#"{"kind":"fire"}"#,
            r#"{"kind":"status"}"#,
            r#"{"kind":"status","status":99}"#,
            r#"{"kind":"status","status":101}"#,
            r#"{"kind":"delay"}"#,
            r#"{"kind":"hang","times":-1}"#,
            r#"{"kind":"hang","time":1}"#,
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
