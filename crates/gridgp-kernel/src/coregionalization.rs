//! Coregionalization: labels that are related as the data say.

use faer::{Mat, MatMut, MatRef};
use gridgp_grid::Points;

use super::linear::dot;
use super::list::{COLUMNS_RANK, KernelInfo};
use super::pairs::{fill, fill_symmetric};
use super::{Covariance, Inputs, KernelOptions, KernelParameter, Role};

/// k(a, b) = Σ_q W_aq W_bq + κ_a 1[a = b] of labels a and b: any covariance between L labels that
/// is a matrix of rank r plus a diagonal.
///
/// θ = (W row by row, L × r, any numbers; κ, L variances ≥ 0). The labels are those of the axis,
/// and others are unknown to it: it cannot predict for them. A product with a kernel of another
/// axis is the intrinsic coregionalization model, several outputs that share one kernel. Features:
/// the r columns of W, and √κ of each label.
///
/// The diagonal is not 1: W and κ have the size of the field, so its amplitude is not identified
/// beside them; fix it. A rotation of W, and the sign of a column, change nothing, so compare
/// W Wᵀ + diag κ between fits and not W. At W = 0 the gradient in W is 0. PyMC's and GPflow's
/// `Coregion` have the same W and κ; GPyTorch's `IndexKernel` calls them `covar_factor` and `var`.
///
/// # Source
/// Álvarez, Rosasco and Lawrence (2012), Kernels for Vector-Valued Functions: a Review, section 4.2.
#[derive(Debug, Clone, PartialEq)]
pub struct Coregionalization {
    inputs: Inputs,
    labels: Vec<String>,
    /// The numbers that stand for the labels in points, ascending.
    numbers: Vec<f64>,
    rank: usize,
}

impl Coregionalization {
    pub(super) const INFO: KernelInfo = KernelInfo {
        name: "coregionalization",
        formula: "(W W' + diag(kappa))[x, y]",
        parameters: &[
            ("weights", "W, one row a label and one column a rank, weights.LABEL.COLUMN"),
            ("kappa", "a variance for each label alone, kappa.LABEL; at least 0"),
        ],
        options: COLUMNS_RANK,
        rank: "number of labels",
        summary: "labels related as the data say; the diagonal is not 1",
    };

    /// Of a coordinate whose points have these labels, in their order and as often as they occur:
    /// a label's number is the position of its first occurrence, as in
    /// [`Axis::points`](gridgp_grid::Axis::points).
    ///
    /// # Errors
    /// Not exactly one coordinate, no labels, or a rank above their number.
    pub fn new(inputs: Inputs, labels: &[String], rank: usize) -> Result<Self, String> {
        let inputs = inputs.only_one("coregionalization")?;
        let mut known: Vec<String> = Vec::new();
        let mut numbers = Vec::new();
        for (i, label) in labels.iter().enumerate() {
            if !known.contains(label) {
                known.push(label.clone());
                numbers.push(i as f64);
            }
        }
        if known.is_empty() {
            return Err(format!(
                "coregionalization needs a coordinate made of labels, but {:?} holds numbers; \
                 write them as text, or use a kernel of distances",
                inputs.names()[0]
            ));
        }
        if rank > known.len() {
            return Err(format!(
                "coregionalization of {} labels has at most that rank, not {rank}",
                known.len()
            ));
        }
        Ok(Self { inputs, labels: known, numbers, rank })
    }

    pub(super) fn from_options(options: &KernelOptions) -> Result<Self, String> {
        let rank = options.rank.ok_or(
            "coregionalization needs the option `rank`, the number of columns of W, `rank = 1`",
        )?;
        let inputs = options.inputs()?;
        let labels = options.labels.get(inputs.columns()[0]).map_or(&[][..], Vec::as_slice);
        Self::new(inputs, labels, rank)
    }

    /// The position of the coordinate that holds the labels.
    pub fn column(&self) -> usize {
        self.inputs.columns()[0]
    }

    /// The labels, in the order of the rows of W.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Number of columns of W.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// W Wᵀ + diag κ, L × L.
    ///
    /// # Panics
    /// If θ does not have L (r + 1) values.
    pub fn covariance(&self, theta: &[f64]) -> Mat<f64> {
        let kappa = self.kappa(theta);
        Mat::from_fn(self.labels.len(), self.labels.len(), |a, b| {
            // One order of factors for both triangles, so that they agree to the last digit.
            let (a, b) = (a.max(b), a.min(b));
            dot(self.row(theta, a), self.row(theta, b)) + if a == b { kappa[a] } else { 0.0 }
        })
    }

