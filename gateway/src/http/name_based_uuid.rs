use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use uuid::{Builder, Bytes, Uuid};

/// The version 5 UUID of `name` in `namespace`: the same for the same two.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9562#section-5.5>.
pub fn name_based_uuid(namespace: Uuid, name: &str) -> Uuid {
    // The standard prescribes SHA-1. Nothing rests on its strength here.
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    context.update(namespace.as_bytes());
    context.update(name.as_bytes());
    let mut bytes = Bytes::default();
    for (byte, digest) in bytes.iter_mut().zip(context.finish().as_ref()) {
        *byte = *digest;
    }
    Builder::from_sha1_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_based_uuid_is_that_of_the_standards_example() {
        let expected = "2ed6657d-e927-568b-95e1-2665a8aea6a2";
        assert_eq!(name_based_uuid(Uuid::NAMESPACE_DNS, "www.example.com").to_string(), expected);
    }
}
