//! A likelihood's parameter at the observed cells, p = shift + m · link(η), and its pullback.

mod moments;

use gridgp_grid::{Covariate, Grid};
use gridgp_likelihood::Column;
use gridgp_model::{Equation, Link, Term};

/// An equation at some cells of a grid.
///
/// A predictor without fields and covariates is one number; any other one has a value a cell.
#[derive(Debug, Clone)]
pub struct ObservedEquation {
    link: Link,
    shift: f64,
    factor: f64,
    /// The covariates that multiply the link, one value a cell; `None` for 1.
    multiplier: Option<Vec<f64>>,
    terms: Vec<ObservedTerm>,
    eta: Vec<f64>,
    p: Vec<f64>,
    is_constant: bool,
    /// 1 or −1 where p stands as its log odds, those of the link times this.
    log_odds: Option<f64>,
}

#[derive(Debug, Clone)]
struct ObservedTerm {
    term: Term,
    /// The product of its covariates, one value a cell; `None` for 1.
    design: Option<Vec<f64>>,
    /// Its field, and for each cell the position in the field's values.
    field: Option<(usize, Vec<u32>)>,
}

impl ObservedEquation {
    /// The equation at `cells` of a grid; `positions[f]` are the axes that field f lives on.
    pub fn new(
        equation: &Equation,
        grid: &Grid,
        covariates: &[Covariate],
        positions: &[Vec<usize>],
        cells: &[usize],
    ) -> Self {
        let design = |t: &Term| {
            (!t.covariates.is_empty()).then(|| {
                let product = |&cell: &usize| {
                    let index = grid.unravel(cell);
                    let at = |&c: &usize| covariates[c].at(&index, grid);
                    t.covariates.iter().map(at).product()
                };
                cells.iter().map(product).collect::<Vec<f64>>()
            })
        };
        let terms: Vec<ObservedTerm> = equation
            .predictor
            .terms
            .iter()
            .map(|t| ObservedTerm {
                term: t.clone(),
                design: design(t),
                field: t.field.map(|f| (f, field_index(&positions[f], grid, cells))),
            })
            .collect();
        let multiplier = design(&equation.multiplier);
        let is_constant =
            multiplier.is_none() && terms.iter().all(|t| t.design.is_none() && t.field.is_none());
        let length = if is_constant { 1 } else { cells.len() };
        Self {
            link: equation.link,
            shift: equation.shift,
            factor: equation.multiplier.factor,
            multiplier,
            terms,
            eta: vec![0.0; length],
            p: vec![0.0; length],
            is_constant,
            log_odds: None,
        }
    }

    /// Gives the parameter as its log odds from now on, if it is a link to (0, 1) or 1 − such a
    /// link; whether it is.
    pub(crate) fn give_log_odds(&mut self) -> bool {
        let has_odds = self.multiplier.is_none() && self.link.log_odds(0.0).is_some();
        self.log_odds = match (self.shift, self.factor) {
            (0.0, 1.0) if has_odds => Some(1.0),
            (1.0, -1.0) if has_odds => Some(-1.0),
            _ => None,
        };
        self.log_odds.is_some()
    }

    /// Known numbers, one a cell.
    pub fn known(values: Vec<f64>) -> Self {
        let eta = values.clone();
        let term = Term { factor: 1.0, ..Term::default() };
        Self {
            link: Link::Identity,
            shift: 0.0,
            factor: 1.0,
            multiplier: None,
            terms: vec![ObservedTerm { term, design: Some(values), field: None }],
            p: eta.clone(),
            eta,
            is_constant: false,
            log_odds: None,
        }
    }

