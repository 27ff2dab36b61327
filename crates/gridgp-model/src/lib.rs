//! Models: as written ([`spec`]), and as meant ([`Model`]).
//!
//! [`Model::new`] resolves every name and checks every shape, there and only there. What comes out
//! holds no strings that mean anything: fields, terms and quantities are positions. [`param`] has the
//! parameters, and the way between their natural and unconstrained values.

mod advice;
mod block;
mod describe;
mod elsewhere;
mod equation;
pub mod language;
mod link;
mod output;
pub mod param;
mod predictor;
mod resolve;
mod response;
mod seam;
pub mod spec;

pub use describe::{describe, describe_covariances, size};
pub use equation::Equation;
pub use link::Link;
pub use output::{OUTPUT, output_names};
pub use predictor::{Predictor, Term};
pub use resolve::is_reserved;
pub use seam::seams;

use faer::Mat;
use gridgp_grid::{Dataset, Points};
use gridgp_kernel::{Covariance, Kernel};
use gridgp_likelihood::Family;
use spec::{ModelSpec, Source};

use crate::param::{Parameter, Value};

/// A model of a response on a grid, with every name resolved.
///
/// y ~ family(p₁, p₂ …) in every cell, where each p is an [`Equation`]: a sum of coefficients times
/// covariates times at most one random field a term, seen through a link.
#[derive(Debug, Clone)]
pub struct Model {
    /// The model as written.
    pub spec: ModelSpec,
    /// The data; the response on its original scale.
    pub data: Dataset,
    /// The free parameters; positions in θ and x.
    pub parameters: Vec<Parameter>,
    /// The random fields.
    pub fields: Vec<Field>,
    /// The distribution of the response.
    pub family: Family,
    /// For each parameter of the family, what it is.
    pub equations: Vec<Equation>,
    /// For `r_largest`, in each cell the next larger value of its block, in the place of the equation
    /// of `upper`, which is that of the largest. Elsewhere than in the data that equation holds:
    /// predictions are of the largest.
    pub upper: Option<Vec<f64>>,
    /// Where the modelled response has its origin, and its unit: y = origin + unit · modelled.
    /// (0, 1) unless the response is standardized.
    pub standardization: (f64, f64),
}

/// A random field: amplitude · ⊗ₐ Kₐ over its axes, constant along the others; two of them may have one
/// kernel together.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its standard deviation, where every kernel has a unit diagonal.
    pub amplitude: Value,
    /// For each axis of the grid, its kernel; `None` where the field is constant.
    pub axes: Vec<Option<AxisKernel>>,
    /// Its kernel over two axes together, which have none in `axes`.
    pub plane: Option<PlaneKernel>,
}

impl Field {
    /// Whether the field varies along axis `a` of the grid.
    pub fn varies_along(&self, a: usize) -> bool {
        self.axes[a].is_some() || self.plane.as_ref().is_some_and(|p| p.axes.contains(&a))
    }
}

/// An isotropic Matérn kernel with ν = 1 over two axes of the grid, s K₁(s) with
/// s² = 2 ((x₁ − y₁)²/ℓ₁² + (x₂ − y₂)²/ℓ₂²).
#[derive(Debug, Clone)]
pub struct PlaneKernel {
    /// The axes, in the order of the grid.
    pub axes: [usize; 2],
    /// ℓ along each; of one kind where the kernel is written with one.
    pub lengthscales: [Value; 2],
    /// The kernel as written.
    pub text: String,
}

/// The kernel of a field along an axis.
#[derive(Debug, Clone)]
pub struct AxisKernel {
    /// The kernel.
    pub kernel: Kernel,
    /// Its quantities, in the order of the kernel's parameters.
    pub values: Vec<Value>,
    /// The points of the axis.
    pub points: Points,
    /// Whether the field's mean along this axis is removed.
    pub center: bool,
    /// The kernel as written.
    pub text: String,
}

impl AxisKernel {
    /// The number of functions whose coefficients stand for the field along the axis, where the kernel
    /// has a finite rank and they are not many more than the points: from twice as many on, values at
    /// the points are the smaller way.
    pub fn functions(&self) -> Option<usize> {
        self.kernel.feature_count().filter(|&count| count <= 2 * self.points.len())
    }

    /// The kernel's numbers at `theta`.
    pub fn numbers(&self, theta: &[f64]) -> Vec<f64> {
        self.values.iter().map(|v| v.at(theta)).collect()
    }

