//! A compiled plan as a Mermaid flowchart: a subgraph a domain, the failed-over route beside it.
//!
//! A chart is read at a glance, so a front end is one box, and of a long list the first and the last are drawn.

use std::fmt::{self, Write};

use super::lines::{counted, rough, short};
use super::words::acts;
use crate::graph::{Link, Route, StepGraph, StepId};
use crate::plan::{DomainId, FailoverWhen, FrontEndId};

/// How many front ends of a domain, and how many domains, are drawn; of more, the first ones and the last.
const DRAWN: usize = 6;

/// Writes the chart.
///
/// # Errors
///
/// The writer's.
pub fn write(out: &mut impl Write, graph: &StepGraph) -> fmt::Result {
    let plan = graph.plan();
    writeln!(out, "---")?;
    writeln!(out, "title: {}", title(plan.name()))?;
    writeln!(out, "---")?;
    writeln!(out, "flowchart TD")?;
    node(
        out,
        "  ",
        "preflight",
        &format!("preflight: {}", counted(plan.pool().front_ends.len(), "front end")),
    )?;
    let ids: Vec<DomainId> = plan.domain_ids().collect();
    let mut previous = "preflight".to_owned();
    for shown in abbreviated(&ids) {
        previous = match shown {
            Shown::One(id) => domain(out, graph, *id, &previous)?,
            Shown::More(count) => more(out, "  ", "domains", &previous, count, "upgrade domain")?,
        };
    }
    if graph.has(Route::FailedOver) {
        failed_over(out, graph, &ids)?;
    }
    if let Some(databases) = graph.databases() {
        let approve = approval(out, graph, databases.approve, "approve_databases")?;
        node(out, "  ", "databases", &acts_of(graph, databases.update))?;
        writeln!(out, "  {previous} --> {approve} --> databases")?;
        if graph.has(Route::FailedOver) {
            writeln!(out, "  over_settle --> {approve}")?;
        }
    }
    Ok(())
}

/// One domain, entered from the box `from`; the box that is left from.
fn domain(out: &mut impl Write, graph: &StepGraph, id: DomainId, from: &str) -> Result<String, fmt::Error> {
    let plan = graph.plan();
    let (steps, name) = (graph.domain(id), &plan.domain(id).name);
    let takes = rough(graph.estimate().domain(id));
    let key = format!("d{}", id.0);
    writeln!(out, "  subgraph {key} [\"{}, about {takes}\"]", escaped(name))?;
    let ready = format!("{key}_ready");
    let mut entry = ready.clone();
    if let Some(before) = steps.approve_before {
        entry = approval(out, graph, before, &format!("{key}_before"))?;
        writeln!(out, "    {entry} --> {ready}")?;
    }
    writeln!(out, "    {ready}{{\"{}\"}}", escaped(&graph.step(steps.ready).name))?;
    let settle = format!("{key}_settle");
    node(out, "    ", &settle, &graph.step(steps.settle).name)?;
    let front_ends: Vec<FrontEndId> = plan.domain(id).front_ends().collect();
    for shown in abbreviated(&front_ends) {
        let front_end = match shown {
            Shown::One(front_end) => {
                let key = format!("f{}", front_end.0);
                node(out, "    ", &key, &chain(graph, *front_end))?;
                key
            }
            Shown::More(count) => {
                let key = format!("{key}_more");
                node(out, "    ", &key, &format!("{} more", counted(count, "front end")))?;
                key
            }
        };
        writeln!(out, "    {ready} --> {front_end} --> {settle}")?;
    }
    let mut leave = settle.clone();
    if let Some(after) = steps.approve_after {
        leave = approval(out, graph, after, &format!("{key}_after"))?;
        writeln!(out, "    {settle} --> {leave}")?;
    }
    writeln!(out, "  end")?;
    writeln!(out, "  {from} --> {entry}")?;
    Ok(leave)
}

