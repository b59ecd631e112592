//! A progress bar on a terminal, nothing under cron.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use crate::run::Event;

/// Draws the events of a run on stderr.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar when stderr is a terminal, else one that is never drawn.
    pub fn new() -> Self {
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{prefix:>10} [{bar:24}] {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        Progress { bar }
    }

    /// Takes an event.
    pub fn event(&self, event: Event) {
        match event {
            Event::Stage { name, steps } => {
                tracing::info!(stage = name, "stage begins");
                self.bar.set_prefix(name);
                self.bar.set_position(0);
                self.bar.set_length(steps as u64);
            }
            Event::Step(what) => {
                self.bar.set_message(what);
                self.bar.inc(1);
            }
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