    /// The parameter at the cells, after [`update`](Self::update).
    pub fn column(&self) -> Column<'_> {
        if self.is_constant { Column::Constant(self.p[0]) } else { Column::Varying(&self.p) }
    }

    /// The coefficient of the term with field f; 0 if there is none.
    pub fn coefficient(&self, f: usize, theta: &[f64]) -> f64 {
        let term = self.terms.iter().find(|t| t.term.field == Some(f));
        term.map_or(0.0, |t| t.term.coefficient(theta))
    }

    /// Whether it is one number for all cells.
    pub(crate) fn is_constant(&self) -> bool {
        self.is_constant
    }

    /// Whether field f enters.
    pub(crate) fn has_field(&self, f: usize) -> bool {
        self.terms.iter().any(|t| t.term.field == Some(f))
    }

    /// ∂p/∂f at cell i, after [`update`](Self::update).
    pub(crate) fn slope(&self, f: usize, i: usize, theta: &[f64]) -> f64 {
        let terms = self.terms.iter().filter(|t| t.term.field == Some(f));
        let weight = |t: &ObservedTerm| t.design.as_ref().map_or(1.0, |d| d[i]);
        let sum: f64 = terms.map(|t| t.term.coefficient(theta) * weight(t)).sum();
        sum * self.rate(i)
    }

    /// What multiplies field f in the predictor: a coefficient, and the covariates' product in each cell.
    pub(crate) fn loading(&self, f: usize, theta: &[f64]) -> Option<(f64, Option<&[f64]>)> {
        let term = self.terms.iter().find(|t| t.term.field == Some(f))?;
        Some((term.term.coefficient(theta), term.design.as_deref()))
    }

    /// η at cell i, after [`update`](Self::update).
    pub(crate) fn predictor(&self, i: usize) -> f64 {
        self.eta[if self.is_constant { 0 } else { i }]
    }

    /// The parameter of cell i at another η.
    pub(crate) fn parameter_at(&self, i: usize, eta: f64) -> f64 {
        match self.log_odds {
            Some(_) => self.seen(i, eta).0,
            None => self.shift + self.multiplier_at(i) * self.link.forward(eta),
        }
    }

    /// Whether the parameter is η.
    pub(crate) fn is_plain(&self) -> bool {
        self.link == Link::Identity
    }

    /// The first three derivatives of the parameter with respect to η at cell i, after
    /// [`update`](Self::update).
    pub(crate) fn bends(&self, i: usize) -> [f64; 3] {
        let i = if self.is_constant { 0 } else { i };
        let (eta, m) = (self.eta[i], self.multiplier_at(i));
        if let Some(sign) = self.log_odds {
            let (second, third) = self.link.log_odds_bends(eta).expect("a link to (0, 1)");
            return [self.rate(i), sign * second, sign * third];
        }
        let p = self.bare(i);
        let link = self.link;
        [link.derivative(eta, p), link.second_derivative(eta, p), link.third_derivative(eta, p)]
            .map(|d| m * d)
    }

    /// Adds the derivatives with respect to the coefficient of field f, from the adjoint of what
    /// multiplies the field in each cell.
    pub(crate) fn coefficient_vjp(
        &self,
        f: usize,
        theta: &[f64],
        bar: impl Fn(usize) -> f64,
        theta_bar: &mut [f64],
    ) {
        let term = self.terms.iter().find(|t| t.term.field == Some(f));
        let Some(t) = term.filter(|t| !t.term.parameters.is_empty()) else { return };
        let sum = match &t.design {
            None => (0..self.eta.len()).map(bar).sum(),
            Some(d) => d.iter().enumerate().map(|(i, d)| d * bar(i)).sum(),
        };
        t.term.coefficient_vjp(theta, sum, theta_bar);
    }

    /// One for a number, otherwise one a cell.
    pub(crate) fn len(&self) -> usize {
        self.p.len()
    }

    fn multiplier_at(&self, i: usize) -> f64 {
        self.factor * self.multiplier.as_ref().map_or(1.0, |m| m[i])
    }

    /// link(η), without multiplier and shift.
    fn bare(&self, i: usize) -> f64 {
        let m = self.multiplier_at(i);
        if m == 1.0 && self.shift == 0.0 { self.p[i] } else { self.link.forward(self.eta[i]) }
    }

    /// ∂p/∂η at cell i.
    fn rate(&self, i: usize) -> f64 {
        match self.log_odds {
            Some(_) => self.seen(i, self.eta[i]).1,
            None => self.multiplier_at(i) * self.link.derivative(self.eta[i], self.bare(i)),
        }
    }

    /// The parameter at θ and the values of field f.
    pub fn update<'f>(&mut self, theta: &[f64], values: impl Fn(usize) -> &'f [f64]) {
        self.eta.fill(0.0);
        for t in &self.terms {
            let c = t.term.coefficient(theta);
            match (&t.field, &t.design) {
                (None, None) => self.eta.iter_mut().for_each(|e| *e += c),
                (None, Some(d)) => self.eta.iter_mut().zip(d).for_each(|(e, d)| *e += c * d),
                (Some((f, index)), None) => {
                    let f = values(*f);
                    let pairs = self.eta.iter_mut().zip(index);
                    pairs.for_each(|(e, &j)| *e += c * f[j as usize]);
                }
                (Some((f, index)), Some(d)) => {
                    let f = values(*f);
                    let triples = self.eta.iter_mut().zip(index).zip(d);
                    triples.for_each(|((e, &j), d)| *e += c * d * f[j as usize]);
                }
            }
        }
        let (link, shift, factor) = (self.link, self.shift, self.factor);
        if link == Link::Identity && shift == 0.0 && factor == 1.0 && self.multiplier.is_none() {
            return self.p.copy_from_slice(&self.eta);
        }
        if self.log_odds.is_some() {
            for i in 0..self.p.len() {
                self.p[i] = self.seen(i, self.eta[i]).0;
            }
            return;
        }
        for (i, (p, &eta)) in self.p.iter_mut().zip(&self.eta).enumerate() {
            let m = factor * self.multiplier.as_ref().map_or(1.0, |m| m[i]);
            *p = shift + m * link.forward(eta);
        }
    }

    /// Adds the derivatives to `theta_bar` and to the adjoints of the fields, from that of the
    /// parameter, which is overwritten by that of η.
    pub fn vjp<'f>(
        &self,
        theta: &[f64],
        bar: &mut [f64],
        values: impl Fn(usize) -> &'f [f64],
        theta_bar: &mut [f64],
        field_bars: &mut [Vec<f64>],
    ) {
        if self.link != Link::Identity || self.factor != 1.0 || self.multiplier.is_some() {
            for (i, b) in bar.iter_mut().enumerate() {
                *b *= self.rate(i);
            }
        }
        self.terms_vjp(theta, bar, values, theta_bar, field_bars);
    }

    /// The same from the adjoint of η.
    pub fn terms_vjp<'f>(
        &self,
        theta: &[f64],
        bar: &[f64],
        values: impl Fn(usize) -> &'f [f64],
        theta_bar: &mut [f64],
        field_bars: &mut [Vec<f64>],
    ) {
        for t in &self.terms {
            let c = t.term.coefficient(theta);
            let weight = |i: usize| t.design.as_ref().map_or(1.0, |d| d[i]);
            let mut c_bar = 0.0;
            match &t.field {
                None => match &t.design {
                    None => c_bar += bar.iter().sum::<f64>(),
                    Some(d) => c_bar += bar.iter().zip(d).map(|(b, d)| b * d).sum::<f64>(),
                },
                Some((f, index)) => {
                    let (values, f_bar) = (values(*f), &mut field_bars[*f]);
                    if t.term.parameters.is_empty() {
                        for (i, (&b, &j)) in bar.iter().zip(index).enumerate() {
                            f_bar[j as usize] += c * weight(i) * b;
                        }
                    } else {
                        for (i, (&b, &j)) in bar.iter().zip(index).enumerate() {
                            let b = weight(i) * b;
                            f_bar[j as usize] += c * b;
                            c_bar += b * values[j as usize];
                        }
                    }
                }
            }
            t.term.coefficient_vjp(theta, c_bar, theta_bar);
        }
    }
}

/// For each cell, the position in the values of a field.
pub(crate) fn field_index(positions: &[usize], grid: &Grid, cells: &[usize]) -> Vec<u32> {
    let shape = grid.shape();
    let position = |&cell: &usize| {
        let index = grid.unravel(cell);
        let at = positions.iter().fold(0, |at, &a| at * shape[a] + index[a]);
        u32::try_from(at).expect("a field has fewer than 2^32 cells")
    };
    cells.iter().map(position).collect()
}
