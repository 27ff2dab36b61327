//! The `[data]` section: where the data lie and what their parts are called.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

/// Which file holds the data, which variable is the response, and which are its axes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataSpec {
    /// The data file, relative to the model file. `--data` on the command line replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The column or variable that is modelled.
    pub response: String,
    /// The axes, slowest first: a list of names, or a table from names to coordinates.
    #[serde(deserialize_with = "axes", serialize_with = "serialize_axes")]
    #[schemars(with = "AxesSchema")]
    pub axes: IndexMap<String, AxisSpec>,
    /// Known variables that predictors may use, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub covariates: IndexMap<String, CovariateSpec>,
    /// Keep only these coordinate values: a value, a list, or a table with `from` and `to`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub sel: IndexMap<String, Selection<SelValue>>,
    /// Keep only these positions, counted from 0: a position, a list, or `from` (included) and
    /// `to` (excluded), with an optional `step`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub isel: IndexMap<String, Selection<usize>>,
    /// Values of the response and of covariates that stand for a missing one, numbers or texts:
    /// one, or a list.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "OneOrMany<SelValue>")]
    pub missing: Vec<SelValue>,
    /// Model the response minus its mean, divided by its standard deviation. Predictions are
    /// given on the original scale.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub standardize: bool,
}

/// The coordinates of an axis. Written as a name, a list of names, or a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AxisSpec {
    /// Columns or coordinate variables; together they name a point.
    pub coordinates: Vec<String>,
    /// Unit to convert a time coordinate to, `"days"`; the unit of the file if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units: Option<String>,
    /// How its dates are written, `"%d/%m/%Y"`; told from the column if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Whether its coordinates are names, whatever they look like; told from the column if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Labels>,
}

impl AxisSpec {
    /// An axis with one coordinate.
    pub fn one(coordinate: impl Into<String>) -> Self {
        Self { coordinates: vec![coordinate.into()], ..Self::default() }
    }

    /// Whether a coordinate is made of labels; `None` where that is not said.
    pub fn has_labels(&self, coordinate: &str) -> Option<bool> {
        match self.labels.as_ref()? {
            Labels::All(all) => Some(*all),
            Labels::Named(names) => names.iter().any(|n| n == coordinate).then_some(true),
        }
    }
}

/// Which coordinates of an axis are names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "true, false, or a list of coordinates that are labels")]
pub enum Labels {
    /// All of them, or none.
    All(bool),
    /// These.
    Named(Vec<String>),
}

/// A covariate: where it comes from and what is done to it before use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CovariateSpec {
    /// The column or variable; the covariate's own name if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// The axes that it varies along, one name or a list; all of them if absent.
    #[serde(default, deserialize_with = "names", skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "OneOrMany<String>")]
    pub along: Vec<String>,
    /// Subtract its mean over its axes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub center: bool,
    /// Divide by its standard deviation over its axes, after centring.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub standardize: bool,
}

/// A value of a coordinate: a number, a label, or a date as text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SelValue {
    /// A number in the coordinate's unit.
    Number(f64),
    /// A label, or a date such as `"2019-03-01"`.
    Text(String),
}

/// Which points of an axis to keep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Selection<T> {
    /// One point; the axis stays, with one point.
    One(T),
    /// Several points.
    Many(Vec<T>),
    /// A range.
    Range(Pick<T>),
}

/// A range along an axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pick<T> {
    /// First value, the beginning of the axis if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<T>,
    /// Last value (included for values, excluded for positions), the end of the axis if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<T>,
    /// Keep every `step`-th point of the range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a value or a list of values")]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

/// A value or a list of values.
fn one_or_many<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Vec<T>, D::Error> {
    Ok(match OneOrMany::deserialize(d)? {
        OneOrMany::One(value) => vec![value],
        OneOrMany::Many(values) => values,
    })
}

#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes the shorthand forms in the JSON Schema only")]
enum AxesSchema {
    List(Vec<String>),
    Table(IndexMap<String, AxisSchema>),
}

#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes the shorthand forms in the JSON Schema only")]
enum AxisSchema {
    Names(OneOrMany<String>),
    Table {
        coordinates: OneOrMany<String>,
        units: Option<String>,
        format: Option<String>,
        labels: Option<Labels>,
    },
}

/// A name or a list of names.
fn names<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    struct Names;
    impl<'de> Visitor<'de> for Names {
        type Value = Vec<String>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a name or a list of names")
        }
        fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<Self::Value, E> {
            Ok(vec![v.to_owned()])
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut names = Vec::new();
            while let Some(name) = seq.next_element()? {
                names.push(name);
            }
            Ok(names)
        }
    }
    d.deserialize_any(Names)
}

