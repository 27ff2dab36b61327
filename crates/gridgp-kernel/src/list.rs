//! The built-in kernels by name.

use super::{
    Constant, Coregionalization, Hilbert, Kernel, KernelOptions, Linear, Matern12, Matern32,
    Matern52, Monomial, Polynomial, Profile, RationalQuadratic, Spectrum, SquaredExponential,
    Stationary, White,
};
use super::{Cosine, Periodic};

/// What a kernel is called, what it computes and what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelInfo {
    /// Its name in a model file.
    pub name: &'static str,
    /// k in plain text; r is the distance between x and y.
    pub formula: &'static str,
    /// Names and meanings of its parameters.
    pub parameters: &'static [(&'static str, &'static str)],
    /// Names and meanings of the [`KernelOptions`] that it takes.
    pub options: &'static [(&'static str, &'static str)],
    /// The rank of its Gram matrix of n points.
    pub rank: &'static str,
    /// One line for people who choose.
    pub summary: &'static str,
}

const COLUMN: (&str, &str) = ("columns", "which coordinates of the axis it sees; all by default");
pub(super) const COLUMNS: &[(&str, &str)] = &[COLUMN];
pub(super) const COLUMNS_DEGREE: &[(&str, &str)] =
    &[COLUMN, ("degree", "the highest power; required")];
pub(super) const COLUMNS_RANK: &[(&str, &str)] = &[
    ("columns", "which coordinate of the axis holds the labels, where it has several"),
    ("rank", "number of columns of W; required"),
];
pub(super) const PER_COORDINATE: &[(&str, &str)] = &[
    COLUMN,
    ("per_coordinate", "one lengthscale for each coordinate, lengthscale.NAME"),
    ("great_circle", "distance in km on the sphere; needs longitude and latitude in degrees"),
    ("circle", "circumference of a circle that its one coordinate goes around, 360 for degrees"),
];

/// The same for kernels that have a basis of finitely many functions.
pub(super) const DISTANCE: &[(&str, &str)] = &[
    PER_COORDINATE[0],
    PER_COORDINATE[1],
    PER_COORDINATE[2],
    PER_COORDINATE[3],
    ("basis", "a model of finite rank in its place: so many sines for each coordinate"),
    ("boundary", "width of the box of a basis, over that of the data; 1.5"),
];

/// Declares [`BuiltIn`]: one line a kernel, so that none can be missing anywhere.
macro_rules! built_in {
    ($($variant:ident: $info:expr, $build:expr;)*) => {
        /// A kernel that has a name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum BuiltIn {
            $(#[doc = concat!("[`", stringify!($variant), "`].")] $variant,)*
        }

        impl BuiltIn {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// What it is.
            pub const fn info(self) -> KernelInfo {
                match self { $(Self::$variant => $info,)* }
            }

            fn build(self, options: &KernelOptions) -> Result<Kernel, String> {
                match self { $(Self::$variant => $build(options).map(Kernel::$variant),)* }
            }
        }
    };
}

built_in! {
    SquaredExponential: SquaredExponential::INFO, Stationary::from_options;
    Matern12: Matern12::INFO, Stationary::from_options;
    Matern32: Matern32::INFO, Stationary::from_options;
    Matern52: Matern52::INFO, Stationary::from_options;
    RationalQuadratic: RationalQuadratic::INFO, Stationary::from_options;
    Periodic: Periodic::INFO, Stationary::from_options;
    Cosine: Cosine::INFO, Stationary::from_options;
    Linear: Linear::INFO, Linear::from_options;
    Polynomial: Polynomial::INFO, Polynomial::from_options;
    Monomial: Monomial::INFO, Monomial::from_options;
    Constant: Constant::INFO, |_| Ok(Constant);
    Coregionalization: Coregionalization::INFO, Coregionalization::from_options;
    White: White::INFO, White::from_options;
}

