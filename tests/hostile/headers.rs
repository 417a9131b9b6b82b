//! Headers: Retry-After in its forms, nonces that are of no use.

use crate::lanes::BUSY;
use crate::reply::{Reply, Step};
use crate::rig::{Case, play};

#[test]
fn busy_cas_say_when() {
    let cases = [
        Case::new("503", Step::Order, |r| r.page(503), &[]).waits(600),
        Case::new(
            "503 for two hours",
            Step::Order,
            |r| {
                r.page(503);
                r.header("Retry-After", "7200");
            },
            &["503"],
        )
        .waits(7200),
        Case::new(
            "503 in the last century",
            Step::Order,
            |r| {
                r.page(503);
                r.header("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT");
            },
            &[],
        )
        .waits(600),
        Case::new(
            "503 until the far future",
            Step::Directory,
            |r| {
                r.page(503);
                r.header("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT");
            },
            &[],
        )
        .waits(604800),
        Case::new(
            "503 for longer than numbers reach",
            Step::Nonce,
            |r| {
                r.page(503);
                r.header("Retry-After", "9223372036854775807");
            },
            &[],
        )
        .waits(604800),
        Case::new(
            "503 in words that are no time",
            Step::Poll,
            |r| {
                r.page(503);
                r.header("Retry-After", "-1; soon \u{1f600}");
            },
            &[],
        )
        .waits(600),
        Case::new("429 of a proxy", Step::Order, |r| r.page(429), &["429"])
            .waits(600)
            .deferred(),
        Case::new(
            "429 of a proxy, for an hour",
            Step::Directory,
            |r| {
                r.page(429);
                r.header("Retry-After", "3600");
            },
            &["429"],
        )
        .waits(3600)
        .deferred(),
        Case::new(
            "429 by the book",
            Step::Order,
            |r| {
                r.problem(429, "rateLimited", "too many orders");
                r.header("Retry-After", "3600");
            },
            &["too many orders", "rateLimited", "wait"],
        )
        .waits(3600)
        .deferred(),
        Case::new(
            "429 with the time in its text",
            Step::Order,
            |r| {
                r.problem(
                    429,
                    "rateLimited",
                    "too many: retry after 2001-01-01 00:00:00 UTC: see",
                )
            },
            &["too many"],
        )
        .waits(600)
        .deferred(),
    ];
    play(&cases, BUSY);
}

#[test]
fn nonces_that_are_of_no_use() {
    fn nonce(reply: &mut Reply, text: &str) {
        reply.header("Replay-Nonce", text);
    }
    let cases = [
        Case::new(
            "none",
            Step::Nonce,
            |r| r.without("Replay-Nonce"),
            &["no usable nonce"],
        ),
        Case::new(
            "an empty one",
            Step::Nonce,
            |r| nonce(r, ""),
            &["no usable nonce"],
        ),
        Case::new(
            "a phrase",
            Step::Nonce,
            |r| nonce(r, "a b\";c"),
            &["no usable nonce"],
        ),
        Case::new(
            "a path",
            Step::Nonce,
            |r| nonce(r, "../../etc/passwd"),
            &["no usable nonce"],
        ),
        Case::new(
            "a long one",
            Step::Nonce,
            |r| nonce(r, &"n".repeat(9000)),
            &["no usable nonce"],
        ),
        Case::new(
            "headers without end",
            Step::Nonce,
            |r| nonce(r, &"n".repeat(20_000)),
            &["bytes of headers"],
        ),
        Case::new(
            "rejected for ever",
            Step::Order,
            |r| r.problem(400, "badNonce", "not that one"),
            &["not that one", "badNonce"],
        ),
        Case::new(
            "rejected for ever, and none comes along",
            Step::Account,
            |r| {
                r.problem(400, "badNonce", "not that one");
                r.without("Replay-Nonce");
            },
            &["not that one", "badNonce"],
        ),
    ];
    play(&cases, BUSY);
}
