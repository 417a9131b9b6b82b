//! What commands print, as answers.

use super::args::Refusal;
use super::child::Ended;
use crate::ubus::blob::{Table, Value, Writer, get};

/// No answer is longer: rpcd leaves ubus or dies near a megabyte.
pub(super) const REPLY_MAX: usize = 512 * 1024;

/// The document of a command that has ended, or why there is none.
pub(super) fn document(ended: &Ended) -> Result<Table, Refusal> {
    let failed = |message: String| {
        Refusal::new(
            "failed",
            message,
            "the system log tells more (`logread -e certkeeper`)",
        )
    };
    let Some(text) = &ended.document else {
        return Err(too_long());
    };
    let document = match serde_json::from_slice(text) {
        Ok(Value::Table(table)) => table,
        _ => {
            return Err(failed(match ended.code {
                Ok(code) => format!("the command ended with exit code {code} and told nothing"),
                Err(signal) => format!("the command was ended by signal {signal}"),
            }));
        }
    };
    match get(&document, "error") {
        Some(Value::Table(error)) => Err(refusal(error)),
        _ => Ok(document),
    }
}

/// A command's own words for what is wrong.
fn refusal(error: &Table) -> Refusal {
    let text = |name: &str| match get(error, name) {
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    let code = match get(error, "code") {
        Some(Value::Int32(2)) => "usage",
        Some(Value::Int32(3)) => "busy",
        _ => "failed",
    };
    Refusal::new(code, text("message"), text("remedy"))
}

/// Makes an answer short enough: the end of its longest list is left out, and how much that is.
pub(super) fn fitting(mut answer: Table) -> Result<Table, Refusal> {
    let mut size = size_of(&answer);
    if size <= REPLY_MAX {
        return Ok(answer);
    }
    let lists = answer.iter_mut().filter_map(|(_, value)| match value {
        Value::Array(all) => Some(all),
        _ => None,
    });
    let list = lists.max_by_key(|all| all.len()).ok_or_else(too_long)?;
    let mut left_out = 0;
    // Room for the number itself.
    while size > REPLY_MAX - 64 {
        let last = list.pop().ok_or_else(too_long)?;
        size -= size_of(&[(String::new(), last)]);
        left_out += 1;
    }
    answer.push(("left_out".to_owned(), Value::Int32(left_out)));
    Ok(answer)
}

fn size_of(table: &[(String, Value)]) -> usize {
    let mut writer = Writer::default();
    writer.values(table);
    writer.into_bytes().len()
}

fn too_long() -> Refusal {
    Refusal::new(
        "too_long",
        "the answer would be longer than 512 KiB",
        "ask for one section, or use the command line",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: Result<i32, i32>, text: &str) -> Ended {
        Ended {
            code,
            document: Some(text.into()),
        }
    }

    #[test]
    fn a_long_list_is_cut_and_says_so() {
        let entry = Value::Table(vec![("name".to_owned(), "x".repeat(1000).as_str().into())]);
        let answer = vec![("sections".to_owned(), Value::Array(vec![entry; 1000]))];
        let answer = fitting(answer).expect("it fits then");
        assert!(size_of(&answer) <= REPLY_MAX);
        let Some(Value::Array(kept)) = get(&answer, "sections") else {
            panic!("no list");
        };
        let left_out = i32::try_from(1000 - kept.len()).expect("a number");
        assert_eq!(get(&answer, "left_out"), Some(&Value::Int32(left_out)));
        assert!(kept.len() > 450, "{}", kept.len());
    }

    #[test]
    fn a_long_text_is_refused() {
        let answer = vec![("pem".to_owned(), "x".repeat(REPLY_MAX).as_str().into())];
        assert_eq!(fitting(answer).expect_err("too long").code, "too_long");
    }

    #[test]
    fn what_commands_say_becomes_code_message_and_remedy() {
        for (code, text, want) in [
            (
                Ok(2),
                r#"{"error":{"code":2,"message":"m","remedy":"r"}}"#,
                ("usage", "m", "r"),
            ),
            (
                Ok(3),
                r#"{"error":{"code":3,"message":"m"}}"#,
                ("busy", "m", ""),
            ),
            (
                Ok(1),
                r#"{"error":{"code":1,"message":"m"}}"#,
                ("failed", "m", ""),
            ),
        ] {
            let refusal = document(&ended(code, text)).expect_err("an error");
            let got = (
                refusal.code,
                refusal.message.as_str(),
                refusal.remedy.as_str(),
            );
            assert_eq!(got, want);
        }
        for (code, word) in [(Ok(0), "exit code 0"), (Err(9), "signal 9")] {
            let refusal = document(&ended(code, "")).expect_err("an error");
            assert!(refusal.message.contains(word), "{}", refusal.message);
        }
        assert!(document(&ended(Ok(1), r#"{"sections":[]}"#)).is_ok());
    }
}
