//! The modules for Route 53 and PowerDNS keep the contract at servers of their own: moto, pdns_server.

use crate::contract::rig::{Rig, module, record, settings, value};
use crate::contract::signed::packages;
use crate::contract::world::{Desk, ZONES};
use crate::support::http;
use crate::support::powerdns::{self, API_KEY, PowerDns};
use crate::support::server::{Launch, Server, free_port, loopback};
use crate::support::temp_root::TempRoot;
use crate::support::tools;
use certkeeper::dns::DnsError;
use certkeeper::net::{Client, Limits, Options, Roots};
use certkeeper::types::{Request, Response, Transport, TransportError};
use std::cell::RefCell;
use std::process::Command;

fn client() -> Client {
    Client::new(Options {
        user_agent: "certkeeper-test".into(),
        roots: Roots::Bundle("/nowhere".into()),
        allow_http: true,
        limits: Limits::default(),
    })
}

/// What is for Amazon goes to moto; what concerns a zone that is forbidden does not.
struct ToMoto {
    client: Client,
    base: String,
    forbidden: RefCell<Option<String>>,
}

const AMAZON: &str = "https://route53.amazonaws.com";

impl Transport for ToMoto {
    fn call(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        let path = request.url.strip_prefix(AMAZON).expect("Amazon's host");
        let forbidden = self.forbidden.borrow();
        if forbidden.as_ref().is_some_and(|zone| path.contains(zone)) {
            let body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not this zone</Message></Error></ErrorResponse>";
            return Ok(Response {
                status: 403,
                headers: Vec::new(),
                body: body.into(),
            });
        }
        self.client.call(&Request {
            url: &format!("{}{path}", self.base),
            ..request.clone()
        })
    }
}

/// moto wants to know which service is meant, and does not verify.
const LOGIN: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/route53/aws4_request, SignedHeaders=host, Signature=0",
);

fn texts(xml: &str, name: &str) -> Vec<String> {
    let open = format!("<{name}>");
    let parts = xml.split(&open).skip(1);
    let texts = parts.filter_map(|part| part.split_once("</").map(|(text, _)| text));
    texts
        .map(|t| t.replace("&quot;", "\"").trim_matches('"').to_owned())
        .collect()
}

#[test]
fn route53_keeps_the_contract_at_moto() {
    let Some(packages) = packages() else { return };
    let temp = TempRoot::new();
    let (_server, port) = Server::start("moto", &temp.server_folder("moto"), || {
        let port = free_port();
        let mut command = Command::new(tools::path_of("python3"));
        command.args([
            "-m",
            "moto.server",
            "-H",
            "127.0.0.1",
            "-p",
            &port.to_string(),
        ]);
        command.env("PYTHONPATH", &packages);
        Launch {
            command,
            ports: vec![port],
            facts: port,
        }
    });
    let base = format!("http://{}", loopback(port));
    let api = |method: &str, path: &str, body: &str| {
        let url = format!("{base}/2013-04-01/{path}");
        let kind = ("content-type", "text/xml");
        http::plain(method, &url, &[LOGIN, kind], body).ok()
    };
    let create = |zone: &str, more: &str| {
        let body = format!(
            "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>{zone}</Name>\
             <CallerReference>{zone}{}</CallerReference>{more}</CreateHostedZoneRequest>",
            more.len()
        );
        let made = api("POST", "hostedzone", &body);
        texts(&made, "Id")[0]
            .trim_start_matches("/hostedzone/")
            .to_owned()
    };
    let ids = ZONES.map(|zone| create(zone, ""));
    let id = |name: &str| {
        let zone = ZONES
            .iter()
            .rposition(|z| name.ends_with(z))
            .expect("a zone");
        ids[zone].as_str()
    };
    let values_in = |zone: &str, name: &str| {
        let list = api(
            "GET",
            &format!("hostedzone/{zone}/rrset?name={name}.&type=TXT"),
            "",
        );
        let own = list.split("<ResourceRecordSet>").skip(1);
        let own = own.filter(|set| {
            texts(set, "Name") == [format!("{name}.")] && texts(set, "Type") == ["TXT"]
        });
        let mut values: Vec<String> = own.flat_map(|set| texts(set, "Value")).collect();
        values.sort();
        values
    };
    let wire = ToMoto {
        client: client(),
        base: base.clone(),
        forbidden: RefCell::default(),
    };
    let clock = Desk::new();
    let rig = Rig {
        module: module("route53"),
        credentials: settings(&[
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "not-a-secret"),
        ]),
        http: &wire,
        clock: &clock,
        values: Box::new(|name| values_in(id(name), name)),
        plant: Box::new(|_, name, value| {
            let body = format!(
                "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes>\
                 <Change><Action>UPSERT</Action><ResourceRecordSet><Name>{name}</Name><Type>TXT</Type><TTL>300</TTL>\
                 <ResourceRecords><ResourceRecord><Value>\"{value}\"</Value></ResourceRecord></ResourceRecords>\
                 </ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
            );
            api("POST", &format!("hostedzone/{}/rrset/", id(name)), &body);
        }),
    };
    rig.keeps_the_contract();
    // Of several public zones of a name nothing tells which one counts; a private one does not.
    let comment = "<HostedZoneConfig><Comment>another</Comment></HostedZoneConfig>";
    let twin = create(ZONES[0], comment);
    let private = "<HostedZoneConfig><PrivateZone>true</PrivateZone></HostedZoneConfig>\
                   <VPC><VPCRegion>us-east-1</VPCRegion><VPCId>vpc-1a2b3c4d</VPCId></VPC>";
    let private = create(ZONES[0], private);
    let name = "_acme-challenge.demo.example";
    let (own, other) = (record(name, &value(7)), record(name, &value(8)));
    let has = |zone: &str| values_in(zone, name).contains(&own.value);
    let found = || [&ids[0], &twin, &private].map(|zone| has(zone));
    rig.change(&own, true).unwrap();
    assert_eq!(found(), [true, true, false]);
    rig.change(&own, false).unwrap();
    assert_eq!(found(), [false, false, false]);
    // One that is forbidden is left out, as long as there is another.
    wire.forbidden.replace(Some(twin.clone()));
    rig.change(&own, true).unwrap();
    assert_eq!(found(), [true, false, false]);
    wire.forbidden.replace(Some("/rrset".into()));
    let denied = rig.change(&other, true);
    assert!(matches!(denied, Err(DnsError::Forbidden(_))), "{denied:?}");
}

#[test]
fn powerdns_keeps_the_contract() {
    if !tools::have(&[powerdns::NEEDS]) {
        return;
    }
    let temp = TempRoot::new();
    let server = PowerDns::start(&temp);
    for zone in ZONES {
        server.create_zone(zone);
    }
    let (wire, clock) = (client(), Desk::new());
    let rig = Rig {
        module: module("powerdns"),
        credentials: settings(&[("PDNS_Url", &server.url()), ("PDNS_Token", API_KEY)]),
        http: &wire,
        clock: &clock,
        values: Box::new(|name| server.txt(name)),
        plant: Box::new(|zone, name, value| {
            server.set(zone, name, "TXT", &[&format!("\"{value}\"")]);
        }),
    };
    rig.keeps_the_contract();
}
