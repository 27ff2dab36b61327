//! Predictors: expressions over coefficients, covariates and fields, multiplied out.

use super::language::{Expr, ExprKind, Fault, Operator};

/// A sum of terms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Predictor {
    /// The terms.
    pub terms: Vec<Term>,
}

/// factor · ∏ parameters · ∏ covariates · field.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Term {
    /// A number.
    pub factor: f64,
    /// Positions of parameters; one that occurs twice is squared.
    pub parameters: Vec<usize>,
    /// Positions of covariates in the data set.
    pub covariates: Vec<usize>,
    /// The position of a field.
    pub field: Option<usize>,
}

/// What a name in a predictor stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Symbol {
    Number(f64),
    Parameter(usize),
    Covariate(usize),
    Field(usize),
}

impl Term {
    /// factor · ∏ parameters.
    #[inline]
    pub fn coefficient(&self, theta: &[f64]) -> f64 {
        self.parameters.iter().fold(self.factor, |c, &j| c * theta[j])
    }

    /// Adds bar · ∂coefficient/∂θ.
    #[inline]
    pub fn coefficient_vjp(&self, theta: &[f64], bar: f64, theta_bar: &mut [f64]) {
        for (i, &j) in self.parameters.iter().enumerate() {
            let others = self.parameters.iter().enumerate().filter(|(k, _)| *k != i);
            theta_bar[j] += bar * others.fold(self.factor, |c, (_, &k)| c * theta[k]);
        }
    }

    fn times(&self, other: &Self, e: &Expr) -> Result<Self, Fault> {
        if self.field.is_some() && other.field.is_some() {
            return Err(Fault::new(
                e.span.clone(),
                "this multiplies two fields; a product of Gaussian fields is not Gaussian",
            ));
        }
        let join = |a: &[usize], b: &[usize]| {
            let mut all = [a, b].concat();
            all.sort_unstable();
            all
        };
        Ok(Self {
            factor: self.factor * other.factor,
            parameters: join(&self.parameters, &other.parameters),
            covariates: join(&self.covariates, &other.covariates),
            field: self.field.or(other.field),
        })
    }

    fn is_like(&self, other: &Self) -> bool {
        (&self.parameters, &self.covariates, self.field)
            == (&other.parameters, &other.covariates, other.field)
    }
}

impl Predictor {
    /// Multiplies an expression out. `lookup` says what a name stands for.
    pub(super) fn new(
        e: &Expr,
        lookup: &mut impl FnMut(&str, &Expr) -> Result<Symbol, Fault>,
    ) -> Result<Self, Fault> {
        let mut terms = gathered(expand(e, lookup)?);
        terms.retain(|t| t.factor != 0.0);
        Ok(Self { terms })
    }

    /// The terms without a field.
    #[inline]
    pub fn fixed(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter().filter(|t| t.field.is_none())
    }

    /// The terms with a field, and the position of that field.
    #[inline]
    pub fn random(&self) -> impl Iterator<Item = (usize, &Term)> {
        self.terms.iter().filter_map(|t| t.field.map(|f| (f, t)))
    }
}

fn expand(
    e: &Expr,
    lookup: &mut impl FnMut(&str, &Expr) -> Result<Symbol, Fault>,
) -> Result<Vec<Term>, Fault> {
    let number = |factor| vec![Term { factor, ..Term::default() }];
    Ok(match &e.kind {
        ExprKind::Number(v) => number(*v),
        ExprKind::Name(name) => {
            let one = Term { factor: 1.0, ..Term::default() };
            vec![match lookup(name, e)? {
                Symbol::Number(factor) => Term { factor, ..one },
                Symbol::Parameter(j) => Term { parameters: vec![j], ..one },
                Symbol::Covariate(c) => Term { covariates: vec![c], ..one },
                Symbol::Field(f) => Term { field: Some(f), ..one },
            }]
        }
        ExprKind::Negative(inner) => scaled(expand(inner, lookup)?, -1.0),
        ExprKind::Binary(a, Operator::Add, b) => [expand(a, lookup)?, expand(b, lookup)?].concat(),
        ExprKind::Binary(a, Operator::Subtract, b) => {
            [expand(a, lookup)?, scaled(expand(b, lookup)?, -1.0)].concat()
        }
        ExprKind::Binary(a, Operator::Multiply, b) => {
            product(&expand(a, lookup)?, &expand(b, lookup)?, e)?
        }
        ExprKind::Binary(a, Operator::Divide, b) => match expand(b, lookup)?.as_slice() {
            [t] if t.is_like(&Term::default()) && t.factor != 0.0 => {
                scaled(expand(a, lookup)?, 1.0 / t.factor)
            }
            _ => return Err(Fault::new(b.span.clone(), "only division by a number is linear")),
        },
        ExprKind::Binary(a, Operator::Power, b) => {
            let ExprKind::Number(n) = b.kind else {
                return Err(Fault::new(b.span.clone(), "an exponent must be 0, 1, 2 …"));
            };
            if n.fract() != 0.0 || !(0.0..=16.0).contains(&n) {
                return Err(Fault::new(b.span.clone(), "an exponent must be 0, 1, 2 … 16"));
            }
            let base = expand(a, lookup)?;
            (0..n as usize).try_fold(number(1.0), |p, _| product(&p, &base, e))?
        }
        ExprKind::Call(call) => {
            let message = format!(
                "{}(…) is not linear; the location of a gaussian is a sum of coefficients, \
                 covariates and fields",
                call.function
            );
            return Err(Fault::new(call.function_span.clone(), message));
        }
        ExprKind::List(_) => return Err(Fault::new(e.span.clone(), "a list is not a term")),
    })
}

