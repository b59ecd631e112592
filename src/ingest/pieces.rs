//! XML cut into tags and what stands between them, as the parser above will cut it, in bounded memory.
//!
//! A parser keeps every tag, comment, text between two tags and text of a cell whole, and a hostile file may have nothing
//! else in it. So the same bytes go through here first, by the parser's own rules for where a piece ends (quick-xml 0.42): a
//! comment full of `<` is one piece, and so is a tag with `>` in its attributes.

use quick_xml::parser::{ElementParser, Parser, PiParser};

/// Longest beginning of a tag that is kept.
const TAG: usize = 256;

/// Where the pieces of a stream are.
pub(super) struct Pieces {
    longest: usize,
    within: Within,
    /// Bytes of the piece so far.
    run: usize,
    /// Its last two bytes.
    last: [u8; 2],
    /// Bytes of text since [`Pieces::new_text`] was called.
    text: usize,
    /// The first bytes of a tag without its brackets.
    tag: Vec<u8>,
}

enum Within {
    Text,
    /// Behind a `<`.
    Begun,
    /// Behind a `<!`.
    Bang,
    Tag(ElementParser),
    Instruction(PiParser),
    Comment,
    Data,
    /// Before the subset of a document type: within this quote, or 0.
    Doctype(u8),
    /// Nothing ends this: a document type with declarations of its own, which no spreadsheet program writes.
    Endless,
}

/// What was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met<'t> {
    /// A tag is over: it without its brackets, or its beginning if it is long.
    Tag(&'t [u8]),
    /// All bytes given so far.
    End,
    /// A piece longer than anything a spreadsheet holds.
    TooLong,
}

impl Pieces {
    /// At the beginning of a document no piece of which may have more than `longest` bytes.
    pub(super) fn new(longest: usize) -> Pieces {
        Pieces { longest, within: Within::Text, run: 0, last: [0; 2], text: 0, tag: Vec::new() }
    }

    /// A new cell or shared text begins: the texts of one are kept together, whatever tags stand between them.
    pub(super) fn new_text(&mut self) {
        self.text = 0;
    }

    /// Takes bytes from the front until something is met.
    pub(super) fn next<'t, 'b: 't>(&'t mut self, bytes: &mut &'b [u8]) -> Met<'t> {
        // Nearly all there is: a short text and a whole tag behind it, looked at where they lie.
        if let (Within::Text, Some((text, tag))) = (&self.within, plain(bytes)) {
            *bytes = &bytes[text + tag.len() + 2..];
            self.text += text;
            if (self.run + text).max(self.text).max(tag.len() + 2) > self.longest {
                self.within = Within::Endless;
                self.run = self.longest + 1;
                return Met::TooLong;
            }
            self.run = 0;
            self.last = *b" >";
            return Met::Tag(tag);
        }
        loop {
            if self.run.max(self.text) > self.longest {
                return Met::TooLong;
            }
            if bytes.is_empty() {
                return Met::End;
            }
            // How many bytes the piece goes on, its end included, when it ends here.
            let end = match &mut self.within {
                Within::Text => memchr::memchr(b'<', bytes).map(|at| at + 1),
                Within::Begun => {
                    self.tag.clear();
                    self.within = match bytes[0] {
                        b'!' => Within::Bang,
                        b'?' => Within::Instruction(PiParser::default()),
                        _ => Within::Tag(ElementParser::default()),
                    };
                    if bytes[0] == b'!' {
                        self.take(bytes, 1);
                    }
                    continue;
                }
                Within::Bang => {
                    self.within = match bytes[0] {
                        b'-' => Within::Comment,
                        b'[' => Within::Data,
                        b'D' | b'd' => Within::Doctype(0),
                        // The parser ends here.
                        _ => Within::Endless,
                    };
                    continue;
                }
                Within::Tag(parser) => parser.feed(bytes).map(|at| at + 1),
                Within::Instruction(parser) => parser.feed(bytes).map(|at| at + 1),
                // `<!---->` is the shortest.
                Within::Comment => closing(bytes, self.last, b'-', 6_usize.saturating_sub(self.run)),
                Within::Data => closing(bytes, self.last, b']', 0),
                Within::Doctype(0) => match bytes.iter().position(|b| matches!(b, b'\'' | b'"' | b'[' | b'>')) {
                    Some(at) if bytes[at] == b'>' => Some(at + 1),
                    Some(at) => {
                        self.within = match bytes[at] {
                            b'[' => Within::Endless,
                            quote => Within::Doctype(quote),
                        };
                        self.take(bytes, at + 1);
                        continue;
                    }
                    None => None,
                },
                Within::Doctype(quote) => {
                    if let Some(at) = memchr::memchr(*quote, bytes) {
                        self.within = Within::Doctype(0);
                        self.take(bytes, at + 1);
                        continue;
                    }
                    None
                }
                Within::Endless => None,
            };
            if matches!(self.within, Within::Text | Within::Data) {
                self.text += end.map_or(bytes.len(), |end| end - 1);
            }
            if let Within::Tag(_) = self.within {
                let room = TAG - self.tag.len().min(TAG);
                let rest = end.map_or(bytes.len(), |end| end - 1);
                self.tag.extend_from_slice(&bytes[..rest.min(room)]);
            }
            self.take(bytes, end.unwrap_or(bytes.len()));
            if end.is_some() && self.run <= self.longest {
                let ended = std::mem::replace(&mut self.within, Within::Text);
                // What a piece is measured by begins with its `<`.
                self.run = 0;
                match ended {
                    Within::Text => (self.within, self.run) = (Within::Begun, 1),
                    Within::Tag(_) => return Met::Tag(&self.tag),
                    _ => {}
                }
            }
        }
    }

