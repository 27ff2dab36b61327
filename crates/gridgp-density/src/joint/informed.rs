//! The joint log density in unknowns that stay round where the data say much about the fields.

use gridgp_grid::Result;
use gridgp_likelihood::Likelihood;
use gridgp_model::Model;
use gridgp_model::param::Transform;

use super::informed_field::InformedField;
use super::long_axis::LongAxes;
use super::observed::Observed;
use super::shear::Shear;
use super::{Joint, LogDensity};

/// [`Joint`] in other unknowns: x = \[unconstrained θ; u of the first field; u of the second …\].
///
/// Where the data determine a field well, its whitened z is held tightly, and how tightly changes
/// with θ: a sampler's steps are then too long somewhere. Here each field is
/// f = amplitude · (⊗Rₐ) (I + τ · amplitude² ⊗RₐᵀRₐ)^(−½) u, and u has nearly unit variance whatever
/// the data say: exactly where the likelihood is Gaussian and τ its precision. τ is the *information*
/// about a value of the field; any τ ≥ 0 gives the same posterior, so it decides speed and nothing else.
///
/// Where one number is the `scale` of all cells and a field is in no other parameter than the
/// `location`, its information is that number's: τ = information / scale². Then for a Gaussian
/// likelihood p(u | y, θ) has the same height for all θ, and the mode over all unknowns is the
/// mode of the marginal posterior.
#[derive(Debug, Clone)]
pub struct InformedJoint {
    observed: Observed,
    fields: Vec<InformedField>,
    information: Vec<f64>,
    /// For each field the equation over whose square its information is.
    scales: Vec<Option<usize>>,
    /// The lengths of the axes of the grid.
    shape: Vec<usize>,
    /// How u follows coefficients.
    shear: Option<Shear>,
    u: Vec<f64>,
}

/// Refuses fields over two axes together, which have no such unknowns.
///
/// # Errors
/// [`gridgp_grid::Error::Spec`] with the field and what takes it.
pub fn refuse_planes(model: &Model) -> Result<()> {
    match model.fields.iter().find(|f| f.plane.is_some()) {
        None => Ok(()),
        Some(field) => Err(gridgp_grid::Error::Spec(format!(
            "the field {:?} has a kernel over two axes together, which methods map and laplace take; for \
             others give each axis a kernel of its own",
            field.name
        ))),
    }
}

impl InformedJoint {
    /// The joint density of a model, with what the data say about a value of each field.
    ///
    /// # Errors
    /// [`gridgp_grid::Error::Singular`] if a kernel without free parameters has no eigenvalues;
    /// [`gridgp_grid::Error::Spec`] for a kernel over two axes together.
    ///
    /// # Panics
    /// Unless `information` has one number ≥ 0 for each field.
    pub fn new(model: &Model, information: &[f64]) -> Result<Self> {
        assert_eq!(information.len(), model.fields.len(), "one number for each field");
        assert!(information.iter().all(|t| *t >= 0.0), "information is not negative");
        refuse_planes(model)?;
        let long = LongAxes::of(model);
        let make = |f| InformedField::new(f, &model.data.grid, long);
        let fields = model.fields.iter().map(make).collect::<Result<Vec<_>>>()?;
        let positions = |f: &gridgp_model::Field| -> Vec<usize> {
            (0..f.axes.len()).filter(|&a| f.axes[a].is_some()).collect()
        };
        let positions: Vec<Vec<usize>> = model.fields.iter().map(positions).collect();
        let observed = Observed::new(model, &positions);
        let scales = (0..fields.len()).map(|f| scale_of(&observed, f)).collect();
        let u = vec![0.0; fields.iter().map(InformedField::unknowns).sum()];
        let (information, shape) = (information.to_vec(), model.data.grid.shape());
        Ok(Self { observed, fields, information, scales, shape, shear: None, u })
    }

    /// Lets the unknowns of the fields follow the coefficients as the most likely u does at x, a
    /// mode: afterwards they are v, with u = v + Σ (xⱼ − xⱼ at the mode) ∂û/∂xⱼ over the parameters
    /// whose domain is the real line. x itself keeps its numbers.
    ///
    /// # Panics
    /// If they follow already.
    pub fn follow_coefficients(&mut self, x: &[f64]) {
        assert!(self.shear.is_none(), "the unknowns follow the coefficients already");
        if self.u.is_empty() {
            return;
        }
        let count = self.observed.parameters.len();
        let is_real =
            |j: &usize| matches!(self.observed.parameters[*j].transform, Transform::Scaled(_));
        let coefficients: Vec<usize> = (0..count).filter(is_real).collect();
        let gradient = |x: &[f64], out: &mut [f64]| self.log_density_gradient(x, out).is_finite();
        self.shear = Some(Shear::at(x, count, coefficients.into_iter(), gradient));
    }

