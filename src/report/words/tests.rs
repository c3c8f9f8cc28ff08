//! The words, held against runs that were really folded: what somebody reads is what the machine is in.

use super::super::hand::{Hand, PARTNER, PLAN, well};
use super::super::narrator::Narrator;
use super::place::{self, Standing};
use super::trouble::troubles;
use crate::exec::record::Act;
use crate::plan::{Answer, Facts, FrontEndId, Observation, Problem, Readiness, Seen as Found, VersionSeen};
use crate::run::tests::helps;
use crate::run::{Event, Want};

#[test]
fn busy_says_when_it_is_asked_again_and_what_a_third_one_means() {
    let mut hand = Hand::of(&format!("{PLAN}{PARTNER}"));
    hand.go_until("ready/UD1");
    assert_eq!(
        hand.waits(),
        [
            "ready/UD1: asking the pool whether UD1 may be taken; an answer may take 15m; a third Busy in a row means \
          trouble: failover to pool02.contoso.com after approval"
        ]
    );
    hand.answer("ready/UD1", Answer::Readiness(Readiness::Busy));
    hand.pass(2);
    assert_eq!(
        hand.waits(),
        ["ready/UD1: Busy 1 of 3; asked again in 8m; a third Busy in a row means trouble: failover to \
          pool02.contoso.com after approval"]
    );
}

#[test]
fn an_answer_that_does_not_help_never_threatens_a_failover() {
    let mut hand = Hand::of(&format!("{PLAN}{PARTNER}"));
    hand.go_until("ready/UD1");
    hand.answer("ready/UD1", Answer::Readiness(Readiness::Unanswered));
    assert_eq!(
        hand.waits(),
        [
            "ready/UD1: the pool did not answer, or is ready and UD1 is not, 1 of 3; asked again in 10m; after 3 \
          answers that do not help the run stops for a person; this never leads to a failover"
        ]
    );
}

#[test]
fn trouble_asks_for_the_approval_of_a_failover() {
    let mut hand = Hand::of(&format!("{PLAN}{PARTNER}"));
    hand.go_until("ready/UD1");
    hand.answer("ready/UD1", Answer::Readiness(Readiness::InsufficientActiveFrontEnds));
    hand.go(well);
    assert_eq!(
        hand.waits(),
        [
            "approve/fail_over: the pool is in trouble; waits for a person to let it fail over to pool02.contoso.com; \
          `poolroll approve R a1b2c3` lets it go on; the pool goes on serving as it is meanwhile"
        ]
    );
    assert_eq!(hand.seen(|seen| place::commands(seen, true))[0], "poolroll approve R a1b2c3");
    assert_eq!(hand.seen(place::served), None);
}

/// Whoever was asked was asked on a terminal that may be gone.
#[test]
fn who_is_asked_is_asked_again_when_a_run_is_taken_up() {
    let mut hand = Hand::of(&format!("{PLAN}approvals: [{{ before: UD1 }}]\n"));
    hand.go_until("approve/before/UD1");
    let mut narrator = Narrator::new(&hand.graph, &hand.run);
    hand.apply(&Event::Resumed);
    let line = hand.seen(|seen| narrator.tell(seen, &Event::Resumed, &Facts::default()));
    assert_eq!(
        line.unwrap(),
        "taken up: before UD1 (1 of 4): waits for a person; approve/before/UD1: waits for a person before UD1 is taken; \
          `poolroll approve R a1b2c3` lets it go on; nothing is out meanwhile"
    );
}

#[test]
fn a_drain_says_how_long_it_may_take_and_what_follows() {
    let mut hand = Hand::of(PLAN);
    hand.go_until("stop/fe01.contoso.com");
    hand.pass(12);
    assert_eq!(
        hand.waits(),
        [
            "stop/fe01.contoso.com: draining, sessions may end by themselves; at most 48m more; then it is looked at, \
          and if it still drains the run stops for a person"
        ]
    );
    assert_eq!(hand.seen(place::headline), "in UD1 (1 of 4): 0 of 1 front ends done, fe01 out");
    assert_eq!(hand.seen(place::next), ["the pool settles after UD1", "UD2: fe02", "UD3: fe03", "UD4: fe04"]);
}