    /// The mean over the axis of the kernel's variance, and that of what is left without the field's mean
    /// along the axis, which some hundred points tell.
    fn variances(&self, theta: &[f64]) -> (f64, f64) {
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let numbers = self.numbers(theta);
        let mut diagonal = vec![0.0; self.points.len()];
        self.kernel.diagonal(&self.points, &numbers, &mut diagonal);
        let some: Vec<usize> = (0..diagonal.len()).step_by(diagonal.len().div_ceil(200)).collect();
        let rows = some.iter().flat_map(|&i| self.points.row(i)).copied().collect();
        let mut gram = Mat::zeros(some.len(), some.len());
        self.kernel.gram(&Points::new(rows, self.points.dims()), &numbers, gram.as_mut());
        let all = mean(&some.iter().map(|&i| diagonal[i]).collect::<Vec<_>>());
        let level = gram.sum() / (some.len() * some.len()) as f64;
        let share = if all > 0.0 { (1.0 - level / all).clamp(0.0, 1.0) } else { 0.0 };
        (mean(&diagonal), share * mean(&diagonal))
    }
}

impl Model {
    /// The model that `spec` means for these data.
    ///
    /// `source` is the text that `spec` was read from, for messages.
    ///
    /// # Errors
    /// [`gridgp_grid::Error::Spec`] for names, kernels, priors or expressions that mean nothing, with
    /// the place in the text; [`gridgp_grid::Error::Data`] for data that this model cannot take.
    pub fn new(spec: ModelSpec, source: &Source, data: Dataset) -> gridgp_grid::Result<Self> {
        resolve::resolve(spec, source, data)
    }

