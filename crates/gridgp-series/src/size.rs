//! Loops of a known length for few states.

/// Up to so many states have code of their own.
pub(crate) const LARGEST: usize = 4;

/// d where the code is for any number of states (`D` is 0), else `D`.
#[inline(always)]
pub(crate) const fn width<const D: usize>(d: usize) -> usize {
    if D == 0 { d } else { D }
}

/// Runs `Job::<D>` for the number of states; where that is any number, with the instructions of the
/// processor at hand.
///
/// Few sizes have code of their own, each compiled once: loops of four are short, and every copy takes
/// seconds to compile.
macro_rules! run_sized {
    ($d:expr, $job:ident { $($field:tt)* }) => {
        match $d {
            1 => pulp::NullaryFnOnce::call($job::<1> { $($field)* }),
            2 => pulp::NullaryFnOnce::call($job::<2> { $($field)* }),
            3 => pulp::NullaryFnOnce::call($job::<3> { $($field)* }),
            4 => pulp::NullaryFnOnce::call($job::<4> { $($field)* }),
            _ => pulp::Arch::new().dispatch($job::<0> { $($field)* }),
        }
    };
}
pub(crate) use run_sized;
