//! The one table of functions: what is not in it does not exist for a query (N8).
//!
//! A function is *total* if it can neither fail nor take time that depends on its values in a telling way; *fallible* functions
//! serve public and released values only (N3). How a function transforms restricted values is said in `analysis::expression`.

use std::sync::Arc;

use datafusion::functions;
use datafusion::functions_aggregate;
use datafusion::functions_window;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};

/// What a scalar function can do besides computing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Always gives a value, in time that tells nothing.
    Total,
    /// May fail, or take long, depending on values.
    Fallible,
}

/// Scalar functions by name.
const SCALARS: &[(&str, Effect)] = &[
    ("abs", Effect::Fallible),
    ("ascii", Effect::Total),
    ("bit_length", Effect::Total),
    ("btrim", Effect::Total),
    ("ceil", Effect::Total),
    ("character_length", Effect::Total),
    ("coalesce", Effect::Total),
    ("concat", Effect::Total),
    ("concat_ws", Effect::Total),
    ("contains", Effect::Total),
    ("date_bin", Effect::Fallible),
    ("date_part", Effect::Total),
    ("date_trunc", Effect::Total),
    ("ends_with", Effect::Total),
    ("floor", Effect::Total),
    ("greatest", Effect::Total),
    ("initcap", Effect::Total),
    ("isnan", Effect::Total),
    ("iszero", Effect::Total),
    ("least", Effect::Total),
    ("left", Effect::Total),
    ("levenshtein", Effect::Fallible),
    ("ln", Effect::Total),
    ("log", Effect::Fallible),
    ("log10", Effect::Total),
    ("log2", Effect::Total),
    ("lower", Effect::Total),
    ("ltrim", Effect::Total),
    ("make_date", Effect::Fallible),
    ("nanvl", Effect::Total),
    ("nullif", Effect::Total),
    ("nvl", Effect::Total),
    ("nvl2", Effect::Total),
    ("octet_length", Effect::Total),
    ("pi", Effect::Total),
    ("position", Effect::Total),
    ("power", Effect::Fallible),
    ("replace", Effect::Fallible),
    ("reverse", Effect::Total),
    ("right", Effect::Total),
    ("round", Effect::Fallible),
    ("rtrim", Effect::Total),
    ("signum", Effect::Total),
    ("split_part", Effect::Fallible),
    ("sqrt", Effect::Total),
    ("starts_with", Effect::Total),
    ("strpos", Effect::Total),
    ("substr", Effect::Fallible),
    ("to_char", Effect::Fallible),
    ("to_date", Effect::Fallible),
    ("to_timestamp", Effect::Fallible),
    ("translate", Effect::Total),
    ("trunc", Effect::Total),
    ("upper", Effect::Total),
];

/// What an aggregate function may do at a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// Number of rows or values.
    Count,
    /// Sum: contributors with zero do not count.
    Sum,
    /// Mean: as a sum.
    Mean,
    /// Spread or correlation.
    Spread,
    /// Median or quantile: rounded to the grid.
    Quantile,
    /// Smallest or largest: per subject below a release only.
    Extreme,
    /// Picks or lists values: public and released values only.
    Pick,
}

/// Aggregate functions by name.
const AGGREGATES: &[(&str, Fold)] = &[
    ("count", Fold::Count),
    ("sum", Fold::Sum),
    ("avg", Fold::Mean),
    ("stddev", Fold::Spread),
    ("stddev_pop", Fold::Spread),
    ("var", Fold::Spread),
    ("var_pop", Fold::Spread),
    ("corr", Fold::Spread),
    ("median", Fold::Quantile),
    ("approx_median", Fold::Quantile),
    ("approx_percentile_cont", Fold::Quantile),
    ("percentile_cont", Fold::Quantile),
    ("min", Fold::Extreme),
    ("max", Fold::Extreme),
    ("bool_and", Fold::Extreme),
    ("bool_or", Fold::Extreme),
    ("array_agg", Fold::Pick),
    ("string_agg", Fold::Pick),
    ("first_value", Fold::Pick),
    ("last_value", Fold::Pick),
    ("approx_distinct", Fold::Pick),
    ("covar_pop", Fold::Pick),
    ("covar_samp", Fold::Pick),
    ("grouping", Fold::Pick),
];

/// Window functions by name, beside the aggregates.
const WINDOWS: &[&str] = &[
    "row_number",
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "ntile",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "nth_value",
];

/// Window functions that number the rows of a partition.
pub fn is_rank(name: &str) -> bool {
    matches!(name, "row_number" | "rank" | "dense_rank")
}

/// Effect of a scalar function; `None`: not in the table.
pub fn effect(name: &str) -> Option<Effect> {
    SCALARS.iter().find(|(known, _)| *known == name).map(|(_, effect)| *effect)
}

/// Fold of an aggregate function; `None`: not in the table.
pub fn fold(name: &str) -> Option<Fold> {
    AGGREGATES.iter().find(|(known, _)| *known == name).map(|(_, fold)| *fold)
}

/// True if the window function is in the table.
pub fn is_window(name: &str) -> bool {
    WINDOWS.contains(&name)
}

/// The scalar functions that queries may name.
pub fn scalars() -> Vec<Arc<ScalarUDF>> {
    functions::all_default_functions().into_iter().filter(|function| effect(function.name()).is_some()).collect()
}

/// The aggregate functions that queries may name.
pub fn aggregates() -> Vec<Arc<AggregateUDF>> {
    let all = functions_aggregate::all_default_aggregate_functions();
    all.into_iter().filter(|function| fold(function.name()).is_some()).collect()
}

/// The window functions that queries may name.
pub fn windows() -> Vec<Arc<WindowUDF>> {
    functions_window::all_default_window_functions().into_iter().filter(|function| is_window(function.name())).collect()
}
