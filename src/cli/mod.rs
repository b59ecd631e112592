//! (stage cli: to be written)
