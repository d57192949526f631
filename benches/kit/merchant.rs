//! An API that takes every offer it is told, on loopback.
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::{fs, thread};

const KEY: &str = include_str!("../../tests/markets/google-merchant/key.json");

/// Serves until the benchmark ends, and puts what reaches it into the shop in `dir`.
pub fn open(dir: &Path) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || while answer(&stream).is_some() {});
        }
    });
    let key = dir.join("key.json");
    fs::write(&key, KEY.replace("http://127.0.0.1:9", &address)).expect("disk");
    private(&key);
    let config = dir.join("purvey.toml");
    let text = fs::read_to_string(&config).expect("the shop has one");
    let channel = "[channel.google]";
    assert!(text.contains(channel), "a new shop has {channel}");
    let named = text.replace(channel, &format!("{channel}\nlanguage = \"en\"\nfeed_label = \"DE\""));
    let market = format!(
        "\n[market.merchant]\nconnector = \"google-merchant\"\nurl = \"{address}\"\nkey = \"file:{}\"\nshop_id = \"12\"\n\
         offers = \"google\"\noptions = {{ data_source = \"7\" }}\n",
        key.display()
    );
    fs::write(&config, named + &market).expect("disk");
}

/// A key others could read is refused.
fn private(key: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).expect("it is ours");
    }
}

fn answer(mut stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).ok().filter(|n| *n > 0)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    let said = r#"{"access_token":"ya29.x","expires_in":3599}"#;
    let head = format!("HTTP/1.1 200 x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", said.len());
    stream.write_all((head + said).as_bytes()).ok()
}
