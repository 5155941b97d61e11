//! What an operator sees of a running system in Prometheus and Grafana.

mod alerts;
mod panels;
