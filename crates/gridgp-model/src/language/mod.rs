//! The little language of model files: one grammar for numbers, priors, kernels and predictors.
//!
//! ```text
//! sum      := product (('+' | '-') product)*
//! product  := unary (('*' | '/') unary)*
//! unary    := '-' unary | power
//! power    := atom ('^' unary)?
//! atom     := number | name | name '(' arguments ')' | '(' sum ')' | '[' sum, … ']'
//! argument := name '=' sum | name '~' sum | sum
//! ```
//!
//! Expressions nest to [`MAX_DEPTH`] and have at most [`MAX_OPERATORS`] operators, whoever wrote the
//! file: everything that reads them calls itself.
//!
//! [`parse`] gives an [`Expr`] that knows where each part stands in the text, so that every later
//! message can point at it.

mod number;
mod parse;

use std::ops::Range;

pub use number::{CONSTANTS, FUNCTIONS, number};
pub use parse::{MAX_DEPTH, MAX_OPERATORS, parse, parse_within};

/// An expression and where it stands in its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its bytes in the text.
    pub span: Range<usize>,
}

/// The forms of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `2.5`
    Number(f64),
    /// `gmst`, `base.station.lengthscale`
    Name(String),
    /// `matern32(lengthscale = ls1)`
    Call(Call),
    /// `[l1, l2]`
    List(Vec<Expr>),
    /// `-x`
    Negative(Box<Expr>),
    /// `a + b`
    Binary(Box<Expr>, Operator, Box<Expr>),
}

/// A function applied to arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The name of the function.
    pub function: String,
    /// Where that name stands.
    pub function_span: Range<usize>,
    /// Its arguments, in order.
    pub arguments: Vec<Argument>,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// Whether it was written `name ~ value`: the value is a prior.
    pub is_prior: bool,
    /// Its value.
    pub value: Expr,
    /// All of it.
    pub span: Range<usize>,
}

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `^`
    Power,
}

/// A message about a part of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// What is wrong and what to try.
    pub message: String,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
}

impl Fault {
    /// A message about the bytes `span` of a text.
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), span }
    }
}

/// "unknown X; did you mean Y?", or the whole list where nothing is near.
pub fn suggest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let nearest = known.iter().map(|k| (strsim::damerau_levenshtein(wrong, k), *k)).min().filter(
        |(distance, k)| {
            let begins = wrong.len() > 2 && k.starts_with(wrong);
            begins || *distance <= 1 + k.len().max(wrong.len()) / 3
        },
    );
    match nearest {
        Some((_, k)) => format!("did you mean {k:?}?"),
        None if known.is_empty() => "there are none".into(),
        None => format!("known: {}", known.join(", ")),
    }
}
