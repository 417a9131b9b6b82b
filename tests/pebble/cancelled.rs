//! The agent's jobs against a real CA: one that is cancelled takes back what it presented.

use crate::interrupted::wait_asked;
use crate::site::Site;
use crate::support::process::Running;
use crate::support::ubus::Bus;
use crate::support::wait_until;
use crate::together::{freeze, thaw};
use crate::uci::cert;
use certkeeper::ubus::Client;
use certkeeper::ubus::blob::{Table, Value, get};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(20);

/// An agent of a site, and who calls it. What ends first stands first.
struct Called {
    client: Client,
    _agent: Running,
    _bus: Bus,
}

impl Called {
    fn new(site: &Site) -> Self {
        let bus = Bus::start(&site.temp.path("var/run/ubus/ubus.sock"));
        let socket = bus.socket().to_str().expect("a path").to_owned();
        let agent = site.certkeeper(&["agent"]).env("UBUS_SOCKET", &socket);
        let agent = agent.limit(Duration::from_secs(600)).start();
        let mut client = Client::connect(bus.socket()).expect("a bus");
        assert!(wait_until(LIMIT, || client.lookup("certkeeper").is_ok()));
        Self {
            client,
            _agent: agent,
            _bus: bus,
        }
    }

    fn call(&mut self, method: &str, args: Table) -> Table {
        let answer = self.client.call("certkeeper", method, &args, LIMIT);
        answer.unwrap_or_else(|e| panic!("{method}: {e}"))
    }

    /// Starts a run of a section; its job.
    fn renew(&mut self, section: &str) -> Value {
        let answer = self.call("renew", vec![("section".to_owned(), section.into())]);
        get(&answer, "job").expect("a job").clone()
    }

    /// The job, once it has ended so.
    fn ended(&mut self, job: &Value, word: &str) -> Table {
        let end = Instant::now() + LIMIT;
        loop {
            let told = self.call("job", vec![("job".to_owned(), job.clone())]);
            if get(&told, "state") == Some(&word.into()) {
                return told;
            }
            assert!(Instant::now() < end, "{told:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn a_cancelled_job_leaves_nothing_presented() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    freeze(&site);
    let mut called = Called::new(&site);
    let job = called.renew("web");
    site.wait_for("web", "is looking");
    wait_asked(&site, "POST /my-order/");
    assert_eq!(site.tokens().len(), 1);
    called.call("cancel", vec![("job".to_owned(), job.clone())]);
    let ended = called.ended(&job, "cancelled");
    let Some(Value::Table(document)) = get(&ended, "document") else {
        panic!("{ended:?}");
    };
    assert_eq!(get(document, "stopped"), Some(&Value::Bool(true)));
    assert_eq!(site.tokens().len(), 0);
    let folder = site.temp.path("etc/certkeeper/certs/web");
    assert!(!folder.join("cleanup.json").exists());
    assert!(
        !folder.join("attempt.json").exists(),
        "being stopped is no failure"
    );
    thaw(&site);
    let again = called.renew("web");
    called.ended(&again, "done");
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
    let shown = called.call("certificate", vec![("section".to_owned(), "web".into())]);
    assert!(get(&shown, "serial").is_some() && get(&shown, "key").is_none());
    assert!(!format!("{shown:?}").contains("PRIVATE"), "{shown:?}");
}

#[test]
fn an_agent_that_ends_lets_its_run_take_back_what_it_presented() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    freeze(&site);
    let mut called = Called::new(&site);
    called.renew("web");
    site.wait_for("web", "is looking");
    let Called { _agent: agent, .. } = called;
    agent.signal(rustix::process::Signal::TERM);
    let ended = agent.finish();
    assert_eq!(ended.code(), 0, "{}", ended.report());
    assert_eq!(site.tokens().len(), 0);
    assert!(
        !site
            .temp
            .path("etc/certkeeper/certs/web/cleanup.json")
            .exists()
    );
    thaw(&site);
    site.renew();
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
}
