//! Numbers as bytes, and frames around them.

/// The checksum of contents that follow those with the checksum `before`.
pub(super) fn checksum(before: u32, contents: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new_with_initial(before);
    sum.update(contents);
    sum.finalize()
}

/// Adds contents and their frame to `out`; `sum` is the checksum so far.
pub(super) fn frame(out: &mut Vec<u8>, sum: &mut u32, contents: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend([0; 8]);
    contents(out);
    let length = u32::try_from(out.len() - start - 8).expect("a record is smaller than 4 GB");
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    out[start + 4..start + 8].copy_from_slice(&(!length).to_le_bytes());
    *sum = checksum(*sum, &out[start + 8..]);
    out.extend(sum.to_le_bytes());
}

pub(super) fn put_f64s(out: &mut Vec<u8>, values: &[f64]) {
    values.iter().for_each(|v| out.extend(v.to_le_bytes()));
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(
        u32::try_from(bytes.len()).expect("a fingerprint is smaller than 4 GB").to_le_bytes(),
    );
    out.extend_from_slice(bytes);
}

/// Takes numbers from the front; None where there are too few bytes.
pub(super) struct Taker<'a>(pub(super) &'a [u8]);

impl<'a> Taker<'a> {
    pub(super) fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(front)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[b]| b)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn size(&mut self) -> Option<usize> {
        self.u64()?.try_into().ok()
    }

    pub(super) fn f64(&mut self) -> Option<f64> {
        self.array().map(f64::from_le_bytes)
    }

    pub(super) fn f64s(&mut self, n: usize) -> Option<Vec<f64>> {
        let bytes = self.bytes(n.checked_mul(8)?)?;
        bytes.chunks_exact(8).map(|b| Some(f64::from_le_bytes(b.try_into().ok()?))).collect()
    }

    pub(super) fn sized(&mut self) -> Option<&'a [u8]> {
        let n = self.u32()? as usize;
        self.bytes(n)
    }
}
