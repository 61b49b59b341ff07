//! Cipher suites, envelopes, key handles and signed statements.
