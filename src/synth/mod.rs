//! (stage synth: to be written)
