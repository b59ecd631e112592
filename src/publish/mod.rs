//! (stage publish: to be written)
