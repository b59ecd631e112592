//! Small code tables and contracts for the tests of this folder. The county is fictional.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::codes::Codes;
use crate::plan::sample;
use crate::plan::{Field, FieldKind, Role, Source};

const HEAD: &str = "# name: NAME\n# version: 1\n# effective_from: 2020-01-01\n# document: test\n";

/// Code tables `sex`, `relation`, `cause` and the divisions of two townships.
pub fn codes() -> &'static Codes {
    static CODES: OnceLock<Codes> = OnceLock::new();
    CODES.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, columns: &str, rows: &[&str]| {
            let path: PathBuf = dir.path().join(format!("{name}.csv"));
            let text = format!("{}{columns}\n{}\n", HEAD.replace("NAME", name), rows.join("\n"));
            std::fs::write(path, text).expect("writable");
        };
        let columns = "code,title,aliases";
        write("sex", columns, &["male,男,1|男性", "female,女,2|女性"]);
        write("relation", columns, &["head,户主,02", "spouse,配偶,10", "son,之子,20|子"]);
        write("cause", columns, &["illness,因病,", "education,因学,", "disability,因残,"]);
        let divisions = [
            "990121,澄岚县,county,,",
            "990121001,云岭镇,township,990121,",
            "990121001001,东沟村,village,990121001,老东沟",
            "990121001002,新民村,village,990121001,",
            "990121002,青山乡,township,990121,",
            "990121002001,新民村,village,990121002,",
            "990121002002,石桥社区,village,990121002,",
        ];
        write("divisions", "code,name,level,parent,aliases", &divisions);
        let changes =
            ["990121001009,南坡村,990121001002,2024-01-01,merged", "990121009,大坝乡,990121002,2023-01-01,merged"];
        write("division_changes", "old_code,old_name,new_code,from,kind", &changes);
        let (codes, problems) = crate::codes::load(dir.path());
        assert!(problems.is_empty(), "{problems:?}");
        codes
    })
}

/// A field without anything special.
pub fn field(name: &str, heading: &str, kind: FieldKind, role: Option<Role>) -> Field {
    Field { heading: heading.into(), required: false, role, ..sample::field(name, kind) }
}

/// A department's source with these fields, about persons.
pub fn source(fields: Vec<Field>) -> Source {
    sample::source("test", fields)
}