#[test]
fn a_pause_says_what_comes_back_first() {
    let mut hand = Hand::of(PLAN);
    assert_eq!(hand.seen(place::pausing), "nothing is out, so at once");
    hand.go_until("upgrade/fe01.contoso.com/1");
    hand.apply(&Event::Pause);
    assert_eq!(hand.seen(place::pausing), "fe01 comes back into service first, about 20m");
    hand.pass(3);
    assert_eq!(hand.seen(place::pausing), "fe01 comes back into service first, about 17m");
    assert_eq!(
        hand.seen(place::headline),
        "pausing (somebody asked for it), fe01 is brought back first; in UD1 (1 of 4): 0 of 1 front ends done, fe01 out"
    );
}

/// Nobody takes a pause that poolroll asked for by itself for that of a colleague.
#[test]
fn a_pause_says_who_asked_for_it_and_why() {
    let mut hand = Hand::of(PLAN);
    hand.apply(&Event::Pause);
    let asked = |who: &str, reason: Option<&str>| Act { who: who.into(), reason: reason.map(Into::into) };
    hand.asked = Some(asked("ann", None));
    assert!(hand.seen(place::headline).starts_with("pausing (ann asked for it), nothing is out;"));
    hand.asked = Some(asked("poolroll", Some("the disk is full")));
    hand.go(|_, _| None);
    let headline = hand.seen(place::headline);
    let because = "paused at a safe place: poolroll asked for it: the disk is full; ";
    assert!(headline.starts_with(because), "{headline}");
}

#[test]
fn a_try_that_failed_says_whether_another_follows() {
    let mut hand = Hand::of(PLAN);
    hand.go_until("restart/fe01.contoso.com");
    hand.answer("restart/fe01.contoso.com", Answer::Ensured(Err(Problem::Transient)));
    assert_eq!(
        hand.waits(),
        [
            "restart/fe01.contoso.com: try 1 of 2 failed; looked at in 1m; if it did not take place it is tried once more"
        ]
    );
    hand.elapse(crate::run::TimerKind::BackOff);
    hand.answer("restart/fe01.contoso.com", Answer::Looked(Observation::NotDone));
    hand.go_until("restart/fe01.contoso.com");
    assert_eq!(
        hand.waits(),
        [
            "restart/fe01.contoso.com: restarting the computer, try 2 of 2; at most 30m; then it is looked at, and \
          if it did not take place the run stops for a person"
        ]
    );
}

#[test]
fn a_soak_counts_down_and_says_when_it_began_again() {
    let mut hand = Hand::of(PLAN);
    hand.go_until("settle/UD1");
    hand.answer("settle/UD1", Answer::Readiness(Readiness::Ready { domain: true, inactive: Vec::new() }));
    hand.pass(7);
    assert_eq!(
        hand.waits(),
        [
            "settle/UD1: the pool is ready again; must stay so for 13m more of 20m; if it does not, that begins again, 3 \
          times at most"
        ]
    );
    hand.elapse(crate::run::TimerKind::Rest);
    hand.answer("settle/UD1", Answer::Readiness(Readiness::Busy));
    assert_eq!(
        hand.waits(),
        [
            "settle/UD1: the pool is not ready yet (lost again, 1 of 3 times); asked again in 1m; at most 2h, then \
          the run stops for a person"
        ]
    );
}

#[test]
fn a_failed_upgrade_says_what_can_be_typed() {
    let mut hand = Hand::of(PLAN);
    hand.go_until("upgrade/fe01.contoso.com/1");
    hand.answer("upgrade/fe01.contoso.com/1", Answer::Ensured(Err(Problem::Permanent)));
    hand.go(well);
    let troubles = hand.seen(troubles);
    assert_eq!(troubles.len(), 1);
    assert_eq!(troubles[0].step, "upgrade/fe01.contoso.com/1");
    let commands: Vec<&str> = troubles[0].choices.iter().map(|choice| choice.command.as_str()).collect();
    assert_eq!(
        commands,
        [
            "poolroll resume R --retry upgrade/fe01.contoso.com/1 --reason TEXT",
            "poolroll resume R --skip fe01.contoso.com --reason TEXT"
        ]
    );
    assert_eq!(hand.seen(|seen| place::standing(seen, FrontEndId(0))), Standing::Trouble);
    assert_eq!(hand.seen(|seen| place::standing(seen, FrontEndId(1))), Standing::Waiting);
    assert!(hand.seen(place::headline).starts_with("stopped: it needs a person; "));
}