impl<'de> Deserialize<'de> for AxisSpec {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct AxisVisitor;
        impl<'de> Visitor<'de> for AxisVisitor {
            type Value = AxisSpec;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(
                    "a coordinate name, a list of coordinate names, or a table with `coordinates`, \
                     `units`, `format` and `labels`",
                )
            }
            fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<AxisSpec, E> {
                Ok(AxisSpec::one(v))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<AxisSpec, A::Error> {
                let mut coordinates = Vec::new();
                while let Some(name) = seq.next_element()? {
                    coordinates.push(name);
                }
                Ok(AxisSpec { coordinates, ..AxisSpec::default() })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AxisSpec, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Table {
                    #[serde(default, deserialize_with = "names")]
                    coordinates: Vec<String>,
                    #[serde(default)]
                    units: Option<String>,
                    #[serde(default)]
                    format: Option<String>,
                    #[serde(default)]
                    labels: Option<Labels>,
                }
                let Table { coordinates, units, format, labels } =
                    Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(AxisSpec { coordinates, units, format, labels })
            }
        }
        d.deserialize_any(AxisVisitor)
    }
}

fn axes<'de, D: Deserializer<'de>>(d: D) -> Result<IndexMap<String, AxisSpec>, D::Error> {
    struct AxesVisitor;
    impl<'de> Visitor<'de> for AxesVisitor {
        type Value = IndexMap<String, AxisSpec>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list of axis names, or a table from axis names to coordinates")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut axes = IndexMap::new();
            while let Some(name) = seq.next_element::<String>()? {
                if axes.insert(name.clone(), AxisSpec::one(name.clone())).is_some() {
                    return Err(A::Error::custom(format!("the axis {name:?} is listed twice")));
                }
            }
            Ok(axes)
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut axes = IndexMap::new();
            while let Some((name, mut axis)) = map.next_entry::<String, AxisSpec>()? {
                if axis.coordinates.is_empty() {
                    axis.coordinates.push(name.clone());
                }
                axes.insert(name, axis);
            }
            Ok(axes)
        }
    }
    d.deserialize_any(AxesVisitor)
}

fn serialize_axes<S: serde::Serializer>(
    axes: &IndexMap<String, AxisSpec>,
    s: S,
) -> Result<S::Ok, S::Error> {
    s.collect_map(axes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> DataSpec {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn axes_in_every_notation_keep_their_order() {
        let a = parse("response = 'y'\naxes = ['z', 'a']");
        assert_eq!(a.axes.keys().collect::<Vec<_>>(), ["z", "a"]);
        let b = parse(
            "response = 'y'\naxes.station = ['lon', 'lat']\naxes.year = 'yr'\n\
             axes.time = { units = 'days' }",
        );
        assert_eq!(b.axes["station"].coordinates, ["lon", "lat"]);
        assert_eq!(b.axes["year"], AxisSpec::one("yr"));
        assert_eq!(b.axes["time"].coordinates, ["time"]);
        assert_eq!(b.axes["time"].units.as_deref(), Some("days"));
        let again: DataSpec = toml::from_str(&toml::to_string(&b).unwrap()).unwrap();
        assert_eq!(b, again);
    }

    #[test]
    fn selections() {
        let s = parse(
            "response = 'y'\naxes = ['t']\nsel.t = { from = '2019-03-01' }\nsel.level = 500\n\
             isel.member = [0, 2]",
        );
        assert_eq!(s.sel["level"], Selection::One(SelValue::Number(500.0)));
        assert_eq!(s.isel["member"], Selection::Many(vec![0, 2]));
        assert!(matches!(&s.sel["t"], Selection::Range(p) if p.to.is_none()));
    }

    #[test]
    fn what_is_missing_what_is_a_label_and_how_dates_are_written() {
        let s = parse(
            "response = 'y'\nmissing = [-999, '*']\naxes.t = { format = '%d/%m/%Y' }\n\
             axes.site = { coordinates = ['id', 'lon'], labels = ['id'] }\naxes.k = { labels = true }",
        );
        assert_eq!(s.missing, [SelValue::Number(-999.0), SelValue::Text("*".into())]);
        assert_eq!(s.axes["t"].format.as_deref(), Some("%d/%m/%Y"));
        assert_eq!(s.axes["site"].has_labels("id"), Some(true));
        assert_eq!(s.axes["site"].has_labels("lon"), None);
        assert_eq!(s.axes["k"].has_labels("k"), Some(true));
        let again: DataSpec = toml::from_str(&toml::to_string(&s).unwrap()).unwrap();
        assert_eq!(s, again);
        assert_eq!(parse("response = 'y'\naxes = ['t']\nmissing = -1").missing.len(), 1);
        let e = toml::from_str::<DataSpec>("response = 'y'\naxes.t = { labels = 3 }").unwrap_err();
        assert!(e.to_string().contains("a list of coordinates that are labels"), "{e}");
    }

    #[test]
    fn unknown_keys_are_refused() {
        let e = toml::from_str::<DataSpec>("response = 'y'\naxes = ['t']\nrespones = 1");
        assert!(e.unwrap_err().to_string().contains("respones"));
    }
}
