//! Hash keys of blocks: one 64-bit key from a tag and a few 64-bit parts.
//!
//! The keys are the same on every machine and in every run (no random seed), so that the order in which blocks are kept
//! never differs between runs. Two different values share a key about once in 2^64 pairs; a shared key only brings a
//! needless candidate, which the comparison then judges.

/// One 64-bit key of a tag and parts.
pub fn key(tag: u64, parts: &[u64]) -> u64 {
    parts.iter().fold(mix(tag ^ 0x9e37_79b9_7f4a_7c15), |state, part| mix(state.rotate_left(23) ^ mix(*part)))
}

/// One 64-bit key of a tag and two parts, of which the first is a key already or spread as evenly as one.
pub fn pair(tag: u64, first: u64, second: u64) -> u64 {
    mix(mix(first ^ tag.wrapping_mul(0x9e37_79b9_7f4a_7c15)) ^ second)
}

/// One 64-bit key of a sequence of codes.
pub fn sequence(codes: impl Iterator<Item = u32>) -> u64 {
    codes.fold(0x517c_c1b7_2722_0a95, |state, code| mix(state.rotate_left(17) ^ u64::from(code)))
}

/// One 64-bit key of a text.
pub fn text(text: &str) -> u64 {
    let part = |bytes: &[u8]| bytes.iter().fold(0_u64, |n, b| n << 8 | u64::from(*b));
    let eights = text.as_bytes().chunks_exact(8);
    let last = part(eights.remainder());
    mix(eights.fold(text.len() as u64, |state, eight| mix(state ^ part(eight)).rotate_left(17)) ^ last)
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood 2014): every input bit reaches every output bit.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