    /// How what the data say about a value of each field runs along its long axis, at x: numbers with mean
    /// 1, one a time; none for a field without a long axis.
    ///
    /// # Errors
    /// As [`Joint::fields_at`].
    pub fn courses_at(&mut self, x: &[f64]) -> Result<Vec<Vec<f64>>> {
        self.move_to(x)?;
        let axes: Vec<_> = self.fields.iter().map(|f| Some(f.series()?.axis())).collect();
        let mut courses: Vec<Vec<f64>> =
            axes.iter().map(|a| vec![0.0; a.map_or(0, |(_, n)| n)]).collect();
        self.observed.each_information(|f, cell, information| {
            if let Some((axis, n)) = axes[f] {
                let stride: usize = self.shape[axis + 1..].iter().product();
                courses[f][cell / stride % n] += information.max(0.0);
            }
        });
        for course in &mut courses {
            let mean = course.iter().sum::<f64>() / course.len() as f64;
            if mean > 0.0 && mean.is_finite() {
                course.iter_mut().for_each(|c| *c /= mean);
            } else {
                course.clear();
            }
        }
        Ok(courses)
    }

    /// The same density in unknowns for which information runs along long axes as `courses` do,
    /// [`courses_at`](Self::courses_at) a place that suits.
    ///
    /// # Panics
    /// Unless there is one for each field, of the length of its long axis or empty.
    #[must_use]
    pub fn with_courses(mut self, courses: Vec<Vec<f64>>) -> Self {
        assert_eq!(courses.len(), self.fields.len(), "one course for each field");
        for (field, course) in self.fields.iter_mut().zip(courses) {
            if let Some(series) = field.series_mut() {
                series.follow(course);
            }
        }
        self
    }

    /// The numbers that make the unknowns what they are.
    pub fn constants(&self) -> impl Iterator<Item = f64> {
        let shear = self.shear.iter().flat_map(Shear::numbers);
        let courses = self.fields.iter().filter_map(InformedField::series);
        let courses = courses.flat_map(|f| f.course().iter().copied());
        self.information.iter().copied().chain(shear).chain(courses)
    }

    /// What the data say about a value of each field, at x: the argument of [`new`](Self::new)
    /// that suits a posterior around x.
    ///
    /// # Errors
    /// As [`Joint::fields_at`].
    pub fn information_at(&mut self, x: &[f64]) -> Result<Vec<f64>> {
        self.move_to(x)?;
        let mut found = self.observed.information();
        for (t, scale) in found.iter_mut().zip(&self.scales) {
            if let Some(e) = scale {
                *t *= self.observed.equations[*e].column().at(0).powi(2);
            }
            // Nothing known is the whitened form.
            *t = if t.is_finite() { t.max(0.0) } else { 0.0 };
        }
        Ok(found)
    }

    /// Writes the unknowns of `joint`, the same model's, that x stands for to `out`.
    ///
    /// # Errors
    /// As [`Joint::fields_at`].
    pub fn to_joint(&mut self, joint: &mut Joint, x: &[f64], out: &mut [f64]) -> Result<()> {
        self.move_to(x)?;
        let count = self.observed.parameters.len();
        out.copy_from_slice(x);
        let (_, mut z) = out.split_at_mut(count);
        for (field, whitened) in self.fields.iter_mut().zip(joint.fields_with_roots(x)?) {
            let (own, rest) = z.split_at_mut(field.unknowns());
            field.write_whitened(whitened, own);
            z = rest;
        }
        Ok(())
    }