#[test]
fn what_is_in_doubt_is_resolved_before_it_can_be_skipped() {
    let mut hand = Hand::of(PLAN);
    hand.go_until("upgrade/fe01.contoso.com/1");
    hand.answer("upgrade/fe01.contoso.com/1", Answer::Ensured(Err(Problem::Unknown)));
    for look in 1..=5 {
        hand.answer("upgrade/fe01.contoso.com/1", Answer::Looked(Observation::Unknown));
        if look < 5 {
            assert_eq!(
                hand.waits(),
                [format!(
                    "upgrade/fe01.contoso.com/1: {look} of 5 looks did not settle it; looked at again in 1m; after 5 such \
                     looks the run stops for a person"
                )]
            );
            hand.elapse(crate::run::TimerKind::LookAgain);
        }
    }
    hand.go(well);
    let troubles = hand.seen(troubles);
    assert!(troubles[0].choices[0].command.contains("--resolve upgrade/fe01.contoso.com/1=done"));
    assert!(troubles[0].choices.iter().all(|choice| !choice.command.contains("--skip")), "{troubles:?}");
}

#[test]
fn a_pool_that_has_settled_is_not_said_to_settle_and_who_is_asked_next_is_said() {
    let mut hand = Hand::of(&format!("{PLAN}approvals: [{{ after: UD1 }}, {{ before: UD3 }}]\n"));
    let settle = hand.graph.find("settle/UD1").unwrap();
    hand.go(|_, want| (want.step() != settle && !matches!(want, Want::Approval { .. })).then(|| helps(want)));
    let others = ["UD2: fe02", "UD3: fe03 (a person is asked before)", "UD4: fe04"];
    assert_eq!(hand.seen(place::phase), "after UD1 (1 of 4): the pool settles");
    assert_eq!(hand.seen(place::next)[0], "a person is asked after UD1");
    assert_eq!(hand.seen(place::next)[1..], others);
    hand.go(|_, want| (!matches!(want, Want::Approval { .. })).then(|| helps(want)));
    assert_eq!(hand.seen(place::phase), "after UD1 (1 of 4): the pool has settled");
    assert_eq!(hand.seen(place::next), others);
}

#[test]
fn who_is_asked_before_a_failover_and_before_failing_back_is_said() {
    let mut hand = Hand::of(&format!(
        "{PLAN}failover: {{ partner: pool02.contoso.com, when: always, start: approval, fail_back: approval }}\n"
    ));
    let fails_over = "fail over to pool02.contoso.com (a person is asked before)";
    assert_eq!(hand.seen(place::next), [fails_over]);
    hand.go(|_, want| (!matches!(want, Want::Approval { .. })).then(|| helps(want)));
    let follows = |first: &str| {
        [
            first.to_owned(),
            "upgrade what is not upgraded yet".to_owned(),
            "fail back from pool02.contoso.com (a person is asked before)".to_owned(),
            "start and accept all front ends".to_owned(),
            "the pool settles".to_owned(),
        ]
    };
    assert_eq!(hand.seen(place::next), follows("fail over to pool02.contoso.com"));
    let step = hand.graph.find("approve/fail_over").unwrap();
    hand.apply(&Event::Approved { step });
    hand.go(|_, want| (!matches!(want, Want::Approval { .. })).then(|| helps(want)));
    assert_eq!(
        hand.seen(place::next),
        ["fail back from pool02.contoso.com", "start and accept all front ends", "the pool settles"]
    );
}

/// One that had the version already, and was down, is told by the step that is ahead of it, not by those that it never needed.
#[test]
fn who_is_left_out_is_told_by_the_step_that_it_has_come_to() {
    let mut hand = Hand::of(PLAN);
    let [seen, start] =
        ["preflight/fe01.contoso.com", "start/fe01.contoso.com"].map(|name| hand.graph.find(name).unwrap());
    let planned = Answer::Seen(Found { version: VersionSeen::Planned, active: false });
    hand.go(|graph, want| match want {
        Want::Ask { step, .. } if step == seen => Some(Event::Answered { step, answer: planned.clone() }),
        want if want.step() == start => None,
        want => well(graph, want),
    });
    assert_eq!(
        hand.seen(place::left_behind)[0],
        "fe01.contoso.com is left out of service, before `start/fe01.contoso.com`"
    );
    hand.answer("start/fe01.contoso.com", Answer::Ensured(Err(Problem::Permanent)));
    hand.answer("start/fe01.contoso.com", Answer::Looked(Observation::NotDone));
    assert!(hand.run.stuck().eq([start]), "{:?}", hand.run.state(start));
    assert_eq!(
        hand.seen(place::left_behind),
        ["fe01.contoso.com is left out of service, at `start/fe01.contoso.com`"]
    );
}

