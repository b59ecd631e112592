//! (stage link: to be written)
