//! Parameters by name: declared, in place, or by default.

use gridgp_dist::{Distribution, Normal, Prior};
use indexmap::IndexMap;

use super::defaults::{Defaults, Use};
use super::sizes::{beyond, is_computable};
use crate::language::{CONSTANTS, Call, Expr, ExprKind, FUNCTIONS, Fault, number, parse, suggest};
use crate::param::{Parameter, Transform, Value};
use crate::spec::{Entry, ModelSpec, Source};

/// What is known of the parameters so far.
pub(super) struct Names<'a> {
    source: &'a Source,
    defaults: &'a Defaults<'a>,
    declared: IndexMap<String, Declared>,
    parameters: Vec<Parameter>,
    /// What parameters cannot be called: axes and fields.
    others: Vec<String>,
}

struct Declared {
    value: Value,
    /// Its prior waits for the first use.
    pending: bool,
    used: bool,
}

impl<'a> Names<'a> {
    /// Reads the section `[parameters]`.
    pub(super) fn new(
        spec: &ModelSpec,
        source: &'a Source,
        defaults: &'a Defaults<'a>,
    ) -> gridgp_grid::Result<Self> {
        let others = spec.data.axes.keys().chain(spec.fields.keys()).cloned().collect();
        let (declared, parameters) = (IndexMap::new(), vec![]);
        let mut names = Self { source, defaults, declared, parameters, others };
        for (name, entry) in &spec.parameters {
            let fail = |fault: Fault| source.fault(&["parameters", name], &fault);
            let e = parse(&entry.text()).map_err(fail)?;
            let pending = matches!(&e.kind, ExprKind::Name(n) if n == "default");
            let value = match &e.kind {
                // A placeholder until the first use says what the parameter is.
                _ if pending => {
                    let prior = Normal::new(0.0, 1.0).expect("1 is a standard deviation");
                    names.add(Parameter::new(name, prior.into()))
                }
                ExprKind::Call(call) if !is_arithmetic(call) => {
                    let prior = prior(call, &e).map_err(fail)?;
                    let written = Some(entry.text());
                    names.add(Parameter { written, ..Parameter::new(name, prior) })
                }
                _ => Value::Fixed(finite(&e).map_err(fail)?),
            };
            names.declared.insert(name.clone(), Declared { value, pending, used: false });
        }
        Ok(names)
    }

    fn add(&mut self, parameter: Parameter) -> Value {
        self.parameters.push(parameter);
        Value::Free(self.parameters.len() - 1)
    }

    /// What a declared name stands for.
    pub(super) fn reference(&mut self, name: &str) -> Option<Value> {
        let declared = self.declared.get_mut(name)?;
        declared.used = true;
        Some(declared.value)
    }

    /// The declared names.
    pub(super) fn declared(&self) -> impl Iterator<Item = &str> {
        self.declared.keys().map(String::as_str)
    }

    /// Gives a parameter declared as `"default"` the default prior of its first use, and any
    /// parameter its unit.
    ///
    /// # Errors
    /// As [`Defaults::prior`].
    pub(super) fn settle_default(&mut self, j: usize, usage: Use<'_>) -> Result<(), String> {
        let unit = self.defaults.unit(&usage);
        let parameter = &mut self.parameters[j];
        parameter.unit = parameter.unit.take().or(unit);
        let declared = self.declared.values_mut().find(|d| d.value == Value::Free(j));
        if let Some(declared) = declared.filter(|d| d.pending) {
            declared.pending = false;
            let prior = self.defaults.prior(&usage, &self.parameters)?;
            let parameter = &mut self.parameters[j];
            let Parameter { transform, .. } = Parameter::new("", prior);
            (parameter.prior, parameter.transform) = (prior, transform);
            parameter.is_default = true;
        }
        self.refine(j, &usage)
    }

    /// Gives the unconstrained value of a parameter on the real line the scale of its use.
    fn refine(&mut self, j: usize, usage: &Use<'_>) -> Result<(), String> {
        if matches!(self.parameters[j].transform, Transform::Scaled(_)) {
            let default = self.defaults.prior(usage, &self.parameters)?;
            self.parameters[j].refine(&default);
        }
        Ok(())
    }

    /// A quantity that the model file does not mention.
    ///
    /// # Errors
    /// As [`Defaults::prior`], with the label.
    pub(super) fn quantity_by_default(
        &mut self,
        label: &str,
        usage: Use<'_>,
    ) -> Result<Value, Fault> {
        let prior = self.defaults.prior(&usage, &self.parameters);
        let prior = prior.map_err(|e| Fault::new(0..0, format!("{label}: {e}")))?;
        let unit = self.defaults.unit(&usage);
        let name = self.fresh(label);
        Ok(self.add(Parameter { unit, is_default: true, ..Parameter::new(name, prior) }))
    }

    /// A quantity that the model file does not mention, with a prior from a list.
    pub(super) fn parameter_by_default(&mut self, label: &str, prior: Prior) -> Value {
        let name = self.fresh(label);
        self.add(Parameter { is_default: true, ..Parameter::new(name, prior) })
    }

    /// The prior of a free parameter.
    pub(super) fn prior(&self, j: usize) -> Prior {
        self.parameters[j].prior
    }

    /// A quantity written as a number, a declared name, or a prior in place, then called `label`.
    pub(super) fn quantity(
        &mut self,
        entry: &Entry,
        label: &str,
        usage: Use<'_>,
    ) -> Result<Value, Fault> {
        let e = parse(&entry.text())?;
        let is_prior = matches!(&e.kind, ExprKind::Call(call) if !is_arithmetic(call));
        self.written(&e, is_prior, label, usage)
    }

