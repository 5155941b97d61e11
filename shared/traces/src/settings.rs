use std::collections::HashMap;

use clap::{Args, ValueEnum};
use opentelemetry_sdk::trace::Sampler;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use service::TlsSettings;

/// The collector, and the traces to sample. The names are those of OpenTelemetry, whose other settings of
/// an exporter (`OTEL_BSP_…`, `OTEL_EXPORTER_OTLP_TIMEOUT`, `OTEL_RESOURCE_ATTRIBUTES`) apply too.
///
/// Source: <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Traces")]
pub struct TraceSettings {
    /// URL of a collector of spans by OTLP over HTTP, such as http://collector:4318; without it nothing is
    /// traced
    #[arg(long = "otlp-endpoint", env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub endpoint: Option<Url>,

    /// Headers for the collector, such as authorization=Bearer%20abc
    #[arg(
        long = "otlp-headers",
        env = "OTEL_EXPORTER_OTLP_HEADERS",
        value_name = "NAME=VALUE[,…]",
        hide_env_values = true
    )]
    pub headers: Option<SecretString>,

    /// Which traces are recorded. The parentbased samplers follow the traceparent of a request, which every
    /// caller can set
    #[arg(
        long = "traces-sampler",
        env = "OTEL_TRACES_SAMPLER",
        value_enum,
        default_value = "parentbased_always_on"
    )]
    pub sampler: SamplerName,

    /// Share of the traces that the traceidratio samplers record, from 0 to 1
    #[arg(
        long = "traces-sampler-arg",
        env = "OTEL_TRACES_SAMPLER_ARG",
        default_value = "1",
        value_name = "SHARE",
        value_parser = share
    )]
    pub sampler_arg: f64,

    /// The authorities that encrypted connections trust
    #[command(flatten)]
    pub tls: TlsSettings,
}

/// Which traces are recorded, as OpenTelemetry names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum SamplerName {
    /// All
    AlwaysOn,
    /// None
    AlwaysOff,
    /// A share
    #[value(name = "traceidratio")]
    TraceIdRatio,
    /// Those that the caller records, and all that begin here
    #[value(name = "parentbased_always_on")]
    ParentBasedAlwaysOn,
    /// Those that the caller records
    #[value(name = "parentbased_always_off")]
    ParentBasedAlwaysOff,
    /// Those that the caller records, and a share of those that begin here
    #[value(name = "parentbased_traceidratio")]
    ParentBasedTraceIdRatio,
}

impl TraceSettings {
    /// Checks the settings that clap does not.
    ///
    /// # Errors
    /// Names the invalid setting, and shows no secret.
    pub fn check(&self) -> Result<(), String> {
        if let Some(endpoint) = &self.endpoint
            && !matches!(endpoint.scheme(), "http" | "https")
        {
            return Err("OTEL_EXPORTER_OTLP_ENDPOINT must be an http:// or https:// URL".into());
        }
        self.headers().map(drop)
    }

    /// The headers by their names.
    pub(crate) fn headers(&self) -> Result<HashMap<String, String>, String> {
        let headers = self.headers.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
        let headers = headers.split(',').map(str::trim).filter(|header| !header.is_empty());
        let header = |header: &str| {
            let (name, value) = header.split_once('=')?;
            Some((name.trim().to_owned(), value.trim().to_owned()))
        };
        let headers: Option<_> = headers.map(header).collect();
        headers.ok_or_else(|| {
            "OTEL_EXPORTER_OTLP_HEADERS must be NAME=VALUE, separated by commas".to_owned()
        })
    }

    pub(crate) fn sampler(&self) -> Sampler {
        let ratio = Sampler::TraceIdRatioBased(self.sampler_arg);
        match self.sampler {
            SamplerName::AlwaysOn => Sampler::AlwaysOn,
            SamplerName::AlwaysOff => Sampler::AlwaysOff,
            SamplerName::TraceIdRatio => ratio,
            SamplerName::ParentBasedAlwaysOn => Sampler::ParentBased(Box::new(Sampler::AlwaysOn)),
            SamplerName::ParentBasedAlwaysOff => Sampler::ParentBased(Box::new(Sampler::AlwaysOff)),
            SamplerName::ParentBasedTraceIdRatio => Sampler::ParentBased(Box::new(ratio)),
        }
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "must be a number from 0 to 1".to_owned())
}
