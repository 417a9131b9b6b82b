//! The agent: owns the object `certkeeper`, answers calls by certkeeper's own commands, tells what
//! changes, and starts `renew` when something is due. It waits in one place and for everything at
//! once; nothing else here waits.

mod args;
mod child;
mod command;
mod hooks;
mod job;
mod jobs;
mod link;
mod methods;
mod reads;
mod reply;
mod watch;

pub use methods::{Access, METHODS, Method};

use super::blob::Table;
use super::client::Client;
use super::connection::{self, timeout};
use super::message::{Call, Message};
use crate::types::{Clock, Paths};
use args::{Args, Refusal};
use child::Program;
use command::Command;
use jobs::Jobs;
use link::Link;
use methods::{STATUS, Work};
use nix::poll::{PollFd, PollFlags, poll};
use reads::Reads;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use watch::Watch;

/// The object's name, and that of its events.
pub const NAME: &str = "certkeeper";

/// The clock may be set meanwhile, so nobody sleeps longer.
const LOOK_AGAIN: Duration = Duration::from_secs(3600);
/// How long work that was asked to end is waited for when the agent ends.
const LAST_WAIT: Duration = Duration::from_secs(20);

/// `UBUS_STATUS_…`
const INVALID_ARGUMENT: u32 = 2;
const METHOD_NOT_FOUND: u32 = 3;

/// What the agent is given.
pub struct Setup<'a> {
    /// Where everything lies.
    pub paths: &'a Paths,
    /// The root that its commands get.
    pub root: PathBuf,
    /// The program that its commands are.
    pub program: PathBuf,
    /// ubusd's socket.
    pub socket: PathBuf,
    /// Tells the time, and when to end.
    pub clock: &'a dyn Clock,
    /// Readable when a signal came: to end, or that a child has ended.
    pub signals: UnixStream,
    /// Where messages go.
    pub tell: &'a dyn Fn(&str),
}

/// The agent at work.
struct Agent<'a> {
    setup: Setup<'a>,
    program: Program,
    link: Link,
    watch: Watch<'a>,
    jobs: Jobs,
    reads: Reads,
    /// When the agent last began a run by itself.
    began: i64,
}

/// Works until it is asked to end.
pub fn run(setup: Setup<'_>) -> io::Result<()> {
    setup.signals.set_nonblocking(true)?;
    let mut agent = Agent {
        program: Program {
            file: setup.program.clone(),
            root: setup.root.clone(),
        },
        link: Link::new(),
        watch: Watch::new(setup.paths)?,
        jobs: Jobs::new(setup.clock.now()),
        reads: Reads::default(),
        began: 0,
        setup,
    };
    while agent.setup.clock.go_on().is_ok() {
        agent.turn();
        agent.wait(Instant::now() + LOOK_AGAIN);
    }
    agent.end();
    Ok(())
}

