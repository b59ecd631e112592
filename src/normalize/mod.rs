//! Raw rows of one source → `records_<source>`, the rows kept out, and what is doubtful about single values.
pub mod amount;
pub mod boolean;
pub mod date;
pub mod doubt;
pub mod id_check;
pub mod id_clean;
pub mod id_number;
pub mod phone;
pub mod text;
