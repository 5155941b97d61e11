use std::{io::Cursor, net::SocketAddr, time::Duration};

use anyhow::ensure;
use image::{ImageFormat, Rgb, RgbImage};
use stack::{Service, Variables};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use crate::{
    bodies,
    figures::Figures,
    load::{Calls, Load},
    row::Row,
    testbed::{Run, Testbed},
};

/// Sends a second.
const RATE: f64 = 1_000.0;

/// Time between two uploads: 20 a second.
const UPLOAD_INTERVAL: Duration = Duration::from_millis(50);

/// The latency of a send while clients upload pictures.
pub(super) async fn measure(run: &Run) -> anyhow::Result<Row> {
    let testbed = Testbed::new(run).await?;
    // In memory, as if on a disk of its own: RabbitMQ's disk is another machine's.
    let store = tempfile::tempdir_in("/dev/shm")?;
    let mut own = Variables::default();
    own.set("ATTACHMENT_STORE", store.path().display().to_string());
    let gateway = testbed.service_with(Service::Gateway, &own).await?;
    let load = Load {
        connections: 64,
        rate: Some(RATE),
        time: run.scale.load,
        calls: Calls::Sends(gateway.address, bodies::sends(run, 10_000)?),
        token: testbed.token.clone(),
    };
    let uploads = Uploads::new(gateway.address, &testbed.token)?;
    let kilobytes = uploads.picture.len() / 1_000;
    let (mut quiet, mut uploading) = (Figures::default(), Figures::default());
    Load { time: run.scale.warm_up, ..load.clone() }.run().await?;
    // Both are short, so more rounds than those of other rows.
    for _ in 0..2 * run.scale.rounds {
        quiet.add(load.run().await?.p99);
        uploading.add(uploads.during(load.run()).await??.p99);
        testbed.purge().await?;
    }
    let what = format!(
        "p99 of a send at 1,000 a second while 20 pictures of {kilobytes} kB a second are uploaded"
    );
    let mut row = Row::new(15, &what);
    row.at_most("with uploads, over without", uploading.over(&quiet), 1.1, "×");
    row.raw("without uploads", "ms", &quiet);
    row.raw("with uploads", "ms", &uploading);
    testbed.close().await;
    Ok(row)
}

/// A client that uploads a picture at a constant rate.
struct Uploads {
    http: reqwest::Client,
    gateway: SocketAddr,
    token: String,
    picture: Vec<u8>,
}

impl Uploads {
    fn new(gateway: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { http, gateway, token: token.to_owned(), picture: screenshot()? })
    }

    /// Uploads until `work` is done, and returns its result.
    async fn during<T>(&self, work: impl Future<Output = T>) -> anyhow::Result<T> {
        let mut pace = interval(UPLOAD_INTERVAL);
        pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut uploads = JoinSet::new();
        tokio::pin!(work);
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                _ = pace.tick() => {
                    uploads.spawn(self.upload());
                }
            }
        };
        while let Some(upload) = uploads.join_next().await {
            let status = upload??;
            ensure!(status == 201, "an upload was answered with {status}");
        }
        Ok(done)
    }

    /// Uploads the picture as a new file, and returns the status of the answer.
    fn upload(&self) -> impl Future<Output = reqwest::Result<u16>> + use<> {
        let (gateway, id) = (self.gateway, Uuid::now_v7());
        let path = format!("/api/unified-chat/conversations/player-1/attachments/{id}");
        let request = self.http.put(format!("http://{gateway}{path}?name=screen.jpg"));
        let call = request.bearer_auth(&self.token).body(self.picture.clone()).send();
        async { Ok(call.await?.status().as_u16()) }
    }
}

/// A picture with the pixels of a small screen, and as many details as make 200 kB of a JPEG.
fn screenshot() -> anyhow::Result<Vec<u8>> {
    let mut random = fastrand::Rng::with_seed(15);
    let picture = RgbImage::from_fn(1_280, 720, |x, y| {
        let noise = random.u8(..16);
        let shade = |part: u32| u8::try_from(part % 200).unwrap_or_default() + noise;
        Rgb([shade(x / 7), shade(y / 4), shade((x + y) / 9)])
    });
    let mut jpeg = Cursor::new(Vec::new());
    picture.write_to(&mut jpeg, ImageFormat::Jpeg)?;
    Ok(jpeg.into_inner())
}
