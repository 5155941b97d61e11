use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The parts of a call to Pusher's HTTP API that its signature covers.
#[derive(Clone, Copy, Debug)]
pub struct RequestToSign<'a> {
    /// The HTTP method in capitals.
    pub method: &'a str,
    /// The path without the query, such as `/apps/3/events`.
    pub path: &'a str,
    /// The body's bytes; empty for a call without one.
    pub body: &'a [u8],
}

/// The query string that authenticates `request` at `timestamp` (seconds since 1970), with the signature.
///
/// Source: <https://pusher.com/docs/channels/library_auth_reference/rest-api/#authentication>.
pub fn sign_request(
    key: &str,
    secret: &SecretString,
    request: RequestToSign<'_>,
    timestamp: u64,
) -> String {
    let mut query = format!("auth_key={key}&auth_timestamp={timestamp}&auth_version=1.0");
    if !request.body.is_empty() {
        query.push_str("&body_md5=");
        query.push_str(&hex::encode(Md5::digest(request.body)));
    }
    let signature = authenticate(secret, string_to_sign(request, &query).as_bytes());
    query.push_str("&auth_signature=");
    query.push_str(&hex::encode(signature.finalize().into_bytes()));
    query
}

/// Whether `signature` (in hex) is that of `request` with the other query parameters `parameters`, and their
/// `body_md5` is that of the body. Compares in constant time.
pub fn verify_request(
    secret: &SecretString,
    request: RequestToSign<'_>,
    parameters: &[(String, String)],
    signature: &str,
) -> bool {
    let body_md5 = parameters.iter().find(|(name, _)| name == "body_md5");
    let body_is_signed = match body_md5 {
        Some((_, digest)) => *digest == hex::encode(Md5::digest(request.body)),
        None => request.body.is_empty(),
    };
    let mut sorted: Vec<_> =
        parameters.iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
    sorted.sort();
    let query: Vec<_> = sorted.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let expected = authenticate(secret, string_to_sign(request, &query.join("&")).as_bytes());
    let Ok(signature) = hex::decode(signature) else {
        return false;
    };
    body_is_signed && expected.verify_slice(&signature).is_ok()
}

/// The signature, in hex, that lets the connection `socket_id` subscribe to the private `channel`,
/// or to a presence channel with its member's `channel_data`.
///
/// Source: <https://pusher.com/docs/channels/library_auth_reference/auth-signatures/>.
pub fn sign_subscription(
    secret: &SecretString,
    socket_id: &str,
    channel: &str,
    channel_data: Option<&str>,
) -> String {
    let text = subscription_to_sign(socket_id, channel, channel_data);
    hex::encode(authenticate(secret, text.as_bytes()).finalize().into_bytes())
}

/// Whether `signature` (in hex) is the one that lets `socket_id` subscribe to `channel` with
/// `channel_data`. Takes as long for a wrong signature as for the right one.
pub fn verify_subscription(
    secret: &SecretString,
    socket_id: &str,
    channel: &str,
    channel_data: Option<&str>,
    signature: &str,
) -> bool {
    let text = subscription_to_sign(socket_id, channel, channel_data);
    let expected = authenticate(secret, text.as_bytes());
    hex::decode(signature).is_ok_and(|signature| expected.verify_slice(&signature).is_ok())
}

fn subscription_to_sign(socket_id: &str, channel: &str, channel_data: Option<&str>) -> String {
    match channel_data {
        Some(data) => format!("{socket_id}:{channel}:{data}"),
        None => format!("{socket_id}:{channel}"),
    }
}

fn string_to_sign(request: RequestToSign<'_>, query: &str) -> String {
    format!("{}\n{}\n{query}", request.method, request.path)
}

#[expect(clippy::expect_used, reason = "HMAC accepts a key of any length")]
fn authenticate(secret: &SecretString, text: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("a key of any length");
    mac.update(text);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "278d425bdf160c739803";
    const BODY: &[u8] = br#"{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}"#;
    const EVENTS: RequestToSign<'_> =
        RequestToSign { method: "POST", path: "/apps/3/events", body: BODY };
    const SIGNATURE: &str = "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c";

    fn secret() -> SecretString {
        "7ad3773142a6692b25b8".into()
    }

    fn parameters() -> Vec<(String, String)> {
        [
            ("auth_key", KEY),
            ("body_md5", "ec365a775a4cd0599faeb73354201b6f"),
            ("auth_version", "1.0"),
            ("auth_timestamp", "1353088179"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    #[test]
    fn a_call_is_signed_as_in_pushers_reference() {
        assert_eq!(
            sign_request(KEY, &secret(), EVENTS, 1_353_088_179),
            format!(
                "auth_key={KEY}&auth_timestamp=1353088179&auth_version=1.0\
                 &body_md5=ec365a775a4cd0599faeb73354201b6f&auth_signature={SIGNATURE}"
            )
        );
    }

    #[test]
    fn a_subscription_is_signed_as_in_pushers_reference() {
        assert_eq!(
            sign_subscription(&secret(), "1234.1234", "private-foobar", None),
            "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"
        );
    }

    #[test]
    fn a_subscriptions_signature_covers_the_connection_the_channel_and_the_member() {
        let member = Some(r#"{"user_id":"1"}"#);
        let signature = sign_subscription(&secret(), "1.2", "presence-room", member);
        let verify = |socket, channel, data| {
            verify_subscription(&secret(), socket, channel, data, &signature)
        };
        assert!(verify("1.2", "presence-room", member));
        assert!(!verify("1.3", "presence-room", member));
        assert!(!verify("1.2", "presence-other", member));
        assert!(!verify("1.2", "presence-room", None));
        assert!(!verify_subscription(&secret(), "1.2", "presence-room", member, "not hex"));
    }

    #[test]
    fn only_the_reference_signature_is_accepted() {
        assert!(verify_request(&secret(), EVENTS, &parameters(), SIGNATURE));
        assert!(!verify_request(&secret(), EVENTS, &parameters(), &SIGNATURE.replace('d', "e")));
        assert!(!verify_request(&"other".into(), EVENTS, &parameters(), SIGNATURE));
        assert!(!verify_request(&secret(), EVENTS, &parameters(), "not hex"));
    }

    #[test]
    fn a_body_changed_after_signing_is_rejected() {
        let changed = RequestToSign { body: b"{}", ..EVENTS };
        assert!(!verify_request(&secret(), changed, &parameters(), SIGNATURE));
    }
}