/// Who is left out is not upgraded, and while the partner serves nobody is brought back.
#[test]
fn while_the_partner_serves_nobody_is_said_to_be_upgraded_or_brought_back_who_is_not() {
    let mut hand = Hand::of(&format!(
        "{PLAN}failover: {{ partner: pool02.contoso.com, when: always, start: automatic, fail_back: approval }}\n"
    ));
    hand.go_until("upgrade/fe03.contoso.com/1");
    let before = hand.run.clone();
    let mut narrator = Narrator::new(&hand.graph, &before);
    hand.answer("upgrade/fe03.contoso.com/1", Answer::Ensured(Err(Problem::Permanent)));
    while let Some(event) = hand.run.decide(&hand.graph) {
        hand.apply(&event);
        if let Some(line) = hand.seen(|seen| narrator.tell(seen, &event, &Facts::default())) {
            assert!(!line.contains("brought back"), "{line}");
        }
    }
    let headline = hand.seen(place::headline);
    assert!(
        headline.starts_with("stopped: it needs a person; failed over to pool02.contoso.com: 2 of 4"),
        "{headline}"
    );
    let front_end = FrontEndId(2);
    hand.apply(&Event::Resumed);
    hand.apply(&Event::Skip { front_end });
    hand.go(well);
    assert!(
        hand.waits()[0].contains("all front ends are upgraded but fe03, left out;"),
        "{:?}",
        hand.waits()
    );
    let headline = "failed over to pool02.contoso.com: 3 of 4 front ends upgraded, fe03 left out";
    assert_eq!(hand.seen(place::headline), headline);
}

/// Who is done may be left out of the rest: it serves. In a run that has ended nobody looks or waits.
#[test]
fn how_a_front_end_stands_when_a_run_has_ended_is_what_is_known_of_it() {
    let mut hand = Hand::of(PLAN);
    let upgrade = hand.graph.find("upgrade/fe02.contoso.com/1").unwrap();
    hand.go(|_, want| {
        let waits = matches!(want, Want::Ensure { step, .. } if step == upgrade);
        (!waits && want.step() != upgrade || matches!(want, Want::Ask { .. })).then(|| helps(want))
    });
    hand.apply(&Event::Skip { front_end: FrontEndId(0) });
    assert_eq!(hand.seen(|seen| place::standing(seen, FrontEndId(0))), Standing::Done);
    assert_eq!(hand.seen(place::left_out), []);
    hand.apply(&Event::Abort);
    hand.go(|_, _| None);
    let detail = hand.seen(|seen| place::at(seen, FrontEndId(1))).unwrap();
    assert_eq!(detail.now, "upgrade: begun, and nobody knows what became of it");
    let next = hand.seen(place::next);
    assert_eq!(next[0], "fe02 is looked at and comes back first", "{next:?}");
}

/// The reason of a wait is told once, and again when it is another.
#[test]
fn why_what_is_watched_is_not_good_is_told() {
    let mut hand = Hand::of(PLAN);
    hand.go_until("settle/UD1");
    let mut narrator = Narrator::new(&hand.graph, &hand.run);
    let step = hand.graph.find("settle/UD1").unwrap();
    let mut tell = |inactive: &[u16]| {
        while !hand.wanted().iter().any(|want| matches!(want, Want::Ask { step: of, .. } if of == step)) {
            hand.elapse(crate::run::TimerKind::Rest);
        }
        let inactive = inactive.iter().copied().map(FrontEndId).collect();
        let answer = Answer::Readiness(Readiness::Ready { domain: true, inactive });
        let event = Event::Answered { step, answer };
        hand.apply(&event);
        hand.seen(|seen| narrator.tell(seen, &event, &Facts::default()))
    };
    let told = |names: &str| Some(format!("settle/UD1: the pool is not ready yet: {names} not active"));
    assert_eq!(tell(&[0]), told("fe01 is"));
    assert_eq!(tell(&[0]), None);
    assert_eq!(tell(&[0, 2]), told("fe01 and fe03 are"));
}
