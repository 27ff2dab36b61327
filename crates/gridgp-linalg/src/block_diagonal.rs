//! Block diagonal matrices.

use faer::{MatMut, MatRef};

use crate::operator::{
    Entries, Factorize, LinearOperator, LogDet, Solve, SquareRoot, check_square,
};
use crate::{LogDeterminant, Result};

/// diag(A₁, A₂, …): blocks of one operator type, of any shapes.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockDiagonal<T> {
    blocks: Vec<T>,
}

impl<T: LinearOperator> BlockDiagonal<T> {
    /// From its blocks, the first one at the top left.
    pub fn new(blocks: Vec<T>) -> Self {
        Self { blocks }
    }

    /// The blocks.
    pub fn blocks(&self) -> &[T] {
        &self.blocks
    }

    fn for_each_block(
        &self,
        from: fn(&T) -> usize,
        to: fn(&T) -> usize,
        x: MatRef<'_, f64>,
        mut out: MatMut<'_, f64>,
        mut step: impl FnMut(&T, MatRef<'_, f64>, MatMut<'_, f64>) -> Result<()>,
    ) -> Result<()> {
        let (mut row, mut column) = (0, 0);
        for block in &self.blocks {
            let x = x.subrows(column, from(block));
            step(block, x, out.as_mut().subrows_mut(row, to(block)))?;
            row += to(block);
            column += from(block);
        }
        Ok(())
    }

    fn try_map<U>(&self, f: impl FnMut(&T) -> Result<U>) -> Result<BlockDiagonal<U>> {
        Ok(BlockDiagonal { blocks: self.blocks.iter().map(f).collect::<Result<_>>()? })
    }
}

impl<T: LinearOperator> LinearOperator for BlockDiagonal<T> {
    fn shape(&self) -> (usize, usize) {
        (self.blocks.iter().map(T::rows).sum(), self.blocks.iter().map(T::columns).sum())
    }

    fn apply_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.for_each_block(T::columns, T::rows, x, out, |block, x, out| {
            block.apply_unchecked(x, out);
            Ok(())
        })
        .expect("a product does not fail");
    }

    fn apply_transpose_unchecked(&self, x: MatRef<'_, f64>, out: MatMut<'_, f64>) {
        self.for_each_block(T::rows, T::columns, x, out, |block, x, out| {
            block.apply_transpose_unchecked(x, out);
            Ok(())
        })
        .expect("a product does not fail");
    }
}

impl<T: Entries> Entries for BlockDiagonal<T> {
    fn entry(&self, row: usize, column: usize) -> f64 {
        let (rows, columns) = self.shape();
        assert!(row < rows && column < columns, "the position is outside of the operator");
        let (mut i, mut j) = (row, column);
        for block in &self.blocks {
            let (rows, columns) = block.shape();
            match (i < rows, j < columns) {
                (true, true) => return block.entry(i, j),
                (false, false) => (i, j) = (i - rows, j - columns),
                _ => return 0.0,
            }
        }
        0.0
    }

    fn diagonal(&self) -> Vec<f64> {
        if self.blocks.iter().all(|b| b.rows() == b.columns()) {
            return self.blocks.iter().flat_map(T::diagonal).collect();
        }
        (0..self.rows().min(self.columns())).map(|i| self.entry(i, i)).collect()
    }
}

impl<T: Solve> BlockDiagonal<T> {
    fn check_blocks_square(&self) -> Result<()> {
        self.blocks.iter().try_for_each(|b| check_square(b.shape(), "solved"))
    }
}

impl<T: Solve> Solve for BlockDiagonal<T> {
    fn solve_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.check_blocks_square()?;
        self.for_each_block(T::rows, T::rows, rhs, out, |b, x, out| b.solve_unchecked(x, out))
    }

    fn solve_transpose_unchecked(&self, rhs: MatRef<'_, f64>, out: MatMut<'_, f64>) -> Result<()> {
        self.check_blocks_square()?;
        self.for_each_block(T::rows, T::rows, rhs, out, |b, x, out| {
            b.solve_transpose_unchecked(x, out)
        })
    }
}

impl<T: LogDet> LogDet for BlockDiagonal<T> {
    fn log_det(&self) -> Result<LogDeterminant> {
        self.blocks.iter().try_fold(LogDeterminant::EMPTY, |det, b| Ok(det.block(b.log_det()?)))
    }
}

impl<T: Factorize> Factorize for BlockDiagonal<T> {
    type Factor = BlockDiagonal<T::Factor>;

    fn factorize(&self) -> Result<Self::Factor> {
        self.try_map(T::factorize)
    }
}

impl<T: SquareRoot> SquareRoot for BlockDiagonal<T> {
    type Root = BlockDiagonal<T::Root>;

    fn square_root(&self) -> Result<Self::Root> {
        self.try_map(T::square_root)
    }
}
