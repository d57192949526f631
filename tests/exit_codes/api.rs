//! A channel's API on loopback, with whatever memory a test gives it.
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

pub trait Api: Send + 'static {
    /// Answers a `METHOD /path` and its body with a status and JSON.
    fn take(&mut self, call: &str, body: &[u8]) -> (u16, String);
}

/// Its address, and the memory it shares.
pub fn serve<A: Api>(api: A) -> (String, Arc<Mutex<A>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let api = Arc::new(Mutex::new(api));
    let shared = Arc::clone(&api);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let shared = Arc::clone(&shared);
            thread::spawn(move || while answer(stream.as_ref().unwrap(), &shared).is_some() {});
        }
    });
    (address, api)
}

fn answer<A: Api>(stream: &TcpStream, api: &Mutex<A>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    let mut length = 0;
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let call = line.trim().trim_end_matches(" HTTP/1.1").to_owned();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (status, said) = api.lock().unwrap().take(&call, &body);
    let head =
        format!("HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", said.len());
    let mut stream = stream;
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(said.as_bytes())).ok()
}
