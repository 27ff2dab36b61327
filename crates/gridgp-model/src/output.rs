//! What can be predicted, and what the variables of a prediction are called.

use gridgp_grid::{Error, Result};
use gridgp_likelihood::{Family, Likelihood};

use crate::language::{Expr, Fault, number, parse};
use crate::predictor::Symbol;
use crate::{Equation, Model, Predictor};

/// What stands before a name of a result that the data have already.
pub const OUTPUT: &str = "output_";

/// The variables of a prediction that hold mean, standard deviation, quantiles and draws of a
/// quantity.
///
/// Of a field or a parameter `f` these are `f`, `f_sd`, `f_quantiles` and `f_draws`; of the expected
/// response `mean`, `sd`, `mean_quantiles` and `draws`; of a new observation, which has the same
/// mean, `sd_observation`, `quantiles` and `observation_draws`. Where an axis or a coordinate of the
/// data has such a name, outputs put [`OUTPUT`] in front.
///
/// ```
/// use gridgp_model::output_names;
///
/// let [mean, sd, ..] = output_names("trend");
/// assert_eq!((mean.as_deref(), sd.as_deref()), (Some("trend"), Some("trend_sd")));
/// assert_eq!(output_names("observation")[0], None);
/// ```
pub fn output_names(quantity: &str) -> [Option<String>; 4] {
    let some = |names: [&str; 4]| names.map(|n| (!n.is_empty()).then(|| n.to_owned()));
    match quantity {
        "mean" => some(["mean", "sd", "mean_quantiles", "draws"]),
        "observation" => some(["", "sd_observation", "quantiles", "observation_draws"]),
        name => ["", "_sd", "_quantiles", "_draws"].map(|end| Some(format!("{name}{end}"))),
    }
}

/// What can be predicted of any model with this likelihood: `mean`, `observation`, the parameters.
/// A parameter called `mean` is the expected response.
pub(crate) fn of_family(family: &Family) -> Vec<&'static str> {
    let parameters = family.parameters().iter().map(|p| p.name).filter(|name| *name != "mean");
    ["mean", "observation"].into_iter().chain(parameters).collect()
}

impl Model {
    /// A linear combination of fields, written as in an equation: `"trend"`, `"base + warming * gmst"`.
    ///
    /// # Errors
    /// [`Error::Data`] where it is no such thing, with what is wrong; also where it names a covariate
    /// that no equation uses, since nobody has to know that one at a new place.
    pub fn combination(&self, text: &str) -> Result<Predictor> {
        let wrong = |message: &str| {
            let example = match self.fields.as_slice() {
                [] => String::new(),
                fields => {
                    let names: Vec<&str> = fields.iter().map(|f| f.name.as_str()).collect();
                    format!(", such as {:?}", names.join(" + "))
                }
            };
            Error::Data(format!(
                "there is no quantity {text:?} to predict: {message}; there are {}, and sums of \
                 fields{example}",
                self.quantities().join(", ")
            ))
        };
        let used = self.used_covariates();
        let expression = parse(text).map_err(|fault| wrong(&fault.message))?;
        let mut lookup = |name: &str, e: &Expr| {
            if let Some(f) = self.fields.iter().position(|f| f.name == name) {
                return Ok(Symbol::Field(f));
            }
            if let Some(c) = self.data.covariates.iter().position(|c| c.name == name) {
                let message = format!("the covariate {name:?} is in no equation of the model");
                let is_used = used.contains(&c).then_some(Symbol::Covariate(c));
                return is_used.ok_or_else(|| Fault::new(e.span.clone(), message));
            }
            if let Some(j) = self.position(name) {
                return Ok(Symbol::Parameter(j));
            }
            let message = format!("{name:?} is no field, covariate or parameter");
            let fixed = self.spec.parameters.get(name).map(|entry| parse(&entry.text()));
            let Some(Ok(fixed)) = fixed else { return Err(Fault::new(e.span.clone(), message)) };
            number(&fixed).map(Symbol::Number)
        };
        let predictor =
            Predictor::new(&expression, &mut lookup).map_err(|fault| wrong(&fault.message))?;
        if predictor.random().next().is_none() {
            return Err(wrong("it has no field"));
        }
        Ok(predictor)
    }

    /// The positions, ascending, of the covariates that a quantity is made of: `mean`, `observation`, a
    /// parameter of the likelihood, a field, or a sum of fields. Of a Gaussian the mean is the location,
    /// whatever its scale is; elsewhere it hangs on all parameters.
    ///
    /// # Errors
    /// As [`Model::combination`], where it is none of these.
    pub fn covariates_of(&self, quantity: &str) -> Result<Vec<usize>> {
        let is_gaussian = matches!(self.family, Family::Gaussian(_));
        let name = if is_gaussian && quantity == "mean" { "location" } else { quantity };
        let mut found: Vec<usize> = if ["mean", "observation"].contains(&name) {
            self.equations.iter().flat_map(Equation::covariates).collect()
        } else if let Some(e) = self.equations.iter().find(|e| e.name == name) {
            e.covariates().collect()
        } else if self.fields.iter().any(|f| f.name == name) {
            vec![]
        } else {
            self.combination(name)?.terms.into_iter().flat_map(|t| t.covariates).collect()
        };
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The covariates that some quantities are made of, see [`Model::covariates_of`]; those of
    /// everything if none is named.
    ///
    /// # Errors
    /// A name that is no quantity.
    pub fn covariates_needed(&self, quantities: &[String]) -> Result<Vec<usize>> {
        if quantities.is_empty() {
            return Ok(self.used_covariates());
        }
        let each = quantities.iter().map(|q| self.covariates_of(q)).collect::<Result<Vec<_>>>()?;
        let mut all = each.concat();
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    /// What can be predicted from draws: `mean` (the expected response), `observation` (a new one),
    /// the parameters of the likelihood, the fields.
    pub fn quantities(&self) -> Vec<&str> {
        let fields = self.fields.iter().map(|f| f.name.as_str());
        of_family(&self.family).into_iter().chain(fields).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_family_has_two_variables_of_one_name() {
        for (name, family) in Family::ALL {
            let mut names: Vec<String> =
                of_family(family).iter().flat_map(|q| output_names(q)).flatten().collect();
            let all = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), all, "{name}");
        }
    }
}
