//! SQLite and PostgreSQL behind one concrete type.
