//! The codes of one column of a row group, given as its values come.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanBufferBuilder, Date32Array, StringBuilder};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Date32Type};
use foldhash::fast::FixedState;

/// Most bytes of a dictionary, as the library has it: above, codes save nothing.
const DICTIONARY_BYTES: usize = 1 << 20;

/// No entry stands in a slot with this code.
const FREE: u32 = u32::MAX;

/// Most steps from where a value belongs to where it stands: values that were made to collide end here.
const STEPS: usize = 256;

/// Values up to this length are looked up as one number.
const SHORT: usize = 15;

/// A column's values as codes of a dictionary, in the order in which they came.
#[derive(Default)]
pub(super) struct Codes {
    /// Of the values that are there.
    codes: Vec<u32>,
    rows: usize,
    /// Of all rows; none while every row has a value.
    valid: Option<BooleanBufferBuilder>,
    /// The dictionary in the encoding `PLAIN`.
    plain: Vec<u8>,
    /// Where each entry begins and ends in it.
    places: Vec<(u32, u32)>,
    /// Entries by their bytes and length as a number, by open addressing.
    slots: Vec<(u128, u32)>,
    /// Entries that are longer than [`SHORT`].
    long: HashMap<Box<[u8]>, u32, FixedState>,
    crowded: bool,
}

impl Codes {
    /// Adds texts or days.
    pub(super) fn add(&mut self, array: &ArrayRef) {
        self.note_nulls(array);
        self.codes.reserve(array.len() - array.null_count());
        if let Some(texts) = array.as_string_opt::<i32>() {
            let bytes = texts.values().as_slice();
            let no_nulls = texts.null_count() == 0;
            for (row, ends) in texts.offsets().windows(2).enumerate() {
                if no_nulls || texts.is_valid(row) {
                    let (from, to) = (ends[0] as usize, ends[1] as usize);
                    let code = match number(bytes, from, to) {
                        Some(number) => self.short(number, &bytes[from..to], true),
                        None => self.long(&bytes[from..to]),
                    };
                    self.codes.push(code);
                }
            }
        } else if let Some(days) = array.as_primitive_opt::<Date32Type>() {
            for day in days.iter().flatten() {
                let code = self.short(u128::from(day as u32), &day.to_le_bytes(), false);
                self.codes.push(code);
            }
        }
    }

    fn note_nulls(&mut self, array: &ArrayRef) {
        if self.valid.is_none() && array.null_count() > 0 {
            let mut valid = BooleanBufferBuilder::new(self.rows + array.len());
            valid.append_n(self.rows, true);
            self.valid = Some(valid);
        }
        if let Some(valid) = &mut self.valid {
            match array.nulls() {
                Some(nulls) => valid.append_buffer(nulls.inner()),
                None => valid.append_n(array.len(), true),
            }
        }
        self.rows += array.len();
    }

    /// The code of a value that fits a number, a new one when it is new; `length` when the dictionary says how long it is.
    fn short(&mut self, number: u128, value: &[u8], length: bool) -> u32 {
        if self.places.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let mut at = place(number) & mask;
        for _ in 0..STEPS {
            match self.slots[at] {
                (_, FREE) => break,
                (known, code) if known == number => return code,
                _ => at = (at + 1) & mask,
            }
        }
        // What was made to collide gets an entry each time, until the column is given up.
        self.crowded |= self.slots[at].1 != FREE;
        let code = self.enter(value, length);
        self.slots[at] = (number, code);
        code
    }

    fn long(&mut self, value: &[u8]) -> u32 {
        if let Some(code) = self.long.get(value) {
            return *code;
        }
        let code = self.enter(value, true);
        self.long.insert(value.into(), code);
        code
    }

    fn enter(&mut self, value: &[u8], length: bool) -> u32 {
        if length {
            self.plain.extend_from_slice(&(value.len() as u32).to_le_bytes());
        }
        let from = self.plain.len() as u32;
        self.plain.extend_from_slice(value);
        self.places.push((from, self.plain.len() as u32));
        self.places.len() as u32 - 1
    }

    fn grow(&mut self) {
        let old = std::mem::take(&mut self.slots);
        self.slots = vec![(0, FREE); (old.len() * 2).max(64)];
        let mask = self.slots.len() - 1;
        for slot in old.into_iter().filter(|slot| slot.1 != FREE) {
            let mut at = place(slot.0) & mask;
            while self.slots[at].1 != FREE {
                at = (at + 1) & mask;
            }
            self.slots[at] = slot;
        }
    }

    /// True when codes save nothing: too many bytes of values, or values made to be slow.
    pub(super) fn is_too_much(&self) -> bool {
        self.crowded || self.plain.len() > DICTIONARY_BYTES
    }

