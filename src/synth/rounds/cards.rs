//! Decks of outcomes: even a small county meets the rare ones.

use crate::synth::dice::Dice;

/// Outcomes in the proportion in which they happen, in an order drawn anew each time the deck has been gone through.
#[derive(Debug)]
pub struct Deck {
    cards: Vec<&'static str>,
    at: usize,
}

impl Deck {
    /// A shuffled deck of so many of each card.
    pub fn new(dice: &mut Dice, cards: &[(&'static str, usize)]) -> Deck {
        let mut cards: Vec<&str> = cards.iter().flat_map(|(card, n)| std::iter::repeat_n(*card, *n)).collect();
        dice.shuffle(&mut cards);
        Deck { cards, at: 0 }
    }

    /// The next card.
    pub fn draw(&mut self) -> &'static str {
        self.at += 1;
        self.cards[(self.at - 1) % self.cards.len()]
    }
}

/// Every deck: its name, its cards and how many there are of each. An empty card is nothing done this time.
pub const CARDS: [(&str, &[(&str, usize)]); 19] = [
    ("manner", &[("", 16), ("late", 2), ("deleted", 2), ("same_again", 2), ("corrected", 1), ("two_versions", 1)]),
    (
        "door",
        &[
            ("answer.true", 11),
            ("answer.other_cause", 2),
            ("answer.false", 4),
            ("answer.not_found", 1),
            ("answer.wrong_identity", 1),
        ],
    ),
    ("stranger", &[("answer.false", 1), ("", 1)]),
    ("identity", &[("identity.found", 2), ("identity.none", 1)]),
    ("stranger_is", &[("identity.none", 1), ("merge", 1)]),
    ("helper", &[("helper.assign", 1), ("", 11)]),
    ("end", &[("publicity.passed", 10), ("publicity.objection", 1), ("", 1)]),
    ("township", &[("township.pass", 10), ("township.return", 1)]),
    ("exit_township", &[("township.pass", 4), ("township.return", 1)]),
    ("meeting", &[("meeting.pass", 8), ("meeting.reject", 1), ("meeting.return", 1)]),
    ("exit_county", &[("meeting.pass", 4), ("meeting.reject", 1)]),
    ("stop", &[("clock.stop", 1), ("", 4)]),
    ("notice", &[("exit.notice", 2), ("", 1)]),
    ("plan", &[("order.plan", 9), ("special", 1), ("", 2)]),
    ("filing", &[("order.file", 8), ("order.return", 1)]),
    ("special", &[("order.special_pass", 2), ("order.return", 1)]),
    ("returns", &[("order.report", 6), ("order.close", 2), ("", 1)]),
    ("entered", &[("system.entered", 1), ("", 1)]),
    ("exit", &[("exit.village", 2), ("exit.extend", 1)]),
];
