//! The packs shipped with the program, as texts: (layer, path, text). Kept in step with the folders by a test.

/// Every file of every layer.
pub const FILES: &[(&str, &str, &str)] = &[
    ("product", "articles.toml", include_str!("product/articles.toml")),
    ("product", "pack.toml", include_str!("product/pack.toml")),
    ("product", "parameters.toml", include_str!("product/parameters.toml")),
    ("product", "procedures/catalogue.toml", include_str!("product/procedures/catalogue.toml")),
    ("product", "procedures/scenario.toml", include_str!("product/procedures/scenario.toml")),
    ("national", "articles.toml", include_str!("national/articles.toml")),
    ("national", "pack.toml", include_str!("national/pack.toml")),
    ("national", "parameters.toml", include_str!("national/parameters.toml")),
    ("wuxi", "articles.toml", include_str!("wuxi/articles.toml")),
    ("wuxi", "pack.toml", include_str!("wuxi/pack.toml")),
    ("wuxi", "parameters.toml", include_str!("wuxi/parameters.toml")),
    ("wuxi", "procedures/announcement.toml", include_str!("wuxi/procedures/announcement.toml")),
    ("wuxi", "procedures/authorisation.toml", include_str!("wuxi/procedures/authorisation.toml")),
    ("wuxi", "procedures/consumer_order.toml", include_str!("wuxi/procedures/consumer_order.toml")),
    ("wuxi", "procedures/demand.toml", include_str!("wuxi/procedures/demand.toml")),
    ("wuxi", "procedures/emergency_plan.toml", include_str!("wuxi/procedures/emergency_plan.toml")),
    ("wuxi", "procedures/job.toml", include_str!("wuxi/procedures/job.toml")),
    ("wuxi", "procedures/product.toml", include_str!("wuxi/procedures/product.toml")),
    ("wuxi", "procedures/rectification.toml", include_str!("wuxi/procedures/rectification.toml")),
    ("wuxi", "procedures/release.toml", include_str!("wuxi/procedures/release.toml")),
    ("wuxi", "procedures/revocation.toml", include_str!("wuxi/procedures/revocation.toml")),
    ("wuxi", "procedures/risk_stop.toml", include_str!("wuxi/procedures/risk_stop.toml")),
    ("wuxi", "procedures/staff.toml", include_str!("wuxi/procedures/staff.toml")),
    ("wuxi", "procedures/termination.toml", include_str!("wuxi/procedures/termination.toml")),
];
