//! The age format (age-encryption.org/v1), by the crate `age`: X25519 recipients, ChaCha20-Poly1305 in pieces, no whole file in memory.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

use crate::diag::{Failure, Outcome};

/// A reader's public key.
pub type Recipient = age::x25519::Recipient;

/// A reader's secret key.
pub type Identity = age::x25519::Identity;

/// A public key as people hand it on: `age1…`.
pub fn parse(text: &str) -> Result<Recipient, String> {
    text.trim().parse::<Recipient>().map_err(str::to_string)
}

/// A secret key as `age-keygen` writes it: `AGE-SECRET-KEY-1…`.
pub fn identity(text: &str) -> Result<Identity, String> {
    text.trim().parse::<Identity>().map_err(str::to_string)
}

/// Writes a file for the recipients alone.
pub fn encrypt(from: &Path, to: &mut impl Write, recipients: &[Recipient]) -> io::Result<()> {
    let recipients = recipients.iter().map(|r| r as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
    let mut out = encryptor.wrap_output(to)?;
    io::copy(&mut BufReader::new(File::open(from)?), &mut out)?;
    out.finish()?.flush()
}

/// Opens a sealed file for a reader. The inner result says in words why it stays closed.
///
/// # Errors
/// The file cannot be read (74).
pub fn open(path: &Path, keys: &[Identity]) -> Outcome<Result<impl io::Read, String>> {
    let failed = |e: &dyn std::fmt::Display| Failure::io("read the sealed file", path, e);
    let file = File::open(path).map_err(|e| failed(&e))?;
    let opened = age::Decryptor::new_buffered(BufReader::new(file))
        .and_then(|sealed| sealed.decrypt(keys.iter().map(|key| key as &dyn age::Identity)));
    match opened {
        Ok(reader) => Ok(Ok(reader)),
        Err(age::DecryptError::Io(e)) if e.kind() != io::ErrorKind::UnexpectedEof => Err(failed(&e)),
        Err(age::DecryptError::NoMatchingKeys) => Ok(Err("the file is sealed for other readers".into())),
        Err(_) => Ok(Err("this is no sealed file, or not as it was sealed".into())),
    }
}
