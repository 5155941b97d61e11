//! The alerts and dashboards in deploy, on a running system.

mod alerts;
mod panels;