/// Names elsewhere, in lower case without `_`, and what to write here.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &["rbf", "expquad", "gaussian", "exponentiatedquadratic", "se", "sqexp"],
        "RBF, Gaussian and ExpQuad are squared_exponential, with the same lengthscale",
    ),
    (
        &["exponential", "ou", "ornsteinuhlenbeck"],
        "exp(-r/lengthscale) is matern12; the lengthscale of PyMC's Exponential counts twice here",
    ),
    (&["matern"], "there are matern12, matern32 and matern52"),
    (&["ratquad", "rq"], "RatQuad and RQ are rational_quadratic, with the same parameters"),
    (&["expsinesquared", "expsinsquared"], "ExpSineSquared is periodic, with the same parameters"),
    (
        &["coregion", "index", "indexkernel", "icm", "lmc"],
        "Coregion and IndexKernel are coregionalization, with the option `rank`",
    ),
    (&["poly"], "polynomials are polynomial, with the option `degree`"),
    (&["whitenoise", "noise", "iid", "identity"], "independent values are white"),
];

impl Kernel {
    /// The built-in kernel called `name`.
    ///
    /// # Errors
    /// An unknown name (the message has the nearest one), an option that the kernel does not
    /// take, or coordinates that it cannot use.
    pub fn from_name(name: &str, options: &KernelOptions) -> Result<Self, String> {
        let kernel = BuiltIn::ALL.iter().find(|kernel| kernel.info().name == name);
        let kernel = kernel.ok_or_else(|| unknown(name))?;
        let taken = kernel.info().options;
        for option in options.set() {
            if !taken.iter().any(|(name, _)| *name == option) {
                let names: Vec<&str> = taken.iter().map(|(name, _)| *name).collect();
                let takes = if names.is_empty() { "none".into() } else { names.join(", ") };
                if let Some(circumference) = options.circle.filter(|_| option == "circle")
                    && let Some(why) = already_around(*kernel, circumference)
                {
                    return Err(format!("{name} does not take the option `circle`: {why}"));
                }
                return Err(format!(
                    "{name} does not take the option `{option}`; it takes {takes}"
                ));
            }
        }
        let spectrum = match kernel {
            BuiltIn::SquaredExponential => Some(Spectrum::Gaussian),
            BuiltIn::Matern12 => Some(Spectrum::Matern(0.5)),
            BuiltIn::Matern32 => Some(Spectrum::Matern(1.5)),
            BuiltIn::Matern52 => Some(Spectrum::Matern(2.5)),
            _ => None,
        };
        match spectrum.filter(|_| options.basis.is_some() || options.boundary.is_some()) {
            Some(spectrum) => Hilbert::from_options(spectrum, options).map(Self::Hilbert),
            None => kernel.build(options),
        }
    }

    /// The kernel's entry in the list, if it has a name; sums, products, scaled kernels and your
    /// own have none.
    pub fn built_in(&self) -> Option<BuiltIn> {
        match self {
            Self::SquaredExponential(_) => Some(BuiltIn::SquaredExponential),
            Self::Matern12(_) => Some(BuiltIn::Matern12),
            Self::Matern32(_) => Some(BuiltIn::Matern32),
            Self::Matern52(_) => Some(BuiltIn::Matern52),
            Self::RationalQuadratic(_) => Some(BuiltIn::RationalQuadratic),
            Self::Periodic(_) => Some(BuiltIn::Periodic),
            Self::Cosine(_) => Some(BuiltIn::Cosine),
            Self::Linear(_) => Some(BuiltIn::Linear),
            Self::Polynomial(_) => Some(BuiltIn::Polynomial),
            Self::Monomial(_) => Some(BuiltIn::Monomial),
            Self::Constant(_) => Some(BuiltIn::Constant),
            Self::Coregionalization(_) => Some(BuiltIn::Coregionalization),
            Self::White(_) => Some(BuiltIn::White),
            Self::Hilbert(k) => Some(match k.spectrum() {
                Spectrum::Gaussian => BuiltIn::SquaredExponential,
                Spectrum::Matern(nu) if nu < 1.0 => BuiltIn::Matern12,
                Spectrum::Matern(nu) if nu < 2.0 => BuiltIn::Matern32,
                Spectrum::Matern(_) => BuiltIn::Matern52,
            }),
            Self::Sum(_) | Self::Product(_) | Self::Scaled(_) | Self::Custom(_) => None,
        }
    }
}

