//! Files of draws and data in ArviZ's layout.
//!
//! ```
//! use gridgp_fit::{InferenceGroup, InferenceVariable};
//! use gridgp_grid::Axis;
//! use gridgp_io::{read_inference_data, write_inference_data};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("draws.nc");
//! let station = Axis::numbers("station", vec![7.0, 8.0])?;
//! let mut posterior = InferenceGroup::draws("posterior", 1, 3, vec![station]);
//! posterior.variables = vec![
//!     InferenceVariable::numbers("base", &["station"], vec![0.1, 0.2, 1.1, 1.2, 2.1, 2.2]),
//!     InferenceVariable::numbers("scale", &[], vec![0.5, 0.6, 0.7]).with("units", "K"),
//! ];
//! write_inference_data(&path, vec![posterior.clone()])?;
//! assert_eq!(read_inference_data(&path)?, [posterior]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod read;
mod write;

pub use read::{group_of_tree, read_inference_data};
pub use write::{group_to_tree, write_inference_data};
