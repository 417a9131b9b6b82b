use super::*;
use proptest::prelude::*;

const QUESTION: Question<'static> = Question {
    id: 0x1234,
    name: "Www.Example.",
    kind: RecordType::Txt,
    recursion_desired: true,
    edns: true,
};

/// The question section of the replies below, `www.example`, begins at 12.
const ASKED: &[u8] = b"\x03wwW\x07exAmple\0\0\x10\0\x01";

fn reply(flags: u16, counts: [u16; 3], records: &[&[u8]]) -> Vec<u8> {
    let mut message = Vec::new();
    for field in [0x1234, flags, 1, counts[0], counts[1], counts[2]] {
        message.extend(field.to_be_bytes());
    }
    message.extend(ASKED);
    message.extend(records.concat());
    message
}

/// A record whose name points at the question's.
fn record(kind: u16, rdata: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rdata.len()).unwrap().to_be_bytes();
    let kind = kind.to_be_bytes();
    [
        b"\xc0\x0c",
        &kind[..],
        b"\0\x01\0\0\x01\x2c",
        &length,
        rdata,
    ]
    .concat()
}

fn only(kind: u16, rdata: &[u8]) -> Result<Data, Unusable> {
    let message = reply(QR, [1, 0, 0], &[&record(kind, rdata)]);
    QUESTION.decode(&message).map(|mut answer| {
        let record = answer.answers.remove(0);
        assert_eq!((record.name.as_str(), record.ttl), ("www.example", 300));
        assert_eq!(record.kind.code(), kind);
        record.data
    })
}

#[test]
fn questions_are_written_as_the_rfc_says() {
    let wire = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\x01\x03Www\x07Example\0\0\x10\0\x01\
        \0\0\x29\x04\xd0\0\0\0\0\0\0";
    assert_eq!(QUESTION.encode().unwrap(), wire);
    let plain = Question {
        name: ".",
        kind: RecordType::Ns,
        recursion_desired: false,
        edns: false,
        ..QUESTION
    };
    assert_eq!(
        plain.encode().unwrap(),
        b"\x12\x34\0\0\0\x01\0\0\0\0\0\0\0\0\x02\0\x01"
    );
}

#[test]
fn names_that_dns_cannot_carry_are_refused() {
    let (label, long) = ("a".repeat(64), "a.".repeat(128));
    for name in [
        "",
        "a..b",
        ".a",
        "..",
        "a b",
        "b\u{fc}cher",
        "a\\b",
        &label,
        &long,
    ] {
        assert_eq!(Question { name, ..QUESTION }.encode(), None, "{name}");
    }
    let longest = "a.".repeat(127);
    for name in ["a", "_acme-challenge.a.", &label[1..], &longest] {
        assert!(Question { name, ..QUESTION }.encode().is_some(), "{name}");
    }
}

#[test]
fn every_type_is_read() {
    use Data::{Addr, Caa, Name, Other, Soa, Text};
    assert_eq!(only(1, b"\x7f\0\0\x01"), Ok(Addr([127, 0, 0, 1].into())));
    assert_eq!(only(28, &[0; 16]), Ok(Addr([0; 16].into())));
    assert_eq!(only(2, b"\x02NS\xc0\x10"), Ok(Name("ns.example".into())));
    assert_eq!(only(5, b"\0"), Ok(Name(".".into())));
    assert_eq!(only(16, b"\x02ab\0\x01c"), Ok(Text(b"abc".to_vec())));
    assert_eq!(only(99, b"xyz"), Ok(Other));
    assert_eq!(
        only(
            6,
            b"\xc0\x0c\x01.\0\0\0\0\x07\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04"
        ),
        Ok(Soa {
            primary: "www.example".into(),
            serial: 7,
            minimum: 4
        })
    );
    assert_eq!(
        only(257, b"\x80\x05iSSueletsencrypt.org"),
        Ok(Caa {
            flags: 128,
            tag: "issue".into(),
            value: b"letsencrypt.org".to_vec()
        })
    );
}

#[test]
fn rdata_that_is_too_short_or_too_long_is_malformed() {
    for (kind, rdata) in [
        (1, &b"\x7f\0\0"[..]),
        (1, b"\x7f\0\0\x01\0"),
        (28, &[0; 15]),
        (2, b"\x02ns"),
        (2, b"\xc0\x0c\0"),
        (2, b""),
        (16, b""),
        (16, b"\x05abc"),
        (6, b"\0\0\0\0\0\x07"),
        (257, b"\0"),
        (257, b"\0\0value"),
        (257, b"\0\x02a-value"),
        (257, b"\0\x09short"),
    ] {
        assert_eq!(
            only(kind, rdata),
            Err(Unusable::Malformed),
            "{kind} {rdata:?}"
        );
    }
}

