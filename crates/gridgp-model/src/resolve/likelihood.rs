//! The `[likelihood]` section: the family, and an equation for each of its parameters.

use std::ops::Range;

use gridgp_dist::{Distribution, Domain};
use gridgp_grid::{Dataset, Error, Result};
use gridgp_likelihood::{DefaultValue, Family, Likelihood, LikelihoodParameter};

use super::defaults::{Use, written_prior};
use super::descending;
use super::level::{Level, mean_and_sd};
use super::linked::split;
use super::names::Names;
use super::sizes::{beyond, is_computable};
use crate::equation::Equation;
use crate::language::{Expr, ExprKind, Fault, number, parse, suggest};
use crate::link::Link;
use crate::param::Value;
use crate::predictor::{Predictor, Symbol, Term};
use crate::spec::{Entry, ModelSpec, Source};

/// What the section means.
pub(super) struct Resolved {
    pub(super) family: Family,
    /// In the order of the family's parameters.
    pub(super) equations: Vec<Equation>,
    /// See [`Model::upper`](crate::Model::upper).
    pub(super) upper: Option<Vec<f64>>,
}

/// Reads the section.
pub(super) fn likelihood(
    spec: &ModelSpec,
    source: &Source,
    data: &Dataset,
    names: &mut Names<'_>,
) -> Result<Resolved> {
    let written = &spec.likelihood;
    let Some(family) = Family::from_name(&written.family) else {
        let known = Family::ALL.iter().map(|(name, _)| *name);
        let message =
            format!("unknown likelihood {:?}; {}", written.family, suggest(&written.family, known));
        let fault = Fault::new(0..written.family.len(), message);
        return Err(source.fault(&["likelihood", "family"], &fault));
    };
    let parameters = family.parameters().to_vec();
    for key in written.parameters.keys() {
        if parameters.iter().all(|p| p.name != key) {
            let hint = suggest(key, parameters.iter().map(|p| p.name));
            let message = format!("unknown key {key:?} for a {} likelihood; {hint}", family.name());
            return Err(source.fault(&["likelihood", key], &Fault::new(0..0, message)));
        }
    }
    let upper = descending::values_above(spec, source, data, &family)?;
    let mut equations = Vec::new();
    for p in &parameters {
        let scope = Scope { spec, data, family: &family, p };
        let is_axis = upper.is_some() && p.name == descending::KEY;
        let equation = match written.parameters.get(p.name).filter(|_| !is_axis) {
            Some(entry) => scope
                .equation(entry, names)
                .map_err(|fault| source.fault(&["likelihood", p.name], &fault))?,
            None => {
                let by_default = scope
                    .by_default(names)
                    .map_err(|fault| source.fault(&["likelihood"], &fault))?;
                by_default.ok_or_else(|| {
                    let message = format!(
                        "a {} likelihood needs its {}, the {}: add `{} = \"…\"`",
                        family.name(),
                        p.name,
                        p.about,
                        p.name
                    );
                    source.fault(&["likelihood"], &Fault::new(0..0, message))
                })?
            }
        };
        scope.check_multiplier(&equation, source)?;
        equations.push(equation);
    }
    check_observations(&family, &equations, upper.as_deref(), data)?;
    Ok(Resolved { family, equations, upper })
}

/// What an equation can refer to.
pub(super) struct Scope<'a> {
    pub(super) spec: &'a ModelSpec,
    pub(super) data: &'a Dataset,
    family: &'a Family,
    pub(super) p: &'a LikelihoodParameter,
}

