use std::{
    fmt, fs,
    sync::{Arc, LazyLock, OnceLock},
};

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_native_certs::CertificateResult;

/// Installs *ring* as the cryptography of TLS in this process; it builds without further tools. Call it
/// once, before the first connection.
pub fn install_crypto() {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("the cryptography of TLS was installed before");
    }
}

/// The certificates of the authorities that the system trusts, read once.
static SYSTEM: LazyLock<CertificateResult> = LazyLock::new(rustls_native_certs::load_native_certs);

/// The authorities that encrypted connections trust. Each group of settings of a server has this; all of
/// them read the one option `--tls-ca-file`.
#[derive(Clone, Default)]
pub struct TlsSettings {
    /// The certificates of the file.
    own: Vec<CertificateDer<'static>>,
    client: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl TlsSettings {
    /// The configuration of a client. It requires a certificate that is valid for the host, of an authority
    /// that the system trusts or that is in the file.
    pub fn client(&self) -> Arc<ClientConfig> {
        let client = self.client.get_or_init(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(self.own.iter().chain(&SYSTEM.certs).cloned());
            if roots.is_empty() {
                tracing::warn!(
                    exception.message = ?SYSTEM.errors,
                    "the system trusts no authority and TLS_CA_FILE is not set: every encrypted \
                     connection will fail"
                );
            }
            let config = ClientConfig::builder().with_root_certificates(roots);
            Arc::new(config.with_no_client_auth())
        });
        Arc::clone(client)
    }
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TlsSettings").field("own", &self.own.len()).finish()
    }
}

const CA_FILE: &str = "tls_ca_file";

impl FromArgMatches for TlsSettings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(matches.get_one(CA_FILE).cloned().unwrap_or_default())
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for TlsSettings {
    fn augment_args(command: Command) -> Command {
        // Another group of the same program may have added it.
        if command.get_arguments().any(|argument| argument.get_id() == CA_FILE) {
            return command;
        }
        command.arg(
            Arg::new(CA_FILE)
                .long("tls-ca-file")
                .env("TLS_CA_FILE")
                .value_name("FILE")
                .help_heading("TLS")
                .help(
                    "PEM file with certificates of authorities that encrypted connections trust, \
                     besides those of the system",
                )
                .value_parser(read),
        )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// Reads the certificates of a file.
fn read(path: &str) -> Result<TlsSettings, String> {
    let file = fs::read(path).map_err(|error| error.to_string())?;
    let own = CertificateDer::pem_slice_iter(&file)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("it holds no certificates in PEM: {error}"))?;
    let mut roots = RootCertStore::empty();
    for certificate in &own {
        let added = roots.add(certificate.clone());
        added.map_err(|error| {
            format!("it holds a certificate that is not an authority's: {error}")
        })?;
    }
    if own.is_empty() {
        return Err("it holds no certificate".to_owned());
    }
    Ok(TlsSettings { own, client: Arc::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_missing_or_holds_no_certificate_is_rejected() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        let path = path.to_str().unwrap();
        assert!(read(path).unwrap_err().contains("No such file"), "{:?}", read(path));
        for invalid in
            ["", "not PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
        {
            fs::write(path, invalid).unwrap();
            let refusal = read(path).unwrap_err();
            assert!(refusal.starts_with("it holds"), "{refusal}");
        }
    }
}
