//! Blocks as HTML.

use std::fmt::Write;

use super::equation::typeset;
use super::{Block, Finding, Grade, Table};
use crate::{Figure, Result};

/// Text as HTML shows it, letter by letter; also inside of attributes in double quotes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' && c != '\t' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Numbers what must differ on a page: figures and explorers.
#[derive(Debug, Default)]
pub(super) struct Counter(usize);

impl Counter {
    pub fn next(&mut self) -> usize {
        self.0 += 1;
        self.0
    }
}

pub(super) fn write(out: &mut String, block: &Block, count: &mut Counter) -> Result<()> {
    match block {
        Block::Text(text) => put(out, format_args!("<p>{}</p>\n", escape(text))),
        Block::Note(text) => put(out, format_args!("<p class=\"note\">{}</p>\n", escape(text))),
        Block::Heading(text) => put(out, format_args!("<h3>{}</h3>\n", escape(text))),
        Block::Equations(lines) => {
            out.push_str("<div class=\"equations\">\n");
            for line in lines {
                put(out, format_args!("<p>{}</p>\n", typeset(line)));
            }
            out.push_str("</div>\n");
        }
        Block::Code(name, text) => put(
            out,
            format_args!(
                "<div class=\"code\"><div class=\"code-head\"><span>{}</span><button \
                 type=\"button\" class=\"copy\">Copy</button></div><pre tabindex=\"0\"><code>{}\
                 </code></pre></div>\n",
                escape(name),
                escape(text)
            ),
        ),
        Block::Table(t) => table(out, t),
        Block::Figures(all) => {
            let wide = if all.len() == 1 { " one" } else { "" };
            put(out, format_args!("<div class=\"figures{wide}\">\n"));
            for (figure, caption) in all {
                let inside = inline(figure, count.next());
                out.push_str("<figure class=\"picture\">\n");
                out.push_str(&inside);
                if !caption.is_empty() {
                    put(out, format_args!("<figcaption>{}</figcaption>\n", escape(caption)));
                }
                out.push_str("</figure>\n");
            }
            out.push_str("</div>\n");
        }
        Block::Findings(all) => findings(out, all),
        Block::Explorer(explorer) => explorer.write(out, count.next())?,
        Block::Folded(name, blocks) => {
            put(out, format_args!("<details><summary>{}</summary>\n", escape(name)));
            for block in blocks {
                write(out, block, count)?;
            }
            out.push_str("</details>\n");
        }
    }
    Ok(())
}

fn put(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).expect("a String grows");
}

/// Judgements, each with a sign and a word beside its color.
pub(super) fn findings(out: &mut String, all: &[Finding]) {
    out.push_str("<ul class=\"findings\">\n");
    for f in all {
        let (class, sign, word) = match f.grade {
            Grade::Good => ("good", "✓", "good"),
            Grade::Caution => ("caution", "!", "caution"),
            Grade::Poor => ("poor", "✕", "poor"),
        };
        put(
            out,
            format_args!(
                "<li class=\"{class}\"><span class=\"sign\" role=\"img\" aria-label=\"{word}\">\
                 {sign}</span><div><strong>{}</strong> {}</div></li>\n",
                escape(&f.title),
                escape(&f.text)
            ),
        );
    }
    out.push_str("</ul>\n");
}

