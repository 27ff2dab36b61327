//! What the CF conventions say that a variable is for.

use std::collections::HashSet;

use super::file::Header;

/// Attributes of CF and UGRID that name variables which belong to others and are no data of their
/// own: coordinates, bounds, grid mappings, areas, connectivities, parts of vertical coordinates.
const POINTERS: [&str; 16] = [
    "coordinates",
    "bounds",
    "climatology",
    "grid_mapping",
    "ancillary_variables",
    "cell_measures",
    "formula_terms",
    "mesh",
    "node_coordinates",
    "edge_coordinates",
    "face_coordinates",
    "volume_coordinates",
    "node_count",
    "part_node_count",
    "interior_ring",
    "geometry",
];

/// Names of the variables that others use, and that are no response.
pub(super) fn of_others(headers: &[Header]) -> HashSet<String> {
    let mut names = HashSet::new();
    for header in headers {
        for (name, _) in &header.attributes {
            let is_pointer = POINTERS.contains(&name.as_str()) || name.ends_with("_connectivity");
            let Some(text) = header.text(name).filter(|_| is_pointer) else { continue };
            // "area: areacella", "crs: x y": what ends with a colon is a key, or a grid mapping.
            let is_key = name == "cell_measures" || name == "formula_terms";
            let words = text.split([' ', ',', '\n', '\t']).filter(|w| !w.is_empty());
            let words = words.filter(|w| !(is_key && w.ends_with(':')));
            names.extend(words.map(|w| w.trim_end_matches(':').to_owned()));
        }
    }
    names
}

/// Whether a variable says of itself that it is a coordinate, the bounds of one, or a part of a
/// mesh.
pub(super) fn is_part(header: &Header) -> bool {
    let name = header.name();
    let standard = header.text("standard_name").unwrap_or("");
    let is_place = ["latitude", "longitude", "grid_latitude", "grid_longitude", "time"];
    name.ends_with("_bnds")
        || name.ends_with("_bounds")
        || header.text("cf_role").is_some()
        || header.text("axis").is_some()
        || header.text("grid_mapping_name").is_some()
        || is_place.contains(&standard)
        || standard.starts_with("projection_")
        || standard.ends_with("status_flag")
        || header.text("flag_meanings").is_some()
}
