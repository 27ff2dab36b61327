//! Expressions that are numbers.

use super::{Expr, ExprKind, Fault, Operator, suggest};

/// Names that stand for numbers.
pub const CONSTANTS: [&str; 2] = ["pi", "inf"];

/// Functions of numbers.
pub const FUNCTIONS: [&str; 3] = ["log", "exp", "sqrt"];

/// The value of an expression made of numbers, `pi`, `inf`, `log`, `exp` and `sqrt`.
///
/// # Errors
/// A [`Fault`] at the first part that is not a number.
pub fn number(e: &Expr) -> Result<f64, Fault> {
    Ok(match &e.kind {
        ExprKind::Number(v) => *v,
        ExprKind::Name(n) if n == "pi" => std::f64::consts::PI,
        ExprKind::Name(n) if n == "inf" => f64::INFINITY,
        ExprKind::Negative(e) => -number(e)?,
        ExprKind::Binary(a, op, b) => {
            let (a, b) = (number(a)?, number(b)?);
            match op {
                Operator::Add => a + b,
                Operator::Subtract => a - b,
                Operator::Multiply => a * b,
                Operator::Divide => a / b,
                Operator::Power => a.powf(b),
            }
        }
        ExprKind::Call(c) => {
            let [argument] = c.arguments.as_slice() else {
                return Err(Fault::new(
                    e.span.clone(),
                    format!("{}(…) takes one number here", c.function),
                ));
            };
            let x = number(&argument.value)?;
            match c.function.as_str() {
                "log" => x.ln(),
                "exp" => x.exp(),
                "sqrt" => x.sqrt(),
                other => {
                    let hint = suggest(other, FUNCTIONS);
                    let message = format!("{other:?} is not a function of numbers; {hint}");
                    return Err(Fault::new(c.function_span.clone(), message));
                }
            }
        }
        ExprKind::Name(n) => {
            return Err(Fault::new(e.span.clone(), format!("{n:?} stands where a number must")));
        }
        ExprKind::List(_) => {
            return Err(Fault::new(e.span.clone(), "a list stands where a number must"));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::parse;

    #[test]
    fn arithmetic() {
        for (text, want) in [
            ("log(2)/2", 2f64.ln() / 2.0),
            ("-2 ^ 2", -4.0),
            ("sqrt(pi) * exp(0)", std::f64::consts::PI.sqrt()),
            ("inf", f64::INFINITY),
        ] {
            assert_eq!(number(&parse(text).unwrap()).unwrap(), want);
        }
    }

    #[test]
    fn what_is_not_a_number_is_pointed_at() {
        let fault = number(&parse("1 + logg(2)").unwrap()).unwrap_err();
        assert_eq!(fault.span, 4..8);
        assert!(fault.message.contains("did you mean \"log\"?"));
        assert!(number(&parse("a").unwrap()).is_err());
    }
}
