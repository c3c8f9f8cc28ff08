//! A plan for a pool that was discovered: a template, for people to complete and to keep.

use std::fmt::{self, Write};

use crate::plan::Survey;

/// What is known of a pool, and what a person said beside its name.
#[derive(Clone, Debug)]
pub struct Discovered<'a> {
    pub pool: &'a str,
    /// As plans write it.
    pub product: &'a str,
    pub survey: &'a Survey,
    /// The versions that were found, each with how many front ends have it.
    pub versions: &'a [(String, usize)],
    /// The block `driver:`, whole.
    pub driver: &'a str,
}

/// A text as a YAML scalar on one line.
fn scalar(text: &str) -> String {
    let written = serde_yaml::to_string(text).unwrap_or_default();
    let written = written.trim_end();
    // What takes more than a line is quoted as in JSON, which is YAML too.
    if written.contains('\n') { serde_json::Value::from(text).to_string() } else { written.to_owned() }
}

/// Writes the plan.
///
/// # Errors
///
/// The writer's.
pub fn write(out: &mut impl Write, found: &Discovered<'_>) -> fmt::Result {
    let Discovered { pool, product, survey, versions, driver } = found;
    writeln!(
        out,
        "# A plan for {pool}, as the pool described itself. Complete what stands under `upgrade`, then:"
    )?;
    writeln!(
        out,
        "# `poolroll validate`, `poolroll check`, `poolroll rehearse`, and in its window `poolroll apply`."
    )?;
    writeln!(out, "kind: plan\nversion: 1")?;
    writeln!(
        out,
        "name: {}",
        scalar(&format!("{} to the next update", pool.split('.').next().unwrap_or(pool)))
    )?;
    writeln!(out, "product: {product}\n\npool:\n  fqdn: {}", scalar(pool))?;
    writeln!(
        out,
        "  # As the pool lists them, in its order; they are upgraded in the order in which they stand here."
    )?;
    writeln!(out, "  upgrade_domains:")?;
    for (domain, front_ends) in &survey.domains {
        writeln!(out, "    - name: {}\n      front_ends:", scalar(domain))?;
        front_ends.iter().try_for_each(|fqdn| writeln!(out, "        - {}", scalar(fqdn)))?;
    }
    if survey.is_ordered {
        writeln!(
            out,
            "  # The order of `Get-CsComputer -Pool {pool}`: in a large pool the quorum goes by it.\n  start_order:"
        )?;
        survey.front_ends.iter().try_for_each(|fqdn| writeln!(out, "    - {}", scalar(fqdn)))?;
    }
    writeln!(out, "\n# When the work may be done. Without a window: at any time.\nmaintenance_window:")?;
    writeln!(out, "  mode: graceful            # or immediate, in scheduled downtime")?;
    writeln!(out, "  # time_zone: Europe/Berlin\n  # start: 2027-02-06T22:00\n  # end: 2027-02-07T06:00")?;
    match &survey.partner {
        Some(partner) => {
            writeln!(
                out,
                "\n# The pool is paired with this one. It takes over when the pool is in trouble, after an approval."
            )?;
            writeln!(out, "failover:\n  partner: {}\n  when: troubled\n  start: approval", scalar(partner))?;
        }
        None => writeln!(
            out,
            "\n# The pool is paired with no other: trouble of the pool stops the run for a person."
        )?,
    }
    writeln!(out, "\nupgrade:")?;
    for (version, count) in *versions {
        let noun = if *count == 1 { "front end has" } else { "front ends have" };
        writeln!(out, "  # {count} {noun} {version} now.")?;
    }
    writeln!(
        out,
        "  # The version that must be there afterwards. Until it stands here, an upgrade in doubt needs a person."
    )?;
    writeln!(out, "  # version: {}", versions.first().map_or("...", |(version, _)| version.as_str()))?;
    let installer = match *product {
        "lync_server_2013" => "LyncServerUpdateInstaller.exe",
        _ => "SkypeServerUpdateInstaller.exe",
    };
    writeln!(out, "  actions:\n    - name: cumulative update\n      program: C:\\Updates\\{installer}")?;
    writeln!(out, "      arguments: [/silentmode]\n      success: [0]\n      reboot: [3010]")?;
    writeln!(
        out,
        "\n# What proves that a front end accepts connections again; without it, that every service runs."
    )?;
    writeln!(out, "acceptance:\n  services: [RTCSRV]\n  ports: [5061, 443]\n\n{driver}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_live_pool_do_not_break_out() {
        let survey = Survey {
            front_ends: vec!["fe01.contoso.com".into()],
            is_ordered: true,
            domains: vec![("UD: 1\n# x".into(), vec!["fe01.contoso.com".into()])],
            partner: None,
            unasked: Vec::new(),
            absent: Vec::new(),
        };
        let found = Discovered {
            pool: "pool01.contoso.com",
            product: "lync_server_2013",
            survey: &survey,
            versions: &[],
            driver: "driver:\n  simulated: {}",
        };
        let mut text = String::new();
        write(&mut text, &found).unwrap();
        let read: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(read["pool"]["upgrade_domains"][0]["name"], "UD: 1\n# x");
    }
}