/// What to do in place of `circle` with kernels that go around by themselves.
fn already_around(kernel: BuiltIn, circumference: f64) -> Option<String> {
    match kernel {
        BuiltIn::Periodic => Some(format!(
            "it goes around a circle as long as its period already; write period = {circumference} \
             in place of circle = {circumference}"
        )),
        BuiltIn::Cosine => Some(format!(
            "a wave closes on a circle only if that is a whole number of periods; give it such a \
             period, {circumference} / 2 for two waves around {circumference}"
        )),
        _ => None,
    }
}

/// The message for a name that is not in the list.
fn unknown(name: &str) -> String {
    let plain = name.to_lowercase().replace(['_', '-', ' '], "");
    let known = BuiltIn::ALL.iter().map(|kernel| kernel.info().name);
    let hint = ELSEWHERE.iter().find(|(names, _)| names.contains(&plain.as_str()));
    let hint = hint.map(|(_, hint)| (*hint).to_string()).or_else(|| {
        let scored =
            known.clone().map(|k| (strsim::damerau_levenshtein(k, &name.to_lowercase()), k));
        let (distance, nearest) = scored.min()?;
        (distance <= nearest.len() / 2).then(|| format!("did you mean {nearest}?"))
    });
    let all: Vec<&str> = known.collect();
    let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("there is no kernel {name:?}{hint} (known: {})", all.join(", "))
}

#[cfg(test)]
mod tests {
    use gridgp_grid::Angle;

    use super::*;
    use crate::{Covariance, KernelParameter};

    /// Options with all that the kernel requires.
    fn options(kernel: BuiltIn) -> KernelOptions {
        let degree = matches!(kernel, BuiltIn::Polynomial | BuiltIn::Monomial).then_some(2);
        let rank = (kernel == BuiltIn::Coregionalization).then_some(1);
        let labels = vec![vec!["a".into(), "b".into()]];
        let ranges = vec![(0.0, 1.0)];
        KernelOptions { degree, rank, labels, ranges, ..KernelOptions::of(["x"]) }
    }

    #[test]
    fn every_name_builds_its_kernel_with_the_declared_parameters() {
        for &built_in in BuiltIn::ALL {
            let info = built_in.info();
            let kernel = Kernel::from_name(info.name, &options(built_in)).unwrap();
            assert_eq!(kernel.built_in(), Some(built_in));
            let declared: Vec<&str> = info.parameters.iter().map(|(name, _)| *name).collect();
            // Behind the point stands what it belongs to.
            let base = |p: KernelParameter| p.name.split('.').next().map(String::from);
            let mut actual: Vec<String> =
                kernel.parameters().into_iter().filter_map(base).collect();
            actual.dedup();
            assert_eq!(declared, actual, "{}", info.name);
        }
    }

