//! (stage reconcile: to be written)
