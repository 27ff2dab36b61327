//! Kernel expressions: `matern32(lengthscale = l) + eta^2 * periodic(period = 12)`.

use gridgp_grid::{Axis, Values};
use gridgp_kernel::{BuiltIn, Covariance, Kernel, KernelOptions, KernelParameter, Role};

use super::defaults::Use;
use super::names::Names;
use crate::language::{Argument, Call, Expr, ExprKind, Fault, Operator, number, suggest};
use crate::param::Value;

/// Most operators of a kernel's expression, which is read by a function that calls itself.
pub(super) const MAX_OPERATORS: usize = 100;

/// The kernel that an expression means along an axis, and its quantities.
///
/// Priors in place get names that begin with `prefix`.
pub(super) fn kernel(
    e: &Expr,
    axis: &Axis,
    prefix: &str,
    names: &mut Names<'_>,
) -> Result<(Kernel, Vec<Value>), Fault> {
    match &e.kind {
        ExprKind::Call(call) => built_in(call, axis, prefix, names),
        ExprKind::Binary(a, Operator::Add, b) => {
            let (ka, va) = kernel(a, axis, prefix, names)?;
            let (kb, vb) = kernel(b, axis, prefix, names)?;
            Ok((ka + kb, [va, vb].concat()))
        }
        ExprKind::Binary(a, Operator::Multiply, b) => {
            if let Some(variance) = variance(a, prefix, names)? {
                let (k, values) = kernel(b, axis, prefix, names)?;
                return Ok(scale(k, values, variance));
            }
            if let Some(variance) = variance(b, prefix, names)? {
                let (k, values) = kernel(a, axis, prefix, names)?;
                return Ok(scale(k, values, variance));
            }
            let (ka, va) = kernel(a, axis, prefix, names)?;
            let (kb, vb) = kernel(b, axis, prefix, names)?;
            Ok((ka * kb, [va, vb].concat()))
        }
        ExprKind::Name(name) => {
            let known = BuiltIn::ALL.iter().any(|k| k.info().name == name);
            let message = if known {
                format!("write {name}() with parentheses: a kernel is a function")
            } else {
                format!("{name:?} stands where a kernel must, such as matern32(lengthscale = 2)")
            };
            Err(Fault::new(e.span.clone(), message))
        }
        _ => Err(Fault::new(
            e.span.clone(),
            "kernels are calls such as matern32(lengthscale = 2), their sums and products, and \
             their multiples by a variance, 4 * k or eta^2 * k",
        )),
    }
}

/// The scaled kernel; its amplitude comes first in θ.
fn scale(k: Kernel, values: Vec<Value>, amplitude: Value) -> (Kernel, Vec<Value>) {
    let scaled = k.scaled();
    let at = scaled
        .parameters()
        .iter()
        .position(|p| p.role == Role::Amplitude)
        .expect("a scaled kernel has an amplitude");
    let mut all = values;
    // The amplitude of the outermost scaling stands before or after all of the inner θ.
    if at == 0 {
        all.insert(0, amplitude)
    } else {
        all.push(amplitude)
    }
    (scaled, all)
}

/// The amplitude a of a factor written as a variance: a number v = a², or NAME^2.
fn variance(e: &Expr, prefix: &str, names: &mut Names<'_>) -> Result<Option<Value>, Fault> {
    if let ExprKind::Binary(base, Operator::Power, exponent) = &e.kind
        && let (ExprKind::Name(_), ExprKind::Number(2.0)) = (&base.kind, &exponent.kind)
    {
        let label = format!("{prefix}.amplitude");
        return names
            .written(
                base,
                false,
                &label,
                Use::Kernel { role: Role::Amplitude, parameter: None, axis: None },
            )
            .map(Some);
    }
    if let ExprKind::Name(name) = &e.kind
        && names.reference(name).is_some()
    {
        let message = format!(
            "a kernel is multiplied by a variance: write {name}^2, since amplitudes are standard \
             deviations"
        );
        return Err(Fault::new(e.span.clone(), message));
    }
    match number(e) {
        Ok(v) if v > 0.0 && v.is_finite() => Ok(Some(Value::Fixed(v.sqrt()))),
        Ok(v) => Err(Fault::new(e.span.clone(), format!("a variance cannot be {v}"))),
        Err(_) => Ok(None),
    }
}

