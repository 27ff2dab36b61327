//! Drawing as SVG text. Lengths are in points (1/72 inch), y downwards.
//!
//! Every mark carries a `class` that says what it is, `cell`, `x-tick`, `band`: for tests, for
//! scripts, and for people who restyle a picture.

use std::fmt::Write;

use crate::font;

/// A color, red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Color(pub u8, pub u8, pub u8);

impl Color {
    /// From `0xrrggbb`.
    pub const fn hex(value: u32) -> Self {
        Self((value >> 16) as u8, (value >> 8) as u8, value as u8)
    }
}

impl std::fmt::Display for Color {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stroke {
    pub color: Color,
    pub width: f64,
    pub dash: Option<&'static str>,
    pub opacity: f64,
}

impl Stroke {
    pub fn new(color: Color, width: f64) -> Self {
        Self { color, width, dash: None, opacity: 1.0 }
    }

    pub fn dashed(self, dash: &'static str) -> Self {
        Self { dash: Some(dash), ..self }
    }

    pub fn opacity(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }

    fn attributes(&self) -> String {
        let mut text = format!("stroke=\"{}\" stroke-width=\"{}\"", self.color, short(self.width));
        if let Some(dash) = self.dash {
            write!(text, " stroke-dasharray=\"{dash}\"").expect("a String grows");
        }
        if self.opacity < 1.0 {
            write!(text, " stroke-opacity=\"{}\"", short(self.opacity)).expect("a String grows");
        }
        text
    }
}

/// Where a text is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A rectangle on the page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Area {
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// Without some points at left, top, right and bottom.
    pub fn shrink(&self, left: f64, top: f64, right: f64, bottom: f64) -> Self {
        Self {
            x: self.x + left,
            y: self.y + top,
            width: (self.width - left - right).max(1.0),
            height: (self.height - top - bottom).max(1.0),
        }
    }
}

/// A picture in the making.
#[derive(Debug)]
pub(crate) struct Drawing {
    pub width: f64,
    pub height: f64,
    definitions: String,
    body: String,
    count: usize,
}

