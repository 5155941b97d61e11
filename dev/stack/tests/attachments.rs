//! The servers that attachments need.

mod support;

use std::{io, net::SocketAddr};

use stack::{Clamd, Console, S3Server, Supervisor};
use support::Place;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Of a client of S3, whose signature the server does not verify.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, \
                             SignedHeaders=host, Signature=0";

/// Sends `request` on a connection of its own, and returns the answer.
async fn answer(address: SocketAddr, request: &[u8]) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn s3_server_creates_an_object_only_once() {
    let place = Place::new();
    let supervisor = Supervisor::take(&place.directory(), Console::Silent).await.unwrap();
    let server = S3Server::start(&supervisor).await.unwrap();
    for (bytes, status) in [("one", " 200 "), ("two", " 412 ")] {
        let put = format!(
            "PUT /{}/key HTTP/1.1\r\nHost: {}\r\nIf-None-Match: *\r\nConnection: close\r\n\
             Authorization: {AUTHORIZATION}\r\nContent-Length: {}\r\n\r\n{bytes}",
            S3Server::BUCKET,
            server.address(),
            bytes.len()
        );
        let answer = answer(server.address(), put.as_bytes()).await.unwrap();
        assert!(answer.lines().next().unwrap().contains(status), "{bytes}: {answer}");
    }
    supervisor.stop().await;
    assert_eq!(place.processes(), Vec::<String>::new());
}

#[tokio::test]
async fn clamd_finds_the_test_file_and_nothing_else() {
    let place = Place::plain();
    let supervisor = Supervisor::take(&place.directory(), Console::Silent).await.unwrap();
    let clamd = Clamd::start(&supervisor).await.unwrap();
    for (file, verdict) in [(Clamd::EICAR, "FOUND"), ("hello", "OK")] {
        let mut scan = b"zINSTREAM\0".to_vec();
        scan.extend(u32::try_from(file.len()).unwrap().to_be_bytes());
        scan.extend(file.as_bytes());
        scan.extend(0_u32.to_be_bytes());
        let answer = answer(clamd.address(), &scan).await.unwrap();
        assert!(answer.trim_end_matches('\0').ends_with(verdict), "{file}: {answer}");
    }
    supervisor.stop().await;
    assert_eq!(place.processes(), Vec::<String>::new());
}
