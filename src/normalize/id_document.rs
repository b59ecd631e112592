//! What kind of document a number belongs to, told from its form: residence permits, foreigners' permits, passports,
//! travel permits, birth certificates.
//!
//! Forms after the Exit and Entry Administration's notices: residence permits of people from Hong Kong, Macau and Taiwan
//! (2018: region 810000, 820000, 830000 and the structure of a citizen's number), foreigners' permanent residence cards (until
//! 2023 three letters and 12 digits, since then 18 digits that begin with 9).

use super::doubt::Doubt;

/// Another document than an identity card, in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// A foreigner's permanent residence card, either layout.
    ForeignPermit,
    /// A permit with which people from Hong Kong, Macau and Taiwan enter the mainland.
    TravelPermit,
    /// A passport, or a permit of its form.
    Passport,
    /// A child's birth certificate.
    BirthCertificate,
    /// A soldier's card.
    Military,
}

impl Document {
    /// What the department is told.
    pub fn doubt(self) -> Doubt {
        match self {
            Document::ForeignPermit => Doubt::new("id_number.foreign_permit", "不是居民身份证号，是外国人永久居留证号"),
            Document::TravelPermit => {
                Doubt::new("id_number.travel_permit", "不是居民身份证号，是来往内地（大陆）通行证号")
            }
            Document::Passport => Doubt::new("id_number.passport", "不是居民身份证号，像护照号或通行证号"),
            Document::BirthCertificate => {
                Doubt::new("id_number.birth_certificate", "不是居民身份证号，是出生医学证明编号，请补报身份证号")
            }
            Document::Military => Doubt::new("id_number.military", "不是居民身份证号，是军人证件号"),
        }
    }
}

/// The document that a text in capitals, free of wrappers and separators, is the number of. `raw` may name it in words.
pub fn document(text: &str, raw: &str) -> Option<Document> {
    if ["军官", "士兵", "军字", "文职"].iter().any(|word| raw.contains(word)) {
        return Some(Document::Military);
    }
    if !text.is_ascii() {
        return None;
    }
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let digits = text.len() - letters;
    if !text[letters..].bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let says = |words: &[&str]| words.iter().any(|word| raw.contains(word));
    let travel = says(&["通行证", "回乡证", "台胞"]);
    match (letters, digits) {
        (0, 18) if is_foreign_layout(text.as_bytes()) && NATIONALITIES.contains(&&text[3..6]) => {
            Some(Document::ForeignPermit)
        }
        (0, 8 | 10) if travel => Some(Document::TravelPermit),
        (1, 9) if travel => Some(Document::TravelPermit),
        (1, 9) if !says(&["护照"]) => Some(Document::BirthCertificate),
        (1, 8 | 10) if travel || matches!(text.as_bytes()[0], b'H' | b'M') => Some(Document::TravelPermit),
        (1, 7..=10) | (2, 6..=9) => Some(Document::Passport),
        (3, 12) => Some(Document::ForeignPermit),
        _ => None,
    }
}

/// True for a number with the region of a residence permit for people from Hong Kong, Macau or Taiwan.
pub fn is_residence_permit(number: &[u8]) -> bool {
    matches!(number, [b'8', b'1'..=b'3', b'0', b'0', b'0', b'0', ..])
}

/// True for what begins as a foreigner's permanent residence card of 2023 does: 9 and a province.
pub fn is_foreign_layout(number: &[u8]) -> bool {
    matches!(number, [b'9', province @ ..] if is_province(province))
}

/// ISO 3166-1 numbers of the neighbours and of those who most often settle. Not the whole list: the fewer codes, the fewer
/// mistyped numbers of citizens are taken for a foreigner's.
const NATIONALITIES: [&str; 26] = [
    "004", "036", "050", "104", "116", "124", "250", "276", "356", "360", "392", "398", "408", "410", "417", "418",
    "458", "496", "524", "586", "608", "643", "704", "762", "826", "840",
];

fn is_province(code: &[u8]) -> bool {
    matches!(
        code,
        [b'1', b'1'..=b'5', ..]
            | [b'2', b'1'..=b'3', ..]
            | [b'3', b'1'..=b'7', ..]
            | [b'4', b'1'..=b'6', ..]
            | [b'5', b'0'..=b'4', ..]
            | [b'6', b'1'..=b'5', ..]
    )
}
