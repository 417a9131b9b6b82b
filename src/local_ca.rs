//! The router's own CA: a root that clients may be told to trust, and the certificates that serve
//! until a public CA has issued. The root can do little harm if it is stolen: it is bound to the
//! names it was made for, to names that exist in local networks alone, and to private addresses.

use crate::keys::{KeyError, PrivateKey, general_name};
use crate::types::{Identifier, KeyType, Timestamp};
use crate::x509::make::{Draft, common_name};
use crate::x509::{Certificate, key_matches, split_pem_chain, to_pem};
use der::asn1::{Ia5String, ObjectIdentifier, OctetString};
use ring::digest;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use x509_cert::ext::pkix::constraints::name::{GeneralSubtree, NameConstraints};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages,
    SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::ext::{AsExtension, Extension};
use x509_cert::name::Name;

/// id-kp-serverAuth (RFC 5280 section 4.2.1.12).
const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
/// Octets of a key identifier (RFC 7093 section 2).
const KEY_ID: usize = 20;
/// Browsers refuse what lasts longer (CA/Browser Forum ballot SC31).
pub const LEAF_DAYS: i64 = 397;

/// Suffixes of names that no public CA certifies: RFC 6762, RFC 8375, and what routers use.
const LOCAL_SUFFIXES: [&str; 4] = ["lan", "local", "home.arpa", "internal"];
/// Private, link-local and loopback networks (RFC 1918, 3927, 1122; 4193, 4291).
const LOCAL_V4: [(Ipv4Addr, u32); 5] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::LOCALHOST, 32),
];
const LOCAL_V6: [(Ipv6Addr, u32); 3] = [
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::LOCALHOST, 128),
];

/// A root with its key, and the names it may certify beside the local ones.
#[derive(Debug)]
pub struct Root {
    key: PrivateKey,
    certificate: Certificate,
    names: Vec<String>,
}

/// The texts that a root is stored as.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'a> {
    /// The certificate, PEM.
    pub cert: &'a str,
    /// The key, PEM.
    pub key: &'a str,
    /// The names it may certify, one a line.
    pub names: &'a str,
}

impl Root {
    /// Makes a root that may certify these identifiers, names below them, and local ones.
    pub fn make(
        common_name: &str,
        allowed: &[Identifier],
        begin: Timestamp,
        end: Timestamp,
    ) -> Result<Self, KeyError> {
        let key = PrivateKey::generate(KeyType::Ec256)?;
        let mut names: Vec<String> = allowed.iter().map(base).collect();
        names.sort();
        names.dedup();
        let der = root(&key, common_name, allowed, begin, end)?;
        Ok(Self {
            certificate: Certificate::parse(&der).map_err(|_| KeyError::Sign)?,
            key,
            names,
        })
    }

