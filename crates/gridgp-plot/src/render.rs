//! Pictures as pixels and for print, by resvg and svg2pdf.

use std::sync::{Arc, OnceLock};

use resvg::usvg::{self, fontdb};

use crate::figure::Figure;
use crate::{Error, Result, font};

/// Pixels in an inch of a PNG.
#[cfg(feature = "png")]
pub(crate) const RESOLUTION: f64 = 300.0;

impl Figure {
    /// The picture as PNG with `resolution` pixels in an inch.
    ///
    /// # Errors
    /// More pixels than can be held.
    #[cfg(feature = "png")]
    pub fn png(&self, resolution: f64) -> Result<Vec<u8>> {
        use resvg::tiny_skia;
        let tree = self.tree()?;
        // One unit of the tree is 1/96 inch.
        let scale = (resolution / 96.0) as f32;
        let size = tree.size().to_int_size().scale_by(scale);
        let mut pixels = size
            .and_then(|s| tiny_skia::Pixmap::new(s.width(), s.height()))
            .ok_or_else(|| Error::Render(format!("{resolution} pixels in an inch are too many")))?;
        resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
        pixels.encode_png().map_err(|e| Error::Render(e.to_string()))
    }

    /// The picture as PDF, with text as text.
    ///
    /// # Errors
    /// What the PDF writer cannot write.
    #[cfg(feature = "pdf")]
    pub fn pdf(&self) -> Result<Vec<u8>> {
        let options = svg2pdf::ConversionOptions::default();
        let page = svg2pdf::PageOptions { dpi: 96.0 };
        svg2pdf::to_pdf(&self.tree()?, options, page).map_err(|e| Error::Render(e.to_string()))
    }

    fn tree(&self) -> Result<usvg::Tree> {
        let options = usvg::Options { fontdb: database(), ..usvg::Options::default() };
        usvg::Tree::from_str(self.svg(), &options).map_err(|e| Error::Render(e.to_string()))
    }
}

/// The font as the renderers take it.
fn database() -> Arc<fontdb::Database> {
    static DATABASE: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let make = || {
        let mut database = fontdb::Database::new();
        database.load_font_data(font::BYTES.to_vec());
        database.set_sans_serif_family("Arimo");
        Arc::new(database)
    };
    DATABASE.get_or_init(make).clone()
}
