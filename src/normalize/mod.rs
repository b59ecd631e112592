//! (stage normalize: to be written)
