//! The index of an .xlsx workbook: its sheets and the parts they are in, where the shared texts are, what the styles of
//! cells make of a number, and which calendar its day numbers count in.
//!
//! In: the small parts of the archive. Out: an [`Index`], or the reason why this is no workbook.

use std::collections::BTreeMap;
use std::io::Read;

use quick_xml::events::{BytesStart, Event};

use super::book::SheetInfo;
use super::limits::{Limits, oversized};
use super::package::{Package, target_key};
use super::{Checked, xml};
use crate::diag::{Diagnostic, Place};

/// What a number in a cell is shown as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Shows {
    #[default]
    Number,
    /// A day, with or without the time.
    Day,
    /// A length of time.
    Duration,
}

/// Most styles that are kept; a workbook can have 65,490.
const STYLES: usize = 1 << 20;

/// A workbook's index. Parts are named as [`key`] has them.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The sheets that hold cells (no charts, no macros), in order, and the parts they are in.
    pub(super) sheets: Vec<(SheetInfo, String)>,
    pub(super) shared_texts: String,
    pub(super) styles: String,
    pub(super) is_1904: bool,
}

/// The tags of a part that open an element, one after the other.
fn each(
    part: impl Read,
    limits: &Limits,
    place: &Place,
    mut see: impl FnMut(&BytesStart) -> Checked<()>,
) -> Checked<()> {
    let mut reader = xml::reader(part, limits);
    let mut buffer = Vec::new();
    while let Some(event) = xml::next(&mut reader, &mut buffer, place)? {
        if let Event::Start(tag) = event {
            see(&tag)?;
        }
    }
    Ok(())
}

/// Relationships by their id: the type without its namespace, and the part it leads to.
type Relations = BTreeMap<String, (String, String)>;

fn relations(part: impl Read, base: &str, limits: &Limits, place: &Place) -> Checked<Relations> {
    let mut found = Relations::new();
    each(part, limits, place, |tag| {
        if tag.local_name().as_ref() == "Relationship" {
            let word = |name| xml::attribute(tag, name).unwrap_or_default();
            let kind = word("Type").rsplit('/').next().unwrap_or_default().to_string();
            found.insert(word("Id"), (kind, target_key(&word("Target"), base)));
        }
        Ok(())
    })?;
    Ok(found)
}