impl Agent<'_> {
    /// Does what can be done without waiting.
    fn turn(&mut self) {
        self.link.connect(&self.setup.socket, self.setup.tell);
        while let Some(message) = self.hear() {
            self.take(&message);
        }
        let mut news = Vec::new();
        self.watch.turn(&mut |table| news.push(("state", table)));
        self.renew_what_is_due();
        self.jobs
            .turn(&self.program, &mut |table| news.push(("job", table)));
        self.tell(news);
        for answered in self.reads.turn(&self.program) {
            let mut outcome = answered.outcome;
            if let Ok(document) = &mut outcome
                && answered.command == Command::new(STATUS)
            {
                // A page that is opened while work waits shows it.
                document.push(self.jobs.list());
            }
            let fitting = outcome.and_then(reply::fitting);
            let table = fitting.unwrap_or_else(|refusal| refusal.table());
            for call in answered.calls {
                self.answer(&call, &table);
            }
        }
    }

    /// Waits for anything that asks for a turn, until `end` at the latest.
    fn wait(&mut self, mut end: Instant) {
        let now = Instant::now();
        if let Some(seconds) = self.due_in() {
            end = end.min(now + seconds);
        }
        end = self.reads.end().map_or(end, |at| end.min(at));
        end = self.jobs.again().map_or(end, |at| end.min(at));
        end = self.link.again().map_or(end, |at| end.min(at));
        let wait = timeout(end.saturating_duration_since(now));
        let mut fds = vec![
            PollFd::new(self.setup.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.watch.as_fd(), PollFlags::POLLIN),
        ];
        fds.extend(self.link.poll_fd());
        let children = self.jobs.ends().chain(self.reads.ends());
        fds.extend(children.map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        let _ = poll(&mut fds, wait);
        // Signals are looked at by what they are about.
        let mut signals = &self.setup.signals;
        while signals.read(&mut [0; 64]).is_ok_and(|n| n > 0) {}
    }

    /// Does something with the connection, if there is one.
    fn with<T>(
        &mut self,
        what: impl FnOnce(&mut Client, u32) -> connection::Result<T>,
    ) -> Option<T> {
        let done = self.link.with(self.setup.tell, what);
        if done.is_none() {
            // Who called over a lost connection has another number now.
            self.reads.forget();
        }
        done
    }

    fn hear(&mut self) -> Option<Message> {
        self.with(|client, _| client.receive())?
    }

    fn answer(&mut self, call: &Call, table: &Table) {
        self.with(|client, _| client.answer(call, table));
    }

    /// Tells subscribers and listeners.
    fn tell(&mut self, news: Vec<(&str, Table)>) {
        for (what, table) in news {
            self.with(|client, object| {
                client.notify(object, what, &table)?;
                client.send_event(NAME, &table)
            });
        }
    }

    /// Takes a message: a call, or something that does not matter here.
    fn take(&mut self, message: &Message) {
        let Ok(fields) = message.fields() else {
            return;
        };
        let Some(call) = Call::of(message, &fields) else {
            return;
        };
        let method = fields.method.unwrap_or_default();
        let args = fields.data.unwrap_or_else(|| Ok(Table::new()));
        match (METHODS.iter().find(|m| m.name == method), args) {
            (Some(method), Ok(args)) => {
                if let Some(table) = self.call(method, &Args(&args), &call).transpose() {
                    self.answer(&call, &table.unwrap_or_else(|refusal| refusal.table()));
                }
            }
            (None, _) => drop(self.with(|client, _| client.end(&call, METHOD_NOT_FOUND))),
            (_, Err(_)) => drop(self.with(|client, _| client.end(&call, INVALID_ARGUMENT))),
        }
    }

    /// The answer to a call; `None`: it comes later.
    fn call(
        &mut self,
        method: &Method,
        args: &Args<'_>,
        call: &Call,
    ) -> Result<Option<Table>, Refusal> {
        let mut news = Vec::new();
        let answer = match method.work {
            Work::Ask(command) => {
                self.reads.ask(command(args)?, call.clone())?;
                None
            }
            Work::Start(command) => {
                let job = self.jobs.add(method.name, command(args)?)?;
                Some(vec![("job".to_owned(), i64::from(job).into())])
            }
            Work::Job => Some(self.jobs.show(args.number("job")?)?),
            Work::Cancel => {
                let number = args.number("job")?;
                let mut tell = |table| news.push(("job", table));
                Some(self.jobs.cancel(number, &mut tell)?)
            }
            Work::Hooks => Some(hooks::hooks(&self.setup.paths.hooks())),
        };
        self.tell(news);
        Ok(answer)
    }

    /// Seconds until something is due.
    fn due_in(&self) -> Option<Duration> {
        let due = self.watch.next(self.began)?;
        let left = due.saturating_sub(self.setup.clock.now().0);
        // A run that works now tells anew when the next is due.
        let free = !self.jobs.busy();
        free.then(|| Duration::from_secs(u64::try_from(left).unwrap_or_default()))
    }

    /// Starts a run when something is due.
    fn renew_what_is_due(&mut self) {
        if self.due_in().is_some_and(|left| left.is_zero()) {
            self.began = self.setup.clock.now().0;
            // The queue is empty, so that it takes one more.
            let _ = self.jobs.add("renew", Command::new("renew"));
        }
    }

    /// Has work taken back what it presented, and waits for that.
    fn end(&mut self) {
        self.reads.forget();
        let mut news = Vec::new();
        self.jobs.stop(&mut |table| news.push(("job", table)));
        self.tell(news);
        let end = Instant::now() + LAST_WAIT;
        while self.jobs.busy() && Instant::now() < end {
            self.turn();
            self.wait(end);
        }
    }
}