    /// The same for an expression; `is_prior` if it was written after `~`.
    pub(super) fn written(
        &mut self,
        e: &Expr,
        is_prior: bool,
        label: &str,
        usage: Use<'_>,
    ) -> Result<Value, Fault> {
        match &e.kind {
            ExprKind::Call(call) if is_prior => {
                let prior = prior(call, e)?;
                self.check_support(&prior, label, &usage, e)?;
                let unit = self.defaults.unit(&usage);
                let name = self.fresh(label);
                let value = self.add(Parameter { unit, ..Parameter::new(name, prior) });
                self.refine(self.parameters.len() - 1, &usage)
                    .map_err(|m| Fault::new(e.span.clone(), m))?;
                Ok(value)
            }
            _ if is_prior => Err(Fault::new(
                e.span.clone(),
                "`~` is followed by a prior, such as half_normal(1); use `=` for a name or number",
            )),
            ExprKind::Call(call) if !is_arithmetic(call) => {
                let message = format!("write `~` before a prior: {label} ~ {}(…)", call.function);
                Err(Fault::new(call.function_span.clone(), message))
            }
            ExprKind::Name(name) if !CONSTANTS.contains(&name.as_str()) => {
                let Some(value) = self.reference(name) else {
                    let hint = suggest(name, self.declared());
                    let message = format!(
                        "the parameter {name:?} is not declared under [parameters]; {hint}"
                    );
                    return Err(Fault::new(e.span.clone(), message));
                };
                match value {
                    Value::Fixed(v) => check_value(v, label, &usage, e)?,
                    Value::Free(j) => {
                        let settled = self.settle_default(j, usage);
                        settled.map_err(|e| Fault::new(0..0, format!("{name}: {e}")))?;
                        let prior = self.parameters[j].prior;
                        self.check_support(&prior, name, &usage, e)?;
                    }
                }
                Ok(value)
            }
            _ => {
                let v = finite(e)?;
                check_value(v, label, &usage, e)?;
                Ok(Value::Fixed(v))
            }
        }
    }

    fn check_support(
        &self,
        prior: &Prior,
        label: &str,
        usage: &Use<'_>,
        e: &Expr,
    ) -> Result<(), Fault> {
        match usage.lower_bound() {
            Some(bound) if prior.support().lower() < bound => {
                let instead = if bound == 0.0 {
                    "log_normal, half_normal, gamma … or a truncated_normal with a lower bound"
                        .to_owned()
                } else {
                    format!("a truncated_normal with lower = {bound}, or a uniform from there on")
                };
                Err(Fault::new(
                    e.span.clone(),
                    format!(
                        "the prior {prior} admits values below {bound}, which {label} cannot \
                         take{}; use {instead}",
                        usage.why()
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    /// `label`, with a number if it is taken.
    fn fresh(&self, label: &str) -> String {
        let taken = |name: &str| {
            self.parameters.iter().any(|p| p.name == name)
                || self.declared.contains_key(name)
                || self.others.iter().any(|n| n == name)
        };
        if !taken(label) {
            return label.into();
        }
        (2..)
            .map(|i| format!("{label}_{i}"))
            .find(|name| !taken(name))
            .expect("there are enough numbers")
    }

    /// The parameters, once every use is known.
    pub(super) fn finish(self) -> gridgp_grid::Result<Vec<Parameter>> {
        for (name, declared) in &self.declared {
            if !declared.used {
                let message = format!("the parameter {name:?} is never used; use it or remove it");
                return Err(self.source.fault(&["parameters", name], &Fault::new(0..0, message)));
            }
        }
        Ok(self.parameters)
    }
}

/// Whether a call is arithmetic on numbers.
fn is_arithmetic(call: &Call) -> bool {
    FUNCTIONS.contains(&call.function.as_str())
}

fn finite(e: &Expr) -> Result<f64, Fault> {
    let v = number(e)?;
    if v.is_finite() {
        return Ok(v);
    }
    Err(Fault::new(e.span.clone(), format!("this is {v}; a fixed value must be finite")))
}

fn check_value(v: f64, label: &str, usage: &Use<'_>, e: &Expr) -> Result<(), Fault> {
    if usage.admits(v) {
        return match is_computable(v) {
            true => Ok(()),
            false => Err(Fault::new(e.span.clone(), format!("{label}: {}", beyond(v)))),
        };
    }
    let domain = match usage {
        Use::FieldAmplitude { .. } if v == 0.0 => {
            "be positive; a field of amplitude 0 is not there: remove it".to_owned()
        }
        Use::Likelihood { parameter, .. } => format!("lie in {}", parameter.domain),
        _ => match usage.lower_bound() {
            Some(bound) if bound > 0.0 => format!("be above {bound}{}", usage.why()),
            _ => "be positive".into(),
        },
    };
    Err(Fault::new(e.span.clone(), format!("{label} cannot be {v}; it must {domain}")))
}

/// The prior that a call names.
pub(super) fn prior(call: &Call, e: &Expr) -> Result<Prior, Fault> {
    let mut arguments = Vec::new();
    for a in &call.arguments {
        if a.is_prior {
            return Err(Fault::new(
                a.span.clone(),
                "a prior's parameters are numbers: hierarchical priors are not part of the language",
            ));
        }
        arguments.push((a.name.as_deref(), number(&a.value)?));
    }
    Prior::from_call(&call.function, &arguments).map_err(|message| {
        let known = Prior::list().iter().any(|info| info.name == call.function);
        let span = if known { e.span.clone() } else { call.function_span.clone() };
        Fault::new(span, message)
    })
}
