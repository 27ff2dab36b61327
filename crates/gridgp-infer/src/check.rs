//! What can be known of a run before it begins.

use gridgp_density::{
    ExpectedJoint, Joint, LogDensity, Marginal, NestedPlan, memory as density, refuse_planes,
};
use gridgp_grid::{Error, Result};
use gridgp_model::Model;
use gridgp_model::spec::{Expectation, GuideSpec, Method, Route};

use super::approximate::{check_smooth, guide};
use super::{LaplaceOptions, route};

/// Refuses a model that the method of its `[inference]` cannot take, before anything is searched.
///
/// # Errors
/// [`Error::Spec`] where the method does not take such a model, [`Error::TooLarge`] where it does not
/// take as many unknowns, [`Error::Singular`] where a kernel without free parameters has no factor.
pub fn check(model: &Model) -> Result<()> {
    let spec = &model.spec.inference;
    if !matches!(spec.method, Method::Map | Method::Nuts) && spec.route == Route::Marginal {
        return Err(Error::Spec(
            "inference.route = \"marginal\" is for nuts; the approximations are of parameters and \
             fields together: leave it out"
                .into(),
        ));
    }
    if spec.check > 0 {
        if spec.method != Method::Laplace {
            return Err(Error::Spec(
                "inference.check compares laplace with a short nuts; other methods take none: leave it out"
                    .into(),
            ));
        }
        refuse_planes(model)?;
    }
    match spec.method {
        Method::Map => return Marginal::new(model).map(|_| ()),
        Method::Nuts if route(model)? == Route::Marginal => return some(model.parameters.len()),
        _ => {}
    }
    let unknowns = Joint::new(model)?.dim();
    some(unknowns)?;
    match spec.method {
        Method::Laplace => {
            check_smooth(model)?;
            if !model.fields.is_empty() {
                return NestedPlan::new(model).map(|_| ());
            }
            LaplaceOptions::default().check(unknowns)
        }
        Method::Svi if spec.expectation == Expectation::Quadrature => {
            if spec.guide != GuideSpec::MeanField {
                return Err(Error::Spec(
                    "inference.expectation = \"quadrature\" takes the unknowns for independent: it \
                     needs guide = \"mean_field\""
                        .into(),
                ));
            }
            ExpectedJoint::new(model).map(|_| ())
        }
        Method::Svi => guide(spec).check(unknowns),
        Method::Map | Method::Nuts | Method::Pathfinder => Ok(()),
    }
}

fn some(unknowns: usize) -> Result<()> {
    if unknowns > 0 {
        return Ok(());
    }
    Err(Error::Spec(
        "the model has no unknowns: every parameter is a number, and there is no field; give a \
         parameter a prior"
            .into(),
    ))
}

/// Bytes that a run of the model's method takes, and of what.
///
/// Counts what grows with the data or with the settings: densities, as many at a time as there are
/// threads for, and draws from the first to the fit file.
pub fn memory(model: &Model) -> (u128, String) {
    let spec = &model.spec.inference;
    let axes = model.data.grid.axes();
    let (cells, unknowns) = (model.data.grid.len(), density::unknowns(model));
    let missing = model.data.response.missing_cells().len();
    let longest = axes.iter().max_by_key(|a| a.len()).expect("a grid has an axis");
    let grid = format!("{cells} cells with {} points along {:?}", longest.len(), longest.name());
    let at_once = |count: usize| rayon::current_num_threads().min(count) as u128;
    if spec.method == Method::Map {
        // Above the size of a screen the winner is alone.
        let climbs = if cells > super::map::SCREEN { 1 } else { at_once(spec.starts) };
        let gaps = match missing {
            0 => String::new(),
            _ => format!(
                ", {missing} of them missing; nuts and svi sample the missing cells in place of \
                 integrating them out"
            ),
        };
        let by = Marginal::plan_of(model).map_or(String::new(), |p| format!(" ({})", p.detail));
        let what = format!("the exact marginal likelihood on {grid}{by}{gaps}");
        return (density::marginal(model) * climbs, what);
    }
    if let (Method::Laplace, Ok(plan)) = (spec.method, NestedPlan::new(model)) {
        let draws = spec.draws as u128;
        // Draws, and those that are spare; a density, and one to whiten draws with.
        let beside = if super::nested::visits_beside(&plan) { at_once(usize::MAX) } else { 1 };
        let densities =
            (1 + beside) * plan.bytes as u128 + density::joint(model) * at_once(usize::MAX);
        let what = format!(
            "laplace on {grid} ({}), and {draws} draws of {unknowns} unknowns; ask for fewer draws, from \
             25 on, or keep fewer points with sel or isel in [data]",
            plan.detail
        );
        return (8 * unknowns * (KEPT + 1) * draws + densities, what);
    }
    let is_marginal = spec.method == Method::Nuts
        && spec.route != Route::Joint
        && missing <= super::sample::MOST_MISSING
        && super::sample::draws_fields(model);
    let one = if is_marginal { density::marginal(model) } else { density::informed(model) };
    let (draws, clones, particles) = match spec.method {
        Method::Nuts => (spec.chains as u128 * spec.draws as u128, spec.chains, 0),
        Method::Svi => (spec.draws as u128, spec.particles, spec.particles as u128),
        _ => (spec.draws as u128, spec.chains, 0),
    };
    // Those of the plan and of the sampler, and one for each thread that unfolds draws.
    let densities = one * (2 + at_once(clones)) + density::joint(model) * at_once(usize::MAX);
    let numbers = unknowns * (KEPT * draws + 3 * particles);
    let what = format!(
        "{draws} draws of {unknowns} unknowns, on {grid}; ask for fewer draws, or keep fewer points \
         with sel or isel in [data]"
    );
    (8 * numbers + densities, what)
}

/// Copies of the draws, from the sampler to the file.
const KEPT: u128 = 5;
