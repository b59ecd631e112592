//! Rows in → rows judged.
