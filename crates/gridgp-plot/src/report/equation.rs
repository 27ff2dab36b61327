//! Plain mathematics, set as mathematics: `eta^2 * f` with italics, a raised 2 and a dot.

use super::block::escape;
use crate::ticks;

/// A line as HTML. Names are italic, those of functions upright; numbers with many digits are
/// rounded to five.
pub(super) fn typeset(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let length = if first.is_alphabetic() || first == '_' {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if first.is_ascii_digit() {
            number(rest)
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        if first.is_alphabetic() || first == '_' {
            // What a line defines is a field, what stands inside is a function.
            if after.starts_with('(') && !out.is_empty() {
                out.push_str(&escape(token));
            } else if token == "x" && out.ends_with(' ') {
                // 61 x 12
                out.push('×');
            } else {
                out.push_str(&format!("<i>{}</i>", escape(token)));
            }
        } else if first.is_ascii_digit() {
            out.push_str(&escape(&rounded(token)));
        } else if first == '^' {
            let power = number(rest);
            let (power, after) = rest.split_at(power);
            rest = after;
            out.push_str(&format!("<sup>{}</sup>", escape(power)));
        } else {
            match first {
                '*' => out.push('·'),
                '~' => out.push('∼'),
                '-' => out.push('−'),
                _ => out.push_str(&escape(token)),
            }
        }
    }
    out
}

/// How long the number at the beginning of a text is.
fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut end = 0;
    while end < bytes.len() {
        let exponent = matches!(bytes[end], b'e' | b'E')
            && bytes.get(end + 1).is_some_and(|b| b.is_ascii_digit() || *b == b'-');
        if exponent {
            end += 2;
        } else if bytes[end].is_ascii_digit() || bytes[end] == b'.' {
            end += 1;
        } else {
            break;
        }
    }
    end
}

/// Five digits of a number that has many.
fn rounded(token: &str) -> String {
    let digits = token.chars().filter(char::is_ascii_digit).count();
    match token.parse::<f64>() {
        Ok(v) if digits > 6 || token.contains(['e', 'E']) => ticks::significant(v, 5),
        _ => token.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_set() {
        assert_eq!(
            typeset("f(a) ~ GP(0, eta^2 * [a: matern52(1.3862943611198906)])"),
            "<i>f</i>(<i>a</i>) ∼ GP(0, <i>eta</i><sup>2</sup> · [<i>a</i>: matern52(1.3863)])"
        );
        assert_eq!(typeset("y = -1e-7 * b_1 + 100"), "<i>y</i> = −1×10⁻⁷ · <i>b_1</i> + 100");
        assert_eq!(typeset("61 x 12"), "61 × 12");
    }

    #[test]
    fn no_name_becomes_a_tag() {
        assert_eq!(typeset("<b> & \"c\""), "&lt;<i>b</i>&gt; &amp; &quot;<i>c</i>&quot;");
    }
}
