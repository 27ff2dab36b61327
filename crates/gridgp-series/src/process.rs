//! The process: independent blocks of states, side by side.

use gridgp_kernel::Block;

/// Independent blocks of states.
#[derive(Debug, Clone)]
pub struct Process {
    pub(crate) blocks: Vec<Block>,
    /// The first state of each block.
    pub(crate) first: Vec<usize>,
    /// The number of states of each block.
    pub(crate) sizes: Vec<usize>,
    /// Where the matrix of each block begins among those of all, and their length.
    pub(crate) packed: Vec<usize>,
    pub(crate) size: usize,
}

impl Process {
    /// These blocks. Their gains and centers are not used: [`Loadings`](crate::Loadings) has what each
    /// observation sees.
    pub fn new(blocks: Vec<Block>) -> Self {
        let (mut first, mut packed, mut size, mut length) = (Vec::new(), vec![0], 0, 0);
        let sizes: Vec<usize> = blocks.iter().map(Block::size).collect();
        for m in &sizes {
            first.push(size);
            size += m;
            length += m * m;
            packed.push(length);
        }
        Self { blocks, first, sizes, packed, size }
    }

    /// The blocks.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The number of states d.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The number of the factors of all blocks.
    pub fn factors(&self) -> usize {
        self.blocks.iter().map(|b| b.factors.len()).sum()
    }

    /// For each block its first state, its size and the range of its matrix.
    pub(crate) fn places(&self) -> impl Iterator<Item = (usize, usize, std::ops::Range<usize>)> {
        let ranges = self.packed.windows(2).map(|w| w[0]..w[1]);
        self.first.iter().zip(&self.sizes).zip(ranges).map(|((&f, &m), r)| (f, m, r))
    }

    /// P of all blocks, packed.
    pub(crate) fn stationary(&self) -> Vec<f64> {
        let mut out = vec![0.0; self.packed[self.blocks.len()]];
        for (block, (_, _, range)) in self.blocks.iter().zip(self.places()) {
            block.stationary(&mut out[range]);
        }
        out
    }
}
