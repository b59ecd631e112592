//! Screening.

#[cfg(test)]
mod conformance;
mod frames;
mod kernels;
mod lower;
