//! Text to expressions.

use winnow::ascii::multispace0;
use winnow::combinator::{alt, cut_err, delimited, opt, peek, preceded, repeat, terminated};
use winnow::error::{AddContext, ContextError, ErrMode, StrContext, StrContextValue};
use winnow::prelude::*;
use winnow::stream::{LocatingSlice, Location, Stateful, Stream};
use winnow::token::{one_of, take_while};

use gridgp_grid::minus;

use super::{Argument, Call, Expr, ExprKind, Fault, Operator};

type Input<'a> = Stateful<LocatingSlice<&'a str>, Size>;
type Parsed<T> = Result<T, ErrMode<ContextError>>;

/// Most parentheses, brackets and signs around a part of an expression. What reads an expression
/// calls itself for each.
pub const MAX_DEPTH: usize = 64;
/// Most operators of an expression: a sum is as deep as it has terms.
pub const MAX_OPERATORS: usize = 200;

/// How far the expression has come to its limits.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    depth: usize,
    operators: usize,
    /// Most operators.
    most: usize,
}

/// Parses the whole text as one expression.
///
/// # Errors
/// A [`Fault`] at the first place that cannot be read, or that is nested deeper than
/// [`MAX_DEPTH`], or the last of more than [`MAX_OPERATORS`] operators.
pub fn parse(text: &str) -> Result<Expr, Fault> {
    parse_within(text, MAX_OPERATORS)
}

/// [`parse`] of an expression that has at most so many operators.
///
/// # Errors
/// As [`parse`].
pub fn parse_within(text: &str, most: usize) -> Result<Expr, Fault> {
    if text.trim().is_empty() {
        return Err(Fault::new(0..text.len(), "this is empty; write an expression"));
    }
    let input =
        Stateful { input: LocatingSlice::new(text), state: Size { most, ..Size::default() } };
    delimited(multispace0, sum, multispace0).parse(input).map_err(|e| {
        let at = e.offset();
        let length = text[at..].chars().next().map_or(0, char::len_utf8);
        let found = match text[at..].chars().next() {
            Some(c) if minus::is_alike(c) => return Fault::new(at..at + length, minus::about(c)),
            Some(c) => format!("unexpected {c:?}"),
            None => "the expression ends too early".into(),
        };
        let expected: Vec<String> = e
            .inner()
            .context()
            .filter_map(|c| match c {
                StrContext::Expected(v) => Some(v.to_string()),
                _ => None,
            })
            .collect();
        let message = match expected.first() {
            Some(limit) if limit == DEEPER => {
                format!("parentheses nest deeper than {MAX_DEPTH} here; write this with fewer")
            }
            Some(limit) if limit == LONGER => {
                format!("there are more than {most} operators; write this with fewer")
            }
            Some(expected) => format!("{found}; expected {expected}"),
            None => format!("{found}; expected an operator or the end"),
        };
        Fault::new(at..at + length, message)
    })
}

const DEEPER: &str = "less depth";
const LONGER: &str = "fewer operators";

/// An expression that is beyond a limit.
fn beyond<T>(limit: &'static str, input: &Input<'_>) -> Parsed<T> {
    let at = &input.checkpoint();
    Err(ErrMode::Cut(ContextError::new().add_context(input, at, expected(limit))))
}

fn expected(what: &'static str) -> StrContext {
    StrContext::Expected(StrContextValue::Description(what))
}

/// A token with the white space after it.
fn token<'a, T>(
    parser: impl Parser<Input<'a>, T, ErrMode<ContextError>>,
) -> impl Parser<Input<'a>, T, ErrMode<ContextError>> {
    terminated(parser, multispace0)
}

fn symbol<'a>(c: char) -> impl Parser<Input<'a>, char, ErrMode<ContextError>> {
    token(one_of(c))
}

/// Left-associative operators of one level.
fn level<'a>(
    mut operand: impl FnMut(&mut Input<'a>) -> Parsed<Expr>,
    mut operator: impl FnMut(&mut Input<'a>) -> Parsed<Operator>,
    input: &mut Input<'a>,
) -> Parsed<Expr> {
    let mut left = operand(input)?;
    while let Some(op) = opt(&mut operator).parse_next(input)? {
        input.state.operators += 1;
        if input.state.operators > input.state.most {
            return beyond(LONGER, input);
        }
        let right = cut_err(&mut operand).parse_next(input)?;
        let span = left.span.start..right.span.end;
        left = Expr { kind: ExprKind::Binary(Box::new(left), op, Box::new(right)), span };
    }
    Ok(left)
}

fn sum(input: &mut Input<'_>) -> Parsed<Expr> {
    let operator = |i: &mut Input<'_>| {
        alt((symbol('+').value(Operator::Add), symbol('-').value(Operator::Subtract))).parse_next(i)
    };
    level(product, operator, input)
}

