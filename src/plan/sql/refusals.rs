//! What the grammar refuses and what to write instead. One row per habit that people bring along from an engine.

/// Functions that are refused, by lower-case name, each with what to write instead.
const FUNCTIONS: &[(&[&str], &str)] = &[
    (
        &["year", "month", "day", "dayofmonth"],
        "write EXTRACT(YEAR FROM d), EXTRACT(MONTH FROM d) or EXTRACT(DAY FROM d)",
    ),
    (
        &["datediff", "date_diff", "timestampdiff"],
        "compare dates with an interval, d1 > d2 + INTERVAL '30 days'; the number itself is days_between(d2, d1)",
    ),
    (
        &["date_trunc", "trunc", "date_format", "to_char", "strftime"],
        "write EXTRACT(YEAR FROM d) = 2025 AND EXTRACT(MONTH FROM d) = 3, or month_start(d), year_start(d)",
    ),
    (
        &["date_add", "date_sub", "dateadd", "adddate", "subdate"],
        "write d + INTERVAL '30 days' or d - INTERVAL '12 months'",
    ),
    (
        &[
            "now",
            "today",
            "current_date",
            "current_time",
            "current_timestamp",
            "localtime",
            "localtimestamp",
            "curdate",
            "getdate",
            "sysdate",
        ],
        "rules have no clock; write :as_of, the day of the run",
    ),
    (&["strpos", "position", "instr", "charindex", "locate", "contains"], "write LIKE '%…%'"),
    (&["octet_length", "len", "bit_length"], "write length(x), which counts characters"),
    (&["if", "iif", "iff", "decode"], "write CASE WHEN … THEN … ELSE … END"),
    (&["ifnull", "nvl", "isnull"], "write coalesce(x, y)"),
    (&["bool_or", "some", "exists"], "write any(condition) in an indicator's value"),
    (&["bool_and", "all"], "write every(condition) in an indicator's value"),
    (&["string_agg", "group_concat", "listagg"], "write list(text) in an indicator's value"),
    (
        &["first", "last", "first_value", "last_value", "max_by", "arg_max"],
        "write latest(value, date) in an indicator's value",
    ),
    (&["ceil", "ceiling", "floor", "truncate"], "compare the amount as it is; to round, write round(x, 0)"),
    (&["to_date", "str_to_date", "date"], "write DATE '2026-09-30' or CAST(text AS DATE)"),
    (&["to_number", "int", "integer"], "write CAST(text AS INTEGER)"),
    (&["regexp_matches", "regexp", "rlike", "regexp_contains"], "write regexp_like(text, 'pattern')"),
    (&["ltrim", "rtrim", "btrim"], "write trim(text)"),
    (&["power", "pow", "sqrt", "exp", "ln", "log"], "a threshold needs no such function; use + - * /"),
];

/// What to write instead of a function, when it is a known habit.
pub(super) fn function(lower_name: &str) -> Option<&'static str> {
    let row = FUNCTIONS.iter().find(|(names, _)| names.contains(&lower_name))?;
    Some(row.1)
}

/// `flag IS TRUE` and its sisters: engines differ on unknown, so the rule must say it.
pub(super) const IS_TRUE: &str = "write `flag` or `NOT flag` (unknown stays unknown), or say what unknown counts as: \
                                  `coalesce(flag, FALSE) = FALSE`";

/// A difference of dates, or a date plus a number.
pub(super) const DATE_DIFFERENCE: &str = "write d1 > d2 + INTERVAL '30 days'";

/// A timestamp.
pub(super) const TIMESTAMP: &str = "values are days; write DATE '2025-03-01'";

/// FILTER and OVER.
pub(super) const AGGREGATE_CLAUSE: &str =
    "put the condition into the indicator's filter, or write sum(CASE WHEN … THEN … END)";

/// A subquery.
pub(super) const SUBQUERY: &str = "make an indicator of the other source and name it here";
