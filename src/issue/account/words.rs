//! What a CA has against an account, and what its owner can do.

use crate::acme::{AcmeError, Problem};
use crate::config::{Account, External};
use crate::issue::failure::Failure;
use crate::types::{AccountState, State};

/// Says that an account has ended.
pub(super) fn usable(account: &Account, state: AccountState) -> Result<(), Failure> {
    match state {
        AccountState::Pending | AccountState::Valid => Ok(()),
        AccountState::Deactivated | AccountState::Revoked => Err(ended(account, state)),
    }
}

fn ended(account: &Account, state: AccountState) -> Failure {
    let text = format!(
        "account '{}' at {} is {state}, for good",
        account.name, account.ca
    );
    let remedy = format!(
        "`certkeeper account delete {}` forgets it, and `certkeeper renew` with the section's name registers a new one; \
         or name another account in the section",
        account.words()
    );
    Failure::new(State::Invalid, text, remedy).until_change()
}

/// Nobody but the owner agrees to a CA's terms.
pub(super) fn terms_open(account: &Account, link: &str) -> Failure {
    Failure::new(
        State::Invalid,
        format!("the terms of {} are not accepted yet: {link}", account.ca),
        "read them, then: uci set certkeeper.global=certkeeper && uci set certkeeper.global.accept_tos=1 && uci commit certkeeper",
    )
    .until_change()
}

/// What to do when the terms have changed (RFC 8555 section 7.3.3).
pub(in crate::issue) fn terms_changed(problem: &Problem) -> String {
    match problem.link() {
        Some(link) => format!(
            "the CA's terms have changed: read them at {link} and agree as it says there; `certkeeper renew` with the \
             section's name then tries at once"
        ),
        None => "the CA's terms have changed: agree to them on its website; `certkeeper renew` with the section's name \
                 then tries at once"
            .into(),
    }
}

/// The CA wants an account elsewhere, and none is named.
pub(super) fn external_missing(account: &Account) -> Failure {
    let text = format!(
        "{} makes accounts only for external ones that it knows (EAB), and account '{}' names none",
        account.ca, account.name
    );
    Failure::new(State::Invalid, text, external_wanted(account)).until_change()
}

/// How the account elsewhere is named.
pub(in crate::issue) fn external_wanted(account: &Account) -> String {
    format!(
        "get a key identifier and an HMAC key from the CA, then: {}",
        set_external(account)
    )
}

/// The lines that name the account elsewhere.
fn set_external(account: &Account) -> String {
    let name = &account.name;
    let section = match account.preset.filter(|_| !account.section) {
        Some(ca) => {
            format!("uci set certkeeper.{name}=account && uci set certkeeper.{name}.ca='{ca}' && ")
        }
        None => String::new(),
    };
    format!(
        "{section}uci set certkeeper.{name}.eab_kid='…' && uci commit certkeeper && \
         certkeeper secret {name} eab_hmac_key"
    )
}

/// The key identifier is there, its key is not.
pub(super) fn key_missing(account: &Account, kid: &str) -> Failure {
    let name = &account.name;
    let text = format!(
        "the HMAC key of external account '{kid}' is not set, and account '{name}' is not registered with {} yet",
        account.ca
    );
    let remedy = format!("`certkeeper secret {name} eab_hmac_key` asks for it");
    Failure::new(State::Invalid, text, remedy).until_change()
}

/// The CA takes no other key for an account.
pub(super) fn keys_stay(account: &Account) -> Failure {
    let text = format!("{} changes no account's key", account.ca);
    let remedy = format!(
        "make another account instead: `certkeeper account delete {}` forgets this one",
        account.words()
    );
    Failure::new(State::Invalid, text, remedy)
}

/// The CA makes no account.
pub(super) fn not_registered(account: &Account, error: &AcmeError) -> Failure {
    match (&account.external, error.problem()) {
        (External::Given { kid, .. }, Some(problem))
            if BINDING.contains(&problem.kind()) && !is_ended(error) =>
        {
            external_refused(account, problem, kid)
        }
        _ => refused(account, error),
    }
}

/// The types of errors by which CAs say that they do not take an account elsewhere.
const BINDING: [&str; 3] = ["unauthorized", "malformed", "externalAccountRequired"];

/// An error of a request about the account.
pub(in crate::issue) fn refused(account: &Account, error: &AcmeError) -> Failure {
    let failure = Failure::of_account(account, error);
    let Some(problem) = error.problem() else {
        return failure;
    };
    if is_ended(error) {
        return Failure {
            problem: failure.problem,
            ..ended(account, AccountState::Deactivated)
        };
    }
    let words = account.words();
    let remedy = match problem.kind() {
        "externalAccountRequired" => external_wanted(account),
        "userActionRequired" => terms_changed(problem),
        "invalidContact" | "unsupportedContact" => format!(
            "correct the e-mail address: option email of account '{}', else account_email in section 'global'",
            account.name
        ),
        "accountDoesNotExist" => format!(
            "the CA does not know it any more: the next `certkeeper renew` that needs it registers it anew; \
             `certkeeper account delete {words}` forgets it"
        ),
        "malformed" => "the CA does not understand the request: check acme_server".to_owned(),
        "rateLimited" => "wait; the next runs try again".to_owned(),
        _ => format!(
            "the next runs try again; `certkeeper account register {words} --debug` shows each request"
        ),
    };
    Failure { remedy, ..failure }
}

/// True if the CA says that the account has ended.
pub(super) fn is_ended(error: &AcmeError) -> bool {
    let problem = error.problem().filter(|p| p.kind() == "unauthorized");
    problem.is_some_and(|p| says(p, &["deactivated"]))
}

/// True if the CA's words have one of these.
fn says(problem: &Problem, words: &[&str]) -> bool {
    let text = problem.detail().to_lowercase();
    words.iter().any(|word| text.contains(word))
}

/// The CA does not take the account elsewhere. RFC 8555 has one error type for all of it, so that
/// its words must tell: those of step-ca, Pebble, Sectigo, ZeroSSL and Google, as their sources and
/// users' reports have them.
fn external_refused(account: &Account, problem: &Problem, kid: &str) -> Failure {
    let (name, ca) = (&account.name, &account.ca);
    let set_both = set_external(account);
    let (what, remedy) = if says(problem, &["already", "consumed", "not awaiting", "expired"]) {
        (
            "is used up",
            format!("get a new key identifier and HMAC key from the CA, then: {set_both}"),
        )
    } else if says(
        problem,
        &[
            "not known",
            "unknown",
            "not recognized",
            "not found",
            "not exist",
        ],
    ) {
        (
            "is not known there",
            format!("compare the key identifier with what the CA gave; to correct it: {set_both}"),
        )
    } else if says(problem, &["mac", "verif", "signature"]) {
        (
            "has another HMAC key",
            format!(
                "`certkeeper secret {name} eab_hmac_key` sets it anew; a CA that takes each once may also mean that it was used or is too old"
            ),
        )
    } else {
        (
            "is not taken",
            format!("compare it with what the CA gave, or get a new one; to set it: {set_both}"),
        )
    };
    let text = format!("{ca}: external account '{kid}' {what}: {problem}");
    Failure::new(State::Invalid, text, remedy).until_change()
}