    /// The row of W of a label.
    fn row<'t>(&self, theta: &'t [f64], label: usize) -> &'t [f64] {
        &theta[label * self.rank..][..self.rank]
    }

    fn kappa<'t>(&self, theta: &'t [f64]) -> &'t [f64] {
        &theta[self.labels.len() * self.rank..][..self.labels.len()]
    }

    /// The label at point i.
    fn label(&self, x: &Points, i: usize) -> Option<usize> {
        let number = x.row(i)[self.column()];
        self.numbers.binary_search_by(|n| n.total_cmp(&number)).ok()
    }

    /// The label at each point.
    fn at(&self, x: &Points) -> Vec<usize> {
        let known = |i| self.label(x, i).expect("`unknown_point` finds labels without parameters");
        (0..x.len()).map(known).collect()
    }
}

impl Covariance for Coregionalization {
    fn parameters(&self) -> Vec<KernelParameter> {
        let weights = self.labels.iter().flat_map(|label| {
            let name = move |q: usize| format!("weights.{label}.{}", q + 1);
            (0..self.rank).map(move |q| KernelParameter::number(name(q), Role::Weight))
        });
        let kappa = |label| KernelParameter::number(format!("kappa.{label}"), Role::Variance);
        weights.chain(self.labels.iter().map(kappa)).collect()
    }

    fn parameter_count(&self) -> usize {
        self.labels.len() * (self.rank + 1)
    }

    fn gram(&self, x: &Points, theta: &[f64], out: MatMut<'_, f64>) {
        let (k, x) = (self.covariance(theta), self.at(x));
        fill_symmetric(out, |i, j| k[(x[i], x[j])]);
    }

    fn cross(&self, x: &Points, y: &Points, theta: &[f64], out: MatMut<'_, f64>) {
        let (k, x, y) = (self.covariance(theta), self.at(x), self.at(y));
        fill(out, |i, j| k[(x[i], y[j])]);
    }

    fn diagonal(&self, x: &Points, theta: &[f64], out: &mut [f64]) {
        let k = self.covariance(theta);
        out.iter_mut().zip(self.at(x)).for_each(|(out, a)| *out = k[(a, a)]);
    }

    fn gram_vjp(
        &self,
        x: &Points,
        theta: &[f64],
        gram_bar: MatRef<'_, f64>,
        theta_bar: &mut [f64],
    ) {
        // Summed over the points of each pair of labels, K̄ gives W̄ = 2 K̄ W and κ̄ = diag K̄.
        let (count, x) = (self.labels.len(), self.at(x));
        let mut bar = Mat::<f64>::zeros(count, count);
        for (j, column) in gram_bar.col_iter().enumerate() {
            column.iter().enumerate().for_each(|(i, g)| bar[(x[i], x[j])] += g);
        }
        let (weights_bar, kappa_bar) = theta_bar.split_at_mut(count * self.rank);
        for a in 0..count {
            for b in 0..count {
                let row = &mut weights_bar[a * self.rank..][..self.rank];
                let other = self.row(theta, b);
                row.iter_mut().zip(other).for_each(|(w, o)| *w += 2.0 * bar[(a, b)] * o);
            }
            kappa_bar[a] += bar[(a, a)];
        }
    }

    fn feature_count(&self) -> Option<usize> {
        Some(self.rank + self.labels.len())
    }

    fn features(&self, x: &Points, theta: &[f64]) -> Option<Mat<f64>> {
        let (kappa, x) = (self.kappa(theta), self.at(x));
        Some(Mat::from_fn(x.len(), self.rank + self.labels.len(), |i, q| {
            if q < self.rank {
                self.row(theta, x[i])[q]
            } else if q - self.rank == x[i] {
                kappa[x[i]].sqrt()
            } else {
                0.0
            }
        }))
    }

    fn features_vjp(
        &self,
        x: &Points,
        theta: &[f64],
        features_bar: MatRef<'_, f64>,
        theta_bar: &mut [f64],
    ) {
        let kappa = self.kappa(theta);
        let start = self.labels.len() * self.rank;
        for (i, a) in self.at(x).into_iter().enumerate() {
            for q in 0..self.rank {
                theta_bar[a * self.rank + q] += features_bar[(i, q)];
            }
            // √κ has no derivative at 0; there we give 0, the limit of κ d/dκ.
            if kappa[a] > 0.0 {
                theta_bar[start + a] += features_bar[(i, self.rank + a)] / (2.0 * kappa[a].sqrt());
            }
        }
    }

    fn rank_bound(&self, x: &Points) -> usize {
        self.labels.len().min(x.len())
    }

