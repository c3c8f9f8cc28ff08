//! How the pool of a run is reached: when it begins, and when it is taken up again.

use std::sync::Arc;

use jiff::Timestamp;

use super::LiveError;
use crate::exec::folder::RunFolder;
use crate::exec::record::Opened;
use crate::exec::{Clock, Pace};
use crate::graph::StepGraph;
use crate::pool::{Driver, SimulatedPool};
use crate::twin::{Fault, Setup};

/// How the embedded pool of a new run is made.
#[derive(Clone, Debug)]
pub struct SimulatedStart {
    pub setup: Setup,
    pub faults: Vec<Fault>,
    /// Seconds of the pool in one of ours.
    pub speed: u32,
    /// When its clock begins; the window's start lets a plan for next week be tried today.
    pub begins: Timestamp,
}

/// How the pool of a new run is reached.
#[derive(Clone, Debug)]
pub enum Start {
    /// An embedded pool.
    Simulated(SimulatedStart),
    /// The live one that the plan names, in the time of the wall clock.
    Live,
}

impl Start {
    /// The driver of a new run, and how its time passes.
    pub(super) fn driver(
        &self,
        graph: &StepGraph,
        folder: &RunFolder,
        wall: Timestamp,
    ) -> Result<(Pace, Driver), LiveError> {
        let plan = Arc::clone(graph.plan_arc());
        match self {
            Start::Simulated(start) => {
                let pace = Pace { origin: start.begins, wall, speed: start.speed };
                let mut pool = SimulatedPool::new(plan, &start.setup, &start.faults, start.begins)
                    .saved_to(folder.pool());
                pool.save(Clock::Wall(pace).now())?;
                Ok((pace, Driver::Simulated(Box::new(pool))))
            }
            Start::Live => {
                let driver = Driver::live(&plan, folder.id().as_str(), Some(folder.path()));
                let driver = driver.ok_or_else(|| LiveError::Driver {
                    run: folder.id().clone(),
                    driver: "live".to_owned(),
                })?;
                Ok((Pace::real(wall), driver))
            }
        }
    }
}

/// The driver with which a run was begun, and until when an embedded pool has lived.
pub(super) fn driver_of(
    graph: &StepGraph,
    opened: &Opened,
    folder: &RunFolder,
) -> Result<(Driver, Option<Timestamp>), LiveError> {
    let plan = Arc::clone(graph.plan_arc());
    match opened.driver.as_str() {
        "simulated" => {
            let pool = SimulatedPool::load(plan, &folder.pool())?;
            let lived_until = pool.lived_until();
            Ok((Driver::Simulated(Box::new(pool)), Some(lived_until)))
        }
        name => {
            let driver = Driver::live(&plan, folder.id().as_str(), Some(folder.path()));
            match driver.filter(|driver| driver.name() == name) {
                Some(driver) => Ok((driver, None)),
                None => Err(LiveError::Driver { run: folder.id().clone(), driver: name.to_owned() }),
            }
        }
    }
}
