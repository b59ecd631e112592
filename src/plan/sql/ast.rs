//! The typed form of a condition or a value: what `check` gives and the stage `screen` lowers.
//!
//! In: nothing. Out: the types. Every node has exactly one meaning, written here; the engine's own meaning never counts.
//!
//! Numbers have two worlds. Whole numbers and decimals are exact: `+ - *` never round. A division or a float column
//! leads into the world of 64-bit floats and nothing leads back but a declared indicator of kind decimal.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::table::Kind;

/// The type of an expression's values; every type has null, which means unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// UTF-8 text.
    Text,
    /// 64-bit whole number.
    Integer,
    /// Exact decimal with so many places.
    Decimal(u8),
    /// 64-bit float.
    Float,
    /// True or false.
    Boolean,
    /// Calendar day.
    Date,
    /// The literal NULL, before it meets a typed value.
    Null,
}

impl Type {
    /// The type of a declared column or parameter.
    pub fn of(kind: Kind) -> Type {
        match kind {
            Kind::Text => Type::Text,
            Kind::Integer => Type::Integer,
            Kind::Decimal => Type::Decimal(2),
            Kind::Float => Type::Float,
            Kind::Boolean => Type::Boolean,
            Kind::Date => Type::Date,
        }
    }

    /// The word used in messages.
    pub fn name(self) -> &'static str {
        match self {
            Type::Text => "text",
            Type::Integer => "integer",
            Type::Decimal(_) => "decimal",
            Type::Float => "float",
            Type::Boolean => "boolean",
            Type::Date => "date",
            Type::Null => "null",
        }
    }

    /// True for numbers, and for NULL, which fits everywhere.
    pub fn is_number(self) -> bool {
        matches!(self, Type::Integer | Type::Decimal(_) | Type::Float | Type::Null)
    }

    /// Decimal places of an exact number; none for floats and other types.
    pub fn places(self) -> Option<u8> {
        match self {
            Type::Integer => Some(0),
            Type::Decimal(places) => Some(places),
            _ => None,
        }
    }

    /// The type that holds the values of both without loss, or none when they do not mix.
    pub fn join(self, other: Type) -> Option<Type> {
        match (self, other) {
            (a, b) if a == b => Some(a),
            (Type::Null, t) | (t, Type::Null) => Some(t),
            (Type::Float, t) | (t, Type::Float) if t.is_number() => Some(Type::Float),
            (a, b) => Some(Type::Decimal(a.places()?.max(b.places()?))),
        }
    }

    /// True when an indicator declared as `kind` may have this type's values.
    ///
    /// A float or a finer decimal becomes a decimal by rounding to two places, half away from zero; nothing else rounds.
    pub fn fits(self, kind: Kind) -> bool {
        match kind {
            Kind::Text => matches!(self, Type::Text | Type::Null),
            Kind::Integer => matches!(self, Type::Integer | Type::Decimal(0) | Type::Null),
            Kind::Decimal | Kind::Float => self.is_number(),
            Kind::Boolean => matches!(self, Type::Boolean | Type::Null),
            Kind::Date => matches!(self, Type::Date | Type::Null),
        }
    }
}

/// A checked expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it computes.
    pub node: Node,
    /// The type of its values.
    pub ty: Type,
    /// The unit of its values, when it is that of a declared column or parameter; a literal fits every unit.
    pub unit: Option<Arc<str>>,
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// Unknown.
    Null,
    /// True or false.
    Boolean(bool),
    /// Text.
    Text(String),
    /// An exact number: digits and decimal places are in the expression's type.
    Number(i128),
    /// Days since 1970-01-01.
    Date(i32),
}

/// A comparison of two values of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Arithmetic on two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// Exact on exact numbers.
    Add,
    /// Exact on exact numbers.
    Subtract,
    /// Exact on exact numbers: the places add up.
    Multiply,
    /// Real division, nearest float; a divisor of zero gives unknown.
    Divide,
    /// Remainder of whole numbers with the sign of the dividend; a divisor of zero gives unknown.
    Remainder,
}

/// A part of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatePart {
    /// Calendar year.
    Year,
    /// Month, 1 to 12.
    Month,
    /// Day of the month, from 1.
    Day,
}

