//! `adlayer driver`: a client of an i-PI server.

use super::args::DriverArguments;
use crate::base::{Error, Result};
use crate::forces::external::socket::Address;
use crate::input::scene;
use crate::workflow::driver::{Manner, drive};
use std::time::Duration;

pub(crate) fn driver(arguments: &DriverArguments) -> Result<()> {
    let loaded = scene::load(&arguments.scene)?;
    let Some(text) = arguments.socket.clone().or_else(|| std::env::var("ADLAYER_SOCKET").ok()) else {
        return Err(Error::argument("no socket is given", "give --socket, or set ADLAYER_SOCKET"));
    };
    let address = Address::parse(&text).ok_or_else(|| {
        Error::argument(format!("`{text}` is no address"), "give unix:NAME, unix:/PATH or tcp:HOST:PORT")
    })?;
    let manner = Manner {
        connect_timeout: arguments.connect_timeout,
        at_once: arguments.batch as usize,
        delay: Duration::from_secs_f64(1e-3 * arguments.delay.max(0.0)),
        planted: arguments.fault,
    };
    drive(&loaded, &address, &manner)
}
