//! (stage run: to be written)
