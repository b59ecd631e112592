//! Delimited files as departments send them. In: texts. Out: CSV in an encoding; the line number of every row written.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;

use super::sheet::place;
use crate::diag::{Failure, Outcome};

/// A delimited file that is written as it goes.
pub struct Csv {
    path: PathBuf,
    file: BufWriter<File>,
    encoding: &'static Encoding,
    /// What characters become, once asked: the encoder searches its tables anew for every character, which for a
    /// register of a million rows takes minutes.
    known: HashMap<char, Vec<u8>>,
    line: u32,
    end: &'static [u8],
}

impl Csv {
    /// Opens a department's file and writes the headings. `bom` only makes sense with UTF-8.
    pub fn create(out: &Path, relative: &str, encoding: &'static Encoding, bom: bool, headings: &str) -> Outcome<Csv> {
        let mut csv = Csv::open(out, relative, encoding, b"\r\n")?;
        if bom {
            csv.write(&[0xef, 0xbb, 0xbf])?;
        }
        csv.text(headings)?;
        Ok(csv)
    }

    /// Opens a file of ours: UTF-8 without BOM, lines ending as on Unix.
    pub fn own(out: &Path, relative: &str, headings: &str) -> Outcome<Csv> {
        let mut csv = Csv::open(out, relative, encoding_rs::UTF_8, b"\n")?;
        csv.text(headings)?;
        Ok(csv)
    }

    fn open(out: &Path, relative: &str, encoding: &'static Encoding, end: &'static [u8]) -> Outcome<Csv> {
        let path = place(out, relative)?;
        let file = File::create(&path).map_err(|e| Failure::io("create", &path, &e))?;
        Ok(Csv { path, file: BufWriter::new(file), encoding, known: HashMap::new(), line: 0, end })
    }

    fn write(&mut self, bytes: &[u8]) -> Outcome<()> {
        self.file.write_all(bytes).map_err(|e| Failure::io("write", &self.path, &e))
    }

    fn text(&mut self, line: &str) -> Outcome<u32> {
        let mut bytes = Vec::with_capacity(line.len() + 2);
        if self.encoding == encoding_rs::UTF_8 {
            bytes.extend_from_slice(line.as_bytes());
        } else {
            for c in line.chars() {
                match c {
                    '\0'..='\u{7f}' => bytes.push(c as u8),
                    _ => {
                        let encoding = self.encoding;
                        let encode = || encoding.encode(c.encode_utf8(&mut [0; 4])).0.into_owned();
                        bytes.extend_from_slice(self.known.entry(c).or_insert_with(encode));
                    }
                }
            }
        }
        bytes.extend_from_slice(self.end);
        self.write(&bytes)?;
        self.line += 1;
        Ok(self.line)
    }

    /// Writes a row and gives its line number. No value holds a line break, so lines are rows.
    pub fn row<S: AsRef<str>>(&mut self, cells: &[S]) -> Outcome<u32> {
        let mut line = String::new();
        for (i, cell) in cells.iter().enumerate() {
            let cell = cell.as_ref();
            if i > 0 {
                line.push(',');
            }
            if cell.contains([',', '"']) {
                line.push('"');
                line.push_str(&cell.replace('"', "\"\""));
                line.push('"');
            } else {
                line.push_str(cell);
            }
        }
        self.text(&line)
    }

    /// Flushes.
    pub fn close(mut self) -> Outcome<()> {
        self.file.flush().map_err(|e| Failure::io("write", &self.path, &e))
    }
}