    fn take(&mut self, bytes: &mut &[u8], count: usize) {
        let (taken, rest) = bytes.split_at(count);
        self.run += count;
        match taken {
            [.., a, b] => self.last = [*a, *b],
            [b] => self.last = [self.last[1], *b],
            [] => {}
        }
        *bytes = rest;
    }
}

/// The length of the text at the front and the whole tag behind it; none when there is no end of it, or something else.
fn plain(bytes: &[u8]) -> Option<(usize, &[u8])> {
    // Texts are short: looking at byte after byte is faster than any search.
    let text = bytes.iter().position(|b| *b == b'<')?;
    let behind = &bytes[text + 1..];
    if matches!(behind.first()?, b'!' | b'?') {
        return None;
    }
    let mut quote = 0;
    for (at, byte) in behind.iter().take(TAG).enumerate() {
        match *byte {
            b'>' if quote == 0 => return Some((text, &behind[..at])),
            b @ (b'"' | b'\'') if quote == 0 => quote = b,
            b if b == quote => quote = 0,
            _ => {}
        }
    }
    None
}

/// The end of what two `mark`s and a `>` close, not before index `from`; `last` are the two bytes before.
fn closing(bytes: &[u8], last: [u8; 2], mark: u8, from: usize) -> Option<usize> {
    let before = |at: usize, back: usize| match at.checked_sub(back) {
        Some(at) => bytes[at],
        None => last[2 + at - back],
    };
    memchr::memchr_iter(b'>', bytes)
        .find(|at| *at >= from && before(*at, 1) == mark && before(*at, 2) == mark)
        .map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tags met when the bytes come in pieces of `step`; none when a piece is too long.
    fn tags(xml: &str, longest: usize, step: usize) -> Option<Vec<String>> {
        let mut pieces = Pieces::new(longest);
        let mut met = Vec::new();
        for mut bytes in xml.as_bytes().chunks(step) {
            loop {
                match pieces.next(&mut bytes) {
                    Met::Tag(tag) => met.push(String::from_utf8_lossy(tag).into_owned()),
                    Met::End => break,
                    Met::TooLong => return None,
                }
            }
        }
        Some(met)
    }

    #[test]
    fn pieces_end_where_the_parser_ends_them() {
        let xml = "<?xml version='1.0' a='?>'?><!DOCTYPE a PUBLIC '>' \"[\"><a b='<>'>t<!----><!-- <x> -> --><!--><y>-->\
                   <![CDATA[<z>]>]]></a c='>'><?pi <w>?><?><b/>";
        for step in [1, 2, 3, 7, 1000] {
            let met = tags(xml, 1000, step).unwrap();
            assert_eq!(met, ["a b='<>'", "/a c='>'", "b/"], "{step}");
            // The same as the parser's own.
            let mut reader =
                quick_xml::Reader::from_str("<a><!--><y>--><![CDATA[<z>]>]]><!-- <x> -> --><?pi <w>?><b/></a>");
            let mut own = 0;
            while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {
                own += 1;
            }
            assert_eq!(own, 7);
        }
        assert_eq!(tags("<!DOCTYPE a [<!ENTITY e 'x'>]><a/>", 1000, 1000).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn nothing_between_two_tags_is_longer_than_the_cap() {
        let short = "x".repeat(80);
        let sound = format!("<a b=\"{short}\">{short}</a><!-- > < {short} -->{short}<c/><![CDATA[<{short}]]><c/>");
        let cells = |xml: &str, step| {
            let mut pieces = Pieces::new(100);
            for mut bytes in xml.as_bytes().chunks(step) {
                loop {
                    match pieces.next(&mut bytes) {
                        Met::Tag(_) => pieces.new_text(),
                        Met::End => break,
                        Met::TooLong => return false,
                    }
                }
            }
            true
        };
        let many = "<>".repeat(60);
        for step in [1, 5, 64, 100_000] {
            assert!(cells(&sound.repeat(100), step));
            for xml in [
                format!("<a>{}</a>", "x".repeat(110)),
                format!("<!-- {many} -->"),
                format!("<!-->{many} -->"),
                format!("<?x >{many} ?>"),
                format!("<!DOCTYPE a '>{many}'>"),
                format!("<!DOCTYPE a [<!ELEMENT a ANY>]>{many}"),
                format!("<a b=\"{many}\"/>"),
                format!("<a b='{many}'/>"),
                format!("<![CDATA[{many}]]>"),
                format!("<a {}>", "b ".repeat(60)),
                // One text in many pieces.
                "xx<!---->".repeat(60),
                "xx<![CDATA[]]>".repeat(60),
            ] {
                assert!(!cells(&xml, step), "{step}: {xml}");
            }
        }
    }
}
