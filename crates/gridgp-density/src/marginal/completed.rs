//! A grid with few gaps, taken as complete.

use gridgp_grid::Result;

use super::{Marginal, Route, check_noise};

impl Marginal {
    /// The likelihood of a complete grid: this one's with its missing cells filled by their means at
    /// `theta`, as if those had been observed. `None` where the algebra does not fill cells.
    ///
    /// Where few are missing its mode is near that of this one, at the cost of a complete grid.
    ///
    /// # Errors
    /// As [`Marginal::log_prob`].
    pub fn completed(&self, theta: &[f64]) -> Result<Option<Self>> {
        let Route::Spectral(route) = &self.route else { return Ok(None) };
        let mut completed = self.clone();
        let cells = route.layout.cells.as_ref();
        let missing: Vec<usize> =
            route.layout.missing.iter().map(|&i| cells.map_or(i, |cells| cells[i])).collect();
        missing.iter().for_each(|&c| completed.response[c] = 0.0);
        completed.update_residual(theta);
        let sigma = completed.noise.at(theta, 1)[0];
        check_noise(&[sigma])?;
        let mut filled = route.layout.compress(completed.residual.clone());
        let Some(whole) = route.completed(&self.terms[0], theta, sigma * sigma, &mut filled)?
        else {
            return Ok(None);
        };
        let filled = route.layout.spread(filled, self.response.len());
        missing.iter().for_each(|&c| completed.response[c] = filled[c] - completed.residual[c]);
        completed.route = Route::Spectral(Box::new(whole));
        Ok(Some(completed))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{HEAD, at_medians, by, data, model, without};
    use gridgp_model::spec::Algebra;

    /// Means of missing cells are where A⁻¹r is 0, on whole grids and on those of places at sea.
    #[test]
    fn filled_cells_are_at_their_means() {
        let text = format!(
            "{HEAD}[parameters]\nmu = 'normal(3, 1)'\n[fields.f]\nx = 'matern32()'\nt = 'matern12()'\n\
             s = 'matern52()'\n[likelihood]\nfamily = 'gaussian'\nlocation = 'mu + f'\n"
        );
        let land: Vec<usize> = (0..360).filter(|c| [3, 7].contains(&(c % 40))).collect();
        for gaps in [vec![3, 50, 51, 52, 359], [land, vec![1, 99]].concat()] {
            let m = model(&text, without(data(9, 8, 5), &gaps));
            let theta = at_medians(&m);
            let marginal = by(&m, Algebra::Complement);
            let scattered = marginal.missing();
            assert!(scattered > 0 && scattered <= gaps.len());
            let mut completed = marginal.completed(&theta).unwrap().unwrap();
            assert_eq!((completed.missing(), completed.missing_share()), (0, 0.0));
            let alpha = completed.condition(&theta).unwrap().alpha;
            let largest = alpha.iter().fold(0.0, |m: f64, a| m.max(a.abs()));
            assert!(gaps.iter().all(|&c| alpha[c].abs() < 1e-9 * largest), "{alpha:?}");
            assert!(completed.completed(&theta).unwrap().is_none());
            let shorter = marginal.clone().condition(&theta).unwrap().alpha;
            assert!(alpha.iter().zip(&shorter).all(|(a, b)| (a - b).abs() < 1e-8 * largest));
        }
    }
}