    #[test]
    fn every_kernel_refuses_exactly_the_options_that_it_does_not_declare() {
        for &built_in in BuiltIn::ALL {
            let info = built_in.info();
            let base = KernelOptions { coordinate_names: vec!["x".into()], ..options(built_in) };
            let mut tried = vec![
                ("columns", KernelOptions { columns: Some(vec![0]), ..base.clone() }),
                ("per_coordinate", KernelOptions { per_coordinate: true, ..base.clone() }),
                ("degree", KernelOptions { degree: Some(3), ..base.clone() }),
                ("rank", KernelOptions { rank: Some(2), ..base.clone() }),
                ("basis", KernelOptions { basis: Some(3), ..base }),
            ];
            let sphere = KernelOptions { great_circle: true, ..KernelOptions::of(["lon", "lat"]) };
            tried.push(("circle", KernelOptions { circle: Some(3.0), ..options(built_in) }));
            tried.push((
                "great_circle",
                KernelOptions {
                    coordinate_names: sphere.coordinate_names,
                    great_circle: true,
                    ..options(built_in)
                },
            ));
            for (option, options) in tried {
                let result = Kernel::from_name(info.name, &options);
                if info.options.iter().any(|(name, _)| *name == option) {
                    assert!(result.is_ok(), "{} {option}: {result:?}", info.name);
                } else {
                    let message = result.unwrap_err();
                    assert!(message.contains(&format!("`{option}`")), "{message}");
                }
            }
        }
    }

    #[test]
    fn unknown_names_get_advice() {
        let bad = |name| Kernel::from_name(name, &KernelOptions::of(["x"])).unwrap_err();
        assert!(bad("mattern52").contains("did you mean matern52?"));
        assert!(bad("Cosine").contains("did you mean cosine?"));
        assert!(bad("ExpQuad").contains("squared_exponential"));
        assert!(bad("exp_quad").contains("with the same lengthscale"));
        assert!(bad("exponential").contains("matern12"));
        assert!(!bad("qqqqqqqqqq").contains("did you mean"));
        assert!(bad("qqqqqqqqqq").contains("white"));
        assert!(bad("polynomial").contains("`degree = 2`"));
    }

    #[test]
    fn coordinates_that_do_not_fit_are_refused() {
        let lon_lat = KernelOptions::of(["lon", "lat"]);
        let refused = |name, options: KernelOptions| Kernel::from_name(name, &options).unwrap_err();
        assert!(refused("cosine", lon_lat.clone()).contains("one coordinate"));
        assert!(refused("periodic", lon_lat.clone()).contains("one coordinate"));
        let both = KernelOptions { great_circle: true, per_coordinate: true, ..lon_lat.clone() };
        assert!(refused("matern32", both).contains("one lengthscale, in km"));
        let sphere = KernelOptions { great_circle: true, ..lon_lat.clone() };
        let beyond = KernelOptions { ranges: vec![(0.0, 5.0), (-3.0, 151.0)], ..sphere.clone() };
        assert!(refused("matern32", beyond).contains("\"lat\" goes from -3 to 151"));
        let north = KernelOptions { angles: vec![Some(Angle::Latitude); 2], ..sphere };
        assert!(refused("matern32", north).contains("degrees_north"));
        let circle = KernelOptions { circle: Some(360.0), ..KernelOptions::of(["x"]) };
        let around_two = KernelOptions { circle: Some(360.0), ..lon_lat.clone() };
        assert!(refused("matern32", around_two).contains("around a circle takes one coordinate"));
        let both = KernelOptions { great_circle: true, ..circle.clone() };
        assert!(refused("matern32", both).contains("leave out `circle`"));
        let scales = KernelOptions { per_coordinate: true, ..circle.clone() };
        assert!(refused("matern32", scales).contains("one lengthscale; leave out"));
        let basis = KernelOptions { basis: Some(9), ranges: vec![(0.0, 9.0)], ..circle.clone() };
        assert!(refused("matern32", basis).contains("closes no circle"));
        assert!(refused("periodic", circle.clone()).contains("period = 360"));
        assert!(refused("cosine", circle.clone()).contains("whole number of periods"));
        let none = KernelOptions { circle: Some(0.0), ..circle };
        assert!(refused("matern32", none).contains("no circumference"));
        let line = KernelOptions { great_circle: true, ..KernelOptions::of(["x"]) };
        assert!(refused("matern32", line).contains("exactly two"));
        assert!(refused("matern32", KernelOptions::default()).contains("coordinate"));
        let high = KernelOptions { degree: Some(200), ..lon_lat };
        assert!(refused("polynomial", high).contains("monomials"));
    }
}