/// A unit in which days are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Days.
    Days,
    /// Calendar months; the end of a shorter month clamps, and only complete months are counted.
    Months,
    /// Years of twelve such months: full years, as an age is counted.
    Years,
}

/// A function of text; unknown in, unknown out, except for [`Node::Concat`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextFunction {
    /// Upper case.
    Upper,
    /// Lower case.
    Lower,
    /// Without spaces (U+0020) at both ends.
    Trim,
    /// Every occurrence of a literal replaced.
    Replace {
        /// What is replaced, not empty.
        from: String,
        /// What stands there instead.
        to: String,
    },
    /// Characters from `start` (from 1), at most `length` of them.
    Substring {
        /// First character, from 1.
        start: u32,
        /// Number of characters; none = to the end.
        length: Option<u32>,
    },
    /// The first characters.
    Left(u32),
    /// The last characters.
    Right(u32),
    /// Number of characters (not bytes).
    Length,
    /// True when the text begins with a literal.
    StartsWith(String),
    /// True when the text contains a match of a regular expression (LIKE is turned into an anchored one).
    Matches(String),
}

/// An aggregate over an entity's records.
#[derive(Debug, Clone, PartialEq)]
pub enum Aggregate {
    /// Sum of the known values; unknown when none is known.
    Sum(Box<Expr>),
    /// Least known value.
    Min(Box<Expr>),
    /// Greatest known value.
    Max(Box<Expr>),
    /// Number of records.
    CountAll,
    /// Number of records with a known value.
    Count(Box<Expr>),
    /// Number of different known values.
    CountDistinct(Box<Expr>),
    /// True when true for a record, else unknown when unknown for a record, else false.
    Any(Box<Expr>),
    /// Value of the record with the greatest known date; of several, of the last by record id.
    Latest {
        /// The value.
        value: Box<Expr>,
        /// The date that orders the records.
        by: Box<Expr>,
    },
    /// Value of the record with the least known date; of several, of the first by record id.
    Earliest {
        /// The value.
        value: Box<Expr>,
        /// The date that orders the records.
        by: Box<Expr>,
    },
    /// The middle one of the known values, or the mean of the two in the middle; unknown when none is known.
    Median(Box<Expr>),
    /// The different known texts, sorted, joined by `、`; unknown when none is known.
    List(Box<Expr>),
}

/// What an expression computes.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A declared column.
    Column(String),
    /// A parameter, resolved for the household's township and group.
    Param(String),
    /// The day of the run.
    AsOf,
    /// A constant.
    Literal(Literal),
    /// Three-valued NOT.
    Not(Box<Expr>),
    /// Three-valued AND: false wins over unknown.
    And(Box<Expr>, Box<Expr>),
    /// Three-valued OR: true wins over unknown.
    Or(Box<Expr>, Box<Expr>),
    /// True when unknown, never unknown itself.
    IsNull(Box<Expr>),
    /// Unknown when either side is unknown.
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// IS DISTINCT FROM: never unknown; two unknowns are not distinct.
    Distinct(Box<Expr>, Box<Expr>),
    /// IN: true when equal to one; else unknown when a side is unknown; else false.
    In(Box<Expr>, Vec<Expr>),
    /// The value of the first branch whose condition is true, else the last, else unknown.
    Case(Vec<(Expr, Expr)>, Option<Box<Expr>>),
    /// First known value.
    Coalesce(Vec<Expr>),
    /// Unknown when both are equal, else the first.
    NullIf(Box<Expr>, Box<Expr>),
    /// Greatest known value.
    Greatest(Vec<Expr>),
    /// Least known value.
    Least(Vec<Expr>),
    /// Arithmetic on numbers.
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    /// Sign turned.
    Negate(Box<Expr>),
    /// Sign dropped.
    Abs(Box<Expr>),
    /// Exact number rounded half away from zero to the places of the expression's type.
    Round(Box<Expr>),
    /// A day so many months and then days away; the end of a shorter month clamps.
    Shift {
        /// The day.
        date: Box<Expr>,
        /// Months to add.
        months: i32,
        /// Days to add after the months.
        days: i32,
    },
    /// A day moved by so many days, months or years that are themselves a value; unknown when one of both is.
    ShiftBy(Span, Box<Expr>, Box<Expr>),
    /// Complete days, months or years from the first day to the second; negative when the second is earlier.
    Elapsed(Span, Box<Expr>, Box<Expr>),
    /// The first day of a date's month or year.
    Start(Span, Box<Expr>),
    /// Year, month or day of a date.
    DatePart(DatePart, Box<Expr>),
    /// A function of text.
    Text(TextFunction, Box<Expr>),
    /// `||`: unknown when a part is unknown.
    Join(Box<Expr>, Box<Expr>),
    /// `concat`: unknown parts are left out.
    Concat(Vec<Expr>),
    /// Conversion to the expression's type; a text that does not convert gives unknown.
    Cast(Box<Expr>),
    /// An aggregate.
    Aggregate(Aggregate),
}

