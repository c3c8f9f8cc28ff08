//! Every finding has a case: a plan beside what it earns, `tests/cases/<code>.yaml` and `.txt`, with a word for the
//! variant (`<code>.<variant>.yaml`) where one code has several faces.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use poolroll::document::{self, Code, Findings, Severity, Source};
use poolroll::plan::{self, PlanText};
use poolroll::twin::scenario::{Against, SavedHistory};
use poolroll::twin::{Scenario, ScenarioText};

use crate::golden;
use crate::render::render;
use crate::stage;

/// Codes that no file of cases can hold, and why. Those with a test of their own name it.
const WITHOUT_CASE: &[(Code, &str)] = &[
    (Code::TooManyFrontEnds, "a file of 20,001 front ends: `more_front_ends_than_ids`"),
    (Code::TooManyActions, "a file of 20,000 front ends: `limits`"),
    (Code::PlanIncomplete, "a fault of this program"),
    (Code::SourceUnreadable, "there is no file: `commands`"),
    (Code::SourceTooLarge, "a file of 16 MiB: the unit tests of `document`"),
    (Code::YamlSize, "a file of 250,000 values: the unit tests of `document`"),
    (Code::FindingsCut, "a file of hundreds of faults: the unit tests of `document`"),
    (Code::LiveFrontEndMissing, "it takes a live pool or a clock: the unit tests of `exec::check`"),
    (Code::LiveFrontEndUnlisted, "it takes a live pool or a clock: the unit tests of `exec::check`"),
    (Code::LiveDomainDiffers, "it takes a live pool or a clock: the unit tests of `exec::check`"),
    (Code::LiveOrderDiffers, "it takes a live pool or a clock: the unit tests of `exec::check`"),
    (Code::LiveUnanswered, "it takes a live pool or a clock: the unit tests of `exec::check`"),
    (Code::LiveInactive, "it takes a live pool or a clock: the unit tests of `exec::check`"),
    (Code::LiveNotReady, "it takes a live pool or a clock: the unit tests of `exec::check`"),
    (Code::LivePartner, "it takes a live pool or a clock: the unit tests of `exec::check`"),
    (Code::LiveUpgraded, "it takes a live pool or a clock: the unit tests of `exec::check`"),
    (Code::LiveProgramAbsent, "it takes a live pool or a clock: the tests of rolls by commands"),
    (Code::LiveWitness, "it takes a live pool or a clock: the unit tests of `exec::check`"),
    (Code::WindowOver, "it takes a live pool or a clock: the unit tests of `exec::check`"),
    (Code::WindowAhead, "it takes a live pool or a clock: the unit tests of `exec::check`"),
    (Code::WindowRest, "it takes a live pool or a clock: the unit tests of `exec::check`"),
    (Code::RepeatedItem, "no list of the plan's schema asks for it: the unit tests of `document`"),
    (Code::SchemaMismatch, "what no schema speaks of: the unit tests of `document`"),
];

/// The findings of a file, as `poolroll validate` comes to them.
fn findings_of(source: &Arc<Source>) -> Findings {
    let kind = document::parse(source).ok().and_then(|root| document::kind_of(&root).map(str::to_owned));
    if kind.as_deref() == Some("scenario") { findings_of_scenario(source) } else { findings_of_plan(source) }
}

/// The plan that the histories among the cases are held against, and what its digest is taken to be: a digest changes with
/// every word of a graph, and is put to the test elsewhere.
const STAGE: &str = "tests/small/two-domains.yaml";
const DIGEST: &str = "17";

/// The findings of a scenario; of a history also those that only its plan can tell.
fn findings_of_scenario(source: &Arc<Source>) -> Findings {
    let document = match document::read::<ScenarioText>(Arc::clone(source)) {
        Err(findings) => return findings,
        Ok(document) => document,
    };
    let graph = stage::graph(STAGE);
    let front_ends = graph.plan().pool().front_ends.iter();
    let against = Against {
        plan: graph.plan().name(),
        digest: DIGEST,
        steps: graph.steps().iter().map(|step| step.name.as_str()).collect(),
        front_ends: front_ends.map(|front_end| front_end.fqdn.as_str()).collect(),
    };
    match SavedHistory::resolve(&document, &against) {
        None => Scenario::check(&document),
        Some(held) => held.err().unwrap_or_default(),
    }
}

/// The findings of a plan.
fn findings_of_plan(source: &Arc<Source>) -> Findings {
    match document::read::<PlanText>(Arc::clone(source)) {
        Err(findings) => findings,
        Ok(document) => match plan::resolve(&document) {
            Err(findings) => findings,
            Ok(resolved) => {
                let mut findings = resolved.warnings;
                findings.extend(poolroll::graph::check(&resolved.plan, document.body()));
                findings.sorted()
            }
        },
    }
}

fn case_files() -> Vec<String> {
    let entries = fs::read_dir(golden::at("tests/cases")).expect("tests/cases can be listed");
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    names.sort();
    names
}

