//! Reads the tables of cases that stand in `cases/*.tsv`, one for each normaliser: what stands in a cell, what must be made of
//! it. An empty cell is none; `\t`, `\n`, `\\` and `\u{…}` stand for characters that cannot be seen.

/// The rows of a table, each with its line; panics where the headings are not `columns` or a row is too short.
pub fn table<const N: usize>(text: &str, columns: [&str; N]) -> Vec<(usize, [String; N])> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.is_empty());
    let headings: Vec<&str> = lines.next().map_or(Vec::new(), |(_, line)| line.split('\t').collect());
    assert_eq!(headings, columns, "headings of the table of cases");
    lines
        .map(|(i, line)| {
            let mut cells: Vec<String> = line.split('\t').map(plain).collect();
            assert!(cells.len() <= N, "line {}: {} cells, {N} headings", i + 1, cells.len());
            cells.resize(N, String::new());
            (i + 1, cells.try_into().expect("as many as headings"))
        })
        .collect()
}

/// None for an empty cell.
pub fn some(cell: &str) -> Option<&str> {
    (!cell.is_empty()).then_some(cell)
}

fn plain(cell: &str) -> String {
    let mut out = String::new();
    let mut chars = cell.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('u') => {
                let digits: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
                let code = u32::from_str_radix(&digits, 16).expect("hexadecimal digits");
                out.push(char::from_u32(code).expect("a character"));
            }
            Some(c) => out.push(c),
            None => panic!("a table of cases ends a cell with a backslash: {cell}"),
        }
    }
    out
}
