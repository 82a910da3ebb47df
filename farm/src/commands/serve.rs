//! `zkroll farm serve`.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use zkroll_farm::FarmError;
use zkroll_farm::http::{self, Health};
use zkroll_farm::metrics::Metrics;

use super::worker::listen;
use super::{Place, stop};

/// Arguments of `zkroll farm serve`.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Where.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9640")]
    listen: SocketAddr,
}

impl ServeArgs {
    /// Serves until the process is told to stop.
    pub async fn run(&self, place: &Place) -> Result<(), FarmError> {
        let farm = Arc::new(place.connect().await?);
        let router = http::router(
            farm,
            Arc::new(Metrics::default()),
            Arc::new(Health::standalone()),
        );
        let listener = listen(self.listen).await?;
        let served = http::serve(listener, router, stop()).await;
        served.map_err(|source| FarmError::Io {
            path: self.listen.to_string().into(),
            source,
        })
    }
}
