//! Writes a model with what was fitted, in the form that `read` reads.

use std::fmt::Write;

use super::{CLEAN, DateOrder, GenericModel, Links};

/// A text as TOML; control characters escaped.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_string()).to_string()
}

fn list<T>(items: impl IntoIterator<Item = T>, word: impl Fn(T) -> String) -> String {
    format!("[{}]", items.into_iter().map(word).collect::<Vec<_>>().join(", "))
}

/// Nine significant digits: the file gives back nearly the same weights, and stays readable.
fn number(value: f64) -> String {
    let short: f64 = format!("{value:.8e}").parse().unwrap_or(value);
    if short.fract() == 0.0 && short.abs() < 1e15 { format!("{short:.1}") } else { format!("{short:?}") }
}

impl GenericModel {
    /// The model as a file: reading it gives the same model, and no parameter that is in it is estimated again.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "family = \"generic\"\nname = {}\nversion = {}", quoted(&self.name), self.version)?;
        writeln!(out, "linked_at = {}\npossible_at = {}", number(self.linked_at), number(self.possible_at))?;
        writeln!(out, "margin = {}\nmax_block = {}", number(self.margin), self.max_block)?;
        let links = match self.links {
            Links::OneToOne => "one_to_one",
            Links::ManyToOne => "many_to_one",
            Links::ManyToMany => "many_to_many",
        };
        writeln!(out, "links = \"{links}\"")?;
        if let Some(prior) = self.prior {
            writeln!(out, "prior = {}", number(prior))?;
        }
        for column in &self.columns {
            writeln!(out, "\n[[column]]\nname = {}", quoted(&column.name))?;
            writeln!(out, "left = {}\nright = {}", quoted(&column.left), quoted(&column.right))?;
            let word = |step| CLEAN.iter().find(|(_, s)| s == step).map_or(String::new(), |(w, _)| quoted(w));
            writeln!(out, "clean = {}", list(&column.clean, word))?;
            if !column.missing.is_empty() {
                writeln!(out, "missing = {}", list(&column.missing, |v| quoted(v)))?;
            }
            if column.date_order == DateOrder::MonthFirst {
                writeln!(out, "date_order = \"month_first\"")?;
            }
        }
        for pass in &self.passes {
            writeln!(out, "\n[[blocking]]\nkeys = {}", list(&pass.written, |k| quoted(k)))?;
        }
        for comparison in &self.comparisons {
            writeln!(out, "\n[[comparison]]\nname = {}", quoted(&comparison.name))?;
            let names = list(&comparison.columns, |c| quoted(&self.columns[*c].name));
            writeln!(out, "columns = {names}\nmeasure = \"{}\"", comparison.measure.word())?;
            if !comparison.measure.default_levels().is_empty() {
                writeln!(out, "levels = {}", list(&comparison.thresholds, |t| number(*t)))?;
            }
            writeln!(out, "term_frequency = {}", comparison.term_frequency)?;
            for (key, shares) in [("m", &comparison.m), ("u", &comparison.u)] {
                if let Some(shares) = shares {
                    writeln!(out, "{key} = {}", list(shares, |s| number(*s)))?;
                }
            }
        }
        Ok(())
    }
}
