//! Documents as metrics, in Prometheus' text format (version 0.0.4): for the textfile folder of
//! node-exporter.

use super::Document;
use crate::types::State;
use std::fmt::Write;

/// A metric of one section: its labels beside `section`, and its value.
type Sample = (Vec<(&'static str, String)>, i64);

/// One metric: name, what it says, and its samples of a section.
struct Metric {
    name: &'static str,
    help: &'static str,
    of: fn(&Document) -> Vec<Sample>,
}

/// All are gauges; times are seconds since the epoch.
const METRICS: &[Metric] = &[
    Metric {
        name: "certkeeper_section_state",
        help: "1 for the state that the section is in, 0 for the others.",
        of: |d| {
            let states = State::ALL.into_iter();
            let sample = |s: State| (vec![("state", s.name().to_owned())], (s == d.state).into());
            states.map(sample).collect()
        },
    },
    Metric {
        name: "certkeeper_certificate_info",
        help: "The certificate in use: who issued it, its serial number and kind of key, where it comes from.",
        of: |d| {
            let info = d.certificate.iter().map(|c| {
                let labels = [
                    ("issuer", &c.issuer),
                    ("serial", &c.serial),
                    ("key_type", &c.key_type),
                    ("source", &d.source),
                ];
                (labels.map(|(name, v)| (name, v.clone())).to_vec(), 1)
            });
            info.collect()
        },
    },
    Metric {
        name: "certkeeper_certificate_not_before_timestamp_seconds",
        help: "When the certificate in use began to be valid.",
        of: |d| plain(d.certificate.as_ref().map(|c| c.not_before)),
    },
    Metric {
        name: "certkeeper_certificate_not_after_timestamp_seconds",
        help: "When the certificate in use expires.",
        of: |d| plain(d.certificate.as_ref().map(|c| c.not_after)),
    },
    Metric {
        name: "certkeeper_certificate_due_timestamp_seconds",
        help: "When the certificate in use is to be renewed.",
        of: |d| plain(d.certificate.as_ref().and_then(|c| c.due)),
    },
    Metric {
        name: "certkeeper_next_attempt_timestamp_seconds",
        help: "When the next attempt is planned.",
        of: |d| plain(d.next),
    },
    Metric {
        name: "certkeeper_last_attempt_timestamp_seconds",
        help: "When the last attempt was.",
        of: |d| plain(d.last_attempt.as_ref().map(|a| a.at)),
    },
    Metric {
        name: "certkeeper_last_attempt_failed",
        help: "1 if the last attempt failed.",
        of: |d| plain(Some(d.failed().is_some().into())),
    },
    Metric {
        name: "certkeeper_deployed_timestamp_seconds",
        help: "When all who use the certificate were told of it.",
        of: |d| plain(d.deployed),
    },
    Metric {
        name: "certkeeper_warnings",
        help: "How many things deserve a look although all goes on.",
        of: |d| plain(i64::try_from(d.warnings.len()).ok()),
    },
];

fn plain(value: Option<i64>) -> Vec<Sample> {
    value.map(|v| (Vec::new(), v)).into_iter().collect()
}

/// The metrics of all documents; a metric that no section has is left out.
pub fn prometheus(documents: &[Document]) -> String {
    let mut text = String::new();
    for Metric { name, help, of } in METRICS {
        let mut head = Some(format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
        for document in documents {
            for (labels, value) in of(document) {
                text.push_str(&head.take().unwrap_or_default());
                let _ = write!(text, "{name}{{section=\"{}\"", escaped(&document.section));
                for (label, value) in labels {
                    let _ = write!(text, ",{label}=\"{}\"", escaped(&value));
                }
                let _ = writeln!(text, "}} {value}");
            }
        }
    }
    text
}

/// A label's value between its quotes.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', r"\\").replace('"', r#"\""#);
    text.replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        assert_eq!(escaped("a\\b \"c\"\nd"), r#"a\\b \"c\"\nd"#);
    }
}
