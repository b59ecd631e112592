//! CAST and TRY_CAST: which conversions there are. None of them rounds; a text that does not convert gives unknown.

use sqlparser::ast::{CastKind, DataType, ExactNumberInfo, Expr as Tree};

use super::ast::{Expr, Type};
use super::check::{Checker, as_type};
use super::literals::MAX_PLACES;
use super::refusals;

impl Checker<'_> {
    pub(super) fn cast(&mut self, at: &Tree, kind: &CastKind, tree: &Tree, to: &DataType) -> Option<Expr> {
        if matches!(kind, CastKind::DoubleColon) {
            return self.refuse(
                "sql.not_in_grammar",
                at,
                "`::` is not part of the rule language",
                "write CAST(x AS INTEGER)",
            );
        }
        let value = self.expr(tree);
        let Some(ty) = cast_target(to) else {
            let hint = match to {
                DataType::Timestamp(..) | DataType::Datetime(_) => refusals::TIMESTAMP,
                _ => "the types are INTEGER, DECIMAL(18, 2), DOUBLE, VARCHAR, DATE and BOOLEAN",
            };
            return self.refuse("sql.cast", at, format!("there is no type {to}"), hint);
        };
        let value = value?;
        let fits = match (value.ty, ty) {
            (Type::Null, _) => true,
            (a, b) if a == b => true,
            (Type::Text, Type::Integer | Type::Decimal(_) | Type::Date) => true,
            (Type::Integer | Type::Decimal(0), Type::Integer | Type::Text) => true,
            (Type::Date, Type::Text) => true,
            (a, Type::Float) => a.is_number(),
            (a, Type::Decimal(to)) => a.places().is_some_and(|from| from <= to),
            _ => false,
        };
        if !fits {
            let hint = match (value.ty.is_number(), ty.is_number()) {
                (true, true) => "write round(x, 2) to say that the number is rounded",
                _ => "texts become numbers and dates; whole numbers and dates become texts",
            };
            let message = format!("{} does not become {} without loss", value.ty.name(), ty.name());
            return self.refuse("sql.cast", at, message, hint);
        }
        Some(as_type(value, ty))
    }
}

fn cast_target(to: &DataType) -> Option<Type> {
    Some(match to {
        DataType::Int(_)
        | DataType::Integer(_)
        | DataType::BigInt(_)
        | DataType::SmallInt(_)
        | DataType::TinyInt(_) => Type::Integer,
        DataType::Decimal(info) | DataType::Numeric(info) | DataType::Dec(info) => match info {
            ExactNumberInfo::None => return None,
            ExactNumberInfo::Precision(_) => Type::Decimal(0),
            ExactNumberInfo::PrecisionAndScale(_, places) => {
                Type::Decimal(u8::try_from(*places).ok().filter(|p| *p <= MAX_PLACES)?)
            }
        },
        DataType::Double(_) | DataType::DoublePrecision | DataType::Float(_) | DataType::Real => Type::Float,
        DataType::Varchar(_)
        | DataType::Char(_)
        | DataType::CharacterVarying(_)
        | DataType::Text
        | DataType::String(_) => Type::Text,
        DataType::Date => Type::Date,
        DataType::Boolean | DataType::Bool => Type::Boolean,
        _ => return None,
    })
}
