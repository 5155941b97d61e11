use opentelemetry::{
    Context, KeyValue, TraceId,
    trace::{Link, SpanKind},
};
use opentelemetry_sdk::trace::{Sampler, SamplingResult, ShouldSample};

/// Samples what the operator's sampler does, and all work on a message whose own trace is sampled:
/// otherwise the links of the message's spans would have no target.
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
        let is_linked = links.iter().any(|link| link.span_context.is_sampled());
        let sampler = if is_linked { &Sampler::AlwaysOn } else { &self.0 };
        sampler.should_sample(parent_context, trace_id, name, span_kind, attributes, links)
    }
}