impl Expr {
    /// An expression of a type.
    pub fn new(node: Node, ty: Type) -> Self {
        Expr { node, ty, unit: None }
    }

    /// The expression with a unit.
    pub fn in_unit(mut self, unit: Option<Arc<str>>) -> Self {
        self.unit = unit;
        self
    }

    /// A condition.
    pub fn condition(node: Node) -> Self {
        Expr::new(node, Type::Boolean)
    }

    /// The expression in a box.
    pub fn boxed(self) -> Box<Expr> {
        Box::new(self)
    }

    /// The three-valued opposite.
    pub fn negated(self) -> Self {
        Expr::condition(Node::Not(self.boxed()))
    }

    /// The direct parts of the expression, in reading order.
    pub fn parts(&self) -> Vec<&Expr> {
        match &self.node {
            Node::Column(_) | Node::Param(_) | Node::AsOf | Node::Literal(_) => Vec::new(),
            Node::Not(a)
            | Node::IsNull(a)
            | Node::Negate(a)
            | Node::Abs(a)
            | Node::Round(a)
            | Node::Shift { date: a, .. }
            | Node::DatePart(_, a)
            | Node::Start(_, a)
            | Node::Text(_, a)
            | Node::Cast(a) => vec![a],
            Node::And(a, b)
            | Node::Or(a, b)
            | Node::Compare(_, a, b)
            | Node::Distinct(a, b)
            | Node::NullIf(a, b)
            | Node::Arithmetic(_, a, b)
            | Node::ShiftBy(_, a, b)
            | Node::Elapsed(_, a, b)
            | Node::Join(a, b) => vec![a, b],
            Node::In(a, list) => std::iter::once(a.as_ref()).chain(list).collect(),
            Node::Case(branches, otherwise) => {
                let branches = branches.iter().flat_map(|(when, then)| [when, then]);
                branches.chain(otherwise.as_deref()).collect()
            }
            Node::Coalesce(list) | Node::Greatest(list) | Node::Least(list) | Node::Concat(list) => {
                list.iter().collect()
            }
            Node::Aggregate(aggregate) => aggregate.parts(),
        }
    }

    fn walk<'a>(&'a self, seen: &mut dyn FnMut(&'a Expr)) {
        seen(self);
        for part in self.parts() {
            part.walk(seen);
        }
    }

    /// Columns named anywhere in the expression.
    pub fn columns(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        self.walk(&mut |e| {
            if let Node::Column(name) = &e.node {
                names.insert(name.as_str());
            }
        });
        names
    }

    /// Parameters named anywhere in the expression, `as_of` not among them.
    pub fn params(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        self.walk(&mut |e| {
            if let Node::Param(name) = &e.node {
                names.insert(name.as_str());
            }
        });
        names
    }

    /// Whether anything is aggregated in it.
    pub fn aggregates(&self) -> bool {
        let mut found = false;
        self.walk(&mut |e| found |= matches!(e.node, Node::Aggregate(_)));
        found
    }
}

impl Aggregate {
    /// What is aggregated.
    pub fn parts(&self) -> Vec<&Expr> {
        match self {
            Aggregate::CountAll => Vec::new(),
            Aggregate::Sum(a)
            | Aggregate::Min(a)
            | Aggregate::Max(a)
            | Aggregate::Count(a)
            | Aggregate::CountDistinct(a)
            | Aggregate::Any(a)
            | Aggregate::Median(a)
            | Aggregate::List(a) => vec![a],
            Aggregate::Latest { value, by } | Aggregate::Earliest { value, by } => vec![value, by],
        }
    }
}