    /// The position of the parameter called `name`.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.parameters.iter().position(|p| p.name == name)
    }

    /// Natural parameters from unconstrained ones.
    pub fn natural(&self, x: &[f64]) -> Vec<f64> {
        self.parameters.iter().zip(x).map(|(p, &x)| p.transform.forward(x)).collect()
    }

    /// The positions of the covariates that an equation uses.
    pub fn used_covariates(&self) -> Vec<usize> {
        let mut used: Vec<usize> = self.equations.iter().flat_map(Equation::covariates).collect();
        used.sort_unstable();
        used.dedup();
        used
    }

    /// The predictor of the mean and the noise of a Gaussian likelihood with the same noise in all
    /// cells; `None` for other models.
    pub fn gaussian(&self) -> Option<(&Predictor, Value)> {
        match (&self.family, self.equations.as_slice()) {
            (Family::Gaussian(_), [location, scale]) if location.is_linear() => {
                Some((&location.predictor, scale.as_quantity()?))
            }
            _ => None,
        }
    }

    /// The predictor of the mean of a Gaussian likelihood, and its scale, which no field enters;
    /// `None` for other models.
    pub fn gaussian_parts(&self) -> Option<(&Predictor, &Equation)> {
        match (&self.family, self.equations.as_slice()) {
            (Family::Gaussian(_), [location, scale])
                if location.is_linear() && scale.predictor.random().next().is_none() =>
            {
                Some((&location.predictor, scale))
            }
            _ => None,
        }
    }

    /// The axis along which the values of a block descend, for `r_largest`.
    pub fn descending_axis(&self) -> Option<usize> {
        let axis = self.upper.as_ref().and(self.spec.likelihood.parameters.get("upper"))?;
        self.data.grid.position(axis.text().trim())
    }

    /// The response on the scale of the model.
    pub fn modelled_response(&self) -> Vec<f64> {
        let (origin, unit) = self.standardization;
        self.data.response.values.iter().map(|y| (y - origin) / unit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridgp_grid::{Axis, Coordinate, Covariate, Grid, Variable};

    fn data() -> Dataset {
        let station = Axis::new(
            "station",
            vec![
                Coordinate::labels("city", ["a", "b", "c"].map(String::from).to_vec()),
                Coordinate::numbers("lon", vec![0.0, 1.0, 3.0]).with_units("degrees_east"),
                Coordinate::numbers("lat", vec![0.0, 1.0, 0.5]),
            ],
        )
        .unwrap();
        let year = Axis::numbers("year", vec![2000.0, 2001.0, 2002.0, 2003.0]).unwrap();
        let grid = Grid::new(vec![station, year]).unwrap();
        let y = Variable {
            units: Some("degC".into()),
            ..Variable::new("y", (0..12).map(f64::from).collect())
        };
        let gmst = Covariate {
            name: "gmst".into(),
            axes: vec![1],
            values: vec![-1.0, 0.0, 0.5, 0.5],
            units: None,
            missing: None,
        };
        Dataset::new(grid, y, vec![gmst]).unwrap()
    }

    const TEXT: &str = r#"
[data]
response = "y"
axes = { station = ["city", "lon", "lat"], year = "year" }

[parameters]
mu0 = "default"
beta0 = "normal(1, 0.5)"
eta = 2
l = "half_normal(3)"

[fields.base]
amplitude = "log_normal(log(2)/2, 0.25)"
station = "matern32(lon, lat, lengthscale ~ [half_normal(1), half_normal(2)]) + eta^2 * white(city)"
center = ["station"]

[fields.warming]
station = "matern52(lon, lat, distance = great_circle)"
year = "squared_exponential(lengthscale = l) * 4"

[likelihood]
family = "gaussian"
location = "mu0 + base + (beta0 + warming) * gmst"
scale = "half_normal(1)"
"#;

    fn model(text: &str) -> gridgp_grid::Result<Model> {
        let source = Source::new("m.toml", text);
        Model::new(ModelSpec::from_toml(&source)?, &source, data())
    }

    #[test]
    fn every_name_becomes_a_position() {
        let m = model(TEXT).unwrap();
        let names: Vec<&str> = m.parameters.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "mu0",
                "beta0",
                "l",
                "scale",
                "base.station.lengthscale.lon",
                "base.station.lengthscale.lat",
                "base.amplitude",
                "warming.station.lengthscale",
                "warming.amplitude"
            ]
        );
        assert_eq!(m.parameters[0].prior.to_string(), "normal(5.5, 8.63)");
        assert_eq!(m.parameters[4].unit.as_deref(), Some("degrees_east"));
        assert_eq!(m.parameters[7].unit.as_deref(), Some("km"));
        assert_eq!(m.parameters[6].unit.as_deref(), Some("degC"));
        assert_eq!(
            m.fields[0].axes[0].as_ref().unwrap().values,
            [Value::Free(4), Value::Free(5), Value::Fixed(2.0)]
        );
        let warming = m.fields[1].axes[1].as_ref().unwrap();
        assert_eq!(warming.values, [Value::Fixed(2.0), Value::Free(2)]);
        assert!(m.fields[0].axes[1].is_none());
        let text = describe(&m);
        assert!(
            text.contains("warming * gmst") && text.contains("[default, from the data]"),
            "{text}"
        );
    }

    #[test]
    fn mistakes_are_pointed_at() {
        let mut wrong = Vec::new();
        for (from, to, place, message) in [
            ("matern52(", "mattern52(", "m.toml:18:12", "did you mean matern52?"),
            ("lengthscale = l)", "lengthscale = ll)", "m.toml:19:43", "\"ll\" is not declared"),
            ("lengthscale = l)", "length = l)", "m.toml:19:29", "did you mean \"lengthscale\"?"),
            ("normal(1, 0.5)", "normal(1, -0.5)", "m.toml:8:10", "sd"),
            ("half_normal(3)", "half_normal(mean = 3)", "m.toml:10:6", "mean"),
            ("warming) * gmst", "warmin) * gmst", "m.toml:23:35", "did you mean \"warming\"?"),
            ("+ base", "+ base + base * gmst", "m.toml:23:1", "more than once"),
            ("beta0 + warming", "beta0", "m.toml:17:9", "in no predictor"),
            ("\"gaussian\"", "\"gausian\"", "m.toml:22:11", "did you mean \"gaussian\"?"),
            ("eta^2 *", "eta *", "m.toml:14:81", "write eta^2"),
            ("white(city)", "matern12(city)", "m.toml:14:89", "labels"),
            ("eta = 2", "eta = -2", "m.toml:14:81", "cannot be -2"),
            ("l = \"half_normal(3)\"", "l = \"normal(3, 1)\"", "m.toml:19:43", "below 0"),
            (
                "~ [half_normal(1), half_normal(2)]",
                "~ [half_normal(1)]",
                "m.toml:14:45",
                "1 values for 2",
            ),
            ("year = \"squared", "yaer = \"squared", "m.toml:19:1", "did you mean \"year\"?"),
            ("center = [\"station\"]", "center = [\"year\"]", "m.toml:15:1", "no kernel along"),
            (
                "scale = \"half_normal(1)\"",
                "scale = \"l\"\nshape = 1",
                "m.toml:25:1",
                "unknown key \"shape\"",
            ),
        ] {
            let text = TEXT.replace(from, to);
            assert_ne!(text, TEXT, "{from} does not occur");
            let e = model(&text).unwrap_err().to_string();
            if !e.contains(message) || !e.contains(place) {
                wrong.push(format!("{from} -> {to}, wanted {message} at {place}: {e}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn unused_and_ambiguous_names_are_refused() {
        let text = TEXT.replace("eta = 2", "eta = 2\nunused = 1");
        assert!(model(&text).unwrap_err().to_string().contains("never used"));
        let text = TEXT.replace("eta = 2", "eta = 2\ngmst = 1");
        assert!(model(&text).unwrap_err().to_string().contains("already"));
        let text = format!("{TEXT}\n[inference]\nstart.mu1 = 1\n");
        assert!(model(&text).unwrap_err().to_string().contains("did you mean \"mu0\"?"));
        let text = format!("{TEXT}\n[inference]\nstart.l = -1\n");
        assert!(model(&text).unwrap_err().to_string().contains("cannot start at -1"));
    }

    #[test]
    fn data_that_cannot_be_modelled_are_refused() {
        let source = Source::new("m.toml", TEXT);
        let spec = ModelSpec::from_toml(&source).unwrap();
        let mut constant = data();
        constant.response.values.fill(3.0);
        let e = Model::new(spec.clone(), &source, constant).unwrap_err().to_string();
        assert!(e.contains("3 in every cell"), "{e}");
        for (scale, words) in [(1e200, "reaches 1.10e201"), (1e-200, "deviation of 3.45e-200")] {
            let scaled = |values: &mut [f64]| values.iter_mut().for_each(|v| *v *= scale);
            let (mut response, mut covariate) = (data(), data());
            scaled(&mut response.response.values);
            scaled(&mut covariate.covariates[0].values);
            let e = Model::new(spec.clone(), &source, response.clone()).unwrap_err().to_string();
            assert!(e.contains("\"y\"") && e.contains(words), "{e}");
            let e = Model::new(spec.clone(), &source, covariate).unwrap_err().to_string();
            assert!(e.contains("\"gmst\"") && e.contains("standardize it"), "{e}");
            // In units of its standard deviation it is like any other.
            let mut standardized = spec.clone();
            standardized.data.standardize = true;
            let m = Model::new(standardized, &source, response).unwrap();
            assert_eq!(m.parameters[0].prior.to_string(), "normal(0, 2.5)");
        }
    }

    #[test]
    fn the_longest_expressions_are_read_on_a_small_stack() {
        let sum = |one: &str, operators: usize| vec![one; operators + 1].join(" + ");
        let most = language::MAX_OPERATORS;
        let kernel = "squared_exponential(lengthscale = l)";
        for (from, to) in [
            (format!("{kernel} * 4"), sum(kernel, 100)),
            ("mu0 + base".into(), format!("{} + base", sum("mu0", most - 4))),
            ("eta = 2".into(), format!("eta = \"{}\"", sum("0.002", most))),
        ] {
            let text = TEXT.replace(&from, &to);
            let run = move || model(&text).map(|_| ());
            let thread = std::thread::Builder::new().stack_size(1 << 22).spawn(run).unwrap();
            thread.join().expect("the stack holds it").unwrap();
        }
    }

    #[test]
    fn a_kernel_that_cuts_the_circle_open_is_told() {
        let found = |last: f64, kernel: &str| {
            let lon = (0..36).map(|i| last * f64::from(i) / 35.0).collect();
            let lon = Coordinate::numbers("lon", lon).with_units("degrees_east");
            let grid = Grid::new(vec![Axis::new("lon", vec![lon]).unwrap()]).unwrap();
            let y = Variable::new("y", (0..36).map(f64::from).collect());
            let text = format!(
                "[data]\nresponse = 'y'\naxes = ['lon']\n[fields.f]\nlon = '{kernel}'\n\
                 [likelihood]\nfamily = 'gaussian'\nlocation = 'f'\n"
            );
            let source = Source::new("m.toml", &text);
            let data = Dataset::new(grid, y, vec![]).unwrap();
            seams(&Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap())
        };
        let cut = found(350.0, "matern32(lengthscale = 30)");
        assert!(cut.len() == 1 && cut[0].contains("cut open at lon = 0"), "{cut:?}");
        assert!(cut[0].ends_with("give the kernel circle = 360"), "{cut:?}");
        assert_eq!(found(360.0, "matern32(lengthscale = 30)").len(), 1);
        for last in [350.0, 360.0] {
            assert_eq!(found(last, "matern32(lengthscale = 30, circle = 360)"), [""; 0]);
            assert_eq!(found(last, "rational_quadratic(circle = 360)"), [""; 0]);
        }
        assert_eq!(found(200.0, "matern32(lengthscale = 30)"), [""; 0]);
        assert_eq!(found(350.0, "periodic(period = 360, lengthscale = 1)"), [""; 0]);
        assert_eq!(found(350.0, "white()"), [""; 0]);
    }

    /// The model with `years` in place of gmst, raw as they are in a file.
    fn with_years(text: &str) -> Model {
        let mut data = data();
        data.covariates[0].values = vec![2000.0, 2001.0, 2002.0, 2003.0];
        let source = Source::new("m.toml", text);
        Model::new(ModelSpec::from_toml(&source).unwrap(), &source, data).unwrap()
    }

    #[test]
    fn the_default_of_an_intercept_reaches_the_level_at_year_0() {
        use gridgp_dist::Distribution;
        let text = TEXT.replace("normal(1, 0.5)", "default");
        let m = with_years(&text);
        // 2001.5 / 1.118 standard deviations away, times 2.5 of the response.
        assert_eq!(m.parameters[0].prior.to_string(), "normal(5.5, 15400)");
        let slope = m.parameters[1].prior.sd().unwrap();
        assert!(m.parameters[0].prior.sd().unwrap() > 2000.0 * slope / 2.0, "{slope}");
        let advice = m.advice();
        assert!(advice[0].contains("covariates.gmst = { center = true }"), "{advice:?}");
        assert!(model(TEXT).unwrap().advice().is_empty());
    }

    #[test]
    fn unknowns_on_the_real_line_have_the_scale_of_what_they_are_about() {
        let scale = |text: &str| match model(text).unwrap().parameters[1].transform {
            param::Transform::Scaled(scale) => scale,
            other => panic!("{other:?}"),
        };
        assert_eq!(scale(TEXT), 0.5);
        // Of a prior as wide as one likes the default has more to say.
        let wide = scale(&TEXT.replace("normal(1, 0.5)", "normal(0, 1e6)"));
        assert!((1.0..100.0).contains(&wide), "{wide}");
    }

    #[test]
    fn a_polynomial_of_years_may_vary_as_the_response_does() {
        use gridgp_dist::Distribution;
        let text =
            TEXT.replace("squared_exponential(lengthscale = l) * 4", "polynomial(degree = 2)");
        let m = model(&text.replace("l = \"half_normal(3)\"\n", "")).unwrap();
        let (field, theta) =
            (&m.fields[1], m.parameters.iter().map(|p| p.prior.median()).collect::<Vec<_>>());
        let (all, varying) = field.axes[1].as_ref().unwrap().variances(&theta);
        let amplitude = &m.parameters[field.amplitude.free().unwrap()];
        assert!(varying < 1e-5 * all, "{varying} {all}");
        // Twice the sd of the response, 3.45.
        let spread = amplitude.prior.sd().unwrap() / (1.0 - 2.0 / std::f64::consts::PI).sqrt();
        assert!((spread * varying.sqrt() / 6.9 - 1.0).abs() < 0.01, "{spread} {varying}");
        assert!(m.advice().is_empty());
        let text = text.replace("[fields.warming]", "[fields.warming]\namplitude = 0.1");
        let advice = model(&text.replace("l = \"half_normal(3)\"\n", "")).unwrap().advice();
        assert!(advice[0].contains("center = [\"year\"] under [fields.warming]"), "{advice:?}");
    }

    #[test]
    fn a_model_without_noise_is_refused_for_what_it_is() {
        let e = model(&TEXT.replace("\"half_normal(1)\"\n", "0\n")).unwrap_err().to_string();
        assert!(e.contains("cannot be 0") && e.contains("write a small one"), "{e}");
    }
}
