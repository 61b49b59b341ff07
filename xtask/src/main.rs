//! Checks and the two README commands: `cargo xtask test` and `cargo xtask demo`.
//!
//! It runs other programs and reads source text; it must not depend on any of our crates.

mod bench;
mod console;
mod demo;
mod memory;
mod run;
mod test;
mod tidy;
mod tools;

use run::Problem;
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask tidy                       crate directions, sizes, module docs, purity
cargo xtask test [--full] [NEXTEST…]   everything CI checks; --full adds the long tests
cargo xtask tools                      fetch what the checks need and this machine lacks
cargo xtask console                    build the web console that the binary embeds
cargo xtask demo [--city CITY] [--data DIR]
                                       build, run the story, leave the platform open on localhost
cargo xtask bench story [--rows N]     rows per second by stage and peak memory
cargo xtask bench trust [--part CRATE] ciphers of ours next to others, in one run
cargo xtask bench decide               decisions a second next to the bare insert of the same rows";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["tidy"] => tidy::main(),
        ["tools"] => tools::main(),
        ["console"] => console::build(),
        ["test", rest @ ..] => test::main(rest),
        ["demo", rest @ ..] => demo::main(rest),
        ["bench", "story", rest @ ..] => bench::story::main(rest),
        ["bench", "trust", rest @ ..] => bench::trust::main(rest),
        ["bench", "decide", rest @ ..] => bench::decide::main(rest),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(Problem::Usage(USAGE.to_owned())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Problem::Usage(text)) => {
            eprintln!("{text}");
            ExitCode::from(2)
        }
        Err(Problem::Failed(text)) => {
            eprintln!("xtask: {text}");
            ExitCode::FAILURE
        }
    }
}
