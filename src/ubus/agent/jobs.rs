//! Work that takes longer than a call: commands that run one after the other.

use super::args::Refusal;
use super::child::Program;
use super::command::Command;
use super::job::{Job, Tell};
use crate::types::Timestamp;
use crate::ubus::blob::{Table, Value};
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::time::Instant;

/// Jobs that wait; more are refused.
const WAITING_MAX: usize = 32;
/// Ended jobs that are remembered, and the bytes of their documents.
const ENDED_MAX: usize = 16;
const DOCUMENTS_MAX: usize = 1024 * 1024;

/// Numbers of an agent that has ended mean nothing to the next one: each begins elsewhere.
const NUMBERS: i64 = 1_000_000_000;

/// The jobs, oldest first. One works at a time.
pub(super) struct Jobs {
    all: VecDeque<Job>,
    last: u32,
    /// The agent is about to end: nothing begins any more.
    closed: bool,
}

impl Jobs {
    pub fn new(now: Timestamp) -> Self {
        Self {
            all: VecDeque::new(),
            last: u32::try_from(now.0.rem_euclid(NUMBERS)).unwrap_or_default(),
            closed: false,
        }
    }

    /// Puts a command in the queue. The same wish twice is one job, as long as that goes on.
    pub fn add(&mut self, method: &'static str, command: Command) -> Result<u32, Refusal> {
        if self.closed {
            let text = "the agent is about to end";
            return Err(Refusal::new("busy", text, "ask again once it runs anew"));
        }
        if let Some(same) = self.all.iter().find(|j| j.takes_along(&command)) {
            return Ok(same.number);
        }
        let waiting = self.all.iter().filter(|j| j.waits()).count();
        if waiting >= WAITING_MAX {
            let text = format!("{waiting} jobs are waiting already");
            let remedy = "wait until some have ended, or cancel them";
            return Err(Refusal::new("busy", text, remedy));
        }
        self.last += 1;
        self.all.push_back(Job::new(self.last, method, command));
        Ok(self.last)
    }

    /// True while anything works or waits.
    pub fn busy(&self) -> bool {
        !self.all.iter().all(Job::has_ended)
    }

    /// Hears what works, and begins what waits.
    pub fn turn(&mut self, program: &Program, tell: Tell<'_>) {
        for job in self.all.iter_mut().filter(|j| j.works()) {
            job.hear(tell);
        }
        while let Some(job) = self.first() {
            if job.not_before().is_some_and(|at| at > Instant::now()) {
                break;
            }
            job.begin(program, tell);
        }
        self.forget();
    }

    /// The one that is to begin next, if nothing works.
    fn first(&mut self) -> Option<&mut Job> {
        let idle = !self.all.iter().any(Job::works);
        self.all.iter_mut().find(|j| idle && j.waits())
    }

    /// When the next one is to begin, if that is not as soon as another ends.
    pub fn again(&mut self) -> Option<Instant> {
        self.first()?.not_before()
    }

    /// What there is to be heard of.
    pub fn ends(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.all.iter().flat_map(Job::ends)
    }

    /// Asks a job to end: that one, or the one that works.
    pub fn cancel(&mut self, number: Option<u32>, tell: Tell<'_>) -> Result<Table, Refusal> {
        let working = self.all.iter().find(|j| j.works()).map(|j| j.number);
        let job = match number.or(working) {
            Some(number) => self.find(number)?,
            None => return Err(no_job("no job is at work".into())),
        };
        job.stop(tell);
        Ok(job.brief())
    }

    /// All that is known of a job; without a number, which jobs there are.
    pub fn show(&mut self, number: Option<u32>) -> Result<Table, Refusal> {
        match number {
            Some(number) => self.find(number)?.whole(),
            None => Ok(vec![self.list()]),
        }
    }

    /// Which jobs there are.
    pub fn list(&self) -> (String, Value) {
        let all = self.all.iter().map(|job| Value::Table(job.brief()));
        ("jobs".to_owned(), Value::Array(all.collect()))
    }

    fn find(&mut self, number: u32) -> Result<&mut Job, Refusal> {
        let job = self.all.iter_mut().find(|j| j.number == number);
        job.ok_or_else(|| no_job(format!("there is no job {number}")))
    }

