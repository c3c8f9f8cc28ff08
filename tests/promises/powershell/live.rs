//! A plan is written from a live pool, and held against it.

use serde_json::json;

use super::{Bed, Product, file, has, said};

fn discover(bed: &Bed, product: Product) -> std::process::Output {
    let ssh = file("ssh");
    let args = [
        "discover",
        "--pool",
        "pool01.contoso.com",
        "--product",
        product.name(),
        "--engine",
        "pwsh",
        "--ssh",
        &ssh,
    ];
    bed.poolroll(&args).output().unwrap()
}

#[test]
fn a_plan_is_written_from_a_live_pool_and_matches_it() {
    if !has("pwsh", "a_plan_is_written_from_a_live_pool_and_matches_it") {
        return;
    }
    for product in [Product::Lync, Product::Skype] {
        let bed = Bed::new(product);
        let output = discover(&bed, product);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let text = std::fs::read_to_string(bed.path("plan.yaml")).unwrap();
        for line in [
            "    - name: UD2\n      front_ends:\n        - fe02.contoso.com\n",
            "  start_order:\n    - fe01.contoso.com\n    - fe02.contoso.com\n    - fe03.contoso.com\n",
            "  partner: pool02.contoso.com\n",
            &format!("  # 3 front ends have {} now.\n", product.old_version()),
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        // It is not replaced unless somebody says so.
        assert_eq!(discover(&bed, product).status.code(), Some(6));
        let output = bed.poolroll(&["check", "plan.yaml"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(said(&output).contains("the plan matches the live pool"), "{}", said(&output));
        assert_eq!(bed.calls(), [""; 0]);
    }
}

#[test]
fn what_differs_from_a_live_pool_is_a_finding_at_its_place() {
    if !has("pwsh", "what_differs_from_a_live_pool_is_a_finding_at_its_place") {
        return;
    }
    let bed = Bed::new(Product::Lync);
    bed.plan(
        Product::Lync,
        "failover: { partner: pool02.contoso.com }\nmaintenance_window: { time_zone: UTC, start: 2020-01-01T00:00, end: 2020-01-02T00:00 }\n",
    );
    bed.change(|state| {
        state["front_ends"][0]["domain"] = json!("UD9");
        state["front_ends"][2]["fqdn"] = json!("fe04.contoso.com");
        state["front_ends"][1]["services"] = json!("partly");
        state["partner_export"] = json!("ErrorState");
    });
    let output = bed.poolroll(&["check", "plan.yaml", "--format", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(7), "{}", said(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let found: Vec<&str> = json["files"][0]["findings"]
        .as_array()
        .unwrap_or_else(|| panic!("{json}"))
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    for code in [
        "live-front-end-missing",
        "live-front-end-unlisted",
        "live-domain-differs",
        "live-inactive",
        "live-unanswered",
        "live-not-ready",
        "live-partner",
        "window-over",
    ] {
        assert!(found.contains(&code), "{code} is not among {found:?}\n{}", said(&output));
    }
    assert_eq!(bed.calls(), [""; 0]);
}

#[test]
fn a_pool_that_cannot_be_asked_is_not_discovered() {
    let bed = Bed { dir: tempfile::tempdir().unwrap() };
    let args = [
        "discover",
        "--pool",
        "pool01.contoso.com",
        "--product",
        "lync_server_2013",
        "--engine",
        "/nowhere/pwsh",
    ];
    let output = bed.poolroll(&args).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("`/nowhere/pwsh` cannot be started"), "{}", said(&output));
    assert!(!bed.path("plan.yaml").exists());
}

#[test]
fn what_would_run_can_be_read_before_it_does() {
    let bed = Bed { dir: tempfile::tempdir().unwrap() };
    bed.plan(Product::Lync, "failover: { partner: pool02.contoso.com }\n");
    let shown = said(&bed.poolroll(&["plan", "plan.yaml", "--show-scripts"]).output().unwrap());
    // Every script, whole, and what it is given.
    for name in [
        "bootstrap",
        "front_end",
        "readiness",
        "stop_services",
        "perform",
        "keeper",
        "restart",
        "start_services",
        "partner",
        "pool_failover",
    ] {
        let path = crate::golden::at("src/pool/powershell/scripts").join(format!("{name}.ps1"));
        assert!(shown.contains(&std::fs::read_to_string(path).unwrap()), "{name} is not shown");
    }
    assert!(
        shown.contains(r#"# arguments: {"module":"Lync","pool":"pool01.contoso.com","back":false"#),
        "{shown}"
    );
    // What this plan never calls is left out.
    assert!(!shown.contains("Invoke-CsComputerFailOver"));
    let quick = crate::golden::at("tests/quick.yaml").display().to_string();
    let output = bed.poolroll(&["plan", &quick, "--show-scripts"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
