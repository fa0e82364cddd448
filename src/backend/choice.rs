//! Devices as users name them: one, all GPUs, or several with their shares of the replicas.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

/// Where to run: `auto`, `cpu`, `gpu`, `gpu:NAME`, `gpu:NUMBER`, `gpu:all`, `reference`, or several of them by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A hardware GPU if there is one, else the processor.
    Auto,
    /// Every hardware GPU.
    AllGpus,
    /// One device.
    One(DeviceName),
    /// Several devices, each of which holds a part of the replicas.
    Several(Vec<Shared>),
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceName {
    /// The processor, by the plainest code.
    Reference,
    /// The processor.
    Cpu,
    /// The first hardware GPU, else a software adapter.
    Gpu,
    /// The first GPU whose name contains this.
    GpuNamed(String),
    /// The GPU of this number in the list of `adlayer doctor`, from 0.
    GpuNumber(usize),
}

/// A device among several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// Which.
    pub device: DeviceName,
    /// Its share of the replicas relative to the others; `None` where it is measured.
    pub share: Option<NonZeroU32>,
}

/// What `--device` takes, for messages.
const ALLOWED: &str = "auto, cpu, gpu, gpu:NAME, gpu:NUMBER, gpu:all or reference, or several by commas such as \
                       gpu:0,gpu:1 or gpu*3,cpu*1";

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<DeviceChoice, String> {
        match text {
            "auto" => return Ok(DeviceChoice::Auto),
            "gpu:all" => return Ok(DeviceChoice::AllGpus),
            _ => {}
        }
        let words = split(text);
        if let [word] = words[..]
            && let Some(device) = device_name(word)
        {
            return Ok(DeviceChoice::One(device));
        }
        let shared = words.iter().map(|word| shared(word)).collect::<Option<Vec<_>>>();
        let shared = shared.filter(|s| s.len() > 1).ok_or_else(|| format!("give {ALLOWED}"))?;
        if shared.iter().any(|s| s.share.is_some()) && shared.iter().any(|s| s.share.is_none()) {
            return Err("give every device its share, as in gpu:0*3,cpu*1, or none".to_owned());
        }
        for (k, one) in shared.iter().enumerate() {
            if shared[..k].iter().any(|other| other.device == one.device) {
                return Err(format!("{} stands there twice", one.device));
            }
        }
        Ok(DeviceChoice::Several(shared))
    }
}

/// The words between the commas; a comma within the name of an adapter is followed by no device.
fn split(text: &str) -> Vec<&str> {
    let starts_device = |rest: &str| {
        let rest = rest.trim_start();
        ["cpu", "reference", "gpu"].iter().any(|word| {
            let after = rest.strip_prefix(word).map(|after| after.trim_start().chars().next());
            after.is_some_and(|next| next.is_none_or(|c| matches!(c, ',' | '*') || (*word == "gpu" && c == ':')))
        })
    };
    let mut words = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(comma) = rest[from..].find(',').map(|at| from + at) {
        if starts_device(&rest[comma + 1..]) {
            words.push(rest[..comma].trim());
            rest = &rest[comma + 1..];
            from = 0;
        } else {
            from = comma + 1;
        }
    }
    words.push(rest.trim());
    words
}

fn shared(word: &str) -> Option<Shared> {
    let (name, share) = match word.rsplit_once('*') {
        Some((name, share)) => (name.trim(), Some(share.trim().parse().ok()?)),
        None => (word, None),
    };
    Some(Shared { device: device_name(name)?, share })
}

fn device_name(word: &str) -> Option<DeviceName> {
    match word {
        "reference" => Some(DeviceName::Reference),
        "cpu" => Some(DeviceName::Cpu),
        "gpu" => Some(DeviceName::Gpu),
        "gpu:all" => None,
        other => {
            let name = other.strip_prefix("gpu:")?.trim();
            match name.parse() {
                Ok(number) => Some(DeviceName::GpuNumber(number)),
                Err(_) => (!name.is_empty()).then(|| DeviceName::GpuNamed(name.to_owned())),
            }
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceChoice::Auto => f.write_str("auto"),
            DeviceChoice::AllGpus => f.write_str("gpu:all"),
            DeviceChoice::One(device) => device.fmt(f),
            DeviceChoice::Several(shared) => {
                for (k, Shared { device, share }) in shared.iter().enumerate() {
                    write!(f, "{}{device}", if k == 0 { "" } else { "," })?;
                    if let Some(share) = share {
                        write!(f, "*{share}")?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceName::Reference => f.write_str("reference"),
            DeviceName::Cpu => f.write_str("cpu"),
            DeviceName::Gpu => f.write_str("gpu"),
            DeviceName::GpuNamed(name) => write!(f, "gpu:{name}"),
            DeviceName::GpuNumber(number) => write!(f, "gpu:{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_and_written() {
        let one = |device| Ok(DeviceChoice::One(device));
        assert_eq!("gpu:NVIDIA H200".parse(), one(DeviceName::GpuNamed("NVIDIA H200".into())));
        assert_eq!("gpu:1".parse(), one(DeviceName::GpuNumber(1)));
        assert_eq!("reference".parse(), one(DeviceName::Reference));
        assert_eq!("gpu:all".parse(), Ok(DeviceChoice::AllGpus));
        // A name with a comma, as software Vulkan has it, alone and beside another.
        let named = "gpu:llvmpipe (LLVM 19.1.7, 256 bits)";
        assert_eq!(named.parse(), one(DeviceName::GpuNamed(named[4..].into())));
        let Ok(DeviceChoice::Several(two)) = format!("{named}*52,cpu*44").parse() else { panic!("two devices") };
        assert_eq!(two[0], Shared { device: DeviceName::GpuNamed(named[4..].into()), share: NonZeroU32::new(52) });
        assert_eq!(two[1], Shared { device: DeviceName::Cpu, share: NonZeroU32::new(44) });
        for text in ["auto", "cpu", "gpu", "gpu:all", "gpu:0,gpu:1", "gpu:0*3,cpu*1", "reference,cpu", named] {
            assert_eq!(text.parse::<DeviceChoice>().map(|d| d.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("gpu:0 , gpu:1".parse::<DeviceChoice>().map(|d| d.to_string()), Ok("gpu:0,gpu:1".to_owned()));
        for bad in [
            "gpu:",
            "tpu",
            "",
            "cpu,",
            ",cpu",
            "cpu,cpu",
            "gpu*3,cpu",
            "gpu*0,cpu*1",
            "cpu*2",
            "auto,cpu",
            "gpu,gpu:all",
        ] {
            assert!(bad.parse::<DeviceChoice>().is_err(), "{bad}");
        }
    }
}
