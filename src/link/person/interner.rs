//! Distinct texts as small integers: each text is kept once, one after the other in one array.

use crate::link::zeros::zeros;

/// No text in the slot.
const EMPTY: u64 = u64::MAX;

/// Distinct texts, numbered from 0 in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Interner {
    bytes: String,
    ends: Vec<u32>,
    /// Longer texts. Upper half: part of the hash; lower half: the number.
    slots: Vec<u64>,
    long: usize,
    /// Texts of up to four characters, which most names are: the characters themselves and the number, so that one
    /// access tells. 0 where nothing stands.
    short: Vec<(u64, u32)>,
    short_used: usize,
}

/// Up to four characters of the basic plane as one integer, never 0; none for any other text.
pub fn pack(text: &str) -> Option<u64> {
    let (mut packed, mut shift) = (0_u64, 0);
    for c in text.chars() {
        if shift == 64 || c as u32 > 0xffff || c == '\0' {
            return None;
        }
        packed |= (c as u64) << shift;
        shift += 16;
    }
    (packed != 0).then_some(packed)
}

fn unpack(packed: u64) -> impl Iterator<Item = char> {
    let units = [0, 16, 32, 48].map(|shift| (packed >> shift) as u16);
    units.into_iter().take_while(|unit| *unit != 0).filter_map(|unit| char::from_u32(unit.into()))
}

fn mix(packed: u64) -> usize {
    let mixed = (packed ^ packed >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 32) as usize
}

/// A hash that is the same in every run and on every machine.
fn hash(text: &str) -> u64 {
    let mut state = text.len() as u64;
    let mut chunks = text.as_bytes().chunks_exact(8);
    let mut add = |part: u64| state = (state.rotate_left(5) ^ part).wrapping_mul(0x517c_c1b7_2722_0a95);
    for chunk in &mut chunks {
        add(chunk.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)));
    }
    add(chunks.remainder().iter().fold(0, |n, b| n << 8 | u64::from(*b)));
    state ^ state >> 29
}

impl Interner {
    /// Ready for about so many texts.
    pub fn with_capacity(texts: usize) -> Interner {
        let mut interner = Interner::default();
        interner.make_room(texts);
        interner
    }

    /// The number of a text.
    pub fn intern(&mut self, text: &str) -> u32 {
        match pack(text) {
            Some(packed) => self.intern_short(packed),
            None => self.intern_long(text),
        }
    }

    /// Gives the number of each of several texts as [`pack`] has made them.
    pub fn intern_packed(&mut self, texts: &[u64], mut take: impl FnMut(usize, u32)) {
        self.make_room(texts.len());
        let mask = self.short.len() - 1;
        // One access to memory does not wait for another when nothing is decided between them.
        let touched = texts.iter().fold(0, |sum, packed| sum ^ self.short[mix(*packed) & mask].0);
        std::hint::black_box(touched);
        for (i, packed) in texts.iter().enumerate() {
            take(i, self.intern_short(*packed));
        }
    }

    /// Makes room for so many more short texts: two slots in three may be used.
    fn make_room(&mut self, more: usize) {
        if (self.short_used + more) * 3 <= self.short.len() * 2 && !self.short.is_empty() {
            return;
        }
        let size = ((self.short_used + more) * 3 / 2 + 1).next_power_of_two().max(1 << 10);
        let old = std::mem::replace(&mut self.short, zeros(size));
        for slot in old.into_iter().filter(|s| s.0 != 0) {
            let mut at = mix(slot.0) & (size - 1);
            while self.short[at].0 != 0 {
                at = (at + 1) & (size - 1);
            }
            self.short[at] = slot;
        }
    }

    fn intern_short(&mut self, packed: u64) -> u32 {
        self.make_room(1);
        let mask = self.short.len() - 1;
        let mut at = mix(packed) & mask;
        loop {
            let slot = self.short[at];
            if slot.0 == packed {
                return slot.1;
            }
            if slot.0 == 0 {
                break;
            }
            at = (at + 1) & mask;
        }
        let number = self.ends.len() as u32;
        self.bytes.extend(unpack(packed));
        self.ends.push(self.bytes.len() as u32);
        self.short[at] = (packed, number);
        self.short_used += 1;
        number
    }

    fn add(&mut self, text: &str) -> u32 {
        let number = self.ends.len() as u32;
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len() as u32);
        number
    }

    fn intern_long(&mut self, text: &str) -> u32 {
        if self.long * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        let hash = hash(text);
        let tag = hash & !0xffff_ffff;
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == EMPTY {
                break;
            }
            if slot & !0xffff_ffff == tag && self.get(slot as u32) == text {
                return slot as u32;
            }
            at = (at + 1) & mask;
        }
        let number = self.add(text);
        self.slots[at] = tag | u64::from(number);
        self.long += 1;
        number
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(1 << 10);
        let old = std::mem::replace(&mut self.slots, vec![EMPTY; size]);
        for number in old.into_iter().filter(|s| *s != EMPTY).map(|s| s as u32) {
            let hash = hash(self.get(number));
            let mut at = hash as usize & (size - 1);
            while self.slots[at] != EMPTY {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = hash & !0xffff_ffff | u64::from(number);
        }
    }

    /// The text of a number.
    pub fn get(&self, number: u32) -> &str {
        let i = number as usize;
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.bytes[start as usize..self.ends[i] as usize]
    }

    /// All texts one after the other in the order of their numbers, and where each ends.
    pub fn into_parts(self) -> (String, Vec<u32>) {
        (self.bytes, self.ends)
    }

    /// All texts in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len() as u32).map(|n| self.get(n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_one_number() {
        let mut interner = Interner::default();
        let texts: Vec<String> = (0..5000).map(|i| format!("名{}", i % 3000)).collect();
        let numbers: Vec<u32> = texts.iter().map(|t| interner.intern(t)).collect();
        assert!(texts.iter().zip(&numbers).all(|(t, n)| interner.get(*n) == t));
        assert_eq!(interner.iter().count(), 3000);
        assert_eq!((interner.intern("名0"), interner.intern("")), (0, 3000));
        assert_eq!(interner.get(3000), "");
        for long in ["阿卜杜拉·买买提", "𠮷田", "a\0b", "名2999"] {
            let number = interner.intern(long);
            assert_eq!(interner.intern(long), number);
            assert_eq!(interner.get(number), long);
        }
    }
}
