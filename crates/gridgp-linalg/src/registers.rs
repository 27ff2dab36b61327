//! The state of the vector registers after dense products.

/// Leaves the vector registers as ordinary code expects them.
///
/// The matrix products of faer 0.24.4 end without clearing the upper halves of the x86 vector
/// registers, and with those in use every ordinary floating-point instruction waits for the one
/// before: `exp` takes 165 ns instead of 5 until something clears them. Code that leaves a
/// function compiled for wide registers clears them, so entering and leaving one is the remedy.
/// It costs about 2 ns and does nothing on other processors.
///
/// Call it before a loop of scalar arithmetic that may run after a dense product on the same
/// thread.
#[inline]
pub fn settle_registers() {
    pulp::Arch::new().dispatch(Touch);
}

/// Uses a wide register, so that the compiler clears it on the way out.
struct Touch;

impl pulp::WithSimd for Touch {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        std::hint::black_box(simd.splat_f64s(std::hint::black_box(1.0)));
    }
}
