//! The page around the blocks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::block::{self, Counter, escape};
use super::{Report, Section};
use crate::Result;
use crate::color::ColorMap;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// A policy that allows this style and this script, and no request at all.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

pub(super) fn write(report: &Report) -> Result<String> {
    let mut out = String::new();
    let title = escape(&report.title);
    let policy = policy();
    // The icon is empty, or a browser would ask for one.
    out += &format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"generator\" content=\"{}\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n",
        escape(&report.program)
    );
    out += &format!(
        "<header>\n<div class=\"bar\"><span class=\"kicker\">{}</span>\
         <button type=\"button\" id=\"theme\" aria-pressed=\"false\">Dark</button></div>\n\
         <h1>{title}</h1>\n",
        escape(&report.program)
    );
    if !report.lead.is_empty() {
        out += &format!("<p class=\"lead\">{}</p>\n", escape(&report.lead));
    }
    if !report.findings.is_empty() {
        block::findings(&mut out, &report.findings);
    }
    if !report.facts.is_empty() {
        out += "<dl class=\"facts\">\n";
        for (number, what) in &report.facts {
            out += &format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(what), escape(number));
        }
        out += "</dl>\n";
    }
    if report.sections.len() > 1 {
        out += "<nav aria-label=\"Contents\">\n";
        for (i, section) in report.sections.iter().enumerate() {
            out += &format!("<a href=\"#s{i}\">{}</a>\n", escape(&section.title));
        }
        out += "</nav>\n";
    }
    out += "</header>\n<main id=\"main\">\n";
    let mut count = Counter::default();
    for (i, Section { title, blocks }) in report.sections.iter().enumerate() {
        out += &format!("<section aria-labelledby=\"s{i}\">\n<h2 id=\"s{i}\">");
        out += &format!("{}</h2>\n", escape(title));
        for block in blocks {
            block::write(&mut out, block, &mut count)?;
        }
        out += "</section>\n";
    }
    out += "</main>\n<footer>\n";
    out += &format!(
        "<p>{}. This file is complete: it loads nothing and sends nothing. Coasts and borders are \
         those of Natural Earth.</p>\n</footer>\n",
        escape(&report.program)
    );
    out += &format!("<script type=\"application/json\" id=\"colors\">{}</script>\n", colors());
    out += &format!("<script>{SCRIPT}</script>\n</body>\n</html>\n");
    Ok(out)
}

/// The corners of the color maps, for the script.
fn colors() -> serde_json::Value {
    let map = |(name, map): (&str, ColorMap)| {
        let stops: Vec<String> = map.stops().iter().map(|(_, c)| c.to_string()).collect();
        (name.to_owned(), stops.into())
    };
    ColorMap::ALL.into_iter().map(map).collect::<serde_json::Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Block, Explorer, Layer, Role, Surface};
    use crate::{Dimension, Quantity, Range};

    fn report() -> Report {
        let evil = "</script><img src=x onerror=alert(1)>";
        let plane = Explorer {
            name: evil.into(),
            surface: Surface::Plane {
                x: Dimension::numbers(evil, vec![0.0, 1.0]),
                y: Dimension::numbers("y", vec![0.0, 1.0]),
            },
            steps: vec![Dimension::numbers("t", vec![0.0, 1.0])],
            layers: vec![Layer {
                title: evil.into(),
                quantity: Quantity::new(evil, Some(evil)),
                range: Range::Values,
                scale: 0,
                role: Role::Other,
                values: (0..8).map(f64::from).collect(),
            }],
            notes: vec![evil.into()],
        };
        Report {
            title: evil.into(),
            lead: evil.into(),
            facts: vec![(evil.into(), evil.into())],
            sections: vec![Section::new(evil, vec![Block::Explorer(Box::new(plane))])],
            program: evil.into(),
            ..Report::default()
        }
    }

    #[test]
    fn no_text_leaves_its_place() {
        let page = report().html().unwrap();
        assert!(!page.contains("<img"), "escaped everywhere");
        // The data of the map, the colors, the script of the page.
        assert_eq!(page.matches("</script>").count(), 3);
        assert_eq!(page.matches("<script").count(), 3);
    }

    #[test]
    fn nothing_is_fetched() {
        let page = report().html().unwrap();
        assert!(page.contains("default-src 'none'"));
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
        for word in ["fetch(", "XMLHttpRequest", "import(", "innerHTML", "eval("] {
            assert!(!SCRIPT.contains(word), "{word}");
        }
        // An address may name an XML dialect, and lead nowhere.
        for address in page.split("http").skip(1) {
            let harmless =
                address.starts_with("://www.w3.org/2000/svg") || address.starts_with("-equiv");
            assert!(harmless, "http{}", &address[..40.min(address.len())]);
        }
    }
}
