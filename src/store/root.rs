//! Where the local CA's root lies.

use super::disk::{StoreError, make_lasting, put, read};
use crate::types::Paths;
use std::path::PathBuf;

/// The texts of the root.
#[derive(Clone, Debug)]
pub struct RootTexts {
    /// The certificate, PEM.
    pub cert: String,
    /// The key, PEM.
    pub key: String,
    /// The names it may certify, one a line.
    pub names: String,
}

/// The local CA's folder.
#[derive(Debug)]
pub struct RootStore {
    dir: PathBuf,
}

impl RootStore {
    /// The folder below the paths' root; nothing is made yet.
    pub fn new(paths: &Paths) -> Self {
        Self {
            dir: paths.state().join("local-ca"),
        }
    }

    /// The root, if there is one. A file that is missing counts as empty.
    pub fn read(&self) -> Result<Option<RootTexts>, StoreError> {
        let text = |name: &str| -> Result<String, StoreError> {
            let bytes = read(&self.dir.join(name))?.unwrap_or_default();
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        let texts = RootTexts {
            cert: text("root.pem")?,
            key: text("root.key")?,
            names: text("root.names")?,
        };
        Ok((!texts.cert.is_empty()).then_some(texts))
    }

    /// Stores a root. The certificate comes last: one that does not fit its key is no root.
    pub fn put(&self, texts: &RootTexts) -> Result<(), StoreError> {
        make_lasting(&self.dir)?;
        put(&self.dir.join("root.names"), texts.names.as_bytes())?;
        put(&self.dir.join("root.key"), texts.key.as_bytes())?;
        put(&self.dir.join("root.pem"), texts.cert.as_bytes())
    }
}
