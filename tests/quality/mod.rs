//! Quality against truth the program cannot see: precision and recall of links and of the online list, gated.
//!
//! Data: `sample-data` (3,000 fictional households, ordinary dirt). Command: `cargo test --test it quality`. The figures
//! and every miss with its explanation are kept as a snapshot, so that a change of a normaliser shows how they move.
//!
//! Another county: `bidui synth --seed 7 --out DIR`, then `BIDUI_COUNTY=DIR INSTA_FORCE_PASS=1 cargo test --test it quality`
//! measures it against the same gates; its snapshots differ from the kept ones and are printed.

mod generic;
mod links;
mod lists;
mod register_insurance;
mod rules;

/// A share with its count, written the same everywhere.
fn share(part: usize, whole: usize) -> String {
    if whole == 0 { "–".to_string() } else { format!("{:.4} ({part}/{whole})", part as f64 / whole as f64) }
}

fn ratio(part: usize, whole: usize) -> f64 {
    assert!(whole > 0, "a share of nothing proves nothing");
    part as f64 / whole as f64
}