fn product(input: &mut Input<'_>) -> Parsed<Expr> {
    let operator = |i: &mut Input<'_>| {
        alt((symbol('*').value(Operator::Multiply), symbol('/').value(Operator::Divide)))
            .parse_next(i)
    };
    level(unary, operator, input)
}

/// Everything that nests comes through here.
fn unary(input: &mut Input<'_>) -> Parsed<Expr> {
    if input.state.depth == MAX_DEPTH {
        return beyond(DEEPER, input);
    }
    input.state.depth += 1;
    let found = signed(input);
    input.state.depth -= 1;
    found
}

fn signed(input: &mut Input<'_>) -> Parsed<Expr> {
    let start = input.current_token_start();
    if opt(symbol('-')).parse_next(input)?.is_some() {
        let inner = cut_err(unary).parse_next(input)?;
        let span = start..inner.span.end;
        return Ok(Expr { kind: ExprKind::Negative(Box::new(inner)), span });
    }
    power(input)
}

fn power(input: &mut Input<'_>) -> Parsed<Expr> {
    let base = atom(input)?;
    let Some(exponent) = opt(preceded(symbol('^'), cut_err(unary))).parse_next(input)? else {
        return Ok(base);
    };
    let span = base.span.start..exponent.span.end;
    let kind = ExprKind::Binary(Box::new(base), Operator::Power, Box::new(exponent));
    Ok(Expr { kind, span })
}

fn atom(input: &mut Input<'_>) -> Parsed<Expr> {
    alt((
        name_or_call,
        number,
        delimited(symbol('('), cut_err(sum), cut_err(symbol(')')).context(expected("`)`"))),
        list,
    ))
    .context(expected("a number, a name or `(`"))
    .parse_next(input)
}

fn number(input: &mut Input<'_>) -> Parsed<Expr> {
    let digits = |i: &mut Input<'_>| take_while(1.., '0'..='9').void().parse_next(i);
    let mantissa =
        alt(((digits, opt(('.', take_while(0.., '0'..='9')))).void(), ('.', digits).void()));
    let exponent = (one_of(['e', 'E']), opt(one_of(['+', '-'])), digits);
    token((mantissa, opt(exponent)).take().with_span())
        .map(|(text, span)| {
            let value = text.parse().expect("the grammar admits only numbers");
            Expr { kind: ExprKind::Number(value), span }
        })
        .parse_next(input)
}

fn identifier<'a>(input: &mut Input<'a>) -> Parsed<&'a str> {
    let word = |i: &mut Input<'a>| {
        (
            one_of(|c: char| c.is_alphabetic() || c == '_'),
            take_while(0.., |c: char| c.is_alphanumeric() || c == '_'),
        )
            .void()
            .parse_next(i)
    };
    (word, repeat::<_, _, (), _, _>(0.., ('.', word))).take().parse_next(input)
}

fn name_or_call(input: &mut Input<'_>) -> Parsed<Expr> {
    let (name, function_span) = token(identifier.with_span()).parse_next(input)?;
    if opt(symbol('(')).parse_next(input)?.is_none() {
        return Ok(Expr { kind: ExprKind::Name(name.into()), span: function_span });
    }
    let empty = opt(peek(one_of(')'))).parse_next(input)?.is_some();
    let arguments = if empty { Vec::new() } else { comma_separated(argument, input)? };
    let end = cut_err(one_of(')').span()).context(expected("`,` or `)`")).parse_next(input)?.end;
    multispace0(input)?;
    let span = function_span.start..end;
    let call = Call { function: name.into(), function_span, arguments };
    Ok(Expr { kind: ExprKind::Call(call), span })
}

/// At least one item; after a comma another one must follow.
fn comma_separated<'a, T>(
    mut item: impl FnMut(&mut Input<'a>) -> Parsed<T>,
    input: &mut Input<'a>,
) -> Parsed<Vec<T>> {
    let mut items = vec![cut_err(&mut item).parse_next(input)?];
    while opt(symbol(',')).parse_next(input)?.is_some() {
        items.push(cut_err(&mut item).parse_next(input)?);
    }
    Ok(items)
}

fn argument(input: &mut Input<'_>) -> Parsed<Argument> {
    let start = input.current_token_start();
    let label = opt((token(identifier), alt((symbol('='), symbol('~'))))).parse_next(input)?;
    let value = if label.is_some() { cut_err(sum).parse_next(input)? } else { sum(input)? };
    Ok(Argument {
        name: label.map(|(name, _)| name.into()),
        is_prior: matches!(label, Some((_, '~'))),
        span: start..value.span.end,
        value,
    })
}

