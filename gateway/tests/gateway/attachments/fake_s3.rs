//! A small S3 in memory, which can fail.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::{Method, header},
    web,
};
use bytes::Bytes;

/// What the server does with requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It serves them.
    Works,
    /// It answers with this status.
    Fails(u16),
    /// It does not answer.
    Hangs,
}

/// A server with one bucket, `files`.
#[derive(Clone)]
pub struct FakeS3 {
    pub addr: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    mood: Mood,
    objects: BTreeMap<String, Bytes>,
}

impl FakeS3 {
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(State { mood: Mood::Works, objects: BTreeMap::new() }));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let data = web::Data::from(state.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(64 * 1024 * 1024))
                .default_service(web::to(serve))
        });
        tokio::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
        Self { addr, state }
    }

    pub fn is_in_mood(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// The keys of all objects.
    pub fn keys(&self) -> Vec<String> {
        self.state.lock().unwrap().objects.keys().cloned().collect()
    }

    /// The settings of a gateway that uses it.
    pub fn settings(&self) -> Vec<String> {
        vec![
            "--attachment-store=s3://files/chat".to_owned(),
            format!("--aws-endpoint-url=http://{}", self.addr),
            "--aws-allow-http=true".to_owned(),
            "--aws-region=us-east-1".to_owned(),
            "--aws-access-key-id=key".to_owned(),
            "--aws-secret-access-key=secret".to_owned(),
        ]
    }
}

async fn serve(state: web::Data<Mutex<State>>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let mood = state.lock().unwrap().mood;
    match mood {
        Mood::Works => {}
        Mood::Fails(status) => {
            return HttpResponse::build(status.try_into().unwrap()).finish();
        }
        Mood::Hangs => std::future::pending().await,
    }
    let key = request.path().strip_prefix("/files").unwrap().trim_start_matches('/').to_owned();
    let objects = &mut state.lock().unwrap().objects;
    let query = request.query_string();
    match *request.method() {
        Method::PUT => {
            let creates = request.headers().contains_key(header::IF_NONE_MATCH);
            if creates && objects.contains_key(&key) {
                return HttpResponse::PreconditionFailed().finish();
            }
            objects.insert(key, body);
            HttpResponse::Ok().insert_header((header::ETAG, "\"1\"")).finish()
        }
        Method::GET if key.is_empty() => list(objects, query),
        Method::GET | Method::HEAD => match objects.get(&key) {
            Some(bytes) => HttpResponse::Ok()
                .insert_header((header::ETAG, "\"1\""))
                .insert_header((header::LAST_MODIFIED, "Mon, 06 Jan 2020 00:00:00 GMT"))
                .body(bytes.clone()),
            None => HttpResponse::NotFound().finish(),
        },
        Method::POST => {
            let text = std::str::from_utf8(&body).unwrap();
            let mut deleted = String::new();
            for part in text.split("<Key>").skip(1) {
                let key = part.split("</Key>").next().unwrap();
                objects.remove(key);
                deleted += &format!("<Deleted><Key>{key}</Key></Deleted>");
            }
            HttpResponse::Ok().body(format!("<DeleteResult>{deleted}</DeleteResult>"))
        }
        _ => HttpResponse::MethodNotAllowed().finish(),
    }
}

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>.
fn list(objects: &BTreeMap<String, Bytes>, query: &str) -> HttpResponse {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let prefix = pairs.find(|(name, _)| name == "prefix");
    let prefix = prefix.map(|(_, prefix)| prefix.into_owned()).unwrap_or_default();
    let listed: String = objects
        .iter()
        .filter(|(key, _)| key.starts_with(&prefix))
        .map(|(key, bytes)| {
            format!(
                "<Contents><Key>{key}</Key><LastModified>2020-01-06T00:00:00.000Z</LastModified>\
                 <Size>{}</Size><ETag>\"1\"</ETag></Contents>",
                bytes.len()
            )
        })
        .collect();
    HttpResponse::Ok().body(format!("<ListBucketResult>{listed}</ListBucketResult>"))
}
