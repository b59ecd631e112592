//! (stage cases: to be written)
