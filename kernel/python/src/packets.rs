//! The packet loop, and the replies that it repeats.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use unbroken_core::serve::{Clients, Network, PacketLoop};

use crate::errors::{Problem, Result};

type Prefix = (IpAddr, u32);
type Handed<'py> = (Bound<'py, PyBytes>, String, u16, bool);

/// One UDP socket, served without the interpreter as far as replies are known.
#[pyclass(frozen, name = "PacketLoop", module = "unbroken._kernel")]
pub struct PyPacketLoop {
    inner: Arc<PacketLoop>,
    /// Keeps the descriptor open.
    _socket: Py<PyAny>,
}

#[pymethods]
impl PyPacketLoop {
    #[new]
    #[pyo3(signature = (socket, *, udp_size, octets, queue, allow, deny, rate, burst),
           text_signature = "(socket, *, udp_size, octets, queue, allow, deny, rate, burst)")]
    #[allow(clippy::too_many_arguments)]
    fn new(
        socket: &Bound<'_, PyAny>,
        udp_size: usize,
        octets: usize,
        queue: usize,
        allow: Vec<Prefix>,
        deny: Vec<Prefix>,
        rate: f32,
        burst: f32,
    ) -> PyResult<Self> {
        let descriptor = socket.call_method0("fileno")?.extract()?;
        let clients = Clients::new(networks(&allow)?, networks(&deny)?, rate, burst);
        let inner = Arc::new(PacketLoop::new(descriptor, udp_size, octets, queue, clients)?);
        Ok(Self { inner, _socket: socket.clone().unbind() })
    }

    fn fileno(&self) -> i32 {
        self.inner.ear()
    }

    fn run(&self, py: Python<'_>) -> PyResult<()> {
        Ok(py.detach(|| self.inner.run())?)
    }

    fn stop(&self) {
        self.inner.stop();
    }

    fn fetch<'py>(&self, py: Python<'py>, most: usize) -> Vec<Handed<'py>> {
        let handed = self.inner.fetch(most).into_iter();
        handed
            .map(|one| (PyBytes::new(py, &one.query), one.client.ip().to_string(), one.client.port(), one.is_over_rate))
            .collect()
    }

    fn reply(&self, reply: &[u8], address: IpAddr, port: u16) -> bool {
        self.inner.reply(reply, SocketAddr::new(address, port))
    }

    fn put(&self, query: &[u8], reply: &[u8], seconds: f64) -> Result<bool> {
        if !(0.0..=1e9).contains(&seconds) {
            return Err(Problem::Value(format!("{seconds} is no lifetime")));
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let lifetime = (seconds * 1000.0) as u64;
        Ok(self.inner.put(query, reply, lifetime)?)
    }

    fn serve_clients(&self, allow: Vec<Prefix>, deny: Vec<Prefix>, rate: f32, burst: f32) -> Result<()> {
        self.inner.serve_clients(Clients::new(networks(&allow)?, networks(&deny)?, rate, burst));
        Ok(())
    }

    fn clear(&self) {
        self.inner.clear();
    }

    fn size(&self) -> (usize, usize) {
        self.inner.size()
    }

    fn counts(&self) -> ([u64; 16], u64, u64, u64) {
        let counts = self.inner.counts();
        (counts.repeated, counts.handed_on, counts.dropped, counts.unsent)
    }
}

fn networks(prefixes: &[Prefix]) -> Result<Vec<Network>> {
    let made = prefixes.iter().map(|(address, bits)| {
        Network::new(*address, *bits).ok_or_else(|| Problem::Value(format!("{address} has no prefix of {bits} bits")))
    });
    made.collect()
}
