//! Values with first and second derivatives with respect to two variables.
//!
//! The blended law is a product of powers whose ends move with the shape; its second derivatives
//! written out would fill pages. This is the one place where derivatives are carried along.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// f with (f_a, f_b) and (f_aa, f_ab, f_bb).
#[derive(Debug, Clone, Copy)]
pub(super) struct Taylor {
    pub value: f64,
    pub first: [f64; 2],
    pub second: [f64; 3],
}

impl Taylor {
    pub fn constant(value: f64) -> Self {
        Self { value, first: [0.0; 2], second: [0.0; 3] }
    }

    /// g(f), from g, g′ and g″ at f.
    pub fn map(self, [value, slope, bend]: [f64; 3]) -> Self {
        let [a, b] = self.first;
        let [aa, ab, bb] = self.second;
        Self {
            value,
            first: [slope * a, slope * b],
            second: [
                slope * aa + bend * a * a,
                slope * ab + bend * a * b,
                slope * bb + bend * b * b,
            ],
        }
    }

    pub fn exp(self) -> Self {
        self.map([self.value.exp(); 3])
    }

    pub fn ln(self) -> Self {
        let r = 1.0 / self.value;
        self.map([self.value.ln(), r, -r * r])
    }

    fn scaled(self, k: f64) -> Self {
        Self {
            value: k * self.value,
            first: self.first.map(|v| k * v),
            second: self.second.map(|v| k * v),
        }
    }
}

impl Add for Taylor {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self {
            value: self.value + o.value,
            first: std::array::from_fn(|i| self.first[i] + o.first[i]),
            second: std::array::from_fn(|i| self.second[i] + o.second[i]),
        }
    }
}

impl Neg for Taylor {
    type Output = Self;
    fn neg(self) -> Self {
        self.scaled(-1.0)
    }
}

impl Sub for Taylor {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        self + -o
    }
}

impl Mul for Taylor {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        let ([a, b], [c, d]) = (self.first, o.first);
        let cross =
            Self { value: 0.0, first: [0.0; 2], second: [2.0 * a * c, a * d + b * c, 2.0 * b * d] };
        let whole = self.scaled(o.value) + o.scaled(self.value) + cross;
        Self { value: self.value * o.value, ..whole }
    }
}

impl Div for Taylor {
    type Output = Self;
    fn div(self, o: Self) -> Self {
        let r = 1.0 / o.value;
        self * o.map([r, -r * r, 2.0 * r * r * r])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// f = a b² / exp(a) + log b, by hand.
    #[test]
    fn rules_of_calculus() {
        let (a, b) = (0.7f64, 1.9f64);
        let x = Taylor { value: a, first: [1.0, 0.0], second: [0.0; 3] };
        let y = Taylor { value: b, first: [0.0, 1.0], second: [0.0; 3] };
        let f = x * y * y / x.exp() + y.ln();
        let e = (-a).exp();
        let close = |found: f64, expected: f64| {
            approx::assert_relative_eq!(found, expected, max_relative = 1e-14);
        };
        close(f.value, a * b * b * e + b.ln());
        close(f.first[0], b * b * e * (1.0 - a));
        close(f.first[1], 2.0 * a * b * e + 1.0 / b);
        close(f.second[0], b * b * e * (a - 2.0));
        close(f.second[1], 2.0 * b * e * (1.0 - a));
        close(f.second[2], 2.0 * a * e - 1.0 / (b * b));
    }
}
