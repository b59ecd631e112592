//! Small code tables and contracts for the tests of this folder. The county is fictional.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::codes::Codes;
use crate::diag::Place;
use crate::model::Privacy;
use crate::plan::{Field, FieldFrom, FieldKind, Format, Role, Source, SourceRole, Subject};

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
        let (codes, problems) = crate::codes::load(dir.path());
        assert!(problems.is_empty(), "{problems:?}");
        codes
    })
}

/// A field without anything special.
pub fn field(name: &str, heading: &str, kind: FieldKind, role: Option<Role>) -> Field {
    Field {
        name: name.into(),
        heading: heading.into(),
        aliases: vec![],
        from: FieldFrom::Column,
        kind,
        unit: String::new(),
        required: false,
        not_null: false,
        role,
        code: None,
        multi: String::new(),
        privacy: Privacy::Internal,
        meaning: String::new(),
        place: Place::default(),
    }
}

/// A department's source with these fields, about persons.
pub fn source(fields: Vec<Field>) -> Source {
    Source {
        id: "test".into(),
        title: "测试".into(),
        department: "民政局".into(),
        role: SourceRole::Department,
        subject: Subject::Person,
        required: false,
        format: Format::Csv,
        files: vec![],
        encoding: None,
        delimiter: b',',
        header_rows: 1,
        header_within: 10,
        sheets: vec![],
        not_data: vec![],
        fold_duplicates: true,
        once_per_person: false,
        fields,
        place: Place::default(),
    }
}
