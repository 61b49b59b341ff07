//! The program as a person or a script calls it: names, flags, exit codes, JSON keys.

mod admin;
mod gate;
mod pack;
mod sql;
mod support;
mod verify;
