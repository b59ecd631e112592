//! (stage screen: to be written)
