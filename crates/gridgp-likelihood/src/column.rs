//! The values of one parameter over many observations.

/// One number for all observations, or one an observation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Column<'a> {
    /// The same number everywhere.
    Constant(f64),
    /// One number an observation.
    Varying(&'a [f64]),
}

impl Column<'_> {
    /// The value at observation i.
    #[inline]
    pub fn at(&self, i: usize) -> f64 {
        match self {
            Self::Constant(v) => *v,
            Self::Varying(v) => v[i],
        }
    }

    /// Where the derivative at observation i belongs.
    #[inline]
    pub fn index(&self, i: usize) -> usize {
        match self {
            Self::Constant(_) => 0,
            Self::Varying(_) => i,
        }
    }
}
