use super::super::dns_types::{Answer, Data, Rcode, RecordType};
use super::super::dns_wire::Question;
use super::*;

fn zones(values: &[&str]) -> Vec<SmallZone> {
    vec![SmallZone {
        name: "_acme-challenge.www.example.org".into(),
        nameservers: vec!["router.example.org".into()],
        values: values.iter().map(|v| (*v).to_owned()).collect(),
    }]
}

fn question(name: &str, kind: RecordType) -> Question<'_> {
    Question {
        id: 7,
        name,
        kind,
        recursion_desired: true,
        edns: true,
    }
}

fn ask(zones: &[SmallZone], name: &str, kind: RecordType) -> Answer {
    let question = question(name, kind);
    let message = question.encode().expect("a question");
    let reply = reply(zones, &message, true).expect("a reply");
    // Recursion is not on offer, whoever desires it.
    assert_eq!(reply[3] & 0x80, 0);
    question.decode(&reply).expect("an answer")
}

const NAME: &str = "_acme-challenge.www.example.org";

#[test]
fn answers_with_authority() {
    let zones = zones(&["one", "two"]);
    let answer = ask(&zones, NAME, RecordType::Txt);
    assert!(answer.authoritative && answer.rcode == Rcode::NoError);
    let texts: Vec<_> = answer.answers.iter().map(|r| r.data.clone()).collect();
    let text = |t: &str| Data::Text(t.as_bytes().to_vec());
    assert_eq!(texts, [text("one"), text("two")]);
    assert!(answer.authority.is_empty());
    let server = Data::Name("router.example.org".into());
    assert_eq!(ask(&zones, NAME, RecordType::Ns).answers[0].data, server);
    for kind in [RecordType::Soa, RecordType::Other(TYPE_ANY)] {
        let answer = ask(&zones, NAME, kind);
        assert!(matches!(
            answer.answers[0].data,
            Data::Soa { minimum: 1, .. }
        ));
        assert_eq!(answer.answers[0].name, NAME);
    }
}

#[test]
fn what_is_not_there_comes_with_the_zone() {
    let zones = zones(&["one"]);
    for (name, rcode) in [
        (NAME.to_owned(), Rcode::NoError),
        (format!("a.{NAME}"), Rcode::NxDomain),
    ] {
        let answer = ask(&zones, &name, RecordType::A);
        assert_eq!((answer.rcode, answer.answers.len()), (rcode, 0));
        assert!(answer.authoritative);
        assert_eq!(answer.authority[0].name, NAME);
        assert!(matches!(answer.authority[0].data, Data::Soa { .. }));
    }
    for other in ["www.example.org", "x_acme-challenge.www.example.org", "."] {
        let answer = ask(&zones, other, RecordType::Txt);
        assert_eq!(answer.rcode, Rcode::Refused, "{other}");
        assert!(!answer.authoritative && answer.authority.is_empty());
    }
}

#[test]
fn the_case_of_the_question_comes_back() {
    let mixed = "_aCMe-CHAllenge.WwW.exAmple.ORG";
    let message = question(mixed, RecordType::Txt).encode().expect("asked");
    let reply = reply(&zones(&["one"]), &message, true).expect("a reply");
    let end = HEADER + mixed.len() + 2 + 4;
    assert_eq!(reply[HEADER..end], message[HEADER..end]);
    assert_eq!(reply[end..end + 2], [0xc0, 0x0c]);
}