    /// Asks what works to end, drops what waits, and takes nothing new.
    pub fn stop(&mut self, tell: Tell<'_>) {
        self.closed = true;
        for job in &mut self.all {
            job.stop(tell);
        }
    }

    /// Drops the oldest that have ended, but never the newest.
    fn forget(&mut self) {
        let ended = || self.all.iter().filter(|j| j.has_ended());
        let count = ended().count();
        let bytes: usize = ended().map(Job::kept).sum();
        if count > ENDED_MAX || (bytes > DOCUMENTS_MAX && count > 1) {
            let oldest = self.all.iter().position(Job::has_ended);
            oldest.map(|at| self.all.remove(at));
            self.forget();
        }
    }
}

fn no_job(text: String) -> Refusal {
    Refusal::new("no_job", text, "`ubus call certkeeper job` lists the jobs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ubus::blob::get;
    use std::path::PathBuf;
    use std::thread::sleep;
    use std::time::Duration;

    fn wish(section: &str) -> Command {
        Command::new("renew").section(Some(section))
    }

    /// A program in the place of certkeeper.
    fn program(file: &str) -> Program {
        Program {
            file: PathBuf::from(file),
            root: PathBuf::from("/"),
        }
    }

    fn state(jobs: &mut Jobs, number: u32) -> String {
        let job = jobs.show(Some(number)).expect("a job");
        match get(&job, "state") {
            Some(Value::String(word)) => word.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_same_wish_is_one_job_until_it_is_cancelled() {
        let mut jobs = Jobs::new(Timestamp(1_795_262_400));
        let web = jobs.add("renew", wish("web")).expect("a job");
        assert_eq!(jobs.add("renew", wish("web")), Ok(web));
        let mail = jobs.add("renew", wish("mail")).expect("a job");
        assert_ne!(web, mail);
        jobs.cancel(Some(web), &mut |_| {}).expect("a job");
        assert_ne!(jobs.add("renew", wish("web")), Ok(web));
        assert_eq!(state(&mut jobs, web), "cancelled");
    }

    #[test]
    fn a_flood_is_refused_and_ended_jobs_are_forgotten() {
        let mut jobs = Jobs::new(Timestamp(0));
        let many: Vec<u32> = (0..WAITING_MAX)
            .map(|n| jobs.add("renew", wish(&format!("s{n}"))).expect("a job"))
            .collect();
        assert_eq!(
            jobs.add("renew", wish("web")).expect_err("too many").code,
            "busy"
        );
        for number in &many {
            jobs.cancel(Some(*number), &mut |_| {}).expect("a job");
        }
        jobs.turn(&program("/bin/true"), &mut |_| {});
        assert!(jobs.show(Some(many[0])).is_err());
        assert!(jobs.show(many.last().copied()).is_ok());
        assert!(!jobs.busy());
    }

    #[test]
    fn nothing_begins_while_the_agent_ends() {
        let mut jobs = Jobs::new(Timestamp(0));
        let job = jobs.add("renew", wish("web")).expect("a job");
        jobs.stop(&mut |_| {});
        assert_eq!(state(&mut jobs, job), "cancelled");
        assert_eq!(
            jobs.add("renew", wish("web")).expect_err("closed").code,
            "busy"
        );
    }

    #[test]
    fn one_works_at_a_time() {
        let mut jobs = Jobs::new(Timestamp(0));
        let first = jobs.add("renew", wish("web")).expect("a job");
        let second = jobs.add("renew", wish("mail")).expect("a job");
        let mut told = 0;
        let mut tell = |_: Table| told += 1;
        jobs.turn(&program("/bin/cat"), &mut tell);
        assert_eq!(
            (state(&mut jobs, first), state(&mut jobs, second)),
            ("running".into(), "queued".into())
        );
        let end = Instant::now() + Duration::from_secs(20);
        while jobs.busy() && Instant::now() < end {
            jobs.turn(&program("/bin/cat"), &mut tell);
            sleep(Duration::from_millis(5));
        }
        // cat knows no option --root.
        assert_eq!(
            (state(&mut jobs, first), state(&mut jobs, second)),
            ("failed".into(), "failed".into())
        );
        assert_eq!(told, 4);
    }
}
