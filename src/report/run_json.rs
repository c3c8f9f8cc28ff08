//! The report of a run as JSON.

use super::run_report::Report;

/// The report as JSON.
///
/// # Errors
///
/// The writer's.
pub fn write_json(out: &mut impl std::io::Write, report: &Report) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}
