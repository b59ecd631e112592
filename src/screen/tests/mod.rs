//! Tests of the stage: rows in → rows out.

mod fixture;
mod indicators;
mod language;
mod lists;
mod rules;
