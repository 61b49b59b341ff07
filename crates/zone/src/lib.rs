//! The operation domain: raw records, governed queries, exit gate, sealing.
