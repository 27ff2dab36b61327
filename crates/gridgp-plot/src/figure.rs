//! A finished picture, and how large it is to be.

use std::path::Path;

use crate::color::ColorMap;
use crate::svg::Drawing;
use crate::{Error, Result};

/// Points in a millimeter.
pub(crate) const POINTS: f64 = 72.0 / 25.4;

/// What one can choose about any figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Style {
    /// Width, mm; 85 is a column of most journals.
    pub width: f64,
    /// Height, mm; what suits the figure if absent.
    pub height: Option<f64>,
    /// A line above the figure.
    pub title: Option<String>,
    /// The colors of values; viridis, or blue to red around zero, if absent.
    pub colors: Option<ColorMap>,
    /// The values at the ends of the color bar, or of the axis that shows the values.
    pub limits: Option<(f64, f64)>,
}

impl Default for Style {
    fn default() -> Self {
        Self { width: 85.0, height: None, title: None, colors: None, limits: None }
    }
}

impl Style {
    /// Width and height in points; `height` in mm is taken where none was chosen.
    ///
    /// # Errors
    /// A size or limits that nothing can be drawn with.
    pub(crate) fn size(&self, height: f64) -> Result<(f64, f64)> {
        let height = self.height.unwrap_or(height);
        for (what, value) in [("width", self.width), ("height", height)] {
            if !(20.0..=2000.0).contains(&value) {
                return Err(Error::data(format!(
                    "a {what} of {value} mm cannot be drawn; choose one from 20 to 2000"
                )));
            }
        }
        if let Some((low, high)) = self.limits
            && !(low.is_finite() && high.is_finite() && low < high)
        {
            return Err(Error::data(format!(
                "the limits {low} and {high} enclose nothing; the lower one comes first"
            )));
        }
        Ok((self.width * POINTS, height * POINTS))
    }
}

/// A picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    svg: String,
}

impl Figure {
    pub(crate) fn new(drawing: Drawing, title: &str) -> Self {
        Self { svg: drawing.finish(title) }
    }

    /// The picture as SVG. Each mark has a `class` that says what it is.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// Writes the picture as SVG, PNG (300 pixels in an inch) or PDF, as the name ends.
    ///
    /// The file appears complete or not at all.
    ///
    /// # Errors
    /// Another ending, a format whose feature (`png`, `pdf`) this crate was built without, or a file
    /// that cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let bytes = match FileKind::of(path)? {
            FileKind::Svg => self.svg.clone().into_bytes(),
            #[cfg(feature = "png")]
            FileKind::Png => self.png(crate::render::RESOLUTION)?,
            #[cfg(feature = "pdf")]
            FileKind::Pdf => self.pdf()?,
            #[cfg(not(all(feature = "png", feature = "pdf")))]
            _ => return Err(Error::NotBuilt(path.to_owned())),
        };
        Ok(gridgp_file::write(path, |file| file.write_all(&bytes))?)
    }
}

/// A format of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Scalable, text stays text.
    Svg,
    /// Pixels.
    Png,
    /// Scalable, for print.
    Pdf,
}

impl FileKind {
    /// As the name of a file ends.
    ///
    /// # Errors
    /// Another ending, or a format whose feature this crate was built without.
    pub fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("svg") => Ok(Self::Svg),
            Some("png") if cfg!(feature = "png") => Ok(Self::Png),
            Some("pdf") if cfg!(feature = "pdf") => Ok(Self::Pdf),
            Some("png" | "pdf") => Err(Error::NotBuilt(path.to_owned())),
            _ => Err(Error::Format(path.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::Anchor;

    fn figure() -> Figure {
        let mut d = Drawing::new(144.0, 72.0);
        d.text("label", (10.0, 40.0), 8.0, Anchor::Start, "σ² (°C)");
        Figure::new(d, "a test")
    }

    #[cfg(all(feature = "png", feature = "pdf"))]
    #[test]
    fn every_format_has_its_size_and_its_first_bytes() {
        let png = figure().png(300.0).unwrap();
        assert_eq!(&png[1..4], b"PNG");
        let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!((number(16), number(20)), (600, 300));
        let pdf = figure().pdf().unwrap();
        assert!(pdf.starts_with(b"%PDF"));
        let text = String::from_utf8_lossy(&pdf);
        assert!(text.contains("/MediaBox [0 0 144 72]"), "{text}");
        assert!(text.contains("Arimo"), "the font is inside");
        assert!(figure().svg().contains("width=\"144pt\""));
    }

    #[test]
    fn files_are_written_and_other_endings_refused() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.svg", "a.PNG", "a.pdf"] {
            figure().write(&folder.path().join(name)).unwrap();
        }
        let e = figure().write(&folder.path().join("a.jpg")).unwrap_err().to_string();
        assert!(e.contains("a.jpg") && e.contains(".png"), "{e}");
        let e = figure().write(&folder.path().join("no/a.svg")).unwrap_err().to_string();
        assert!(e.contains("there is no folder"), "{e}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn sizes_and_limits_that_make_no_picture_are_refused() {
        let size = |width, limits| Style { width, limits, ..Style::default() }.size(50.0);
        assert!(size(5.0, None).unwrap_err().to_string().contains("20 to 2000"));
        assert!(size(f64::NAN, None).is_err());
        assert!(size(85.0, Some((2.0, 1.0))).unwrap_err().to_string().contains("lower one"));
        assert!(size(85.0, Some((1.0, 2.0))).is_ok());
    }
}
