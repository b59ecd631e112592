//! What is the household's and differs between its members. Told at the first row that differs from the first that says
//! anything; empty cells say nothing.

use super::Found;
use super::view::View;

pub fn find(view: &View, fields: &[String]) -> Vec<Found> {
    let households = view.households();
    let mut found: Vec<Found> = Vec::new();
    for name in fields {
        let (column, at) = (view.column(name), view.at(name));
        for members in &households {
            let mut said = members.iter().filter_map(|row| Some((*row, column.shown(*row)?)));
            let Some((first, value)) = said.next() else { continue };
            if let Some((row, _)) = said.find(|(_, other)| *other != value) {
                let words = format!("与同户第{}行不同，同一户应当一致", view.file_row(first));
                found.push((row, at, "check.household_same", words.into()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::normalize::checks::fixture::noted;

    #[test]
    fn one_household_one_type() {
        let fields = [("no", "text", "household"), ("type", "text", "")];
        let rows: &[&[&str]] =
            &[&["1", "脱贫户"], &["1", "脱贫户"], &["2", "脱贫户"], &["2", ""], &["2", "普通农户"], &["2", "普通农户"]];
        let found = noted(&fields, "kind = \"household_same\"\nfields = [\"type\"]", rows);
        assert_eq!(found, [(4, "check.household_same", "与同户第5行不同，同一户应当一致")]);
    }
}
