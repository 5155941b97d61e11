use opentelemetry::{
    Context, KeyValue, TraceId,
    trace::{Link, SpanKind},
};
use opentelemetry_sdk::trace::{Sampler, SamplingResult, ShouldSample};

/// Records what the operator wants, and each piece of work on a message whose own trace is recorded:
/// the spans of the message would point at nothing otherwise.
#[derive(Clone, Debug)]
pub(crate) struct FollowLinks(pub Sampler);

impl ShouldSample for FollowLinks {
    fn should_sample(
        &self,
        parent_context: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        span_kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let follows = links.iter().any(|link| link.span_context.is_sampled());
        let sampler = if follows { &Sampler::AlwaysOn } else { &self.0 };
        sampler.should_sample(parent_context, trace_id, name, span_kind, attributes, links)
    }
}
