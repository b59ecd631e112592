//! Room for tables whose slots are read before they are written.

/// So many zeros, written one by one.
///
/// `vec![0; n]` gets pages that the system has zeroed, and until they are written they are all one page. Where a slot is
/// read first, as in a hash table, every page then costs a second fault, which halts the other threads of the process:
/// it took a fifth of the CPU time of reading two files at once.
pub fn zeros<T: Copy + Default>(n: usize) -> Vec<T> {
    // Hidden, or the compiler makes the same of it.
    std::iter::repeat_n(std::hint::black_box(T::default()), n).collect()
}
