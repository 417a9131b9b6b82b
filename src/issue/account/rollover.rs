//! Another key for the account (RFC 8555 section 7.3.5). The new key is on the disk before the CA
//! hears of it; if nobody knows whether the CA took it, both are tried.

use super::{Registry, Tell, words};
use crate::acme::{AcmeError, Client};
use crate::issue::failure::Failure;
use crate::keys::AccountKey;

/// Gives the account another key.
pub(super) fn change(
    registry: &Registry<'_, '_>,
    client: &mut Client<'_>,
    tell: Tell<'_>,
) -> Result<(), Failure> {
    if !registry.connected.directory.changes_keys() {
        return Err(words::keys_stay(registry.account));
    }
    let next = AccountKey::generate()?;
    registry.store.put_next_key(&next.to_pem())?;
    tell("telling the CA the new key");
    match client.change_key(&next) {
        Ok(()) => {
            client.use_key(next);
            Ok(registry.store.adopt_next_key()?)
        }
        // A lost reply, and the request sent again: the CA no longer takes the old key then.
        Err(e) if e.is_definite() => match settle(registry, client, tell)? {
            true => Ok(()),
            false => Err(words::refused(registry.account, &e)),
        },
        Err(e) => Err(words::refused(registry.account, &e)),
    }
}

/// Ends a change of keys that was cut off: the key that the CA knows stays. True if that is the new
/// one.
pub(super) fn settle(
    registry: &Registry<'_, '_>,
    client: &mut Client<'_>,
    tell: Tell<'_>,
) -> Result<bool, Failure> {
    let store = &registry.store;
    let Some(pem) = store.next_key()? else {
        return Ok(false);
    };
    let Ok(next) = AccountKey::from_pem(&String::from_utf8_lossy(&pem)) else {
        // It was whole before the CA heard of it.
        store.drop_next_key()?;
        return Ok(false);
    };
    tell("the account's key was being changed: asking the CA which one it has");
    let url = client.account().map(str::to_owned);
    let old = client.use_key(next);
    let known = known(client, url.as_deref());
    if known.is_ok() {
        store.adopt_next_key()?;
        return Ok(true);
    }
    client.use_key(old);
    let refused = |e: &AcmeError| words::refused(registry.account, e);
    known.or_else(|e| match e.is_definite() {
        true => Ok(()),
        false => Err(refused(&e)),
    })?;
    match self::known(client, url.as_deref()) {
        Ok(()) => {}
        // It knows neither: the account is lost, and the old key makes it again.
        Err(e) if e.kind() == "accountDoesNotExist" => {}
        Err(e) => return Err(refused(&e)),
    }
    store.drop_next_key()?;
    Ok(false)
}

/// Asks whether the CA knows the client's key for the account.
fn known(client: &mut Client<'_>, url: Option<&str>) -> Result<(), AcmeError> {
    match url {
        Some(_) => client.account_state().map(drop),
        None => {
            let found = client.find().map(drop);
            client.use_account(None);
            found
        }
    }
}