#[test]
fn what_does_not_fit_is_to_be_asked_over_tcp() {
    let many: Vec<String> = (0..100).map(|n| format!("{n:0>43}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let question = question(NAME, RecordType::Txt);
    for edns in [false, true] {
        let question = Question { edns, ..question };
        let message = question.encode().expect("a question");
        let small = reply(&zones(&many), &message, true).expect("a reply");
        let answer = question.decode(&small).expect("an answer");
        assert!(answer.truncated && answer.answers.is_empty() && small.len() < 100);
        let whole = reply(&zones(&many), &message, false).expect("a reply");
        let answer = question.decode(&whole).expect("an answer");
        assert_eq!((answer.truncated, answer.answers.len()), (false, 100));
        // Eight fit into 512 bytes, and more are not sent to whom the question may not be from.
        let nine = reply(&zones(&many[..9]), &message, true).expect("a reply");
        assert!(question.decode(&nine).expect("an answer").truncated);
        let eight = reply(&zones(&many[..8]), &message, true).expect("a reply");
        assert!(!question.decode(&eight).expect("an answer").truncated);
        assert!(eight.len() <= 512);
    }
}

#[test]
fn odd_messages_get_little_or_nothing() {
    let zones = zones(&["one"]);
    let good = question(NAME, RecordType::Txt).encode().expect("asked");
    let changed = |at: usize, byte: u8| {
        let mut message = good.clone();
        message[at] = byte;
        reply(&zones, &message, true)
    };
    let rcode = |reply: Option<Vec<u8>>| reply.map(|r| (r[3] & 0x0f, r.len()));
    assert_eq!(changed(2, 0x80), None, "a reply is not replied to");
    assert_eq!(rcode(changed(2, 0x20)), Some((4, HEADER)), "NOTIFY");
    assert_eq!(rcode(changed(2, 0x28)), Some((4, HEADER)), "UPDATE");
    assert_eq!(rcode(changed(5, 2)), Some((1, HEADER)), "two questions");
    assert_eq!(rcode(changed(7, 1)), Some((1, HEADER)), "an answer");
    assert_eq!(rcode(changed(HEADER, 0xc0)), Some((1, HEADER)), "a pointer");
    let class = HEADER + NAME.len() + 5;
    let (refused, _) = rcode(changed(class, 3)).expect("a reply");
    assert_eq!(refused, 5, "class CH");
    // Of another version of EDNS: BADVERS, whose upper bits are in the OPT record.
    let badvers = changed(good.len() - 5, 1).expect("a reply");
    assert_eq!((badvers[3] & 0x0f, badvers[7]), (0, 0));
    assert_eq!(badvers[badvers.len() - 6], 1);
    for length in 0..HEADER {
        assert_eq!(reply(&zones, &good[..length], true), None, "{length}");
    }
    for length in HEADER..good.len() {
        let reply = reply(&zones, &good[..length], true);
        assert_eq!(rcode(reply), Some((1, HEADER)), "{length}");
    }
}

#[test]
fn of_zones_within_each_other_the_deepest_answers() {
    let mut zones = zones(&["outer"]);
    let deep = SmallZone {
        name: format!("b.a.{NAME}"),
        nameservers: vec!["router.example.org".into()],
        values: vec!["inner".into()],
    };
    zones.push(deep);
    for (name, rcode, text) in [
        (NAME.to_owned(), Rcode::NoError, Some("outer")),
        (format!("b.a.{NAME}"), Rcode::NoError, Some("inner")),
        // Nothing is there, but something is below.
        (format!("a.{NAME}"), Rcode::NoError, None),
        (format!("x.{NAME}"), Rcode::NxDomain, None),
        (format!("x.b.a.{NAME}"), Rcode::NxDomain, None),
    ] {
        let answer = ask(&zones, &name, RecordType::Txt);
        assert_eq!(answer.rcode, rcode, "{name}");
        let first = answer.answers.first().map(|r| r.data.clone());
        assert_eq!(
            first,
            text.map(|t| Data::Text(t.as_bytes().to_vec())),
            "{name}"
        );
        assert_eq!(answer.authority.is_empty(), text.is_some(), "{name}");
    }
}

#[test]
fn replies_are_not_much_larger_than_questions() {
    // A name and its wildcard.
    let both = ["a".repeat(43), "b".repeat(43)];
    let zones = zones(&[&both[0], &both[1]]);
    for name in [NAME.to_owned(), format!("a.b.{NAME}")] {
        for code in [1, 2, 6, 16, 28, TYPE_ANY] {
            let message = question(&name, RecordType::of(code));
            let message = message.encode().expect("asked");
            let reply = reply(&zones, &message, true).expect("a reply");
            assert!(
                reply.len() <= 3 * message.len(),
                "{name} {code}: {}",
                reply.len()
            );
        }
    }
}
