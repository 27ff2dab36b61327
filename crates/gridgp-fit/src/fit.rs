//! What a fit found, with its model and data.

use gridgp_density::Samples;
use gridgp_grid::Dataset;
use gridgp_model::spec::Source;

use crate::{DrawValues, InferenceGroup, Scaling};

/// A fit: a model, its data and what was found. What a fit file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The version of gridgp that wrote it.
    pub version: String,
    /// The model file, with its name.
    pub source: Source,
    /// The data of the fit.
    pub data: Dataset,
    /// What was done to each covariate of the data.
    pub scalings: Vec<Scaling>,
    /// `"map"`, `"nuts"` …
    pub method: String,
    /// The seed.
    pub seed: u64,
    /// Groups of draws: `posterior` and, for draws of all unknowns, those of [`draw_groups`].
    ///
    /// [`draw_groups`]: crate::draw_groups
    pub groups: Vec<InferenceGroup>,
    /// Everything else that was found, as JSON text.
    pub summary: String,
}

impl Fit {
    /// The group of draws called `name`.
    pub fn group(&self, name: &str) -> Option<&InferenceGroup> {
        self.groups.iter().find(|g| g.name == name)
    }

    /// All draws of a parameter, chain by chain; one for a mode.
    pub fn parameter(&self, name: &str) -> Option<&[f64]> {
        match &self.group("posterior")?.variable(name)?.values {
            DrawValues::Numbers(v) => Some(v),
            _ => None,
        }
    }

    /// The draws of all unknowns; `None` for a mode.
    pub fn samples(&self) -> Option<Samples> {
        let group = self.group("unconstrained_posterior")?;
        let (shape, x) = (group.samples?, group.variable("x")?);
        let DrawValues::Numbers(x) = &x.values else { return None };
        let dim = x.len() / (shape.chains * shape.draws).max(1);
        Some(Samples { chains: shape.chains, draws: shape.draws, dim, x: x.clone() })
    }
}
