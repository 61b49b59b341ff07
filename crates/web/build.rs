//! The console is embedded at build time: build anew when it was.

fn main() {
    println!("cargo:rerun-if-changed=../../console/dist");
}