impl Scope<'_> {
    fn by_default(&self, names: &mut Names<'_>) -> Result<Option<Equation>, Fault> {
        let name = self.p.name;
        let value = match self.p.default {
            DefaultValue::Required => return Ok(None),
            DefaultValue::Known(v) => Value::Fixed(v),
            DefaultValue::Noise => names.quantity_by_default(name, Use::Noise)?,
            DefaultValue::Prior(text) => names.parameter_by_default(name, written_prior(text)),
        };
        Ok(Some(Equation::quantity(name, value)))
    }

    fn equation(&self, entry: &Entry, names: &mut Names<'_>) -> Result<Equation, Fault> {
        let e = parse(&entry.text())?;
        let split = split(&e)?;
        let Some((call, link)) = split.link else {
            return self.without_link(entry, &e, names);
        };
        let [argument] = call.arguments.as_slice() else {
            let message = format!("{}(…) takes one predictor", call.function);
            return Err(Fault::new(e.span.clone(), message));
        };
        let (predictor, _) = self.predictor(&argument.value, names)?;
        self.check_sizes(&predictor, &argument.value)?;
        if link == Link::Sqrt {
            self.check_squares(&predictor, argument.value.span.clone(), names)?;
            if split.shift == 0.0 {
                self.check_zeros(&predictor, argument.value.span.clone())?;
            }
        }
        let multiplier = self.multiplier(&split.factors, split.factor, names)?;
        let equation =
            Equation { name: self.p.name.into(), shift: split.shift, multiplier, link, predictor };
        let range = equation.range();
        if !inside(range, self.p.domain) {
            let message = format!(
                "{} takes values in {range}, but the {} must lie in {}",
                call.function, self.p.name, self.p.domain
            );
            return Err(Fault::new(e.span.clone(), message));
        }
        self.settle(&equation, e.span.clone(), names)?;
        Ok(equation)
    }

    /// Refuses numbers whose squares leave the range of numbers.
    fn check_sizes(&self, predictor: &Predictor, e: &Expr) -> Result<(), Fault> {
        match predictor.terms.iter().find(|t| !is_computable(t.factor)) {
            Some(t) => Err(Fault::new(e.span.clone(), beyond(t.factor))),
            None => Ok(()),
        }
    }

    /// A number, a parameter, a prior in place, or a sum of terms.
    fn without_link(
        &self,
        entry: &Entry,
        e: &Expr,
        names: &mut Names<'_>,
    ) -> Result<Equation, Fault> {
        let is_prior = matches!(&e.kind, ExprKind::Call(_)) && number(e).is_err();
        let is_known = matches!(self.p.default, DefaultValue::Known(_));
        if is_prior && is_known {
            let message = format!("the {} is known: a number or a covariate", self.p.name);
            return Err(Fault::new(e.span.clone(), message));
        }
        if is_prior {
            let usage = Use::Likelihood { parameter: self.p, typical: 1.0 };
            let value = names.quantity(entry, self.p.name, usage)?;
            let equation = Equation::quantity(self.p.name, value);
            self.check_domain(&equation, true, e, names)?;
            return Ok(equation);
        }
        let (predictor, positive) = self.predictor(e, names)?;
        self.check_sizes(&predictor, e)?;
        let equation = Equation::linear(self.p.name, predictor);
        if is_known && equation.predictor.terms.iter().any(|t| !t.parameters.is_empty()) {
            let message = format!("the {} is known: a number or a covariate", self.p.name);
            return Err(Fault::new(e.span.clone(), message));
        }
        if is_known && equation.as_quantity().is_none() {
            // Its values are looked at in each cell, with the observations.
            return Ok(equation);
        }
        self.settle(&equation, e.span.clone(), names)?;
        self.check_domain(&equation, positive, e, names)?;
        Ok(equation)
    }

    /// Whether a sum without a link stays in the domain.
    fn check_domain(
        &self,
        equation: &Equation,
        covariates_positive: bool,
        e: &Expr,
        names: &Names<'_>,
    ) -> Result<(), Fault> {
        let domain = self.p.domain;
        if domain == Domain::Real {
            return Ok(());
        }
        let name = self.p.name;
        match equation.as_quantity() {
            Some(Value::Fixed(v)) if domain.contains(v) && is_computable(v) => return Ok(()),
            Some(Value::Fixed(v)) if domain.contains(v) => {
                return Err(Fault::new(e.span.clone(), beyond(v)));
            }
            Some(Value::Fixed(v)) => {
                let noise_free = if v == 0.0 && self.p.default == DefaultValue::Noise {
                    "; there is no model without noise: write a small one, a ten-thousandth of the \
                     standard deviation of the response, say"
                } else {
                    ""
                };
                let message =
                    format!("the {name} cannot be {v}: it must lie in {domain}{noise_free}");
                return Err(Fault::new(e.span.clone(), message));
            }
            Some(Value::Free(j)) => {
                let prior = names.prior(j);
                if inside(prior.support(), domain) {
                    return Ok(());
                }
                let message = format!(
                    "the prior {prior} admits values outside of {domain}, which the {name} cannot \
                     take; give it a prior inside, or write {}",
                    advice(domain, "…")
                );
                return Err(Fault::new(e.span.clone(), message));
            }
            None => {}
        }
        let is_positive = |t: &Term| {
            let parameters = t.parameters.iter().all(|&j| names.prior(j).support().lower() >= 0.0);
            t.factor > 0.0 && t.field.is_none() && parameters
        };
        let terms = &equation.predictor.terms;
        let if_positive = terms.iter().all(is_positive) && inside(Domain::Positive, domain);
        if if_positive && covariates_positive {
            return Ok(());
        }
        let covariates: Vec<usize> = equation.covariates().collect();
        if let Some((c, i)) = self.first_value(&covariates, |v| v <= 0.0).filter(|_| if_positive) {
            let message = format!(
                "{}, and the {name} must lie in {domain}: correct it, or leave out that point of it \
                 and its response{}",
                self.at_point(c, i),
                if self.p.default == DefaultValue::Noise {
                    "; beside noise of unknown size, sqrt(sigma^2 + …^2), it may be 0"
                } else {
                    ""
                }
            );
            return Err(Fault::new(e.span.clone(), message));
        }
        let message = format!(
            "the {name} must lie in {domain}, but this sum can leave it: write {}",
            advice(domain, "…")
        );
        Err(Fault::new(e.span.clone(), message))
    }

    /// An expression multiplied out, and whether all of its covariates are positive.
    fn predictor(&self, e: &Expr, names: &mut Names<'_>) -> Result<(Predictor, bool), Fault> {
        let mut lookup = |name: &str, e: &Expr| self.symbol(name, e, names);
        let predictor = Predictor::new(e, &mut lookup)?;
        let random: Vec<usize> = predictor.random().map(|(f, _)| f).collect();
        if let Some(f) =
            (0..random.len()).find_map(|i| random[..i].contains(&random[i]).then_some(random[i]))
        {
            let name = self.spec.fields.get_index(f).map_or("", |(k, _)| k.as_str());
            let message = format!(
                "the field {name:?} enters the {} more than once; write one term, {name} * \
                 covariate with a covariate that adds up the multipliers",
                self.p.name
            );
            return Err(Fault::new(e.span.clone(), message));
        }
        let positive = |c: usize| self.data.covariates[c].known().all(|v| v > 0.0);
        let all = predictor.terms.iter().all(|t| t.covariates.iter().all(|&c| positive(c)));
        Ok((predictor, all))
    }

    fn symbol(&self, name: &str, e: &Expr, names: &mut Names<'_>) -> Result<Symbol, Fault> {
        if let Some(f) = self.spec.fields.get_index_of(name) {
            return Ok(Symbol::Field(f));
        }
        if let Some(c) = self.data.covariates.iter().position(|c| c.name == name) {
            return Ok(Symbol::Covariate(c));
        }
        match names.reference(name) {
            Some(Value::Fixed(v)) => Ok(Symbol::Number(v)),
            Some(Value::Free(j)) => Ok(Symbol::Parameter(j)),
            None => {
                let known = names
                    .declared()
                    .chain(self.spec.fields.keys().map(String::as_str))
                    .chain(self.data.covariates.iter().map(|c| c.name.as_str()));
                let hint = suggest(name, known);
                let message = format!(
                    "{name:?} is no parameter, field or covariate; {hint} (a coefficient is \
                     declared under [parameters], {name} = \"default\" for one)"
                );
                Err(Fault::new(e.span.clone(), message))
            }
        }
    }

    /// Gives parameters without a prior the default of their use here.
    fn settle(
        &self,
        equation: &Equation,
        span: Range<usize>,
        names: &mut Names<'_>,
    ) -> Result<(), Fault> {
        let level = Level::of(self.data, self.family, self.p, equation);
        let bounded = equation.link == Link::Identity && self.p.domain != Domain::Real;
        let lever = lever(&equation.predictor, self.data);
        for term in &equation.predictor.terms {
            for &j in &term.parameters {
                let (covariates, field) = (term.covariates.as_slice(), term.field);
                let usage = if equation.link == Link::Sqrt {
                    Use::Noise
                } else if bounded {
                    Use::Likelihood { parameter: self.p, typical: level.center }
                } else {
                    Use::Coefficient { covariates, field, level: &level, lever }
                };
                names.settle_default(j, usage).map_err(|e| Fault::new(span.clone(), e))?;
            }
        }
        Ok(())
    }

    fn multiplier(
        &self,
        factors: &[&Expr],
        factor: f64,
        names: &mut Names<'_>,
    ) -> Result<Term, Fault> {
        let mut all = Term { factor, ..Term::default() };
        for e in factors {
            let (predictor, _) = self.predictor(e, names)?;
            match predictor.terms.as_slice() {
                [t] if t.parameters.is_empty() && t.field.is_none() => {
                    all.factor *= t.factor;
                    all.covariates.extend(&t.covariates);
                }
                _ => {
                    let message = "only numbers and covariates multiply a link; move the rest \
                                   inside of it";
                    return Err(Fault::new(e.span.clone(), message));
                }
            }
        }
        Ok(all)
    }

    /// Covariates that multiply a positive link must be positive: exposures, areas.
    fn check_multiplier(&self, equation: &Equation, source: &Source) -> Result<()> {
        if self.p.domain == Domain::Real {
            return Ok(());
        }
        for &c in &equation.multiplier.covariates {
            let covariate = &self.data.covariates[c];
            if let Some(i) = covariate.values.iter().position(|v| *v <= 0.0) {
                let message = format!(
                    "the covariate {:?} multiplies the {} and is {} at {}; it must be positive",
                    covariate.name,
                    self.p.name,
                    covariate.values[i],
                    self.data.grid.describe_part(&covariate.axes, i)
                );
                let fault = Fault::new(0..0, message);
                return Err(source.fault(&["likelihood", self.p.name], &fault));
            }
        }
        Ok(())
    }
}

