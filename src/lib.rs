//! poolroll rolls an upgrade over a pool of servers, one upgrade domain at a time.
//!
//! A plan in YAML says what must become true. The program checks it, compiles it into a dependency graph of steps,
//! and runs the graph against the pool so that nobody who uses the pool notices.
//!
//! ```text
//! YAML text --read--> Document --resolve--> Plan --compile--> StepGraph
//!                                                                |
//!      journal --fold--> Run --decide / wanted--> effects --> driver --> the pool
//!         ^                                          |
//!         +------------- events <--------------------+           records --> Report
//! ```
//!
//! Each type proves more than the one before it, and can be had in no other way:
//!
//! | type | what holding one proves |
//! |---|---|
//! | [`Document`] | well-formed YAML of the strict subset that fits its JSON Schema; every key and value knows its span |
//! | [`Plan`] | names are resolved to ids, every rule of the plan holds |
//! | [`StepGraph`] | both routes are acyclic and ordered, what needs durations fits; stable ids; has a digest |
//! | [`Run`] | a legal history of events over one graph |
//!
//! # Layers
//!
//! ```text
//! document <- plan <- graph <- run <- exec <- cli <- main
//! twin: plan.   proof: graph, run, twin.   pool: plan, graph, twin.   exec: pool.   report: plan, graph, run.
//! ```
//!
//! Architecture invariant: `document`, `plan`, `graph`, `run`, `twin` and `proof` never touch files, the network, a
//! clock, the environment, randomness, the terminal or an asynchronous runtime. A test reads the paths that the code
//! names and holds this.
//!
//! Architecture invariant: there is one run machine. A live run, a resume, a rehearsal and a proof walk the same
//! `decide`, `wanted` and `apply`; recovery has no code of its own.

#[cfg(feature = "cli")]
pub mod cli;
pub mod document;
pub mod exec;
pub mod graph;
pub mod plan;
pub mod pool;
pub mod proof;
pub mod report;
pub mod run;
pub mod twin;

pub use document::Document;
pub use graph::StepGraph;
pub use plan::Plan;
pub use run::Run;
