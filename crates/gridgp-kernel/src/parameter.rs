//! What the numbers in θ are.

use super::Inputs;

/// A parameter of a kernel.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelParameter {
    /// Its local name, `"lengthscale"`, or `"lengthscale.lon"` where each coordinate has its own.
    pub name: String,
    /// What it does.
    pub role: Role,
    /// The coordinates whose extent gives its scale; `None` if it is a pure number.
    pub inputs: Option<Inputs>,
}

impl KernelParameter {
    /// A parameter measured in the unit of these coordinates.
    pub fn new(name: impl Into<String>, role: Role, inputs: Inputs) -> Self {
        Self { name: name.into(), role, inputs: Some(inputs) }
    }

    /// A parameter that is a pure number.
    pub fn number(name: impl Into<String>, role: Role) -> Self {
        Self { name: name.into(), role, inputs: None }
    }

    /// The lengthscale of a stationary kernel, or one `per_coordinate`.
    pub(super) fn lengthscales(inputs: &Inputs, per_coordinate: bool) -> Vec<Self> {
        if !per_coordinate {
            let role = Role::Lengthscale { column: None };
            return vec![Self::new("lengthscale", role, inputs.clone())];
        }
        let one = |(i, &column): (usize, &usize)| {
            let name = format!("lengthscale.{}", inputs.names()[i]);
            Self::new(name, Role::Lengthscale { column: Some(column) }, inputs.nth(i))
        };
        inputs.columns().iter().enumerate().map(one).collect()
    }
}

/// What a parameter does, which decides its support and its default prior.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// How far apart points are when they are about unrelated; positive, in the unit of distance.
    Lengthscale {
        /// The coordinate it belongs to; `None` if all active coordinates share it.
        column: Option<usize>,
    },
    /// The distance after which the function repeats; positive, in the coordinate's unit.
    Period,
    /// How smooth a periodic function is within its period, whatever the period; positive, a pure
    /// number.
    PeriodicLengthscale,
    /// The power that mixes lengthscales (rational quadratic α); positive, a pure number.
    Exponent,
    /// The same for images around a circle, whose sum exists above ½ only.
    SummableExponent,
    /// The point at which a straight line crosses 0; any number, in the coordinate's unit.
    Center {
        /// The coordinate it belongs to.
        column: usize,
    },
    /// What is added to x·y; not negative, in the unit of x·y.
    Offset,
    /// A standard deviation that multiplies the function; positive.
    Amplitude,
    /// How much of a shared function a label has; any number.
    Weight,
    /// The variance that a label has for itself; not negative.
    Variance,
}

impl Role {
    /// The smallest value, or the one that no value reaches; `None` if any number is legal.
    pub fn lower_bound(self) -> Option<f64> {
        match self {
            Self::Center { .. } | Self::Weight => None,
            Self::SummableExponent => Some(0.5),
            _ => Some(0.0),
        }
    }

    /// Whether the parameter may have this value.
    pub fn admits(self, value: f64) -> bool {
        value.is_finite()
            && match self {
                Self::Center { .. } | Self::Weight => true,
                // Without them a polynomial is homogeneous, a field is 0 and labels share
                // everything: all are models.
                Self::Offset | Self::Amplitude | Self::Variance => value >= 0.0,
                Self::SummableExponent => value > 0.5,
                _ => value > 0.0,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn supports() {
        assert!(Role::Offset.admits(0.0) && !Role::Period.admits(0.0));
        assert!(Role::Center { column: 0 }.admits(-1.0) && !Role::Offset.admits(-1.0));
        assert!(!Role::Offset.admits(f64::INFINITY) && !Role::Period.admits(f64::NAN));
        assert!(Role::Exponent.admits(0.5) && !Role::SummableExponent.admits(0.5));
        assert_eq!(Role::Center { column: 0 }.lower_bound(), None);
        assert!(Role::Weight.admits(-1.0) && Role::Variance.admits(0.0));
        assert_eq!(Role::Variance.lower_bound(), Some(0.0));
        assert_eq!(Role::Lengthscale { column: None }.lower_bound(), Some(0.0));
    }
}