fn scaled(mut terms: Vec<Term>, by: f64) -> Vec<Term> {
    terms.iter_mut().for_each(|t| t.factor *= by);
    terms
}

/// Most terms that a product is multiplied out to, before like ones are gathered.
const MOST_TERMS: usize = 10_000;

fn product(a: &[Term], b: &[Term], e: &Expr) -> Result<Vec<Term>, Fault> {
    let count = a.len() * b.len();
    if count > MOST_TERMS {
        let message = format!(
            "this product has {count} terms multiplied out, and {MOST_TERMS} are possible; add a \
             covariate that holds a part of it"
        );
        return Err(Fault::new(e.span.clone(), message));
    }
    let terms = a.iter().flat_map(|x| b.iter().map(move |y| x.times(y, e)));
    Ok(gathered(terms.collect::<Result<_, _>>()?))
}

/// The same sum with each product once, in the order of their first occurrence.
fn gathered(terms: Vec<Term>) -> Vec<Term> {
    let mut found: Vec<Term> = Vec::new();
    for term in terms {
        match found.iter_mut().find(|t| t.is_like(&term)) {
            Some(like) => like.factor += term.factor,
            None => found.push(term),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::parse;

    fn predictor(text: &str) -> Result<Predictor, Fault> {
        Predictor::new(&parse(text).unwrap(), &mut |name, e| match name {
            "mu0" => Ok(Symbol::Parameter(0)),
            "beta0" => Ok(Symbol::Parameter(1)),
            "gmst" => Ok(Symbol::Covariate(0)),
            "base" => Ok(Symbol::Field(0)),
            "warming" => Ok(Symbol::Field(1)),
            "two" => Ok(Symbol::Number(2.0)),
            _ => Err(Fault::new(e.span.clone(), "unknown")),
        })
    }

    #[test]
    fn products_are_multiplied_out() {
        let p = predictor("mu0 + base + (beta0 + warming) * gmst").unwrap();
        assert_eq!(p.terms.len(), 4);
        assert_eq!(p.terms[2].parameters, [1]);
        assert_eq!(p.terms[2].covariates, [0]);
        assert_eq!(
            p.random().map(|(f, t)| (f, t.covariates.len())).collect::<Vec<_>>(),
            [(0, 0), (1, 1)]
        );
    }

    #[test]
    fn like_terms_are_gathered() {
        let p = predictor("two * mu0 - mu0/4 + base - base").unwrap();
        assert_eq!(p.terms, [Term { factor: 1.75, parameters: vec![0], ..Term::default() }]);
    }

    #[test]
    fn coefficients_and_their_pullback() {
        let p = predictor("3 * mu0^2 * beta0").unwrap();
        let theta = [2.0, 5.0];
        assert_eq!(p.terms[0].coefficient(&theta), 60.0);
        let mut bar = [0.0; 2];
        p.terms[0].coefficient_vjp(&theta, 1.0, &mut bar);
        assert_eq!(bar, [60.0, 12.0]);
    }

    #[test]
    fn products_do_not_explode() {
        let p = predictor("(mu0 + beta0)^16 * (mu0 + beta0)^16").unwrap();
        assert_eq!(p.terms.len(), 33);
        assert_eq!(p.terms[1].factor, 32.0);
        let power = "(mu0 + beta0 + gmst)^16";
        let e = predictor(&format!("{power} * {power}")).unwrap_err();
        assert!(e.message.contains("23409 terms multiplied out"), "{e:?}");
    }

    #[test]
    fn what_is_not_linear_is_refused() {
        assert!(predictor("base * warming").unwrap_err().message.contains("two fields"));
        assert!(predictor("mu0 / gmst").unwrap_err().message.contains("division"));
        assert!(predictor("exp(mu0)").unwrap_err().message.contains("not linear"));
    }
}