#[test]
fn names_are_bounded_and_pointers_lead_back() {
    let target = |rdata: &[u8]| only(5, rdata);
    assert_eq!(
        target(b"\x02a.\x03\\\0~\0"),
        Ok(Data::Name("a\\..\\\\\\000~".into()))
    );
    // The RDATA begins at 12 + 17 + 12 = 41: to itself, ahead, and around in a circle.
    for rdata in [
        &b"\xc0\x29"[..],
        b"\xc0\x2b\0",
        b"\x01a\xc0\x29",
        b"\xff\xff",
        b"\x40a",
        b"\x80",
    ] {
        assert_eq!(target(rdata), Err(Unusable::Malformed), "{rdata:?}");
    }
    let long = [&b"\x3f"[..], &[b'a'; 63]].concat().repeat(4);
    assert_eq!(
        target(&[&long[..], b"\0"].concat()),
        Err(Unusable::Malformed)
    );
    assert!(target(&[&long[..192], b"\x3d", &[b'a'; 61], b"\0"].concat()).is_ok());
    assert!(target(&[&long[..192], b"\x3e", &[b'a'; 62], b"\0"].concat()).is_err());
}

#[test]
fn flags_sections_and_the_extended_rcode_are_read() {
    let soa = record(2, b"\0");
    let opt = b"\0\0\x29\x04\xd0\x01\0\0\0\0\0";
    let message = reply(QR | AA | RD | 3, [0, 1, 1], &[&soa, opt]);
    let answer = QUESTION.decode(&message).unwrap();
    assert_eq!(answer.rcode, Rcode::Other(19));
    assert!(answer.authoritative && !answer.truncated && answer.answers.is_empty());
    assert_eq!(answer.authority[0].data, Data::Name(".".into()));
    let nx = QUESTION.decode(&reply(QR | 3, [0; 3], &[])).unwrap();
    assert_eq!(
        (nx.rcode, nx.rcode.to_string().as_str()),
        (Rcode::NxDomain, "NXDOMAIN")
    );
}

#[test]
fn replies_to_others_are_foreign() {
    let good = reply(QR, [0; 3], &[]);
    assert!(QUESTION.decode(&good).is_ok());
    let foreign = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut message = good.clone();
        change(&mut message);
        assert_eq!(
            QUESTION.decode(&message),
            Err(Unusable::Foreign),
            "{message:?}"
        );
    };
    foreign(&|m| m[0] = 0); // the id
    foreign(&|m| m[2] = 0); // a question
    foreign(&|m| m[2] |= 0x08); // an opcode
    foreign(&|m| m[13] = b'x'); // the name
    foreign(&|m| m[26] = 1); // the type
    foreign(&|m| m[28] = 3); // the class
    foreign(&|m| m[5] = 0); // no question
    foreign(&|m| m.truncate(3));
}

#[test]
fn a_truncated_reply_may_end_anywhere() {
    let two = [record(16, b"\x01a"), record(16, b"\x01b")].concat();
    let whole = reply(QR | TC, [2, 0, 0], &[&two]);
    let cut = QUESTION.decode(&whole[..whole.len() - 1]).unwrap();
    assert!(cut.truncated);
    assert_eq!(cut.answers.len(), 1);
    let other = reply(QR, [2, 0, 0], &[&two]);
    let malformed = QUESTION.decode(&other[..other.len() - 1]);
    assert_eq!(malformed, Err(Unusable::Malformed));
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(
        tail in prop::collection::vec(any::<u8>(), 0..300),
        counts: [u8; 3],
    ) {
        let _ = QUESTION.decode(&tail);
        let counts = counts.map(|n| u16::from(n % 4));
        let _ = QUESTION.decode(&reply(QR, counts, &[&tail]));
    }

    #[test]
    fn no_changed_message_makes_the_decoder_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        length: prop::sample::Index,
    ) {
        let soa = b"\xc0\x0c\x01a\xc0\x10\0\0\0\x07\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04";
        let caa = b"\0\x05issueca.example";
        let answers = [record(5, b"\x01a\xc0\x0c"), record(16, b"\x02ab\0"), record(257, caa)];
        let rest = [record(6, soa), b"\0\0\x29\x04\xd0\0\0\0\0\0\0".to_vec()];
        let records = [answers.concat(), rest.concat()].concat();
        let mut message = reply(QR, [3, 1, 1], &[&records]);
        for (at, byte) in changes {
            let at = at.index(message.len());
            message[at] = byte;
        }
        let _ = QUESTION.decode(&message);
        message.truncate(length.index(message.len()));
        let _ = QUESTION.decode(&message);
    }

    #[test]
    fn names_come_back_as_they_went(name in "[a-z0-9_*-]{1,63}(\\.[a-z0-9_-]{1,20}){0,5}") {
        let question = Question { name: &name, ..QUESTION };
        let message = question.encode().unwrap();
        let read = Reader { message: &message, at: 12 }.name();
        prop_assert_eq!(read, Some(name));
    }
}
