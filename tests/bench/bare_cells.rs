//! The least that reading a workbook can cost: calamine's streaming reader over all cells, each only counted.
//!
//! Usage: bare_cells FILE (see tests/bench/ingest.py). Prints the number of cells and the bytes of their text.

use std::fs::File;
use std::io::BufReader;

use calamine::{DataRef, Reader, Xlsx};

#[allow(clippy::print_stdout)]
fn main() {
    let path = std::env::args().nth(1).expect("a workbook");
    let mut book: Xlsx<_> = Xlsx::new(BufReader::new(File::open(path).expect("readable"))).expect("a workbook");
    let (mut cells, mut bytes) = (0_u64, 0_u64);
    for sheet in book.sheet_names() {
        let mut reader = book.worksheet_cells_reader(&sheet).expect("a sheet");
        while let Some(cell) = reader.next_cell().expect("a cell") {
            cells += 1;
            bytes += match cell.get_value() {
                DataRef::SharedString(text) => text.len() as u64,
                DataRef::String(text) => text.len() as u64,
                _ => 0,
            };
        }
    }
    println!("{cells} cells, {bytes} bytes of text");
}
