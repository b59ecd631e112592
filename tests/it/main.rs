//! The one integration binary: what holds for the whole program and its repository.

mod support;

mod interop;
mod tidy;
