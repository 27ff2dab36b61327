//! How a distribution is written in a model file, and how its arguments are read and checked.

use std::fmt;

use super::{Distribution, Domain};

/// One parameter of a distribution, as an argument of its written form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// How it is given.
    pub style: Style,
    /// The values that it may take.
    pub domain: Domain,
}

/// How an argument is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Style {
    /// In order, or by name.
    Positional,
    /// By name only.
    Named,
    /// By name only; the other name stands for the reciprocal.
    NamedOr(&'static str),
    /// By name only; this value when absent.
    Default(f64),
}

/// What there is to know about a distribution before its parameters have values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Info {
    /// The name in a model file.
    pub name: &'static str,
    /// The parameters, in order.
    pub arguments: &'static [Argument],
    /// The density.
    pub formula: &'static str,
    /// The support, in terms of the parameters.
    pub support: &'static str,
}

/// A distribution with a written form; [`written!`] implements it.
pub(super) trait Written: Distribution + Sized {
    const INFO: Info;

    /// From values in the order of `INFO.arguments`, each already inside its domain.
    fn from_values(values: &[f64]) -> Self;

    /// The values in the order of `INFO.arguments`.
    fn values(&self) -> Vec<f64>;

    /// What no argument can be asked alone.
    fn check(&self) -> Result<(), String>;

    /// At least one example; the conformance tests loop over them.
    fn examples() -> Vec<Self>;
}

