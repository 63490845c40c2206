//! The subcommands, a file or directory each.

pub mod check;
pub mod completions;
pub mod explain;
pub mod functions;
pub mod init;
pub mod man;
pub mod methods;
pub mod plan;
pub mod report;
pub mod run;
pub mod schema;
pub mod show;
pub mod watch;

// What several of them share.
mod contents;
mod record;
mod search;
mod summary;
