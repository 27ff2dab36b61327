//! What stands around a link: `0.1 + exposure * exp(mu + f)`.

use crate::language::{Call, Expr, ExprKind, Fault, Operator, number};
use crate::link::Link;

/// shift + factor · factors · link(…), if there is a link.
pub(super) fn split(e: &Expr) -> Result<Split<'_>, Fault> {
    let plain = Split { shift: 0.0, factor: 1.0, factors: vec![], link: None };
    if number(e).is_ok() {
        return Ok(plain);
    }
    Ok(match &e.kind {
        ExprKind::Call(call) => {
            Split { link: Link::from_name(&call.function).map(|l| (call, l)), ..plain }
        }
        ExprKind::Negative(a) => {
            let s = split(a)?;
            Split { shift: -s.shift, factor: -s.factor, ..s }
        }
        ExprKind::Binary(a, op, b) => {
            let (left, right) = (split(a)?, split(b)?);
            match (left.link.is_some(), right.link.is_some(), op) {
                (false, false, _) => plain,
                (true, true, _) => {
                    let message = "an equation has one link; put the sum inside of it";
                    return Err(Fault::new(e.span.clone(), message));
                }
                (true, false, Operator::Add) => {
                    Split { shift: left.shift + number(b).map_err(shifted)?, ..left }
                }
                (true, false, Operator::Subtract) => {
                    Split { shift: left.shift - number(b).map_err(shifted)?, ..left }
                }
                (false, true, Operator::Add) => {
                    Split { shift: right.shift + number(a).map_err(shifted)?, ..right }
                }
                (false, true, Operator::Subtract) => {
                    let shift = number(a).map_err(shifted)? - right.shift;
                    Split { shift, factor: -right.factor, ..right }
                }
                (true, false, Operator::Multiply) => left.times(b)?,
                (false, true, Operator::Multiply) => right.times(a)?,
                (true, false, Operator::Divide) => {
                    let v = number(b)?;
                    Split { shift: left.shift / v, factor: left.factor / v, ..left }
                }
                _ => {
                    let message = "a link is shifted by a number or multiplied, nothing else";
                    return Err(Fault::new(e.span.clone(), message));
                }
            }
        }
        _ => plain,
    })
}

fn shifted(fault: Fault) -> Fault {
    Fault::new(fault.span, "only a number is added to a link; put other terms inside of it")
}

/// An expression around at most one link.
pub(super) struct Split<'e> {
    /// What is added to the rest.
    pub(super) shift: f64,
    /// A number that multiplies the link.
    pub(super) factor: f64,
    /// What else multiplies it.
    pub(super) factors: Vec<&'e Expr>,
    /// The call of a link, if there is one.
    pub(super) link: Option<(&'e Call, Link)>,
}

impl<'e> Split<'e> {
    fn times(mut self, e: &'e Expr) -> Result<Self, Fault> {
        match number(e) {
            Ok(v) => {
                self.shift *= v;
                self.factor *= v;
            }
            Err(_) if self.shift != 0.0 => {
                let message = "a shifted link is multiplied by numbers only";
                return Err(Fault::new(e.span.clone(), message));
            }
            Err(_) => self.factors.push(e),
        }
        Ok(self)
    }
}
