//! Models as written.

use gridgp::model::spec::{InferenceSpec, ModelSpec, Source};
use pyo3::prelude::*;
use serde_json::Value;

use crate::errors::{ModelError, model_error, value_error};
use crate::places::{self, CoordinateTuple};

/// A model as written, with the text that it was read from.
#[pyclass(frozen, module = "gridgp._core")]
pub struct Spec {
    pub spec: ModelSpec,
    pub source: Source,
}

#[pymethods]
impl Spec {
    /// The model of a text in TOML; `name` is what messages call it.
    #[staticmethod]
    fn from_toml(text: String, name: String) -> PyResult<Self> {
        let source = Source::new(name, text);
        let spec = ModelSpec::from_toml(&source).map_err(model_error)?;
        Ok(Self { spec, source })
    }

    /// The model of a text in JSON.
    #[staticmethod]
    fn from_json(json: &str, name: String) -> PyResult<Self> {
        let spec: ModelSpec =
            serde_json::from_str(json).map_err(|e| ModelError::new_err(format!("{name}: {e}")))?;
        let source = Source::new(name, spec.to_toml());
        // Through the text, so that places in messages are places in it.
        let spec = ModelSpec::from_toml(&source).map_err(model_error)?;
        Ok(Self { spec, source })
    }

    /// The text.
    fn toml(&self) -> &str {
        self.source.text()
    }

    /// What messages call the text.
    #[getter]
    fn name(&self) -> &str {
        self.source.name()
    }

    fn json(&self) -> PyResult<String> {
        serde_json::to_string(&self.spec).map_err(value_error)
    }

    /// The same model with other settings of its inference.
    ///
    /// The seed stays out of the text, as with `gridgp fit --seed`; so the text of a model file is
    /// kept as it is, unless something else changes.
    fn with_inference(&self, json: &str) -> PyResult<Self> {
        let changes: Value = serde_json::from_str(json).map_err(value_error)?;
        let mut all = serde_json::to_value(&self.spec.inference).map_err(value_error)?;
        let (Value::Object(all_of), Value::Object(changes)) = (&mut all, changes) else {
            return Err(value_error("settings are a dictionary"));
        };
        all_of.extend(changes);
        let inference: InferenceSpec = serde_json::from_value(all)
            .map_err(|e| ModelError::new_err(format!("settings of the inference: {e}")))?;
        let seed = inference.seed;
        let before = &self.spec.inference;
        let same = InferenceSpec { seed: before.seed, ..inference.clone() } == *before;
        let mut spec = ModelSpec { inference, ..self.spec.clone() };
        let source = if same {
            self.source.clone()
        } else {
            spec.inference.seed = before.seed;
            Source::new(self.source.name(), spec.to_toml())
        };
        spec.inference.seed = seed;
        Ok(Self { spec, source })
    }

    /// The position along a dimension that is no axis, where the model selects one.
    fn keep_one(&self, dim: &str, coordinate: CoordinateTuple<'_>) -> PyResult<usize> {
        let coordinate = places::coordinate(coordinate)?;
        gridgp_io::keep_one(&self.spec.data, dim, &coordinate).map_err(model_error)
    }

    /// Whether a covariate is a coordinate of an axis.
    fn is_coordinate(&self, covariate: &str) -> PyResult<bool> {
        gridgp_io::is_coordinate(&self.spec.data, covariate).map_err(model_error)
    }

    /// The JSON Schema of models.
    #[staticmethod]
    fn schema() -> String {
        ModelSpec::json_schema().to_string()
    }
}