#[test]
fn every_case_earns_its_finding_and_reads_well() {
    let mut faults = Vec::new();
    for name in case_files() {
        let path = golden::at("tests/cases").join(&name);
        let bytes = fs::read(&path).expect("a case can be read");
        let code = name.split('.').next().unwrap_or_default();
        let (findings, text) = match Source::from_bytes(name.clone(), &bytes) {
            Ok(source) => {
                let source = Arc::new(source);
                let findings = findings_of(&source);
                let text = render(&source, &findings);
                (findings, text)
            }
            Err(finding) => {
                let findings = Findings::from(finding);
                (findings.clone(), render(&Source::from_text(name.clone(), ""), &findings))
            }
        };
        if !findings.iter().any(|finding| finding.code().name() == code) {
            faults.push(format!("{name} does not earn `{code}`:\n{text}"));
        }
        faults.extend(golden::compare(&path.with_extension("txt"), &text).err());
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn every_code_has_a_case() {
    let cases: BTreeSet<_> =
        case_files().iter().filter_map(|name| Some(name.split('.').next()?.to_owned())).collect();
    let missing: Vec<_> = Code::ALL
        .iter()
        .filter(|code| !WITHOUT_CASE.iter().any(|(without, _)| without == *code))
        .map(|code| code.name())
        .filter(|code| !cases.contains(*code))
        .collect();
    assert!(missing.is_empty(), "without a case: {}", missing.join(", "));
    let unknown: Vec<_> =
        cases.iter().filter(|case| !Code::ALL.iter().any(|code| code.name() == *case)).collect();
    assert!(unknown.is_empty(), "cases of codes that do not exist: {unknown:?}");
}

#[test]
fn every_golden_has_its_case() {
    let entries = fs::read_dir(golden::at("tests/cases")).expect("tests/cases can be listed");
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        assert!(path.with_extension("yaml").exists(), "{} has no case", path.display());
    }
}

/// A generic plan of `front_ends` in domains of `size`.
fn large(front_ends: usize, size: usize) -> Arc<Source> {
    use std::fmt::Write as _;
    let mut text = String::from(
        "kind: plan\nversion: 1\nname: large\nproduct: generic\npool:\n  fqdn: pool\n  minimum_active: 1\n  upgrade_domains:\n",
    );
    for index in 0..front_ends {
        if index % size == 0 {
            let _ = writeln!(text, "  - name: UD{}\n    front_ends:", index / size);
        }
        let _ = writeln!(text, "    - fe{index:05}.contoso.com");
    }
    text.push_str("upgrade:\n  version: '2'\n  actions:\n  - program: update\n");
    Arc::new(Source::from_text("large.yaml", text))
}

#[test]
fn more_front_ends_than_ids() {
    let findings = findings_of(&large(20_001, 100));
    let codes: Vec<_> = findings.iter().map(|finding| finding.code()).collect();
    assert_eq!(codes, [Code::TooManyFrontEnds], "{}", render(&large(20_001, 100), &findings));
    assert!(findings_of(&large(20_000, 100)).is_empty());
}

/// A plan of `front_ends`, one a domain, that leaves everything to the defaults.
fn plain(product: &str, front_ends: usize) -> Arc<Source> {
    use std::fmt::Write as _;
    let fqdns: Vec<_> = (1..=front_ends).map(|index| format!("fe{index:02}.contoso.com")).collect();
    let order = fqdns.join(", ");
    let mut text = format!(
        "kind: plan\nversion: 1\nname: plain\nproduct: {product}\npool:\n  fqdn: pool01.contoso.com\n  \
         start_order: [{order}]\n  upgrade_domains:\n"
    );
    for (index, fqdn) in fqdns.iter().enumerate() {
        let _ = writeln!(text, "  - {{ name: UD{index}, front_ends: [{fqdn}] }}");
    }
    text.push_str("upgrade:\n  version: '2'\n  actions:\n  - program: update.exe\n");
    Arc::new(Source::from_text("plain.yaml", text))
}

#[test]
fn sound_plans_earn_nothing() {
    for (product, least, most) in [
        ("lync_server_2013", 3, 12),
        ("skype_for_business_2015", 3, 12),
        ("skype_for_business_2019", 3, 16),
        ("skype_for_business_se", 3, 16),
    ] {
        for front_ends in least..=most {
            let source = plain(product, front_ends);
            let findings = findings_of(&source);
            assert!(findings.is_empty(), "{product}, {front_ends}:\n{}", render(&source, &findings));
        }
        assert!(findings_of(&plain(product, most + 1)).has_errors(), "{product}, {}", most + 1);
        assert!(!findings_of(&plain(product, least - 1)).is_empty(), "{product}, {}", least - 1);
    }
}

#[test]
fn plans_to_learn_from_earn_nothing() {
    let entries = fs::read_dir(golden::at("plans")).expect("plans can be listed");
    let plans = entries.filter_map(|entry| Some(entry.ok()?.path()));
    for path in plans.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")) {
        let bytes = fs::read(&path).expect("a plan can be read");
        let source = Source::from_bytes(path.display().to_string(), &bytes).expect("a plan is text");
        let source = Arc::new(source);
        let findings = findings_of(&source);
        assert!(findings.is_empty(), "{}", render(&source, &findings));
    }
}

#[test]
fn warnings_alone_leave_a_plan() {
    for name in case_files() {
        let Ok(text) = fs::read_to_string(golden::at("tests/cases").join(&name)) else { continue };
        let code = name.split('.').next().unwrap_or_default();
        let Some(code) = Code::ALL.iter().find(|known| known.name() == code) else { continue };
        if code.severity() == Severity::Warning {
            let findings = findings_of(&Arc::new(Source::from_text(name.clone(), text)));
            assert!(!findings.has_errors(), "{name} shows a warning and has errors beside it");
        }
    }
}