    fn unknown_point(&self, x: &Points) -> Option<usize> {
        (0..x.len()).find(|&i| self.label(x, i).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::check_kernel;
    use crate::{Kernel, KernelOptions};

    /// Labels on the second coordinate; their numbers are 0, 1 and 3.
    fn options(rank: usize) -> KernelOptions {
        let labels = ["co2", "ch4", "co2", "n2o", "ch4"].map(String::from).to_vec();
        KernelOptions {
            columns: Some(vec![1]),
            rank: Some(rank),
            labels: vec![vec![], labels],
            ..KernelOptions::of(["year", "gas"])
        }
    }

    fn build(rank: usize) -> Kernel {
        Kernel::from_name("coregionalization", &options(rank)).unwrap()
    }

    fn points() -> Points {
        Points::new(vec![0.1, 0.0, 0.4, 1.0, 0.9, 0.0, -0.3, 3.0, 1.1, 1.0], 2)
    }

    fn theta(kernel: &Kernel) -> Vec<f64> {
        let value = |i: usize, role| match role {
            Role::Variance => 0.3 + 0.2 * i as f64,
            _ => (1.7 * i as f64 + 0.4).sin(),
        };
        kernel.parameters().iter().enumerate().map(|(i, p)| value(i, p.role)).collect()
    }

    #[test]
    fn conforms_at_every_rank_alone_and_in_company() {
        let year = KernelOptions { columns: Some(vec![0]), ..KernelOptions::of(["year", "gas"]) };
        let cosine = || Kernel::from_name("cosine", &year).unwrap();
        for rank in 0..=3 {
            let kernel = build(rank);
            check_kernel(&kernel, &points(), &theta(&kernel));
            check_kernel(&kernel, &Points::new(vec![2.0, 3.0], 2), &theta(&kernel));
            for (kernel, own) in [
                (build(rank) * cosine(), vec![1.9]),
                (cosine() + build(rank), vec![1.9]),
                (build(rank).scaled(), vec![1.3]),
            ] {
                let all = theta(&build(rank));
                let last = kernel.parameters().last().unwrap().role == Role::Period;
                let theta = if last { [all, own].concat() } else { [own, all].concat() };
                check_kernel(&kernel, &points(), &theta);
            }
        }
    }

    #[test]
    fn without_kappa_the_rank_is_that_of_the_weights() {
        let kernel = build(1);
        let theta = [1.0, -2.0, 0.5, 0.0, 0.0, 0.0];
        check_kernel(&kernel, &points(), &theta);
        let Kernel::Coregionalization(k) = &kernel else { panic!("another kernel") };
        let expected = faer::mat![[1.0, -2.0, 0.5], [-2.0, 4.0, -1.0], [0.5, -1.0, 0.25]];
        assert_eq!(k.covariance(&theta), expected);
        let values = expected.self_adjoint_eigenvalues(faer::Side::Lower).unwrap();
        assert!(values[1].abs() < 1e-15 && values[2] > 5.0);
        let mut bar = vec![0.0; 6];
        let features = kernel.features(&points(), &theta).unwrap();
        kernel.features_vjp(&points(), &theta, features.as_ref(), &mut bar);
        assert!(bar.iter().all(|b| b.is_finite()));
    }

    #[test]
    fn parameters_are_named_after_their_labels() {
        let names: Vec<String> = build(2).parameters().into_iter().map(|p| p.name).collect();
        assert_eq!(names[..3], ["weights.co2.1", "weights.co2.2", "weights.ch4.1"]);
        assert_eq!(names[6..], ["kappa.co2", "kappa.ch4", "kappa.n2o"]);
    }

    #[test]
    fn unknown_labels_are_found() {
        let kernel = build(1) * build(0).scaled() + build(1);
        assert_eq!(kernel.unknown_point(&points()), None);
        // 2 is the position of a label's second occurrence; no label has it as its number.
        let at = Points::new(vec![0.0, 1.0, 0.0, 2.0], 2);
        assert_eq!(kernel.unknown_point(&at), Some(1));
        let white = Kernel::from_name("white", &KernelOptions::of(["year", "gas"])).unwrap();
        assert_eq!(white.unknown_point(&at), None);
    }

    #[test]
    fn refusals_say_what_to_do() {
        let bad = |o: KernelOptions| Kernel::from_name("coregionalization", &o).unwrap_err();
        assert!(bad(KernelOptions { rank: None, ..options(1) }).contains("`rank = 1`"));
        assert!(bad(options(4)).contains("3 labels"));
        assert!(bad(KernelOptions { columns: None, ..options(1) }).contains("one coordinate"));
        let year = KernelOptions { columns: Some(vec![0]), ..options(1) };
        assert!(bad(year).contains("\"year\" holds numbers"));
    }
}
