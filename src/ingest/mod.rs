//! (stage ingest: to be written)
