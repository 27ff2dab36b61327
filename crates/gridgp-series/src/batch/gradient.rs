//! log N(r; 0, A) with its gradient, block by block.
//!
//! Back over a block, with dℓ = ā·da + tr(P̄ dP), u = Hᵀe, g = Gᵀā, α = e − g, J = P̄ G and N = Gᵀ J:
//!
//! R̄ᵢᵢ = Nᵢᵢ − gᵢ eᵢ + ½(eᵢ² − S⁻¹ᵢᵢ),  b = ā − Hᵀ g,  Y = J − Hᵀ N,
//! H̄ᵀ = −2 P Y − G + P b eᵀ + (a + P u) αᵀ,
//! Z = Y + ½ Hᵀ(N + ½ S⁻¹) − ½ (b + ½ u) eᵀ,  P̄ ← P̄ − Z H − (Z H)ᵀ,  ā ← b + u.

use super::stretch::Stretches;
use crate::gradient::Back;
use crate::state::dot;
use crate::{Error, Gradient, Observations, Process};

/// Adds log p and its derivatives to `out`.
pub(crate) struct Job<'f> {
    pub(crate) process: &'f Process,
    pub(crate) observations: &'f Observations<'f>,
    pub(crate) r: &'f [f64],
    pub(crate) out: &'f mut Gradient,
}

impl pulp::NullaryFnOnce for Job<'_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn call(self) -> Result<(), Error> {
        let Self { process, observations, r, out } = self;
        let (d, count) = (process.size, process.blocks.len());
        let mut stretches = Stretches::new(process, observations, r);
        let stretch_count = stretches.count();
        for i in 0..stretch_count {
            stretches.run(i, i + 1 == stretch_count, &mut |_, _| {})?;
            out.log_prob -= 0.5 * stretches.sum;
        }
        let mut back = Back::<0>::new(process, observations);
        let most = stretches.blocks.most;
        let (mut g, mut alpha) = (vec![0.0; most], vec![0.0; most]);
        // u has numbers where states are seen.
        let (mut u, mut half) = (vec![0.0; d], vec![0.0; d]);
        let (mut before, mut after) = (vec![0.0; count], vec![0.0; count]);
        for i in (0..stretch_count).rev() {
            if i + 1 < stretch_count {
                stretches.run(i, true, &mut |_, _| {})?;
            }
            let Stretches { blocks, block, stretch, .. } = &mut stretches;
            for b in stretch.blocks.clone().rev() {
                let own = blocks.range(b);
                let p = own.len();
                let kept = stretch.at(b, own.clone(), d, most);
                if p > 0 {
                    let e = kept.scaled;
                    block.load(&observations.loadings, own.clone());
                    let (a_bar, p_bar) = (&mut back.a_bar, &mut back.p_bar);
                    for (o, gain) in kept.gains.chunks_exact(d).enumerate() {
                        g[o] = dot(gain, a_bar);
                        alpha[o] = e[o] - g[o];
                    }
                    out.alpha[own.clone()].copy_from_slice(&alpha[..p]);
                    block.turn(p_bar, kept.gains);
                    for o in 0..p {
                        let square = e[o] * e[o] - kept.inverse[o * p + o];
                        out.variances[own.start + o] =
                            block.n[o * p + o] - g[o] * e[o] + 0.5 * square;
                    }
                    u.fill(0.0);
                    block.add_loadings(process, e, &mut u);
                    g.iter_mut().for_each(|g| *g = -*g);
                    // b in the place of ā.
                    block.add_loadings(process, &g, a_bar);
                    block.shift(process, 1.0);
                    for (k, &i) in process.first.iter().enumerate() {
                        let row = &kept.p[i * d..i * d + d];
                        before[k] = dot(row, a_bar);
                        after[k] = kept.a[i] + dot(row, &u);
                    }
                    let bars = block.seen_times_j(process, kept.p);
                    for (o, bar) in bars.chunks_exact_mut(count).enumerate() {
                        let gain = &kept.gains[o * d..o * d + d];
                        for (k, &i) in process.first.iter().enumerate() {
                            bar[k] =
                                -2.0 * bar[k] - gain[i] + before[k] * e[o] + after[k] * alpha[o];
                        }
                        let (gains, weights) = (&mut out.gains, &mut out.weights);
                        observations.loadings.write_vjp(own.start + o, bar, gains, weights);
                    }
                    block.n[..p * p].iter_mut().zip(kept.inverse).for_each(|(n, s)| *n += 0.5 * s);
                    block.shift(process, -0.5);
                    for ((half, b), u) in half.iter_mut().zip(&*a_bar).zip(&u) {
                        *half = 0.5 * (b + 0.5 * u);
                    }
                    for (j, e) in block.j.chunks_exact_mut(d).zip(e) {
                        j.iter_mut().zip(&half).for_each(|(j, h)| *j -= e * h);
                    }
                    block.subtract(process, p_bar);
                    a_bar.iter_mut().zip(&u).for_each(|(a, u)| *a += u);
                }
                if let Some(length) = blocks.step(b, observations) {
                    back.predict(length, kept.a, kept.p, out);
                }
            }
        }
        Ok(())
    }
}
