//! Which build and host wrote a checkpoint.

use super::format::Header;
use crate::backend::Identity;
use std::fmt::Write;
use std::hint::black_box;
use std::io::Read;
use std::sync::OnceLock;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

/// Hash of the running executable; its version where it cannot be read.
pub fn build() -> &'static str {
    static BUILD: OnceLock<String> = OnceLock::new();
    BUILD.get_or_init(|| hash_of_executable().unwrap_or_else(|_| concat!("version ", env!("CARGO_PKG_VERSION")).into()))
}

fn hash_of_executable() -> std::io::Result<String> {
    // The link still leads to the program when its file was replaced meanwhile.
    let link = std::path::Path::new("/proc/self/exe");
    let mut file = match std::fs::File::open(link) {
        Ok(file) => file,
        Err(_) => std::fs::File::open(std::env::current_exe()?)?,
    };
    let (mut hasher, mut buffer) = (Xxh3Default::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(format!("{:032x}", hasher.digest128())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

/// Hash of what exp, ln, sin, cos, cbrt and powf return at fixed arguments: they come from the operating system, and
/// another one may round them differently.
pub fn host() -> String {
    let mut bytes = Vec::new();
    for k in 1..=64_u32 {
        let x = black_box(f64::from(k) * 0.137 + 1e-3);
        for y in [x.exp(), (-x).exp_m1(), x.ln(), x.sin(), x.cos(), x.cbrt(), x.powf(1.7)] {
            bytes.extend_from_slice(&y.to_bits().to_le_bytes());
        }
    }
    let mut text = format!("{} {} ", std::env::consts::OS, std::env::consts::ARCH);
    let _ = write!(text, "{:016x}", xxh3_128(&bytes) as u64);
    text
}

/// The header of a checkpoint that this process writes.
pub fn header(scene: [u8; 16], device: Identity) -> Header {
    Header { scene, version: env!("CARGO_PKG_VERSION").to_owned(), build: build().to_owned(), host: host(), device }
}

/// In what two headers differ as far as bits depend on it: empty if one continues the other bit for bit.
pub fn differences(then: &Header, now: &Header) -> Vec<String> {
    let pairs = [
        ("version", &then.version, &now.version),
        ("build", &then.build, &now.build),
        ("host", &then.host, &now.host),
        ("device", &then.device.device, &now.device.device),
        ("kernel", &then.device.kernel, &now.device.kernel),
    ];
    let differs = pairs.into_iter().filter(|(_, a, b)| a != b);
    differs.map(|(what, a, b)| format!("{what} was `{a}`, is `{b}`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_is_one_origin() {
        let device = Identity { open: "cpu".into(), device: "cpu".into(), kernel: "k".into() };
        let (a, mut b) = (header([0; 16], device.clone()), header([1; 16], device));
        assert!(differences(&a, &b).is_empty());
        b.device.kernel = "l".into();
        b.build.push('x');
        let found = differences(&a, &b);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[1], "kernel was `k`, is `l`");
    }
}
