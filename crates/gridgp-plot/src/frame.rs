//! A frame with marks and names on its sides, and the way from values to places on the page.

use crate::color::INK;
use crate::font;
use crate::svg::{Anchor, Area, Drawing, Stroke};
use crate::ticks::{Kind, Tick};

/// Sizes of letters, points.
pub(crate) const TICK: f64 = 6.5;
pub(crate) const LABEL: f64 = 7.5;
pub(crate) const TITLE: f64 = 8.5;
/// Length of a mark.
const MARK: f64 = 2.5;
/// Room for a name below or beside the marks.
const NAME: f64 = LABEL + 3.0;

/// One side of a frame.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    pub kind: Kind,
    pub low: f64,
    pub high: f64,
    /// Its name; nothing is left free for an empty one.
    pub label: String,
    /// Whether its marks have numbers.
    pub numbered: bool,
    /// The only places that may have a mark.
    pub only: Option<Vec<f64>>,
}

impl Side {
    pub fn new(kind: Kind, (low, high): (f64, f64), label: impl Into<String>) -> Self {
        Self { kind, low, high, label: label.into(), numbered: true, only: None }
    }

    /// Without numbers and name, as between panels.
    pub fn bare(self) -> Self {
        Self { numbered: false, label: String::new(), ..self }
    }

    pub fn bare_if(self, bare: bool) -> Self {
        if bare { self.bare() } else { self }
    }

    /// 0 at the lower end, 1 at the upper.
    fn share(&self, value: f64) -> f64 {
        if matches!(self.kind, Kind::Log) && self.low > 0.0 {
            return (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln());
        }
        (value - self.low) / (self.high - self.low)
    }

    fn ticks(&self, most: usize) -> Vec<Tick> {
        match &self.only {
            Some(only) => only.iter().map(|&at| Tick { at, label: self.kind.show(at) }).collect(),
            None => self.kind.ticks(self.low, self.high, most),
        }
    }

    /// Marks whose numbers stand beside each other without touching.
    fn across(&self, width: f64) -> Vec<Tick> {
        let mut most = (width / 18.0).clamp(2.0, 10.0) as usize;
        loop {
            let ticks = self.ticks(most);
            let mut places: Vec<(f64, f64)> = ticks
                .iter()
                .map(|t| (self.share(t.at) * width, font::width(&t.label, TICK)))
                .collect();
            places.sort_by(|a, b| a.0.total_cmp(&b.0));
            let apart = places.windows(2).all(|p| p[1].0 - p[0].0 >= 0.5 * (p[0].1 + p[1].1) + 3.0);
            if apart || most <= 2 {
                return if apart { ticks } else { thinned(ticks, &places, width) };
            }
            most -= 1;
        }
    }

    /// Marks whose numbers stand above each other.
    fn upwards(&self, height: f64) -> Vec<Tick> {
        let room = (height / (1.25 * TICK)).max(2.0) as usize;
        let ticks = self.ticks((height / 15.0).clamp(2.0, 10.0) as usize);
        if ticks.len() > room {
            // Names, of which every k-th is shown.
            let every = ticks.len().div_ceil(room);
            return ticks.into_iter().step_by(every).collect();
        }
        ticks
    }
}

/// The marks that fit, from the left.
fn thinned(ticks: Vec<Tick>, places: &[(f64, f64)], width: f64) -> Vec<Tick> {
    let widest = places.iter().fold(0.0, |m: f64, p| m.max(p.1)) + 3.0;
    let every = (ticks.len() as f64 * widest / width.max(1.0)).ceil().max(1.0) as usize;
    ticks.into_iter().step_by(every).collect()
}

/// Room around a frame, points.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Margins {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Margins {
    /// What the marks and names of two sides need in an area.
    pub fn of(area: Area, x: &Side, y: &Side) -> Self {
        let named = |side: &Side| if side.label.is_empty() { 0.0 } else { NAME };
        let bottom = named(x) + if x.numbered { TICK + MARK + 2.5 } else { MARK };
        let height = (area.height - bottom).max(10.0);
        let widest = if y.numbered {
            let ticks = y.upwards(height);
            ticks.iter().map(|t| font::width(&t.label, TICK)).fold(0.0, f64::max)
        } else {
            0.0
        };
        // A long name must not eat the frame.
        let widest = widest.min(0.35 * area.width);
        let left = named(y) + if y.numbered { widest + MARK + 3.0 } else { MARK };
        // Half of the last number sticks out at the right.
        let right = if x.numbered { 6.0 } else { 1.0 };
        Self { left, top: 4.0, right, bottom }
    }
}

/// A frame on the page.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub inside: Area,
    pub x: Side,
    pub y: Side,
}

impl Frame {
    /// In an area, which also holds marks and names.
    pub fn new(area: Area, x: Side, y: Side) -> Self {
        let margins = Margins::of(area, &x, &y);
        Self::with_margins(area, x, y, margins)
    }

    pub fn with_margins(area: Area, x: Side, y: Side, m: Margins) -> Self {
        Self { inside: area.shrink(m.left, m.top, m.right, m.bottom), x, y }
    }

