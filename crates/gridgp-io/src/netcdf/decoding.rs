//! Stored numbers as values: sign, missing values, scale and offset.

use netcdf_reader::masked::MaskParams;
use netcdf_reader::unpack::{SignParams, UnpackParams};
use netcdf_reader::{NcAttrValue, NcType, NcVariable};

/// What turns stored numbers into values.
///
/// `valid_min`, `valid_max` and `valid_range` are in the unit of the stored numbers, unless they have
/// the type of `scale_factor` or `add_offset` (the wider one) and that is wider than the stored type:
/// then in the unit of the values.
///
/// # Source
/// NetCDF User Guide, appendix A, attribute conventions.
pub(super) struct Decoding {
    sign: Option<SignParams>,
    missing: Vec<f64>,
    scale: f64,
    offset: f64,
    /// The valid range, of values if `range_of_values`, else of stored numbers.
    low: f64,
    high: f64,
    range_of_values: bool,
}

impl Decoding {
    pub(super) fn of(v: &NcVariable) -> Self {
        let mask = MaskParams::from_variable(v);
        let unpack = UnpackParams::from_variable(v);
        let sign = SignParams::from_variable(v);
        let default = || {
            let fill = default_fill(&v.dtype)?;
            Some(sign.map_or(fill, |sign| sign.reinterpret(fill)))
        };
        let mut missing: Vec<f64> =
            mask.as_ref().and_then(|m| m.fill_value).or_else(default).into_iter().collect();
        missing.extend(mask.iter().flat_map(|m| &m.missing_values));
        missing.extend(missing_as_text(v));
        let range_of_values = range_is_of_values(v);
        let (low, high) = if range_of_values {
            valid_range(v)
        } else {
            (mask.as_ref().and_then(|m| m.valid_min), mask.as_ref().and_then(|m| m.valid_max))
        };
        Self {
            sign,
            missing,
            scale: unpack.map_or(1.0, |u| u.scale_factor),
            offset: unpack.map_or(0.0, |u| u.add_offset),
            low: low.unwrap_or(f64::NEG_INFINITY),
            high: high.unwrap_or(f64::INFINITY),
            range_of_values,
        }
    }

    pub(super) fn apply(&self, values: &mut [f64]) {
        for value in values {
            let stored = self.sign.map_or(*value, |sign| sign.reinterpret(*value));
            let meant = stored * self.scale + self.offset;
            let ranged = if self.range_of_values { meant } else { stored };
            let missing = ranged < self.low || ranged > self.high || self.missing.contains(&stored);
            *value = if missing { f64::NAN } else { meant };
        }
    }
}

/// The valid range as it is written.
fn valid_range(v: &NcVariable) -> (Option<f64>, Option<f64>) {
    let numbers = |name: &str| v.attribute(name).and_then(|a| a.value.as_f64_vec());
    match numbers("valid_range").as_deref() {
        Some([low, high, ..]) => (Some(*low), Some(*high)),
        _ => {
            let one = |name: &str| numbers(name).and_then(|v| v.first().copied());
            (one("valid_min"), one("valid_max"))
        }
    }
}

fn range_is_of_values(v: &NcVariable) -> bool {
    // Floating-point types in order of their width; integers count as narrower.
    let width = |name: &str| match v.attribute(name).map(|a| &a.value) {
        Some(NcAttrValue::Floats(_)) => 1,
        Some(NcAttrValue::Doubles(_)) => 2,
        _ => 0,
    };
    let range = ["valid_range", "valid_min", "valid_max"].map(width).into_iter().max();
    let unpacked = width("scale_factor").max(width("add_offset"));
    let stored = match v.dtype {
        NcType::Float => 1,
        NcType::Double => 2,
        _ => 0,
    };
    range == Some(unpacked) && unpacked > stored
}

/// The numbers of a `missing_value` or `_FillValue` that was written as text, `"-999."`, also as
/// they are in single precision.
fn missing_as_text(v: &NcVariable) -> Vec<f64> {
    let names = ["missing_value", "_FillValue"];
    let mut numbers = vec![];
    for a in v.attributes.iter().filter(|a| names.contains(&a.name.as_str())) {
        let texts = match &a.value {
            NcAttrValue::Chars(text) => text.trim_end_matches('\0').to_owned(),
            NcAttrValue::Strings(texts) => texts.join(" "),
            _ => continue,
        };
        let words = texts.split(|c: char| c.is_whitespace() || c == ',');
        let number = |w: &str| w.trim_end_matches(['f', 'F', 'd', 'D']).parse::<f64>().ok();
        numbers.extend(words.filter_map(number).flat_map(|x| [x, f64::from(x as f32)]));
    }
    numbers
}

/// What the library writes where nothing was written, when the variable does not say. Bytes have
/// no room for such a value.
fn default_fill(dtype: &NcType) -> Option<f64> {
    Some(match dtype {
        NcType::Short => -32767.0,
        NcType::UShort => 65535.0,
        NcType::Int => -2_147_483_647.0,
        NcType::UInt => 4_294_967_295.0,
        NcType::Int64 => -9_223_372_036_854_775_806.0,
        NcType::UInt64 => 18_446_744_073_709_551_614.0,
        NcType::Float | NcType::Double => 9.969_209_968_386_869e36,
        _ => return None,
    })
}