fn failed_over(out: &mut impl Write, graph: &StepGraph, domains: &[DomainId]) -> fmt::Result {
    let Some(over) = graph.over() else { return Ok(()) };
    let takes = rough(graph.estimate().failed_over.unwrap_or_default());
    writeln!(out, "  subgraph over [\"failed over, about {takes}\"]")?;
    let mut entry = "fail_over".to_owned();
    if let Some(step) = over.approve_fail_over {
        entry = approval(out, graph, step, "approve_over")?;
        writeln!(out, "    {entry} --> fail_over")?;
    }
    node(out, "    ", "fail_over", &acts_of(graph, over.fail_over))?;
    let at_once = usize::from(graph.plan().at_once().failed_over_upgrades);
    let upgrade = format!("stop and upgrade what is left, {} at once", counted(at_once, "front end"));
    node(out, "    ", "over_upgrade", &upgrade)?;
    writeln!(out, "    fail_over --> over_upgrade")?;
    let mut back = "over_upgrade".to_owned();
    if let Some(step) = over.approve_fail_back {
        let approve = approval(out, graph, step, "approve_back")?;
        writeln!(out, "    {back} --> {approve}")?;
        back = approve;
    }
    node(out, "    ", "fail_back", &acts_of(graph, over.fail_back))?;
    node(out, "    ", "over_start", "start and accept all front ends")?;
    node(out, "    ", "over_settle", &graph.step(over.settle).name)?;
    writeln!(out, "    {back} --> fail_back --> over_start --> over_settle")?;
    writeln!(out, "  end")?;
    if graph.failover_when() == FailoverWhen::Always {
        return writeln!(out, "  preflight --> {entry}");
    }
    for shown in abbreviated(domains) {
        if let Shown::One(id) = shown {
            writeln!(out, "  d{}_ready -. \"in trouble\" .-> {entry}", id.0)?;
        }
    }
    Ok(())
}

fn acts_of(graph: &StepGraph, step: StepId) -> String {
    format!("{}: {}", graph.step(step).name, acts::purpose(graph, step))
}

/// The chain of a front end in one box.
fn chain(graph: &StepGraph, front_end: FrontEndId) -> String {
    let mut words = Vec::new();
    for step in graph.chain(Route::Rolling, front_end) {
        let word = match graph.link(step) {
            Some(Link::BeforeStop) => "before stop",
            Some(Link::Stop) => "stop",
            Some(Link::Upgrade) => "upgrade",
            Some(Link::Restart) => "restart",
            Some(Link::Start) => "start",
            Some(Link::AfterAccept) => "after accept",
            Some(Link::Accept) | None => "accept",
        };
        if words.last() != Some(&word) {
            words.push(word);
        }
    }
    let fqdn = &graph.plan().front_end(front_end).fqdn;
    format!("{}\n{}", short(fqdn), words.join(", "))
}

fn approval(out: &mut impl Write, graph: &StepGraph, step: StepId, key: &str) -> Result<String, fmt::Error> {
    writeln!(out, "    {key}[/\"{}\"/]", escaped(&graph.step(step).name))?;
    Ok(key.to_owned())
}

fn more(
    out: &mut impl Write,
    indent: &str,
    key: &str,
    from: &str,
    count: usize,
    what: &str,
) -> Result<String, fmt::Error> {
    node(out, indent, key, &format!("{} more", counted(count, what)))?;
    writeln!(out, "{indent}{from} --> {key}")?;
    Ok(key.to_owned())
}

fn node(out: &mut impl Write, indent: &str, key: &str, text: &str) -> fmt::Result {
    writeln!(out, "{indent}{key}[\"{}\"]", escaped(text))
}

/// Text between the quotes of a box. Mermaid reads entities, and what looks like HTML or Markdown.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '\n' => out.push_str("<br/>"),
            '"' | '<' | '>' | '#' | '&' | '`' | ';' | '\\' | '*' => {
                let _ = write!(out, "#{};", u32::from(character));
            }
            _ if character.is_control() => out.push(' '),
            _ => out.push(character),
        }
    }
    out
}

/// A title in the chart's head, which is YAML: JSON's way to quote is YAML's too.
fn title(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

enum Shown<'a, T> {
    One(&'a T),
    More(usize),
}

/// The first ones, how many are left out, and the last one; all of them where that is no longer.
fn abbreviated<T>(items: &[T]) -> Vec<Shown<'_, T>> {
    let all = |items: &'_ [T]| items.len() <= DRAWN;
    match items {
        [first @ .., last] if !all(items) => {
            let head = &first[..DRAWN - 2];
            let left_out = items.len() - head.len() - 1;
            let mut shown: Vec<Shown<'_, T>> = head.iter().map(Shown::One).collect();
            shown.push(Shown::More(left_out));
            shown.push(Shown::One(last));
            shown
        }
        _ => items.iter().map(Shown::One).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_box_early() {
        assert_eq!(escaped("a \"b\" <c>; `d`\ne"), "a #34;b#34; #60;c#62;#59; #96;d#96;<br/>e");
        assert_eq!(title("a: \"b\""), r#""a: \"b\"""#);
    }

    #[test]
    fn long_lists_keep_their_first_and_last() {
        let of = |count: usize| {
            let items: Vec<usize> = (1..=count).collect();
            let text = |shown: &Shown<'_, usize>| match shown {
                Shown::One(item) => item.to_string(),
                Shown::More(count) => format!("+{count}"),
            };
            abbreviated(&items).iter().map(text).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of(6), "1 2 3 4 5 6");
        assert_eq!(of(7), "1 2 3 4 +2 7");
        assert_eq!(of(100), "1 2 3 4 +95 100");
        assert_eq!(of(1), "1");
    }
}