impl Index {
    /// Reads the index.
    pub(super) fn read(package: &mut Package, limits: &Limits, place: &Place) -> Checked<Index> {
        let not_workbook = || vec![not_workbook(place)];
        let top = package.index_part("_rels/.rels")?.ok_or_else(not_workbook)?;
        let top = relations(top, "", limits, place)?;
        let book = top.into_values().find(|(kind, _)| kind == "officeDocument").ok_or_else(not_workbook)?.1;
        let (base, name) = match book.rsplit_once('/') {
            Some((folder, name)) => (format!("{folder}/"), name),
            None => (String::new(), book.as_str()),
        };
        let related = package.index_part(&format!("{base}_rels/{name}.rels"))?.ok_or_else(not_workbook)?;
        let related = relations(related, &base, limits, place)?;
        let part = |kind: &str, usual: &str| {
            let found = related.values().find(|(k, _)| k == kind);
            found.map_or_else(|| format!("{base}{usual}"), |(_, part)| part.clone())
        };
        let mut index = Index {
            shared_texts: part("sharedStrings", "sharedstrings.xml"),
            styles: part("styles", "styles.xml"),
            ..Index::default()
        };
        let Some(text) = package.index_part(&book)? else {
            return Ok(index);
        };
        each(text, limits, place, |tag| {
            match tag.local_name().as_ref() {
                "workbookPr" => {
                    if let Some(said) = xml::attribute(tag, "date1904") {
                        index.is_1904 = said == "1" || said == "true";
                    }
                }
                "sheet" => {
                    let name = xml::attribute(tag, "name").unwrap_or_default();
                    let state = xml::attribute(tag, "state");
                    let hidden = !matches!(state.as_deref(), None | Some("visible"));
                    let id = relation(tag).unwrap_or_default();
                    let (kind, part) = related.get(&id).ok_or_else(not_workbook)?;
                    if index.sheets.len() >= limits.parts {
                        return Err(vec![oversized(place, format!("it has more than {} sheets", limits.parts))]);
                    }
                    if kind == "worksheet" {
                        index.sheets.push((SheetInfo { name, hidden }, part.clone()));
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(index)
    }
}

/// The relationship of a sheet: `r:id`, under whatever prefix; `id` without one is something else.
fn relation(tag: &BytesStart) -> Option<String> {
    let found = tag.attributes().flatten().find(|a| a.key.as_ref() != "id" && a.key.local_name().as_ref() == "id");
    let found = found.or_else(|| tag.attributes().flatten().find(|a| a.key.as_ref() == "id"))?;
    found.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok().map(|v| v.into_owned())
}

/// What a number is shown as by the style of its cell, from the part with the styles.
pub(super) fn formats(styles: impl Read, limits: &Limits, place: &Place) -> Checked<Vec<Shows>> {
    let mut codes: BTreeMap<u32, Shows> = BTreeMap::new();
    let mut formats = Vec::new();
    let mut within = false;
    let mut reader = xml::reader(styles, limits);
    let mut buffer = Vec::new();
    while let Some(event) = xml::next(&mut reader, &mut buffer, place)? {
        match event {
            Event::Start(tag) => match tag.local_name().as_ref() {
                "numFmt" => {
                    if let (Some(id), Some(code)) = (xml::count(&tag, "numFmtId"), xml::attribute(&tag, "formatCode")) {
                        codes.insert(id, shows(&code));
                    }
                }
                "cellXfs" => within = true,
                "xf" if within => {
                    let id = xml::count(&tag, "numFmtId").unwrap_or(0);
                    formats.push(codes.get(&id).copied().unwrap_or_else(|| built_in(id)));
                }
                _ => {}
            },
            Event::End(tag) if tag.local_name().as_ref() == "cellXfs" => within = false,
            _ => {}
        }
        if codes.len().max(formats.len()) > STYLES {
            return Err(vec![oversized(place, format!("it has more than {STYLES} styles"))]);
        }
    }
    Ok(formats)
}

/// Formats that every program knows by their number (ECMA-376 part 1, 18.8.30); 27–36 and 50–58 are the Chinese ones.
fn built_in(id: u32) -> Shows {
    match id {
        14..=22 | 27..=36 | 45 | 47 | 50..=58 => Shows::Day,
        46 => Shows::Duration,
        _ => Shows::Number,
    }
}

/// What a format code makes of a number: a day or time when a part of one stands in its first section outside of quotes,
/// escapes and brackets, a length of time when one stands in brackets (`[h]`).
fn shows(code: &str) -> Shows {
    let mut chars = code.chars();
    let mut noon = false;
    while let Some(c) = chars.next() {
        match c.to_ascii_lowercase() {
            ';' => return Shows::Number,
            // The next character is shown, as a gap, or over and over again.
            '\\' | '_' | '*' => {
                chars.next();
            }
            '"' => {
                chars.by_ref().find(|c| *c == '"');
            }
            '[' => {
                let within: String = chars.by_ref().take_while(|c| *c != ']').collect();
                let within = within.to_ascii_lowercase();
                if let Some(first) = within.chars().next()
                    && matches!(first, 'h' | 'm' | 's')
                    && within.chars().all(|c| c == first)
                {
                    return Shows::Duration;
                }
            }
            // `AM/PM` and `A/P`.
            'a' => noon = true,
            'p' | 'm' | '/' if noon => return Shows::Day,
            'd' | 'm' | 'h' | 'y' | 's' if !noon => return Shows::Day,
            _ => {}
        }
    }
    Shows::Number
}

fn not_workbook(place: &Place) -> Diagnostic {
    let message = "the file is an archive but not an .xlsx workbook";
    Diagnostic::error("ingest.not_workbook", message, place.clone()).hint("ask the sender for an .xlsx export")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::limits::LIMITS;

    #[test]
    fn format_codes() {
        let table = [
            (
                Shows::Day,
                "DD/MM/YY|H:MM:SS;@|m\"M\"d\"D\";@|[$-404]e\"\\xfc\"m\"\\xfc\"d\"\\xfc\"|ha/p\\\\m|*-yyyy-mm-dd|yyyy\"年\"m\"月\"d\"日\"|[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy|上午/下午h\"时\"",
            ),
            (
                Shows::Duration,
                "[h]:mm:ss|[h]|[ss]|[s].000|[mm]|[Blue]\\+[h]:mm;[Red]\\-[h]:mm|[>=100][Magenta][s].00|[h]:mm;[=0]\\-",
            ),
            (
                Shows::Number,
                "General|#,##0\\ [$\\u20bd-46D]|\"Y: \"0.00\"m\";\"Y: \"-0.00\"m\"|\"$\"#,##0_);[Red](\"$\"#,##0)|0_ ;[Red]\\-0\\ |\\Y000000|#,##0.0####\" YMD\"|[>=100][Magenta].00|#,##0.00\\ _M\"H\"_);[Red]#,##0|#,##0*y|0\"x\"*d|0.00|@|[Red]0|[DBNum1][$-804]General",
            ),
        ];
        for (expected, codes) in table {
            for code in codes.split('|') {
                assert_eq!(shows(code), expected, "{code}");
            }
        }
    }

    #[test]
    fn styles_refer_to_codes_and_built_in_formats() {
        let styles = "<styleSheet><numFmts><numFmt numFmtId=\"176\" formatCode=\"yyyy&quot;年&quot;\"/></numFmts><cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs>\
                      <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"176\"><alignment/></xf><xf/><xf numFmtId=\"58\"/><xf numFmtId=\"46\"/></cellXfs><dxfs><xf numFmtId=\"14\"/></dxfs></styleSheet>";
        let found = formats(styles.as_bytes(), &LIMITS, &Place::default()).unwrap();
        assert_eq!(found, [Shows::Number, Shows::Day, Shows::Number, Shows::Day, Shows::Duration]);
    }
}
