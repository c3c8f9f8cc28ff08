//! `poolroll init`: a commented plan to begin with.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::exit::Ending;
use super::failure::Failure;
use super::output;
use super::reading::STDIN;

/// The template. It is a plan that validates as it is.
const TEMPLATE: &str = include_str!("init.yaml");
/// What the template calls its pool.
const POOL: &str = "pool01.contoso.com";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where it is written, or `-` for stdout
    #[arg(default_value = "plan.yaml")]
    file: PathBuf,
    /// The pool's fully qualified domain name
    #[arg(long, value_name = "FQDN", value_parser = fqdn)]
    pool: Option<String>,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

/// A host name, for the parser of arguments.
///
/// # Errors
///
/// What is wrong with it, in words.
pub fn fqdn(text: &str) -> Result<String, String> {
    match crate::plan::host_name_fault(text) {
        None => Ok(text.to_ascii_lowercase()),
        Some(fault) => Err(fault),
    }
}

pub fn run(args: &Args) -> Result<Ending, Failure> {
    let text = template(args.pool.as_deref());
    if args.file == Path::new(STDIN) {
        output::text(&text)?;
        return Ok(Ending::Done);
    }
    write(&args.file, &text, args.force)?;
    let path = args.file.display();
    output::say(&format!("wrote `{path}`; make it your pool's, then: poolroll validate {path}"));
    Ok(Ending::Done)
}

/// Writes a new file; one that is there is only replaced by `force`.
pub fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::Exists(path.to_owned()),
        _ => Failure::Write { path: path.to_owned(), source },
    };
    let mut options = fs::OpenOptions::new();
    if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let mut file = options.write(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

/// The template, with the pool's name and the domain of its servers put in.
fn template(pool: Option<&str>) -> String {
    let Some(pool) = pool else { return TEMPLATE.to_owned() };
    let domain = pool.split_once('.').map_or(pool, |(_, domain)| domain);
    // The servers first: the pool's own name must not be taken for one of them.
    let mark = "\u{0}";
    TEMPLATE.replace(POOL, mark).replace("contoso.com", domain).replace(mark, pool)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::live;

    #[test]
    fn the_template_is_a_plan_without_findings() {
        for pool in [None, Some("lync-a.corp.example.net")] {
            let text = template(pool);
            let compiled = live::compile("plan.yaml", text.as_bytes());
            let compiled = compiled.unwrap_or_else(|(_, findings)| panic!("{findings:?}"));
            assert!(compiled.warnings.is_empty(), "{:?}", compiled.warnings);
            assert_eq!(compiled.graph.plan().pool().fqdn, pool.unwrap_or(POOL));
        }
    }

    #[test]
    fn names_that_yaml_or_dns_would_refuse_are_refused() {
        assert_eq!(fqdn("Pool01.Contoso.com"), Ok("pool01.contoso.com".into()));
        assert!(fqdn("pool01").is_err());
        assert!(fqdn("a.b: c").is_err());
    }
}
