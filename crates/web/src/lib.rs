//! HTTP API and console of the platform.