fn built_in(
    call: &Call,
    axis: &Axis,
    prefix: &str,
    names: &mut Names<'_>,
) -> Result<(Kernel, Vec<Value>), Fault> {
    let mut options = KernelOptions::on(axis);
    let takes = |option: &str| {
        let info = BuiltIn::ALL.iter().map(|k| k.info()).find(|k| k.name == call.function);
        info.is_some_and(|k| k.options.iter().any(|(name, _)| *name == option))
    };
    let mut quantities: Vec<&Argument> = Vec::new();
    for a in &call.arguments {
        match a.name.as_deref() {
            None => coordinate(a, axis, &mut options)?,
            Some("degree") => options.degree = Some(count(a, "degree")?),
            Some("rank") => options.rank = Some(count(a, "rank")?),
            Some("basis") => options.basis = Some(count(a, "basis")?),
            Some("boundary") => options.boundary = Some(number(&a.value)?),
            Some("circle") => options.circle = Some(circumference(a)?),
            Some("distance") => match &a.value.kind {
                ExprKind::Name(n) if n == "great_circle" => options.great_circle = true,
                _ => {
                    let message = "the only distance to choose is great_circle, for lon and lat";
                    return Err(Fault::new(a.value.span.clone(), message));
                }
            },
            Some(_) => {
                let list = matches!(a.value.kind, ExprKind::List(_));
                options.per_coordinate |= list && takes("per_coordinate");
                quantities.push(a);
            }
        }
    }
    if call.function == "matern1" {
        let message = format!(
            "matern1 is a kernel over two axes together, \"{}, …\" = \"matern1(…)\"; along one axis \
             there are matern12, matern32 and matern52",
            axis.name()
        );
        return Err(Fault::new(call.function_span.clone(), message));
    }
    let kernel = Kernel::from_name(&call.function, &options).map_err(|message| {
        let known = BuiltIn::ALL.iter().any(|k| k.info().name == call.function);
        let end = call.arguments.last().map_or(call.function_span.end, |a| a.span.end);
        let span = if known { call.function_span.start..end } else { call.function_span.clone() };
        Fault::new(span, message)
    })?;
    refuse_labels(call, &kernel, axis, &options)?;
    let parameters = kernel.parameters();
    for a in &quantities {
        let name = a.name.as_deref().expect("positional arguments are coordinates");
        if !parameters.iter().any(|p| p.name == name || base(&p.name) == name) {
            let known = parameters.iter().map(|p| p.name.as_str());
            let message =
                format!("{} has no parameter {name:?}; {}", call.function, suggest(name, known));
            return Err(Fault::new(a.span.clone(), message));
        }
    }
    let mut values = Vec::new();
    let mut taken: Vec<(&str, usize)> = Vec::new();
    for p in &parameters {
        let usage = Use::Kernel { role: p.role, parameter: Some(p), axis: Some(axis) };
        let label = format!("{prefix}.{}", p.name);
        let written = quantities.iter().find(|a| {
            let name = a.name.as_deref().unwrap_or_default();
            name == p.name || name == base(&p.name)
        });
        values.push(match written {
            None => names.quantity_by_default(&label, usage)?,
            Some(a) => {
                let e = element(a, p, &parameters, &mut taken)?;
                names.written(e, a.is_prior, &label, usage)?
            }
        });
    }
    Ok((kernel, values))
}

