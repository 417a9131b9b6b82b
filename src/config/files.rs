//! Both files, so that sections are found.

use super::reader;
use crate::types::Paths;
use crate::uci::Section;
use std::collections::HashMap;

/// The sections of both files by type and name.
pub(super) struct Files<'a> {
    pub paths: &'a Paths,
    pub main: &'a [Section],
    index: HashMap<(&'a str, &'a str), &'a Section>,
    pub globals: Vec<&'a Section>,
    pub domains: Vec<&'a Section>,
    /// Places in `domains` by the certificate that they are for.
    by_cert: HashMap<String, Vec<usize>>,
}

impl<'a> Files<'a> {
    pub fn new(main: &'a [Section], secrets: &'a [Section], paths: &'a Paths) -> Self {
        let named = |s: &'a Section| Some(((s.kind.as_str(), s.name.as_deref()?), s));
        let secrets = secrets.iter().filter(|s| s.kind == "secret");
        let of = |kind: &str| main.iter().filter(|s| s.kind == kind).collect::<Vec<_>>();
        let domains = of("domain");
        let mut by_cert: HashMap<_, Vec<_>> = HashMap::new();
        for (at, section) in domains.iter().enumerate() {
            if let Some(cert) = reader::plain(section, "cert") {
                by_cert.entry(cert).or_default().push(at);
            }
        }
        Self {
            paths,
            main,
            index: main.iter().chain(secrets).filter_map(named).collect(),
            globals: of("certkeeper"),
            domains,
            by_cert,
        }
    }

    /// The `config domain` sections of a certificate.
    pub fn domains_of(&self, cert: &str) -> impl Iterator<Item = &'a Section> {
        let places = self.by_cert.get(cert).into_iter().flatten();
        places.map(|at| self.domains[*at])
    }

    pub fn get(&self, kind: &str, name: &str) -> Option<&'a Section> {
        self.index.get(&(kind, name)).copied()
    }
}
