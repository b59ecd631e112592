//! The age format (age-encryption.org/v1), by the crate `age`: X25519 recipients, ChaCha20-Poly1305 in pieces, no whole file in memory.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

/// A reader's public key.
pub type Recipient = age::x25519::Recipient;

/// A public key as people hand it on: `age1…`.
pub fn parse(text: &str) -> Result<Recipient, String> {
    text.trim().parse::<Recipient>().map_err(str::to_string)
}

/// Writes a file for the recipients alone.
pub fn encrypt(from: &Path, to: &mut impl Write, recipients: &[Recipient]) -> io::Result<()> {
    let recipients = recipients.iter().map(|r| r as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
    let mut out = encryptor.wrap_output(to)?;
    io::copy(&mut BufReader::new(File::open(from)?), &mut out)?;
    out.finish()?.flush()
}
