//! Every case that waits for half a minute, side by side. Tests begin in the order of their names:
//! this one first, and the others run while it waits.

use crate::ari;
use crate::breaks::{
    Break, faster_than_the_router, floods, frozen_after_a_failure, frozen_and_dripping,
};
use crate::lanes::{WAITING, each};
use crate::lost;

/// A case with its name.
type Job = (String, Box<dyn Fn() + Send + Sync>);

#[test]
fn no_wait_is_longer_than_a_call() {
    let plain = |name: &str, job: fn()| -> Job { (name.to_owned(), Box::new(job)) };
    let mut jobs = vec![
        plain("tickets faster than the router", faster_than_the_router),
        plain("frozen after a failure", frozen_after_a_failure),
        plain("frozen at questions", ari::frozen),
    ];
    let breaks = frozen_and_dripping().into_iter().chain(floods());
    let of_break = |b: Break| -> Job { (b.name(), Box::new(move || b.check())) };
    jobs.extend(breaks.map(of_break));
    for request in lost::WITHHELD {
        let name = format!("{request} withheld");
        jobs.push((name, Box::new(move || lost::is_withheld(request))));
    }
    each(&jobs, WAITING, |job| job.0.clone(), |job| job.1());
}