fn list(input: &mut Input<'_>) -> Parsed<Expr> {
    let start = input.current_token_start();
    symbol('[').parse_next(input)?;
    let items = comma_separated(sum, input)?;
    let end = cut_err(one_of(']').span()).context(expected("`,` or `]`")).parse_next(input)?.end;
    multispace0(input)?;
    Ok(Expr { kind: ExprKind::List(items), span: start..end })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expression with every operation in parentheses.
    fn show(e: &Expr) -> String {
        match &e.kind {
            ExprKind::Number(v) => v.to_string(),
            ExprKind::Name(n) => n.clone(),
            ExprKind::Negative(e) => format!("(-{})", show(e)),
            ExprKind::List(v) => format!("[{}]", v.iter().map(show).collect::<Vec<_>>().join(", ")),
            ExprKind::Binary(a, op, b) => format!("({} {op:?} {})", show(a), show(b)),
            ExprKind::Call(c) => {
                let arguments: Vec<String> = c
                    .arguments
                    .iter()
                    .map(|a| match &a.name {
                        Some(n) => {
                            format!("{n} {} {}", if a.is_prior { "~" } else { "=" }, show(&a.value))
                        }
                        None => show(&a.value),
                    })
                    .collect();
                format!("{}({})", c.function, arguments.join(", "))
            }
        }
    }

    #[test]
    fn precedence_and_association() {
        for (text, want) in [
            ("1 - 2 - 3", "((1 Subtract 2) Subtract 3)"),
            ("a + b*c", "(a Add (b Multiply c))"),
            ("(a+b) * c", "((a Add b) Multiply c)"),
            ("-a^2", "(-(a Power 2))"),
            ("2e-3 * .5", "(0.002 Multiply 0.5)"),
            (
                "mu0 + base + (beta0 + warming) * gmst",
                "((mu0 Add base) Add ((beta0 Add warming) Multiply gmst))",
            ),
        ] {
            assert_eq!(show(&parse(text).unwrap()), want);
        }
    }

    #[test]
    fn calls_with_all_kinds_of_arguments() {
        for (text, want) in [
            ("gamma( 2 , rate = 2 )", "gamma(2, rate = 2)"),
            (
                "matern32(lengthscale ~ log_normal(log(2), 0.5)) * white()",
                "(matern32(lengthscale ~ log_normal(log(2), 0.5)) Multiply white())",
            ),
            (
                "matern32(lon, lat, lengthscale = [a.b, 2])",
                "matern32(lon, lat, lengthscale = [a.b, 2])",
            ),
        ] {
            assert_eq!(show(&parse(text).unwrap()), want);
        }
    }

    #[test]
    fn spans_cover_their_text() {
        let text = " f + cos( x ) ";
        let ExprKind::Binary(_, _, call) = parse(text).unwrap().kind else { panic!() };
        assert_eq!(&text[call.span.clone()], "cos( x )");
    }

    #[test]
    fn expressions_nest_to_a_stated_depth() {
        let nested = |open: &str, close: &str, n: usize| {
            parse(&format!("{}a{}", open.repeat(n), close.repeat(n)))
        };
        for (open, close) in [("(", ")"), ("f(", ")"), ("f(a = ", ")"), ("[", "]"), ("-", "")] {
            assert!(nested(open, close, MAX_DEPTH - 1).is_ok(), "{open}");
            for n in [MAX_DEPTH, 100_000] {
                let fault = nested(open, close, n).unwrap_err();
                assert!(fault.message.contains("deeper than 64"), "{open}: {fault:?}");
                assert_eq!(fault.span.start, open.len() * MAX_DEPTH, "{open}");
            }
        }
        assert!(parse(&"a^".repeat(100_000)).unwrap_err().message.contains("deeper"));
        for operator in ["+", "-", "*", "/"] {
            let many = |n: usize| parse(&format!("a{}", format!("{operator}a").repeat(n)));
            assert!(many(MAX_OPERATORS).is_ok());
            let fault = many(100_000).unwrap_err();
            assert!(fault.message.contains("more than 200 operators"), "{fault:?}");
        }
    }

    #[test]
    fn faults_point_at_the_place() {
        for (text, at, message) in [
            ("", 0, "empty"),
            ("a + ", 4, "ends too early; expected a number, a name or `(`"),
            ("a b", 2, "unexpected 'b'; expected an operator or the end"),
            ("f(a, ", 5, "ends too early"),
            ("f(a; b)", 3, "unexpected ';'; expected `,` or `)`"),
            ("(a", 2, "expected `)`"),
            ("a $ b", 2, "unexpected '$'"),
            ("normal(\u{2212}5, 3)", 7, "U+2212, not the minus of numbers; write -"),
            ("a \u{2013} b", 2, "U+2013"),
        ] {
            let fault = parse(text).unwrap_err();
            assert_eq!(fault.span.start, at, "{text:?}: {fault:?}");
            assert!(fault.message.contains(message), "{text:?}: {fault:?}");
        }
    }
}
