//! Linkage models of the `generic` family: any columns, compared by named measures.

use super::reader::Section;
use crate::diag::Place;

/// A model that names its own columns, blocks and comparisons.
#[derive(Debug, Clone)]
pub struct GenericModel {
    /// Name of the model.
    pub name: String,
    /// Version.
    pub version: i64,
    /// Where it stands.
    pub place: Place,
}

/// Reads a model file of this family.
pub(super) fn read(file: &Section) -> GenericModel {
    GenericModel { name: file.need_text("name"), version: file.need_version(), place: file.place() }
}
