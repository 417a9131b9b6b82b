//! PEM files of certificates.

use super::X509Error;
use crate::keys::pem;

/// The label of a certificate (RFC 7468 section 5).
const LABEL: &str = "CERTIFICATE";
/// The longest chain that is read, in bytes of PEM.
pub(super) const CHAIN_SIZE: usize = 64 * 1024;
/// The longest chain that is read, in certificates; public CAs send two to four.
pub(super) const CHAIN_LENGTH: usize = 10;

/// Splits the certificates of a chain as a CA sends it (RFC 8555 section 9.1), each as DER.
/// Anything else in it than certificates and blank lines is refused: the file goes to web servers,
/// which may take a key or parameters from it. Lines may end in LF or CRLF.
pub fn split_pem_chain(pem: &[u8]) -> Result<Vec<Vec<u8>>, X509Error> {
    if pem.len() > CHAIN_SIZE {
        return Err(X509Error::TooLarge);
    }
    let text = std::str::from_utf8(pem).map_err(|_| X509Error::Stray)?;
    let (blocks, stray) = pem::blocks(text).map_err(X509Error::Pem)?;
    if let Some(other) = blocks.iter().find(|block| block.label != LABEL) {
        return Err(X509Error::Foreign(other.label.into()));
    }
    match blocks.len() {
        0 => Err(X509Error::NoCertificate),
        _ if stray => Err(X509Error::Stray),
        1..=CHAIN_LENGTH => Ok(blocks
            .into_iter()
            .map(|mut block| std::mem::take(&mut *block.der))
            .collect()),
        _ => Err(X509Error::TooMany),
    }
}

/// Writes a certificate as PEM: 64 columns, a newline at the end. A chain is these one after the other.
pub fn to_pem(der: &[u8]) -> String {
    pem::encode(LABEL, der)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::PemError;

    #[test]
    fn splits_and_joins() {
        let one = to_pem(&[1; 100]);
        let two = to_pem(&[2; 3]);
        for text in [
            format!("{one}{two}"),
            format!("\n{one}\n\n{two}\n").replace('\n', "\r\n"),
        ] {
            let chain = split_pem_chain(text.as_bytes()).expect("chain");
            assert_eq!(chain, [vec![1; 100], vec![2; 3]]);
        }
        assert_eq!(
            split_pem_chain(one.repeat(CHAIN_LENGTH).as_bytes()).map(|c| c.len()),
            Ok(CHAIN_LENGTH)
        );
    }

    #[test]
    fn takes_certificates_alone() {
        let one = to_pem(&[1; 100]);
        let key = pem::encode("PRIVATE KEY", &[1]);
        for (text, want) in [
            (String::new(), X509Error::NoCertificate),
            ("<html>".into(), X509Error::NoCertificate),
            (format!("subject=/CN=x\n{one}"), X509Error::Stray),
            (format!("{one}x"), X509Error::Stray),
            (
                format!("{one}{key}"),
                X509Error::Foreign("PRIVATE KEY".into()),
            ),
            (one.repeat(CHAIN_LENGTH + 1), X509Error::TooMany),
            ("\n".repeat(CHAIN_SIZE + 1), X509Error::TooLarge),
            (
                one[..80].into(),
                X509Error::Pem(PemError::Open(LABEL.into())),
            ),
        ] {
            assert_eq!(split_pem_chain(text.as_bytes()), Err(want), "{text}");
        }
        assert_eq!(split_pem_chain(&[0xff]), Err(X509Error::Stray));
    }
}
