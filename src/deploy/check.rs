//! Looks beforehand whether those who are to have a certificate could take it.

use super::services::Service;
use super::verify::Look;
use super::{export, hooks, uhttpd};
use crate::net::Signed;
use crate::types::{Deployment, Paths, SectionName};

/// Looks at each service, hook, copy and place to be verified. `found` hears of which kind it is,
/// and what was found, or what is wrong with it and what to do.
pub fn check(
    paths: &Paths,
    section: &SectionName,
    wanted: &Deployment,
    server_name: &str,
    found: &mut dyn FnMut(&'static str, Result<String, String>),
) {
    for name in &wanted.services {
        found("service", service(paths, section, name));
    }
    for hook in &wanted.hooks {
        let result = hooks::find(paths, hook);
        let good = result.map(|file| format!("{} is called", file.display()));
        let remedy =
            "put a program there that root owns and nobody else can change, or correct list hook";
        found("hook", good.map_err(|why| format!("{why} — {remedy}")));
    }
    for wanted in &wanted.exports {
        found("export", export::check(paths, wanted));
    }
    for target in &wanted.verify {
        let name = target.name.as_deref().unwrap_or(server_name);
        let signed = Signed::Any;
        let look = Look {
            target,
            name,
            signed,
        };
        let seen = look.serial();
        let good = seen.map(|serial| format!("{target} speaks TLS; it serves serial {serial} now"));
        let remedy = "start who is to listen there, or correct list verify";
        found(
            "verify",
            good.map_err(|why| format!("{target}: {why} — {remedy}")),
        );
    }
}

/// Its init script, its configuration where that is changed, and its own checker's verdict.
fn service(paths: &Paths, section: &SectionName, name: &str) -> Result<String, String> {
    let service = Service::find(paths, name)?;
    if service.is_off() {
        return Ok(service.off());
    }
    if name == "uhttpd" {
        let remedy = "correct that, or list service";
        uhttpd::main_section(paths).map_err(|why| format!("uhttpd: {why} — {remedy}"))?;
    }
    let verdict = match service.check(&mut |_| {}) {
        Ok(verdict) => verdict,
        Err(why) => match missing(paths, section, &why) {
            Some(file) => Some(format!(
                "its checker misses {file}, which the first certificate brings"
            )),
            None => {
                return Err(format!(
                    "{name}: {why} — correct its configuration: as it is, each new certificate is rolled back"
                ));
            }
        },
    };
    let verdict = verdict.map(|text| format!("; {text}")).unwrap_or_default();
    Ok(format!("{} is told{verdict}", service.script().display()))
}

/// The link that a checker complains of because there is no certificate yet.
fn missing(paths: &Paths, section: &SectionName, why: &str) -> Option<String> {
    let files = [section.as_str(), "domain"].into_iter().flat_map(|name| {
        let ends = ["crt", "key", "pem", "chain.crt", "cer"];
        ends.map(|end| paths.domains().join(format!("{name}.{end}")))
    });
    let mut missing = files.filter(|file| !file.exists());
    let file = missing.find(|file| why.contains(&*file.to_string_lossy()))?;
    Some(file.display().to_string())
}
