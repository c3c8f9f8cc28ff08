//! Times as people read them: in the zone of the maintenance window, or in UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::graph::StepGraph;
use crate::plan::Window;

/// The zone in which a plan's times are shown.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone in which the plan was written, so that its times compare by eye with those of the plan.
    pub fn of(graph: &StepGraph) -> Zone {
        graph.plan().window().map_or(Zone(TimeZone::UTC), Zone::of_window)
    }

    pub fn of_window(window: &Window) -> Zone {
        Zone(window.time_zone())
    }

    /// RFC 3339 to the second, with the offset: `2026-12-05T22:00:00+01:00`.
    pub fn full(&self, at: Timestamp) -> String {
        // Not rounded: beside the time of day of the same moment it must be the same second.
        let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
        at.display_with_offset(self.0.to_offset(at)).to_string()
    }

    /// The day, for a line above lines that say the time alone: `2026-12-05`.
    pub fn day(&self, at: Timestamp) -> String {
        self.0.to_datetime(at).date().to_string()
    }

    /// The time of day, for lines below one that says the date: `22:00:03`.
    pub fn clock(&self, at: Timestamp) -> String {
        self.0.to_datetime(at).strftime("%H:%M:%S").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_the_zone_of_the_window() {
        let at: Timestamp = "2026-12-05T21:00:03.4Z".parse().unwrap();
        let window = Window { start: at, end: at, zone: "Europe/Berlin".into() };
        let zone = Zone::of_window(&window);
        assert_eq!(zone.full(at), "2026-12-05T22:00:03+01:00");
        assert_eq!(zone.clock(at), "22:00:03");
    }
}
