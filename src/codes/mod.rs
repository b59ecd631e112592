//! (stage codes: to be written)
