//! Models as written.

use gridgp::model::spec::{InferenceSpec, ModelSpec, Source};
use pyo3::prelude::*;
use serde_json::Value;

use crate::compute::compute;
use crate::errors::{ModelError, model_error, value_error};
use crate::places::{self, CoordinateTuple};

/// A model as written, with the text that it was read from.
#[pyclass(frozen, module = "gridgp._core")]
pub struct Spec {
    pub spec: ModelSpec,
    pub source: Source,
}

impl Spec {
    fn of(py: Python<'_>, source: Source) -> PyResult<Self> {
        let spec = compute(py, || ModelSpec::from_toml(&source))?.map_err(model_error)?;
        Ok(Self { spec, source })
    }

    fn changed(&self, json: &str) -> PyResult<Self> {
        let changes: Value = serde_json::from_str(json).map_err(value_error)?;
        let mut all = serde_json::to_value(&self.spec.inference).map_err(value_error)?;
        let (Value::Object(all_of), Value::Object(changes)) = (&mut all, changes) else {
            return Err(value_error("settings are a dictionary"));
        };
        for (key, value) in changes {
            all_of.insert(key.clone(), value);
            // One by one: the message does not say which it is.
            serde_json::from_value::<InferenceSpec>(Value::Object(all_of.clone()))
                .map_err(|e| ModelError::new_err(format!("inference.{key}: {e}")))?;
        }
        let inference: InferenceSpec = serde_json::from_value(all).map_err(value_error)?;
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
}

#[pymethods]
impl Spec {
    /// The model of a text in TOML; `name` is what messages call it.
    #[staticmethod]
    fn from_toml(py: Python<'_>, text: String, name: String) -> PyResult<Self> {
        Self::of(py, Source::new(name, text))
    }

    /// The model of a text in JSON.
    #[staticmethod]
    fn from_json(py: Python<'_>, json: &str, name: String) -> PyResult<Self> {
        let text = compute(py, || serde_json::from_str::<ModelSpec>(json).map(|s| s.to_toml()))?;
        let text = text.map_err(|e| ModelError::new_err(format!("{name}: {e}")))?;
        // Through the text, so that places in messages are places in it.
        Self::of(py, Source::new(name, text))
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
    fn with_inference(&self, py: Python<'_>, json: &str) -> PyResult<Self> {
        compute(py, || self.changed(json))?
    }

    /// The position along a dimension that is no axis, where the model selects one.
    fn keep_one(
        &self,
        py: Python<'_>,
        dim: &str,
        coordinate: CoordinateTuple<'_>,
    ) -> PyResult<usize> {
        let coordinate = places::coordinate(coordinate)?;
        let data = &self.spec.data;
        compute(py, || gridgp_io::keep_one(data, dim, &coordinate))?.map_err(model_error)
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
