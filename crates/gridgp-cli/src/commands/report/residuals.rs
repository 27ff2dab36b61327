//! Whether the model suits the data.

use gridgp_plot::report::{Block, Role};
use gridgp_plot::{Calibration, Range, Style};

use super::super::plot::source::Fitted;
use super::planes::{self, View};
use super::results::Response;
use super::text;

pub fn section(fit: &Fitted, response: &Response) -> anyhow::Result<Vec<Block>> {
    // The page says it once, below both.
    let calibration = Calibration { notes: vec![], ..fit.calibration()? };
    let style = Style::default();
    let mut cube = response.data.clone();
    let around = fit.around();
    cube.values.iter_mut().zip(&response.mean.values).for_each(|(y, m)| *y = around(*y - m));
    cube.quantity.name = format!("{} − mean", fit.model.data.response.name);
    let residual = View {
        title: "Residuals: data minus mean".into(),
        cube,
        range: Range::AroundZero,
        scale: 0,
        role: Role::Other,
    };
    Ok(vec![
        text(
            "If the model suits the data, the probabilities that it gave to being below each \
             observation (PIT) are spread evenly: level bars at the left, points on the line at the \
             right. A hump means predictions that are too wide, a bowl too narrow, a slope biased.",
        ),
        Block::Figures(vec![
            (calibration.histogram(&style)?, "PIT histogram. Nearly all bars of a calibrated \
              prediction lie in the gray band."
                .into()),
            (calibration.qq(&style)?, "The same as normal scores against those expected.".into()),
        ]),
        Block::Note(
            "In-sample: the observations were part of the fit, so predictions look wider and better \
             than they are. A hump is expected where fields follow the data closely."
                .into(),
        ),
        text("Residuals with a pattern are structure that the model does not have."),
        planes::block("Residuals", vec![residual])?,
    ])
}