    /// The place of a value.
    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.at_x(x), self.at_y(y))
    }

    pub fn at_x(&self, x: f64) -> f64 {
        self.inside.x + self.x.share(x) * self.inside.width
    }

    pub fn at_y(&self, y: f64) -> f64 {
        self.inside.bottom() - self.y.share(y) * self.inside.height
    }

    /// The frame, its marks and its names.
    pub fn draw(&self, d: &mut Drawing) {
        let area = self.inside;
        let thin = Stroke::new(INK, 0.6);
        d.rect("frame", area, None, Some(thin));
        let x_ticks = self.x.across(area.width);
        for tick in &x_ticks {
            let x = self.at_x(tick.at);
            d.line("x-mark", (x, area.bottom()), (x, area.bottom() + MARK), thin);
            if self.x.numbered {
                let room = if matches!(self.x.kind, Kind::Labels(_)) {
                    area.width / x_ticks.len() as f64
                } else {
                    f64::INFINITY
                };
                let text = font::fit(&tick.label, TICK, room);
                let y = area.bottom() + MARK + TICK + 0.5;
                d.text("x-tick", (x, y), TICK, Anchor::Middle, &text);
            }
        }
        for tick in self.y.upwards(area.height) {
            let y = self.at_y(tick.at);
            d.line("y-mark", (area.x - MARK, y), (area.x, y), thin);
            if self.y.numbered {
                let at = (area.x - MARK - 1.5, y + 0.35 * TICK);
                let room = area.x - MARK - 1.5;
                let text = font::fit(&tick.label, TICK, room);
                d.text("y-tick", at, TICK, Anchor::End, &text);
            }
        }
        if !self.x.label.is_empty() {
            let numbers = if self.x.numbered { TICK + 2.5 } else { 0.0 };
            let y = area.bottom() + MARK + numbers + LABEL;
            let text = font::fit(&self.x.label, LABEL, area.width + 30.0);
            d.text("x-label", (area.x + 0.5 * area.width, y), LABEL, Anchor::Middle, &text);
        }
        if !self.y.label.is_empty() {
            let widest = if self.y.numbered {
                let ticks = self.y.upwards(area.height);
                ticks.iter().map(|t| font::width(&t.label, TICK)).fold(0.0, f64::max)
            } else {
                0.0
            };
            let x = (area.x - MARK - widest - 5.0).max(LABEL);
            let text = font::fit(&self.y.label, LABEL, area.height + 12.0);
            d.upright("y-label", (x, area.y + 0.5 * area.height), LABEL, &text);
        }
    }
}

/// The title of a figure; what is left below it.
pub(crate) fn headed(d: &mut Drawing, title: Option<&str>, area: Area) -> Area {
    let Some(title) = title.filter(|t| !t.is_empty()) else { return area };
    let text = font::fit(title, TITLE, area.width - 4.0);
    let at = (area.x + 0.5 * area.width, area.y + TITLE + 2.0);
    d.text("title", at, TITLE, Anchor::Middle, &text);
    area.shrink(0.0, TITLE + 5.0, 0.0, 0.0)
}

/// Notes below a figure, each on its line or lines; what is left above them.
pub(crate) fn noted(d: &mut Drawing, notes: &[String], area: Area) -> Area {
    const NOTE: f64 = 6.0;
    let lines: Vec<String> =
        notes.iter().flat_map(|n| wrapped(n, NOTE, area.width - 6.0)).collect();
    let height = lines.len() as f64 * (NOTE + 1.5);
    for (i, line) in lines.iter().enumerate() {
        let y = area.bottom() - height + (i as f64 + 1.0) * (NOTE + 1.5) - 2.0;
        d.text("note", (area.x + 3.0, y), NOTE, Anchor::Start, line);
    }
    area.shrink(0.0, 0.0, 0.0, if lines.is_empty() { 0.0 } else { height + 1.0 })
}

/// A text broken into lines at its spaces.
fn wrapped(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is a line");
        let longer = if last.is_empty() { word.to_owned() } else { format!("{last} {word}") };
        if last.is_empty() || font::width(&longer, size) <= room {
            *last = longer;
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// A key to lines and bands above a frame; what is left below it.
pub(crate) fn keyed(d: &mut Drawing, entries: &[Key], area: Area) -> Area {
    if entries.is_empty() {
        return area;
    }
    const SWATCH: f64 = 11.0;
    let row = LABEL + 2.0;
    let (mut x, mut y) = (area.x + 4.0, area.y + row - 1.0);
    for key in entries {
        let text = font::fit(&key.name, TICK, area.width - SWATCH - 12.0);
        let width = SWATCH + 3.0 + font::width(&text, TICK) + 8.0;
        if x + width > area.right() && x > area.x + 4.0 {
            (x, y) = (area.x + 4.0, y + row);
        }
        let middle = y - 0.35 * TICK;
        match key.mark {
            Mark::Line(stroke) => {
                d.line("key", (x, middle), (x + SWATCH, middle), stroke);
            }
            Mark::Band(color, opacity) => {
                let (top, bottom, right) = (middle - 2.5, middle + 2.5, x + SWATCH);
                let corners = [(x, top), (right, top), (right, bottom), (x, bottom)];
                d.filled("key", &crate::svg::path(corners, true), color, opacity);
            }
            Mark::Dot(color) => {
                d.circle("key", (x + 0.5 * SWATCH, middle), 1.4, Some(color), None);
            }
        }
        d.text("key-name", (x + SWATCH + 3.0, y), TICK, Anchor::Start, &text);
        x += width;
    }
    area.shrink(0.0, y - area.y + 3.0, 0.0, 0.0)
}

/// An entry of a key.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub name: String,
    pub mark: Mark,
}

/// What a key shows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    Line(Stroke),
    Band(crate::svg::Color, f64),
    Dot(crate::svg::Color),
}