/// `lengthscale` of `lengthscale.lon`.
pub(super) fn base(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// The expression of a parameter: the argument's value, or its element of a list.
fn element<'e>(
    a: &'e Argument,
    p: &KernelParameter,
    parameters: &[KernelParameter],
    taken: &mut Vec<(&'e str, usize)>,
) -> Result<&'e Expr, Fault> {
    let ExprKind::List(items) = &a.value.kind else { return Ok(&a.value) };
    let name = a.name.as_deref().unwrap_or_default();
    let wanted = of_one_name(parameters, p).len();
    if items.len() != wanted {
        let message = format!(
            "this list has {} values for {wanted} parameters: {}",
            items.len(),
            of_one_name(parameters, p).join(", ")
        );
        return Err(Fault::new(a.value.span.clone(), message));
    }
    let position = taken.iter().filter(|(n, _)| *n == name).count();
    taken.push((name, position));
    Ok(&items[position])
}

/// The parameters that one argument stands for.
fn of_one_name<'p>(parameters: &'p [KernelParameter], p: &KernelParameter) -> Vec<&'p str> {
    let names = parameters.iter().map(|q| q.name.as_str());
    names.filter(|name| base(name) == base(&p.name)).collect()
}

/// A positional argument names a coordinate that the kernel sees.
fn coordinate(a: &Argument, axis: &Axis, options: &mut KernelOptions) -> Result<(), Fault> {
    let ExprKind::Name(name) = &a.value.kind else {
        let message = "only coordinates come without a name; write lengthscale = …, period = …";
        return Err(Fault::new(a.value.span.clone(), message));
    };
    let Some(column) = axis.coordinates().iter().position(|c| c.name == *name) else {
        let known = axis.coordinates().iter().map(|c| c.name.as_str());
        let message =
            format!("axis {:?} has no coordinate {name:?}; {}", axis.name(), suggest(name, known));
        return Err(Fault::new(a.value.span.clone(), message));
    };
    options.columns.get_or_insert_default().push(column);
    Ok(())
}

/// The circumference of a circle.
fn circumference(a: &Argument) -> Result<f64, Fault> {
    match number(&a.value) {
        Ok(v) if !a.is_prior => Ok(v),
        _ => {
            let message = "circle is a number and no parameter: the circumference in the unit of \
                           the coordinate, such as 360 for degrees, 24 for hours or 12 for months";
            Err(Fault::new(a.value.span.clone(), message))
        }
    }
}

/// A degree, a rank or the size of a basis.
fn count(a: &Argument, what: &str) -> Result<usize, Fault> {
    let v = number(&a.value)?;
    let most = if what == "basis" { 1000.0 } else { 50.0 };
    if v.fract() == 0.0 && (0.0..=most).contains(&v) {
        return Ok(v as usize);
    }
    Err(Fault::new(a.value.span.clone(), format!("a {what} is 0, 1, 2 … {most}, not {v}")))
}

/// Distances between labels mean nothing.
fn refuse_labels(
    call: &Call,
    kernel: &Kernel,
    axis: &Axis,
    options: &KernelOptions,
) -> Result<(), Fault> {
    let takes_labels =
        matches!(kernel, Kernel::White(_) | Kernel::Constant(_) | Kernel::Coregionalization(_));
    if takes_labels {
        return Ok(());
    }
    let all: Vec<usize> = (0..axis.coordinates().len()).collect();
    for &column in options.columns.as_ref().unwrap_or(&all) {
        let c = &axis.coordinates()[column];
        if let Values::Labels(labels) = &c.values {
            let hint = if labels.iter().all(|l| l.parse::<f64>().is_ok()) {
                "; if these are numbers, write labels = false for the axis"
            } else {
                ""
            };
            let message = format!(
                "{} needs numbers, but the coordinate {:?} is made of labels; choose other \
                 coordinates of the axis by name, or use white(), constant() or \
                 coregionalization(rank = 1){hint}",
                call.function, c.name
            );
            return Err(Fault::new(call.function_span.clone(), message));
        }
    }
    Ok(())
}
