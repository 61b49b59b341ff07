//! Merkle log: append, prove, verify, checkpoints, evidence.