impl Drawing {
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, definitions: String::new(), body: String::new(), count: 0 }
    }

    fn put(&mut self, arguments: std::fmt::Arguments<'_>) {
        self.body.write_fmt(arguments).expect("a String grows");
        self.body.push('\n');
    }

    pub fn line(&mut self, class: &str, a: (f64, f64), b: (f64, f64), stroke: Stroke) {
        self.put(format_args!(
            "<line class=\"{class}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {}/>",
            short(a.0),
            short(a.1),
            short(b.0),
            short(b.1),
            stroke.attributes()
        ));
    }

    /// Lines through points; a point that is not finite is a gap.
    pub fn curve(
        &mut self,
        class: &str,
        points: impl IntoIterator<Item = (f64, f64)>,
        stroke: Stroke,
    ) {
        let d = path(points, false);
        if !d.is_empty() {
            self.stroked(class, &d, stroke);
        }
    }

    /// A path that is written already, as a line.
    pub fn stroked(&mut self, class: &str, d: &str, stroke: Stroke) {
        let style = stroke.attributes();
        self.put(format_args!(
            "<path class=\"{class}\" d=\"{d}\" fill=\"none\" stroke-linejoin=\"round\" {style}/>"
        ));
    }

    /// Lines of no length with round ends, written already: many dots in few letters.
    pub fn dots(&mut self, class: &str, d: &str, color: Color, size: f64, opacity: f64) {
        let size = short(size);
        self.put(format_args!(
            "<path class=\"{class}\" d=\"{d}\" fill=\"none\" stroke=\"{color}\" \
             stroke-width=\"{size}\" stroke-linecap=\"round\" stroke-opacity=\"{opacity}\"/>"
        ));
    }

    /// A path that is written already, filled.
    pub fn filled(&mut self, class: &str, d: &str, color: Color, opacity: f64) {
        let opacity =
            if opacity < 1.0 { format!(" fill-opacity=\"{opacity}\"") } else { String::new() };
        self.put(format_args!("<path class=\"{class}\" d=\"{d}\" fill=\"{color}\"{opacity}/>"));
    }

    pub fn rect(&mut self, class: &str, area: Area, fill: Option<Color>, stroke: Option<Stroke>) {
        let fill = fill.map_or("none".to_owned(), |c| c.to_string());
        let stroke = stroke.map(|s| format!(" {}", s.attributes())).unwrap_or_default();
        self.put(format_args!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" \
             fill=\"{fill}\"{stroke}/>",
            short(area.x),
            short(area.y),
            short(area.width),
            short(area.height)
        ));
    }

    pub fn circle(
        &mut self,
        class: &str,
        at: (f64, f64),
        radius: f64,
        fill: Option<Color>,
        stroke: Option<Stroke>,
    ) {
        let fill = fill.map_or("none".to_owned(), |c| c.to_string());
        let stroke = stroke.map(|s| format!(" {}", s.attributes())).unwrap_or_default();
        self.put(format_args!(
            "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{fill}\"{stroke}/>",
            short(at.0),
            short(at.1),
            short(radius)
        ));
    }

    /// Text whose baseline begins, is centered or ends at a point.
    pub fn text(&mut self, class: &str, at: (f64, f64), size: f64, anchor: Anchor, text: &str) {
        self.lettering(class, at, size, anchor, text, "");
    }

    /// Text that reads upwards, centered at a point of its baseline.
    pub fn upright(&mut self, class: &str, at: (f64, f64), size: f64, text: &str) {
        let turn = format!(" transform=\"rotate(-90 {} {})\"", short(at.0), short(at.1));
        self.lettering(class, at, size, Anchor::Middle, text, &turn);
    }

    fn lettering(
        &mut self,
        class: &str,
        at: (f64, f64),
        size: f64,
        anchor: Anchor,
        text: &str,
        turn: &str,
    ) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        self.put(format_args!(
            "<text class=\"{class}\" x=\"{}\" y=\"{}\" font-size=\"{}\"{anchor}{turn}>{}</text>",
            short(at.0),
            short(at.1),
            short(size),
            escape(text)
        ));
    }

    /// What follows is cut at the edges of an area, until [`Drawing::close`].
    pub fn clip(&mut self, area: Area) {
        self.count += 1;
        let n = self.count;
        writeln!(
            self.definitions,
            "<clipPath id=\"clip{n}\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/></clipPath>",
            short(area.x),
            short(area.y),
            short(area.width),
            short(area.height)
        )
        .expect("a String grows");
        self.put(format_args!("<g clip-path=\"url(#clip{n})\">"));
    }

    /// What follows belongs to `class`, until [`Drawing::close`].
    pub fn open(&mut self, class: &str) {
        self.put(format_args!("<g class=\"{class}\">"));
    }

    pub fn close(&mut self) {
        self.put(format_args!("</g>"));
    }

    /// An upright gradient, from below; the color is named by what this returns.
    pub fn gradient(&mut self, class: &str, area: Area, stops: &[(f64, Color)]) {
        self.count += 1;
        let n = self.count;
        let stops: String = stops
            .iter()
            .map(|(t, c)| format!("<stop offset=\"{t:.4}\" stop-color=\"{c}\"/>"))
            .collect();
        writeln!(
            self.definitions,
            "<linearGradient id=\"ramp{n}\" x1=\"0\" y1=\"1\" x2=\"0\" y2=\"0\">{stops}</linearGradient>"
        )
        .expect("a String grows");
        self.put(format_args!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" \
             fill=\"url(#ramp{n})\"/>",
            short(area.x),
            short(area.y),
            short(area.width),
            short(area.height)
        ));
    }

    /// The file.
    pub fn finish(self, title: &str) -> String {
        let (w, h) = (short(self.width), short(self.height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}pt\" height=\"{h}pt\" \
             viewBox=\"0 0 {w} {h}\" font-family=\"{}\" fill=\"#1a1a1a\">\n<title>{}</title>\n\
             <defs>\n{}</defs>\n<rect class=\"page\" width=\"{w}\" height=\"{h}\" \
             fill=\"#ffffff\"/>\n{}</svg>\n",
            font::FAMILY,
            escape(title),
            self.definitions,
            self.body
        )
    }
}

/// A path through points; a point that is not finite is a gap.
pub(crate) fn path(points: impl IntoIterator<Item = (f64, f64)>, closed: bool) -> String {
    let mut d = String::new();
    let mut pen = false;
    for (x, y) in points {
        if !(x.is_finite() && y.is_finite()) {
            pen = false;
            continue;
        }
        let letter = if pen { 'L' } else { 'M' };
        write!(d, "{letter}{} {}", short(x), short(y)).expect("a String grows");
        pen = true;
    }
    if closed && !d.is_empty() {
        d.push('Z');
    }
    d
}

/// A number to a hundredth of a point, without what says nothing.
pub(crate) fn short(value: f64) -> String {
    // Far outside of the page is far outside of the page, and renderers dislike large numbers.
    let value = value.clamp(-1e5, 1e5);
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" || text.is_empty() { "0".into() } else { text.into() }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no way to write most control characters.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_gaps_are_gaps() {
        assert_eq!([1.0, -0.001, 2.5, 1e9].map(short), ["1", "0", "2.5", "100000"]);
        let d = path([(0.0, 0.0), (1.0, 1.0), (f64::NAN, 0.0), (2.0, 2.0), (3.0, 2.0)], false);
        assert_eq!(d, "M0 0L1 1M2 2L3 2");
    }

    #[test]
    fn any_text_is_well_formed() {
        let mut d = Drawing::new(10.0, 10.0);
        d.text("t", (0.0, 0.0), 7.0, Anchor::Start, "a < b & \"c\"\u{0}");
        let svg = d.finish("<&>");
        let tree = roxmltree::Document::parse(&svg).unwrap();
        let text = tree.descendants().find(|n| n.attribute("class") == Some("t")).unwrap();
        assert_eq!(text.text(), Some("a < b & \"c\" "));
    }
}
