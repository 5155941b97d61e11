//! What the persister promises, on a real broker and a real database.

mod announcements;
mod dead_letters;
mod migrations;
mod outages;
mod sessions;
mod support;