fn table(out: &mut String, t: &Table) {
    // A column that says nothing is left out.
    let filled = |c: usize| t.rows.iter().any(|row| row.get(c).is_some_and(|s| !s.is_empty()));
    let kept: Vec<usize> = (0..t.head.len()).filter(|&c| c == 0 || filled(c)).collect();
    let row = |row: &Vec<String>| -> Vec<String> {
        kept.iter().filter_map(|&c| row.get(c).cloned()).collect()
    };
    let t = &Table {
        caption: t.caption.clone(),
        head: row(&t.head),
        rows: t.rows.iter().map(row).collect(),
    };
    // A column is one of numbers if its first filled cell looks like one.
    let looks = |cell: &str| {
        let first = cell.chars().next();
        first.is_some_and(|c| c.is_ascii_digit() || matches!(c, '−' | '+' | '<' | '>' | '–'))
    };
    let numeric: Vec<bool> = (0..t.head.len())
        .map(|c| {
            let filled = t.rows.iter().filter_map(|r| r.get(c)).find(|cell| !cell.is_empty());
            filled.is_some_and(|cell| looks(cell))
        })
        .collect();
    let class = |c: usize| if numeric.get(c) == Some(&true) { " class=\"number\"" } else { "" };
    out.push_str("<div class=\"scroll\" tabindex=\"0\"><table>\n");
    put(out, format_args!("<caption>{}</caption>\n<thead><tr>", escape(&t.caption)));
    for (c, name) in t.head.iter().enumerate() {
        put(out, format_args!("<th scope=\"col\"{}>{}</th>", class(c), escape(name)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &t.rows {
        out.push_str("<tr>");
        for (c, cell) in row.iter().enumerate() {
            let text = escape(cell);
            if c == 0 {
                put(out, format_args!("<th scope=\"row\"{}>{text}</th>", class(c)));
            } else {
                put(out, format_args!("<td{}>{text}</td>", class(c)));
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

/// A picture inside of the page: names of its own, a size that the page decides, colors that the
/// page may turn.
fn inline(figure: &Figure, number: usize) -> String {
    let mut svg = figure.svg().to_owned();
    for name in ["clip", "ramp"] {
        svg = svg
            .replace(&format!("id=\"{name}"), &format!("id=\"f{number}-{name}"))
            .replace(&format!("url(#{name}"), &format!("url(#f{number}-{name}"));
    }
    // The title is what is heard.
    let id = format!("f{number}-title");
    svg = svg.replacen("<title>", &format!("<title id=\"{id}\">"), 1);
    let end = svg.find("viewBox").unwrap_or(0);
    let named = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\"";
    format!("{named} aria-labelledby=\"{id}\" {}", &svg[end..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dimension, HeatMap, Panel, Quantity, Range, Style};

    #[test]
    fn pictures_of_a_page_do_not_share_names() {
        let map = HeatMap {
            x: Dimension::numbers("x", vec![0.0, 1.0]),
            y: Dimension::numbers("<y>", vec![0.0, 1.0]),
            quantity: Quantity::default(),
            range: Range::Values,
            panels: vec![Panel { title: String::new(), values: vec![0.0, 1.0, 2.0, 3.0] }],
            notes: vec![],
        };
        let figure = map.draw(&Style::default()).unwrap();
        let mut out = String::new();
        let both = Block::Figures(vec![(figure.clone(), "a & b".into()), (figure, String::new())]);
        write(&mut out, &both, &mut Counter::default()).unwrap();
        let tree = roxmltree::Document::parse(&out).unwrap();
        let mut ids: Vec<&str> = tree.descendants().filter_map(|n| n.attribute("id")).collect();
        let count = ids.len();
        assert!(count >= 4, "{ids:?}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{ids:?}");
        for part in out.split("url(#").skip(1) {
            let id = part.split(')').next().unwrap();
            assert!(ids.contains(&id), "{id}");
        }
        assert!(!out.contains("pt\""), "the page says how large it is");
    }

    #[test]
    fn nothing_that_is_shown_is_markup() {
        let evil = "</code><script>alert('x')</script>\"";
        let blocks = [
            Block::Text(evil.into()),
            Block::Note(evil.into()),
            Block::Heading(evil.into()),
            Block::Equations(vec![evil.into()]),
            Block::Code(evil.into(), evil.into()),
            Block::Findings(vec![Finding::new(Grade::Poor, evil, evil)]),
            Block::Folded(evil.into(), vec![]),
            Block::Table(Table {
                caption: evil.into(),
                head: vec![evil.into()],
                rows: vec![vec![evil.into()]],
            }),
        ];
        for block in blocks {
            let mut out = String::new();
            write(&mut out, &block, &mut Counter::default()).unwrap();
            assert!(!out.contains("<script"), "{out}");
            assert_eq!(out.matches("</code>").count(), out.matches("<code>").count(), "{out}");
        }
    }
}