    /// The inverse of [`to_joint`](Self::to_joint).
    ///
    /// # Errors
    /// As [`Joint::fields_at`].
    pub fn from_joint(&mut self, joint: &mut Joint, x: &[f64], out: &mut [f64]) -> Result<()> {
        let count = self.observed.parameters.len();
        self.observed.move_parameters(&x[..count]);
        self.observed.move_equations_without_fields();
        joint.fields_at(x)?;
        out[..count].copy_from_slice(&x[..count]);
        let mut u = &mut out[count..];
        for (f, whitened) in joint.fields.iter().enumerate() {
            let tau = self.tau(f);
            let field = &mut self.fields[f];
            let (own, rest) = u.split_at_mut(field.unknowns());
            field.read_whitened(whitened, &self.observed.theta, tau, own)?;
            u = rest;
        }
        if let Some(shear) = &self.shear {
            let (x, u) = out.split_at_mut(count);
            shear.add(x, -1.0, u);
        }
        Ok(())
    }

    /// τ of field f, after the equations without fields are at θ.
    fn tau(&self, f: usize) -> f64 {
        let scale = self.scales[f].map_or(1.0, |e| self.observed.equations[e].column().at(0));
        self.information[f] / (scale * scale)
    }

    /// Σ log p(u | θ) over the fields.
    fn move_to(&mut self, x: &[f64]) -> Result<f64> {
        let (x, v) = x.split_at(self.observed.parameters.len());
        self.observed.move_parameters(x);
        self.observed.move_equations_without_fields();
        self.u.copy_from_slice(v);
        if let Some(shear) = &self.shear {
            shear.add(x, 1.0, &mut self.u);
        }
        let (mut log_prior, mut at) = (0.0, 0);
        for f in 0..self.fields.len() {
            let own = at..at + self.fields[f].unknowns();
            at = own.end;
            let tau = self.tau(f);
            log_prior += self.fields[f].update(&self.observed.theta, tau, &self.u[own])?;
        }
        self.observed.move_equations(|f| self.fields[f].values());
        Ok(log_prior)
    }
}

impl LogDensity for InformedJoint {
    fn dim(&self) -> usize {
        let unknowns = self.fields.iter().map(InformedField::unknowns).sum::<usize>();
        self.observed.parameters.len() + unknowns
    }

    fn log_density_gradient(&mut self, x: &[f64], gradient: &mut [f64]) -> f64 {
        assert_eq!((x.len(), gradient.len()), (self.dim(), self.dim()), "lengths must be dim()");
        // A factorization that fails is a place where the density cannot be known: outside.
        let Ok(log_prior) = self.move_to(x) else { return f64::NEG_INFINITY };
        let mut total = self.observed.log_likelihood() + log_prior;
        if !total.is_finite() {
            return f64::NEG_INFINITY;
        }
        let equations = self.observed.equations.len();
        let is_constant = |observed: &Observed, e: usize| observed.equations[e].is_constant();
        for e in 0..equations {
            if !is_constant(&self.observed, e) {
                self.observed.equation_vjp(e, |f| self.fields[f].values());
            }
        }
        let count = self.observed.parameters.len();
        let (x_bar, mut u_bar) = gradient.split_at_mut(count);
        for f in 0..self.fields.len() {
            let tau = self.tau(f);
            let Observed { theta, theta_bar, field_bars, bars, equations, .. } = &mut self.observed;
            let (own, rest) = u_bar.split_at_mut(self.fields[f].unknowns());
            let tau_bar = self.fields[f].vjp(theta, tau, &field_bars[f], theta_bar, own);
            if let Some(e) = self.scales[f] {
                bars[e][0] -= 2.0 * tau_bar * tau / equations[e].column().at(0);
            }
            u_bar = rest;
        }
        for e in 0..equations {
            if is_constant(&self.observed, e) {
                self.observed.equation_vjp(e, |f| self.fields[f].values());
            }
        }
        total += self.observed.priors(&x[..count], x_bar);
        if let Some(shear) = &self.shear {
            let (x_bar, u_bar) = gradient.split_at_mut(count);
            shear.pull_back(u_bar, x_bar);
        }
        if total.is_nan() || gradient.iter().any(|g| !g.is_finite()) {
            return f64::NEG_INFINITY;
        }
        total
    }
}

/// The equation of the scale, where it is one number and the field is in the location alone.
fn scale_of(observed: &Observed, f: usize) -> Option<usize> {
    let parameters = observed.family.parameters();
    let named = |name: &str| parameters.iter().position(|p| p.name == name);
    let (location, scale) = (named("location")?, named("scale")?);
    let elsewhere = |e: usize| e != location && observed.equations[e].has_field(f);
    let alone = !(0..parameters.len()).any(elsewhere);
    (alone && observed.equations[scale].is_constant()).then_some(scale)
}
