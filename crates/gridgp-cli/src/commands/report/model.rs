//! The model as equations.

use gridgp_model::{Model, describe, describe_covariances};
use gridgp_plot::report::Block;

use super::text;

pub fn blocks(model: &Model) -> Vec<Block> {
    let described = describe(model);
    let mut lines = described.lines();
    // The equations, then how many parameters there are, then their priors.
    let is_count = |line: &&str| line.ends_with(" parameters");
    let equations: Vec<&str> = lines.by_ref().take_while(|line| !is_count(line)).collect();
    let priors: Vec<String> = lines.map(|line| line.trim().to_owned()).collect();
    let (notes, equations): (Vec<&str>, Vec<&str>) =
        equations.into_iter().partition(|line| line.starts_with("  "));
    let mut blocks = vec![Block::Equations(equations.into_iter().map(str::to_owned).collect())];
    let modelled = notes.iter().filter(|n| n.contains("is modelled as"));
    blocks.extend(modelled.map(|n| Block::Note(n.trim().to_owned())));
    if !priors.is_empty() {
        blocks.push(Block::Heading("Priors".into()));
        blocks.push(Block::Equations(priors));
    }
    let covariances: Vec<String> = describe_covariances(model).lines().map(str::to_owned).collect();
    if !covariances.is_empty() {
        blocks.push(Block::Folded(
            "Covariances of the predictors, as products over the axes".into(),
            vec![
                Block::Equations(covariances),
                text(
                    "A factor [n × n, rank r] belongs to each axis. Stored are roots of the \
                     factors, n · r numbers each; the dense covariance would have the square of \
                     the number of cells.",
                ),
            ],
        ));
    }
    blocks
}
