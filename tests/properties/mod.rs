//! What holds for any input of a kind, through more than one stage.

mod nothing_lost;