/// √(1 + Σ (mean/sd)²) over the covariates with effects: how much further an intercept lies from the
/// response than the level does at the covariates' means.
fn lever(predictor: &Predictor, data: &Dataset) -> f64 {
    let square = |t: &Term| match t.covariates.as_slice() {
        [c] if !t.parameters.is_empty() => {
            let (mean, sd) = mean_and_sd(data.covariates[*c].known());
            if sd > 0.0 { (mean / sd).powi(2) } else { 0.0 }
        }
        _ => 0.0,
    };
    (1.0 + predictor.fixed().map(square).sum::<f64>()).sqrt()
}

fn inside(a: Domain, b: Domain) -> bool {
    a.lower() >= b.lower() && a.upper() <= b.upper()
}

fn advice(domain: Domain, inner: &str) -> String {
    match domain {
        Domain::Interval(0.0, 1.0) => format!("logistic({inner})"),
        Domain::Interval(a, b) => format!("{a} + {} * logistic({inner})", b - a),
        Domain::Above(a) => format!("{a} + exp({inner})"),
        Domain::Below(b) => format!("{b} - exp({inner})"),
        Domain::Positive | Domain::Real => format!("exp({inner}) or softplus({inner})"),
    }
}

/// Every observation must be one that the family can have made.
fn check_observations(
    family: &Family,
    equations: &[Equation],
    upper: Option<&[f64]>,
    data: &Dataset,
) -> Result<()> {
    let parameters = family.parameters();
    let mut known = vec![f64::NAN; parameters.len()];
    let is_known = |k: &usize| matches!(parameters[*k].default, DefaultValue::Known(_));
    let positions: Vec<usize> = (0..parameters.len()).filter(is_known).collect();
    let y = &data.response;
    for (cell, &value) in y.values.iter().enumerate() {
        if y.missing.as_ref().is_some_and(|m| m[cell]) {
            continue;
        }
        for &k in &positions {
            let index = data.grid.unravel(cell);
            let at = |c: usize| data.covariates[c].at(&index, &data.grid);
            let terms = &equations[k].predictor.terms;
            let total = terms
                .iter()
                .map(|t| t.covariates.iter().fold(t.factor, |product, &c| product * at(c)));
            known[k] = upper.map_or_else(|| total.sum(), |upper| upper[cell]);
            if !parameters[k].domain.contains(known[k]) {
                return Err(Error::Data(format!(
                    "the {} is {} at {}; it must lie in {}",
                    parameters[k].name,
                    known[k],
                    data.grid.describe(cell),
                    parameters[k].domain
                )));
            }
        }
        family.check(value, &known).map_err(|needed| {
            Error::Data(format!(
                "{:?} is {value} at {}; for a {} likelihood, {needed}",
                y.name,
                data.grid.describe(cell),
                family.name()
            ))
        })?;
    }
    Ok(())
}

impl Equation {
    /// The values that shift + multiplier · link can take, covariates being positive.
    fn range(&self) -> Domain {
        let (a, b) = (self.link.range().lower(), self.link.range().upper());
        let m = self.multiplier.factor;
        // A covariate may be as large and as small as it likes.
        let stretch = |end: f64| match (self.multiplier.covariates.is_empty(), end == 0.0) {
            (true, _) | (_, true) => end * m,
            (false, false) => end * f64::INFINITY * m.signum(),
        };
        let (a, b) = (self.shift + stretch(a), self.shift + stretch(b));
        if m > 0.0 { Domain::between(a, b) } else { Domain::between(b, a) }
    }
}
