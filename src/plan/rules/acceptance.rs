//! Acceptance: services and ports that can be asked for.

use std::collections::BTreeMap;

use super::{Names, names};
use crate::document::{Code, Finding, Findings, Span};
use crate::plan::written::PlanText;

/// A list of services names some, each once.
pub(super) fn services(text: &PlanText, _: &Names, findings: &mut Findings) {
    let Some(services) = &text.acceptance.services else { return };
    if services.is_empty() {
        findings.push(
            Finding::new(
                Code::ServicesEmpty,
                "`acceptance.services` is an empty list, which would accept a front end that runs nothing",
                "list the services that must run, or remove it: then every service must",
            )
            .at(services.span(), "no service"),
        );
    }
    let mut first: BTreeMap<String, Span> = BTreeMap::new();
    for service in services.iter() {
        names::label_form(service, "a service", findings);
        if let Some(first) = first.insert(service.to_ascii_lowercase(), service.span()) {
            findings.push(
                Finding::new(
                    Code::ServiceRepeated,
                    format!("`acceptance.services` lists `{}` twice", service.escape_debug()),
                    "remove one of the two",
                )
                .at(service.span(), "the second")
                .at(first, "the first"),
            );
        }
    }
}

/// A list of ports names ports, each once.
pub(super) fn ports(text: &PlanText, _: &Names, findings: &mut Findings) {
    let mut first: BTreeMap<u16, Span> = BTreeMap::new();
    for port in &text.acceptance.ports {
        if **port == 0 {
            findings.push(
                Finding::new(
                    Code::PortZero,
                    "`acceptance.ports` lists port 0, which takes no connection",
                    "write 1 to 65535",
                )
                .at(port.span(), "no port"),
            );
        }
        if let Some(first) = first.insert(**port, port.span()) {
            findings.push(
                Finding::new(
                    Code::PortRepeated,
                    format!("`acceptance.ports` lists port {} twice", **port),
                    "remove one of the two",
                )
                .at(port.span(), "the second")
                .at(first, "the first"),
            );
        }
    }
}
