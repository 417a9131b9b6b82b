//! A router with an agent: a root of its own, a bus, and a client to call with.

use crate::support::certkeeper::Certkeeper;
use crate::support::process::Running;
use crate::support::temp_root::TempRoot;
use crate::support::ubus::Bus;
use crate::support::wait_until;
use certkeeper::ubus::Client;
use certkeeper::ubus::blob::{Table, Value, get};
use std::time::{Duration, Instant};

/// No call takes longer; a busy machine may add a little.
pub const CALL_LIMIT: Duration = Duration::from_secs(5);
/// What ends at all ends within.
pub const LIMIT: Duration = Duration::from_secs(30);

/// What every configuration begins with. Nobody listens on port 1.
pub const OWN: &str = "\
config certkeeper 'global'
	option accept_tos '1'
	option local_ca '0'
	list dns_server '127.0.0.1:1'
config account 'own'
	option acme_server 'https://127.0.0.1:1/dir'
";

/// A section whose CA is not reached.
pub fn cert(name: &str) -> String {
    format!("config cert '{name}'\n\tlist domains '{name}.example.org'\n\toption account 'own'\n")
}

/// What is dropped first stands first: the agent ends while its bus and root are there.
pub struct Rig {
    pub client: Client,
    pub agent: Running,
    pub bus: Bus,
    pub temp: TempRoot,
}

impl Rig {
    /// With these sections, on a live bus where there is one.
    pub fn new(sections: &[&str]) -> Self {
        let temp = root(sections);
        let bus = Bus::start(&temp.path("var/run/ubus/ubus.sock"));
        Self::on(temp, bus, &[])
    }

    /// On the stand-in in any case.
    pub fn alone(sections: &[&str]) -> Self {
        let temp = root(sections);
        let bus = Bus::stand_in(&temp.path("var/run/ubus/ubus.sock"));
        Self::on(temp, bus, &[])
    }

    /// With variables in the agent's environment.
    pub fn on(temp: TempRoot, bus: Bus, env: &[(&str, &str)]) -> Self {
        let mut agent = Certkeeper::new(&temp, &["agent"]).limit(Duration::from_secs(600));
        agent = agent.env("UBUS_SOCKET", bus.socket().to_str().expect("a path"));
        for (name, value) in env {
            agent = agent.env(name, value);
        }
        let agent = agent.start();
        let mut client = Client::connect(bus.socket()).expect("a bus");
        let there = wait_until(LIMIT, || client.lookup("certkeeper").is_ok());
        assert!(there, "no agent");
        Self {
            client,
            agent,
            bus,
            temp,
        }
    }

    /// A call with arguments in JSON.
    #[track_caller]
    pub fn call(&mut self, method: &str, args: &str) -> Table {
        let args = match serde_json::from_str(args) {
            Ok(Value::Table(args)) => args,
            other => panic!("{other:?}"),
        };
        let answer = self.client.call("certkeeper", method, &args, CALL_LIMIT);
        answer.unwrap_or_else(|e| panic!("{method}: {e}"))
    }

    /// Starts a job and returns its number.
    #[track_caller]
    pub fn job(&mut self, method: &str, args: &str) -> i32 {
        number(&self.call(method, args), "job")
    }

    /// Waits until a job has ended.
    #[track_caller]
    pub fn ended(&mut self, job: i32) -> Table {
        let end = Instant::now() + LIMIT;
        loop {
            let told = self.call("job", &format!(r#"{{"job": {job}}}"#));
            match text(&told, "state") {
                "queued" | "running" | "stopping" => {
                    assert!(Instant::now() < end, "{told:?}");
                    std::thread::sleep(Duration::from_millis(20));
                }
                _ => return told,
            }
        }
    }
}

/// A root with these sections.
pub fn root(sections: &[&str]) -> TempRoot {
    let temp = TempRoot::new();
    let sections: String = sections.iter().map(|name| cert(name)).collect();
    temp.uci(&format!("{OWN}{sections}"));
    temp
}

#[track_caller]
pub fn text<'a>(table: &'a Table, name: &str) -> &'a str {
    match get(table, name) {
        Some(Value::String(text)) => text,
        other => panic!("{name}: {other:?} in {table:?}"),
    }
}

#[track_caller]
pub fn number(table: &Table, name: &str) -> i32 {
    match get(table, name) {
        Some(Value::Int32(number)) => *number,
        other => panic!("{name}: {other:?} in {table:?}"),
    }
}

#[track_caller]
pub fn list<'a>(table: &'a Table, name: &str) -> &'a [Value] {
    match get(table, name) {
        Some(Value::Array(all)) => all,
        other => panic!("{name}: {other:?} in {table:?}"),
    }
}

#[track_caller]
pub fn inner<'a>(table: &'a Table, name: &str) -> &'a Table {
    match get(table, name) {
        Some(Value::Table(inner)) => inner,
        other => panic!("{name}: {other:?} in {table:?}"),
    }
}

/// Code and message of an error.
#[track_caller]
pub fn error(table: &Table) -> (&str, &str) {
    let error = inner(table, "error");
    text(error, "remedy");
    (text(error, "code"), text(error, "message"))
}
