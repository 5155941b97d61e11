/// Declares a struct of metrics and the function that registers them. Each field is declared once: its
/// doc comment is the help text on `/metrics`, its name is the metric's name.
///
/// A field starts with the default of its type, or with the value behind `=`.
///
/// ```
/// # use prometheus_client::{metrics::{counter::Counter, histogram::Histogram}, registry::Registry};
/// service::metrics! {
///     /// The metrics of a shop.
///     pub struct Metrics {
///         /// Orders that were paid.
///         pub orders: Counter,
///         /// Seconds from an order to its payment.
///         pub payment_seconds: Histogram = Histogram::new(service::metrics::SECONDS),
///     }
/// }
///
/// let mut registry = Registry::with_prefix("shop");
/// let metrics = Metrics::register(&mut registry);
/// metrics.orders.inc();
/// # let mut text = String::new();
/// # prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
/// # assert!(text.contains("# HELP shop_orders Orders that were paid.\n"), "{text}");
/// # assert!(text.contains("shop_orders_total 1\n"), "{text}");
/// ```
#[macro_export]
macro_rules! metrics {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $Metrics:ident {
            $(
                $(#[doc = $help:literal])+
                pub $metric:ident: $kind:ty $(= $initial:expr)?,
            )+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug)]
        $visibility struct $Metrics {
            $(
                $(#[doc = $help])+
                pub $metric: $kind,
            )+
        }

        impl $Metrics {
            /// Creates the metrics and registers them under the names of their fields.
            pub fn register(registry: &mut $crate::metrics::Registry) -> Self {
                let metrics = Self { $($metric: $crate::metrics!(@initial $($initial)?),)+ };
                $(
                    // The registry ends each help text with a full stop.
                    let help = concat!($($help),+).trim().trim_end_matches('.');
                    registry.register(stringify!($metric), help, metrics.$metric.clone());
                )+
                metrics
            }
        }
    };
    (@initial) => { ::core::default::Default::default() };
    (@initial $initial:expr) => { $initial };
}
