//! Memory of a process and everything below it, from `/proc`, sampled while it runs.

use std::collections::BTreeMap;
use std::fs;
use std::process::Child;
use std::time::Duration;

/// Waits for the child and gives its exit and the highest sum of resident memory seen in its tree, in MiB.
pub fn watch(child: &mut Child) -> std::io::Result<(std::process::ExitStatus, u64)> {
    let mut peak = 0;
    loop {
        peak = peak.max(tree_kib(child.id()));
        if let Some(status) = child.try_wait()? {
            return Ok((status, peak / 1024));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Resident memory of a process and all below it, in KiB. A process that ends meanwhile counts as nothing.
fn tree_kib(top: u32) -> u64 {
    let mut processes = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else {
            continue;
        };
        if let Ok(status) = fs::read_to_string(entry.path().join("status")) {
            processes.insert(id, (field(&status, "PPid:"), field(&status, "VmRSS:")));
        }
    }
    let below = |mut id: u32| {
        // A tree is never this deep; the bound ends a loop that recycled ids could make.
        for _ in 0..64 {
            if id == top {
                return true;
            }
            let parent = processes.get(&id).map_or(0, |(p, _)| *p);
            match u32::try_from(parent) {
                Ok(p) if p > 1 => id = p,
                _ => return false,
            }
        }
        false
    };
    processes.iter().filter(|(id, _)| below(**id)).map(|(_, (_, rss))| rss).sum()
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|l| l.strip_prefix(name));
    line.and_then(|l| l.split_whitespace().next()).and_then(|n| n.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_file_is_read() {
        let text = "Name:\tx\nPPid:\t12\nVmRSS:\t  3456 kB\n";
        assert_eq!((field(text, "PPid:"), field(text, "VmRSS:"), field(text, "VmSwap:")), (12, 3456, 0));
    }

    #[test]
    fn this_process_has_memory() {
        assert!(tree_kib(std::process::id()) > 100);
    }
}
