//! Acceptance stories by city and article.
