use std::path::PathBuf;

/// The path of a script of `deploy`.
pub fn script(name: &str) -> PathBuf {
    let deploy = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy"));
    deploy.canonicalize().unwrap().join(name)
}