    /// Reads a stored root; `None` if the texts are damaged or do not belong together.
    pub fn read(texts: Texts<'_>) -> Option<Self> {
        let key = PrivateKey::from_pem(texts.key).ok()?;
        let ders = split_pem_chain(texts.cert.as_bytes()).ok()?;
        let certificate = Certificate::parse(ders.first()?).ok()?;
        let names = texts.names.lines().map(str::to_owned).collect();
        key_matches(&certificate, &key).then_some(Self {
            key,
            certificate,
            names,
        })
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The key, PEM; the caller guards it.
    pub fn key_pem(&self) -> String {
        self.key.to_pem()
    }

    /// The names it may certify, one a line.
    pub fn names(&self) -> String {
        self.names.iter().map(|name| format!("{name}\n")).collect()
    }

    /// True if it may certify all of these.
    pub fn covers(&self, ids: &[Identifier]) -> bool {
        ids.iter().all(|id| is_local(id) || self.allows(&base(id)))
    }

    fn allows(&self, name: &str) -> bool {
        self.names.iter().any(|allowed| {
            let above = name.strip_suffix(allowed.as_str());
            above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }

    /// Certifies a key for these identifiers: PEM.
    pub fn issue(
        &self,
        key: &PrivateKey,
        ids: &[Identifier],
        begin: Timestamp,
        end: Timestamp,
    ) -> Result<String, KeyError> {
        let issuer = common_name(self.certificate.issuer_name());
        let draft = || -> der::Result<Draft> {
            let subject = Name::default();
            let names = ids.iter().map(general_name).collect::<der::Result<_>>()?;
            let usage = KeyUsage(KeyUsages::DigitalSignature.into());
            let extensions = vec![
                BasicConstraints {
                    ca: false,
                    path_len_constraint: None,
                }
                .to_extension(&subject, &[])?,
                usage.to_extension(&subject, &[])?,
                ExtendedKeyUsage(vec![SERVER_AUTH]).to_extension(&subject, &[])?,
                SubjectAltName(names).to_extension(&subject, &[])?,
                SubjectKeyIdentifier(key_id(&key.public_key_spki_der())?)
                    .to_extension(&subject, &[])?,
                authority(&self.certificate.spki)?.to_extension(&subject, &[])?,
            ];
            Ok(Draft {
                issuer: issuer?,
                subject,
                begin,
                end: end.min(self.certificate.not_after),
                extensions,
            })
        };
        let draft = draft().map_err(|_| KeyError::Sign)?;
        Ok(to_pem(&draft.sign(key, &self.key)?))
    }
}

fn root(
    key: &PrivateKey,
    name: &str,
    allowed: &[Identifier],
    begin: Timestamp,
    end: Timestamp,
) -> Result<Vec<u8>, KeyError> {
    let draft = || -> der::Result<Draft> {
        let subject = common_name(name)?;
        let extensions = vec![
            BasicConstraints {
                ca: true,
                path_len_constraint: Some(0),
            }
            .to_extension(&subject, &[])?,
            KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign).to_extension(&subject, &[])?,
            constraints(allowed)?,
            SubjectKeyIdentifier(key_id(&key.public_key_spki_der())?)
                .to_extension(&subject, &[])?,
        ];
        Ok(Draft {
            issuer: subject.clone(),
            subject,
            begin,
            end,
            extensions,
        })
    };
    let draft = draft().map_err(|_| KeyError::Sign)?;
    draft.sign(key, key)
}

/// The key identifier: the first octets of a digest (RFC 7093 section 2).
fn key_id(spki: &[u8]) -> der::Result<OctetString> {
    let digest = digest::digest(&digest::SHA256, spki);
    OctetString::new(&digest.as_ref()[..KEY_ID])
}

fn authority(spki: &[u8]) -> der::Result<AuthorityKeyIdentifier> {
    Ok(AuthorityKeyIdentifier {
        key_identifier: Some(key_id(spki)?),
        authority_cert_issuer: None,
        authority_cert_serial_number: None,
    })
}

/// What the root may certify (RFC 5280 section 4.2.1.10); critical.
fn constraints(allowed: &[Identifier]) -> der::Result<Extension> {
    let subtree = |base| GeneralSubtree {
        base,
        minimum: 0,
        maximum: None,
    };
    let dns = |name: &str| Ia5String::new(name).map(GeneralName::DnsName);
    let mut permitted = Vec::new();
    for id in allowed {
        permitted.push(subtree(match id {
            Identifier::Dns(_) => dns(&base(id))?,
            Identifier::Ip(IpAddr::V4(v4)) => network_v4(*v4, 32)?,
            Identifier::Ip(IpAddr::V6(v6)) => network_v6(*v6, 128)?,
        }));
    }
    for suffix in LOCAL_SUFFIXES {
        permitted.push(subtree(dns(suffix)?));
    }
    for (address, length) in LOCAL_V4 {
        permitted.push(subtree(network_v4(address, length)?));
    }
    for (address, length) in LOCAL_V6 {
        permitted.push(subtree(network_v6(address, length)?));
    }
    let extension = NameConstraints {
        permitted_subtrees: Some(permitted),
        excluded_subtrees: None,
    };
    extension.to_extension(&Name::default(), &[])
}

/// Address and mask, one after the other.
fn network_v4(address: Ipv4Addr, length: u32) -> der::Result<GeneralName> {
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
    let octets = [address.octets(), mask.to_be_bytes()].concat();
    OctetString::new(octets).map(GeneralName::IpAddress)
}

fn network_v6(address: Ipv6Addr, length: u32) -> der::Result<GeneralName> {
    let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
    let octets = [address.octets(), mask.to_be_bytes()].concat();
    OctetString::new(octets).map(GeneralName::IpAddress)
}

fn is_local(id: &Identifier) -> bool {
    match id {
        Identifier::Dns(_) => LOCAL_SUFFIXES.iter().any(|s| {
            base(id)
                .strip_suffix(s)
                .is_some_and(|rest| rest.ends_with('.'))
        }),
        Identifier::Ip(IpAddr::V4(address)) => LOCAL_V4.iter().any(|(net, length)| {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            address.to_bits() & mask == net.to_bits()
        }),
        Identifier::Ip(IpAddr::V6(address)) => LOCAL_V6.iter().any(|(net, length)| {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            address.to_bits() & mask == net.to_bits()
        }),
    }
}

/// The identifier without `*.`.
fn base(id: &Identifier) -> String {
    id.domain()
        .map_or_else(|| id.to_string(), |domain| domain.base().to_owned())
}
