//! What a huge reply costs: routers have little memory, and no swap.

use crate::lanes::each;
use crate::reply::{Reply, Step, Way};
use crate::rig::Rig;
use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// What a reply may cost beyond a good run, in KiB: 8 MiB in all, of which a good run of the build
/// for routers has less than three.
const MORE: u64 = 5 * 1024;

/// Runs `renew` and returns the largest resident memory in KiB; and its exit code.
fn peak(rig: &Rig) -> (u64, i32) {
    let run = rig.certkeeper(&["renew", "web", "--force"]).start();
    let status = format!("/proc/{}/status", run.pid().as_raw_nonzero());
    // The mark only rises, so that the last look before the end is enough.
    let watch = thread::spawn(move || {
        let mut peak = 0;
        while let Ok(text) = fs::read_to_string(&status) {
            let Some(line) = text.lines().find_map(|l| l.strip_prefix("VmHWM:")) else {
                break;
            };
            peak = line.trim().trim_end_matches(" kB").parse().unwrap();
            thread::sleep(Duration::from_micros(300));
        }
        peak
    });
    let code = run.finish().code();
    (watch.join().unwrap(), code)
}

fn filled(reply: &mut Reply, begin: &str, part: &str, end: &str) {
    let count = (256 * 1024 - begin.len() - end.len()) / (part.len() + 1);
    let parts = vec![part; count].join(",");
    reply.body = format!("{begin}{parts}{end}").into();
}

/// A good directory, with a profile whose description is a long list.
fn profiles(reply: &mut Reply, part: &str) {
    let text = String::from_utf8(std::mem::take(&mut reply.body)).unwrap();
    let (begin, end) = text.split_once("\"the only one\"").unwrap();
    filled(reply, &format!("{begin}["), part, &format!("]{end}"));
}

#[test]
fn huge_replies_cost_little() {
    let good = Rig::due();
    let usual = peak(&good).0.max(peak(&good).0);
    assert!(usual > 1000, "{usual} KiB were seen");
    type Twist = fn(&mut Reply);
    let cases: [(&str, Step, Twist); 10] = [
        ("50 MB", Step::Order, |r| r.body = vec![b' '; 50_000_000]),
        ("50 MB of a chain", Step::Certificate, |r| {
            r.body = vec![b'-'; 50_000_000]
        }),
        ("50 MB without a length", Step::Certificate, |r| {
            let head = b"HTTP/1.1 200 OK\r\n\r\n";
            r.way = Way::Raw([&head[..], &vec![b'\n'; 50_000_000]].concat());
        }),
        ("profiles of numbers", Step::Directory, |r| profiles(r, "0")),
        ("profiles of objects", Step::Directory, |r| {
            profiles(r, "{\"\":0}")
        }),
        ("subproblems", Step::Order, |r| {
            r.status = 400;
            filled(r, "{\"type\":\"x\",\"subproblems\":[", "{}", "]}");
        }),
        ("subproblems of an order", Step::Poll, |r| {
            filled(
                r,
                "{\"status\":\"invalid\",\"finalize\":\"\",\"error\":{\"type\":\"x\",\"subproblems\":[",
                "{}",
                "]}}",
            );
        }),
        ("authorizations", Step::Order, |r| {
            filled(
                r,
                "{\"status\":\"pending\",\"finalize\":\"\",\"authorizations\":[",
                "\"\"",
                "]}",
            );
        }),
        ("challenges", Step::Authz, |r| {
            let begin = "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"www.demo.example\"},\"challenges\":[";
            filled(r, begin, "{\"type\":\"\",\"url\":\"\"}", "]}");
        }),
        ("lists within lists", Step::Authz, |r| {
            filled(r, "{\"unknown\":[", "[]", "]}")
        }),
    ];
    each(
        &cases,
        2,
        |case| case.0.to_owned(),
        |(_, step, twist)| {
            let rig = Rig::due();
            rig.ca.twist(&[*step], Arc::new(*twist));
            let (peak, code) = peak(&rig);
            assert!(rig.ca.asked().contains(step));
            // Odd descriptions of profiles are the CA's affair.
            let wanted = i32::from(*step != Step::Directory);
            assert_eq!(code, wanted);
            let more = peak.saturating_sub(usual);
            assert!(more <= MORE, "{more} KiB more than the usual {usual} KiB");
        },
    );
}