/// A struct of parameters with its checked constructor and its [`Written`] form.
macro_rules! written {
    (
        $(#[$doc:meta])*
        $Name:ident = $name:literal {
            $($(#[$field_doc:meta])* $field:ident: $style:expr, $domain:expr;)+
        }
        formula: $formula:literal,
        support: $support:literal,
        examples: [$($example:expr),+ $(,)?]
        $(, check: $check:expr)? $(,)?
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $Name {
            $($(#[$field_doc])* pub(super) $field: f64,)+
        }

        impl $Name {
            #[doc = concat!("`", $name, "` with these parameters.")]
            ///
            /// # Errors
            /// A parameter outside its domain; the message says what is accepted.
            pub fn new($($field: f64),+) -> Result<Self, String> {
                crate::written::build(&[$($field),+])
            }
        }

        impl crate::written::Written for $Name {
            const INFO: crate::Info = {
                #[allow(unused_imports)]
                use crate::{Domain::*, Style::*};
                crate::Info {
                    name: $name,
                    arguments: &[$(crate::Argument {
                        name: stringify!($field),
                        style: $style,
                        domain: $domain,
                    }),+],
                    formula: $formula,
                    support: $support,
                }
            };

            fn from_values(values: &[f64]) -> Self {
                let [$($field),+] = *values else {
                    unreachable!("`build` and `read` give one value an argument")
                };
                Self { $($field),+ }
            }

            fn values(&self) -> Vec<f64> {
                vec![$(self.$field),+]
            }

            fn check(&self) -> Result<(), String> {
                let checks: &[fn(&Self) -> Result<(), String>] = &[$($check)?];
                checks.iter().try_for_each(|check| check(self))
            }

            fn examples() -> Vec<Self> {
                vec![$(Self::from_values(&$example)),+]
            }
        }
    };
}
pub(super) use written;

/// Checks every value against its domain and then all of them together.
pub(super) fn build<D: Written>(values: &[f64]) -> Result<D, String> {
    for (argument, &value) in D::INFO.arguments.iter().zip(values) {
        argument.accept(D::INFO.name, argument.name, value)?;
    }
    let distribution = D::from_values(values);
    distribution.check()?;
    Ok(distribution)
}

/// Refuses bounds that are not in order, or so far apart that their distance overflows.
pub(super) fn ordered(name: &str, lower: f64, upper: f64) -> Result<(), String> {
    let (from, to) = (Number(lower), Number(upper));
    if lower >= upper {
        Err(format!("{name}: lower = {from} must be below upper = {to}"))
    } else if lower.is_finite() && upper.is_finite() && !(upper - lower).is_finite() {
        Err(format!("{name}: the interval from {from} to {to} is too wide for f64"))
    } else {
        Ok(())
    }
}

/// Reads the arguments of a call, positional ones first.
pub(super) fn read<D: Written>(args: &[(Option<&str>, f64)]) -> Result<D, String> {
    let info = &D::INFO;
    let mut values = vec![None; info.arguments.len()];
    let mut named = false;
    for (i, &(name, value)) in args.iter().enumerate() {
        let (position, value) = match name {
            None if named => {
                return Err(format!(
                    "{}: the unnamed {} comes after a named argument; write {info}",
                    info.name,
                    Number(value)
                ));
            }
            None => (info.in_order(i, value)?, value),
            Some(name) => {
                named = true;
                info.by_name(name, value)?
            }
        };
        let slot = &mut values[position];
        if slot.is_some() {
            return Err(info.given_twice(position));
        }
        *slot = Some(value);
    }
    let mut complete = Vec::with_capacity(values.len());
    for (argument, value) in info.arguments.iter().zip(values) {
        let default = match argument.style {
            Style::Default(value) => Some(value),
            _ => None,
        };
        complete.push(
            value.or(default).ok_or_else(|| {
                format!("{} needs {}: write {info}", info.name, argument.choices())
            })?,
        );
    }
    build(&complete)
}

/// The call that [`read`] understands; with `{:#}` for people, to five digits.
pub(super) fn write<D: Written>(d: &D, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}(", D::INFO.name)?;
    let mut separator = "";
    for (argument, value) in D::INFO.arguments.iter().zip(d.values()) {
        match argument.style {
            Style::Default(default) if value == default => continue,
            Style::Positional => f.write_str(separator)?,
            _ => write!(f, "{separator}{} = ", argument.name)?,
        }
        let shown = if f.alternate() { five_digits(value) } else { value };
        write!(f, "{}", Number(shown))?;
        separator = ", ";
    }
    f.write_str(")")
}

impl Argument {
    /// `rate or scale`, or the one name that there is.
    fn choices(&self) -> String {
        match self.style {
            Style::NamedOr(other) => format!("{} or {other}", self.name),
            _ => self.name.to_string(),
        }
    }

    fn accept(&self, distribution: &str, name: &str, value: f64) -> Result<(), String> {
        if self.domain.contains(value) || self.style == Style::Default(value) {
            return Ok(());
        }
        Err(format!("{distribution}: {name} = {} is outside {}", Number(value), self.domain))
    }
}

impl Info {
    /// Position of argument number `i` of those without a name.
    fn in_order(&self, i: usize, value: f64) -> Result<usize, String> {
        let Some(argument) = self.arguments.get(i) else {
            return Err(format!(
                "{} takes no more than {} argument{}, found one more, {}; write {self}",
                self.name,
                self.arguments.len(),
                if self.arguments.len() == 1 { "" } else { "s" },
                Number(value)
            ));
        };
        let value = Number(value);
        match argument.style {
            Style::Positional => Ok(i),
            Style::NamedOr(other) => Err(format!(
                "{0}: the bare {value} could be a {1} or a {other}, and books differ; \
                 write {1} = {value} or {other} = {value}",
                self.name, argument.name
            )),
            Style::Named | Style::Default(_) => Err(format!(
                "{}: {2} must be named, write {2} = {value}; the form is {1}",
                self.name, self, argument.name
            )),
        }
    }

    /// Position and value of the argument called `name`, turned into its reciprocal if need be.
    fn by_name(&self, name: &str, value: f64) -> Result<(usize, f64), String> {
        for (i, argument) in self.arguments.iter().enumerate() {
            if argument.name == name {
                return Ok((i, value));
            }
            if matches!(argument.style, Style::NamedOr(other) if other == name) {
                argument.accept(self.name, name, value)?;
                return Ok((i, 1.0 / value));
            }
        }
        let names = self.arguments.iter().flat_map(|argument| match argument.style {
            Style::NamedOr(other) => vec![argument.name, other],
            _ => vec![argument.name],
        });
        Err(format!(
            "{} has no parameter {name:?}{}; write {self}",
            self.name,
            suggestion(name, names)
        ))
    }

    fn given_twice(&self, position: usize) -> String {
        let argument = &self.arguments[position];
        match argument.style {
            Style::NamedOr(other) => {
                format!("{}: give {} or {other}, once", self.name, argument.name)
            }
            _ => format!("{}: {} is given twice", self.name, argument.name),
        }
    }
}

/// The form to write, `gamma(shape, rate = …)` or …
impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = |reciprocal: bool| {
            let arguments: Vec<String> = self
                .arguments
                .iter()
                .map(|argument| match argument.style {
                    Style::Positional => argument.name.to_string(),
                    Style::NamedOr(other) if reciprocal => format!("{other} = …"),
                    Style::Named | Style::NamedOr(_) => format!("{} = …", argument.name),
                    Style::Default(value) if value.is_finite() => {
                        format!("{} = {}", argument.name, Number(value))
                    }
                    Style::Default(_) => format!("[{} = …]", argument.name),
                })
                .collect();
            format!("{}({})", self.name, arguments.join(", "))
        };
        f.write_str(&written(false))?;
        if self.arguments.iter().any(|a| matches!(a.style, Style::NamedOr(_))) {
            write!(f, " or {}", written(true))?;
        }
        Ok(())
    }
}

/// `; did you mean "sd"?`, or nothing where no name is near.
pub(super) fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, other)| format!("; did you mean {other:?}?"))
}

fn five_digits(value: f64) -> f64 {
    format!("{value:.4e}").parse().unwrap_or(value)
}

/// A number as short as it can be read back, without hundreds of zeros.
pub(super) struct Number(pub f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size == 0.0 || !size.is_finite() || (1e-5..1e16).contains(&size) {
            write!(f, "{}", self.0)
        } else {
            write!(f, "{:e}", self.0)
        }
    }
}
