use std::time::Duration;

use actix_web::http::StatusCode;
use serde::Deserialize;

/// How a call to the HTTP API fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call is not carried out, and is answered with this.
    Status {
        /// The status of the answer.
        status: StatusCode,
        /// The `Retry-After` of the answer, in seconds.
        retry_after: Option<u32>,
    },
    /// The call is carried out after this time.
    Delay(Duration),
    /// The call is not carried out; the connection is cut when the fault ends.
    Hang,
    /// The call is not carried out; the connection is cut within the status line.
    Close,
    /// The call is not carried out; the connection is cut before the answer.
    Refuse,
    /// The call is carried out; the connection is cut before the answer.
    Lost,
}

/// A fault that lasts until it is lifted or one of the limits is reached.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Request")]
pub struct FaultOrder {
    /// The fault.
    pub fault: Fault,
    /// The number of calls that it applies to.
    pub times: Option<u64>,
    /// The time that it lasts.
    pub lasts: Option<Duration>,
}

/// The JSON of an order. An unknown field is an error: a misspelt limit would be none.
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
    fn every_kind_of_fault_is_parsed() {
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
    fn an_invalid_fault_is_rejected() {
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
