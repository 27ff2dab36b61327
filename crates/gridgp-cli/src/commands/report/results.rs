//! What was fitted: the response, and the fields behind it.

use gridgp_plot::report::{Block, Role};
use gridgp_plot::{Quantity, Range};
use gridgp_posterior::Quantity as Prediction;

use super::super::plot::cube::Cube;
use super::super::plot::source::Fitted;
use super::planes::{self, View};
use super::text;

/// Data, mean and spread of the response on the grid of the data.
pub struct Response {
    pub data: Cube,
    pub mean: Cube,
    pub sd: Cube,
}

pub fn response(fit: &Fitted) -> anyhow::Result<Response> {
    let data = Cube::of(fit.model.data.clone());
    let moments = fit.moments()?;
    let mut mean = data.clone();
    mean.values = moments.mean;
    let mut sd = data.clone();
    sd.values = moments.sd;
    Ok(Response { data, mean, sd })
}

pub fn blocks(fit: &Fitted, response: &Response) -> anyhow::Result<Vec<Block>> {
    let name = &fit.model.data.response.name;
    let view = |title: &str, cube: &Cube, scale: usize, role: Role| View {
        title: title.into(),
        cube: cube.clone(),
        range: Range::Values,
        scale,
        role,
    };
    let views = vec![
        view("Data", &response.data, 0, Role::Data),
        view("Mean of the fit", &response.mean, 0, Role::Mean),
        view("Standard deviation of the mean", &response.sd, 1, Role::Spread),
    ];
    Ok(vec![
        planes::block(&format!("Data and fit of {name}"), views)?,
        Block::Note(
            "Point at a map, tap it, or use the arrow keys. The mean is that of the response, its \
             standard deviation does not contain the noise of an observation. Data and mean share \
             their colors, which stay the same along the sliders."
                .into(),
        ),
    ])
}

/// Fields, and parameters of the likelihood that vary, from draws.
pub fn fields(fit: &Fitted) -> anyhow::Result<Vec<Block>> {
    let model = &fit.model;
    if fit.file.samples().is_none() {
        return Ok(vec![]);
    }
    let fields: Vec<&str> = model.fields.iter().map(|f| f.name.as_str()).collect();
    // The location of a Gaussian is its mean, which is shown already.
    let is_mean = |name: &str| name == "location" && model.family.name() == "gaussian";
    let varying: Vec<&str> = model
        .equations
        .iter()
        .filter(|e| e.predictor.random().next().is_some() && !is_mean(&e.name))
        .map(|e| e.name.as_str())
        .collect();
    let names: Vec<&str> = fields.iter().chain(&varying).copied().collect();
    let mut blocks = vec![text(
        "Posterior means and standard deviations of each field on its own axes, and of the \
         parameters of the likelihood that fields enter.",
    )];
    for (i, made) in fit.predictions(&names, false)?.into_iter().enumerate() {
        let Prediction { name, mean, sd, .. } = made;
        let field = model.fields.get(i).filter(|_| i < fields.len());
        let units = match (field, name.as_str()) {
            // A field has the unit of the predictor that it enters.
            (None, "location" | "scale") => model.data.response.units.as_deref(),
            _ => None,
        };
        let cube = |values: Vec<f64>| {
            let mut cube = Cube {
                axes: model.data.grid.axes().to_vec(),
                values,
                quantity: Quantity::new(name.as_str(), units),
                kept: vec![],
            };
            // Along axes on which it is constant one point says all.
            if let Some(field) = field {
                for a in (0..field.axes.len()).rev().filter(|&a| !field.varies_along(a)) {
                    cube.take(a, 0);
                }
            }
            cube
        };
        let (mean, sd) = (cube(mean), cube(sd));
        let heading = if field.is_some() { format!("Field {name}") } else { format!("The {name}") };
        blocks.push(Block::Heading(heading.clone()));
        let around = mean.values.iter().any(|v| *v < 0.0) && mean.values.iter().any(|v| *v > 0.0);
        let range = if field.is_some() && around { Range::AroundZero } else { Range::Values };
        let view = |title: &str, cube, range, scale, role| View {
            title: title.into(),
            cube,
            range,
            scale,
            role,
        };
        let views = vec![
            view("Mean", mean, range, 0, Role::Mean),
            view("Standard deviation", sd, Range::Values, 1, Role::Spread),
        ];
        blocks.push(planes::block(&heading, views)?);
    }
    Ok(blocks)
}