    /// The codes of the values that are there.
    pub(super) fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// Which rows have a value; none when all have.
    pub(super) fn nulls(&self) -> Option<NullBuffer> {
        self.valid.as_ref().map(|valid| NullBuffer::new(valid.finish_cloned()))
    }

    /// The dictionary in the encoding `PLAIN`.
    pub(super) fn plain(&self) -> &[u8] {
        &self.plain
    }

    /// Number of different values.
    pub(super) fn entries(&self) -> usize {
        self.places.len()
    }

    /// The values of all rows once more, as texts or as days.
    pub(super) fn array(&self, kind: &DataType) -> ArrayRef {
        let nulls = self.nulls();
        let mut codes = self.codes.iter();
        let values = (0..self.rows).map(|row| {
            let here = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
            let code = if here { codes.next() } else { None };
            code.map(|code| {
                let (from, to) = self.places[*code as usize];
                &self.plain[from as usize..to as usize]
            })
        });
        match kind {
            DataType::Date32 => {
                let day = |bytes: &[u8]| bytes.try_into().map(i32::from_le_bytes).ok();
                Arc::new(values.map(|value| value.and_then(day)).collect::<Date32Array>())
            }
            _ => {
                let mut texts = StringBuilder::with_capacity(self.rows, self.rows * 8);
                values.for_each(|value| texts.append_option(value.and_then(|v| std::str::from_utf8(v).ok())));
                Arc::new(texts.finish())
            }
        }
    }
}

/// The bytes of a text and its length as one number; none for a text that is too long.
fn number(bytes: &[u8], from: usize, to: usize) -> Option<u128> {
    let length = to - from;
    if length > SHORT {
        return None;
    }
    let number = match bytes.get(from..from + 16) {
        Some(read) => u128::from_le_bytes(read.try_into().ok()?) & ((1 << (8 * length)) - 1),
        None => bytes[from..to].iter().rev().fold(0, |number, byte| number << 8 | u128::from(*byte)),
    };
    Some(number | (length as u128) << 120)
}

/// Where a number belongs, by the folded product of its halves.
fn place(number: u128) -> usize {
    let (low, high) = (number as u64 ^ 0x9e37_79b9_7f4a_7c15, (number >> 64) as u64 ^ 0xbf58_476d_1ce4_e5b9);
    let product = u128::from(low) * u128::from(high);
    (product as u64 ^ (product >> 64) as u64) as usize
}

#[cfg(test)]
mod tests {
    use arrow::array::StringArray;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn values_come_back_from_their_codes(
            parts in prop::collection::vec(prop::collection::vec(prop::option::of("[甲乙ab]{0,9}"), 0..40), 1..4),
        ) {
            let mut codes = Codes::default();
            let all: StringArray = parts.iter().flatten().cloned().collect();
            for part in parts {
                codes.add(&(Arc::new(part.into_iter().collect::<StringArray>()) as ArrayRef));
            }
            let back = codes.array(&DataType::Utf8);
            prop_assert_eq!(back.as_string::<i32>(), &all);
            let mut distinct: Vec<_> = all.iter().flatten().collect();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert_eq!(codes.entries(), distinct.len());
        }
    }

    #[test]
    fn days_and_gaps_come_back() {
        let days: ArrayRef = Arc::new(Date32Array::from(vec![Some(1), None, Some(-40_000), Some(1), None]));
        let mut codes = Codes::default();
        codes.add(&days);
        codes.add(&days.slice(1, 3));
        assert_eq!(codes.entries(), 2);
        let back = codes.array(&DataType::Date32);
        assert_eq!(back.slice(0, 5).to_data(), days.to_data());
        assert_eq!(&back.slice(5, 3), &days.slice(1, 3));
    }

    #[test]
    fn too_many_values_are_too_much() {
        let mut codes = Codes::default();
        codes.add(&(Arc::new((0..300_000).map(|i| Some(format!("{i}"))).collect::<StringArray>()) as ArrayRef));
        assert!(codes.is_too_much());
        assert_eq!(codes.array(&DataType::Utf8).as_string::<i32>().value(299_999), "299999");
    }

    #[test]
    fn values_made_to_collide_are_too_much() {
        // A factor of nothing: whatever the other half is, these all belong in one place.
        let high = 0xbf58_476d_1ce4_e5b9_u64;
        let mut codes = Codes::default();
        for low in 0..2_000_u64 {
            codes.short(u128::from(high) << 64 | u128::from(low), &low.to_le_bytes(), true);
        }
        assert!(codes.is_too_much());
    }
}
