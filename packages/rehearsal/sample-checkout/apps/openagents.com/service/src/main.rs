//! The control service as a program: the paths that a rollout looks at, and a log line for each request.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use openagents_control_service::{bearer_token, status_for};

const JSON: &str = "application/json";
const NO_CACHE: &str = "no-cache, no-store, must-revalidate";
const SHORT: &str = "public, max-age=60";

struct Answer {
    status: u16,
    content_type: &'static str,
    cache_control: Option<&'static str>,
    body: Vec<u8>,
}

fn main() -> ExitCode {
    let bind = env::var("OA_CONTROL_BIND_ADDR").unwrap_or_else(|_| "127.0.0.1:8787".to_string());
    let static_dir =
        env::var("OA_CONTROL_STATIC_DIR").unwrap_or_else(|_| "../web-shell/dist".to_string());
    let listener = match TcpListener::bind(&bind) {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("cannot listen on {bind}: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!(
        r#"{{"level":"INFO","message":"openagents control service listening","bind":"{bind}"}}"#
    );
    for stream in listener.incoming().flatten() {
        let static_dir = PathBuf::from(&static_dir);
        thread::spawn(move || serve(stream, &static_dir));
    }
    ExitCode::SUCCESS
}

fn serve(mut stream: TcpStream, static_dir: &Path) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let request = lines.next()?.ok()?;
    let mut has_token = false;
    for line in lines {
        let line = line.ok()?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            has_token |=
                name.eq_ignore_ascii_case("authorization") && bearer_token(value.trim()).is_some();
        }
    }
    let mut words = request.split(' ');
    let method = words.next()?;
    let path = words.next()?.split('?').next()?;
    let answer = answer(path, static_dir);
    let cache = answer
        .cache_control
        .map(|value| format!("cache-control: {value}\r\n"))
        .unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {} -\r\ncontent-type: {}\r\n{cache}content-length: {}\r\nconnection: close\r\n\r\n",
        answer.status,
        answer.content_type,
        answer.body.len(),
    );
    stream.write_all(head.as_bytes()).ok()?;
    if method != "HEAD" {
        stream.write_all(&answer.body).ok()?;
    }
    println!(
        r#"{{"level":"INFO","message":"request","path":{path:?},"status":{},"token":{has_token}}}"#,
        answer.status
    );
    Some(())
}

fn answer(path: &str, static_dir: &Path) -> Answer {
    match path {
        "/" => json(
            200,
            r#"{"service":"openagents-control-service","version":"0.1.0"}"#.to_string(),
        ),
        "/healthz" => json(
            200,
            r#"{"status":"ok","service":"openagents-control-service"}"#.to_string(),
        ),
        "/readyz" if static_dir.is_dir() => json(
            200,
            format!(r#"{{"status":"ready","static_dir":{static_dir:?}}}"#),
        ),
        "/readyz" => json(
            503,
            format!(r#"{{"status":"not_ready","static_dir":{static_dir:?}}}"#),
        ),
        "/manifest.json" | "/sw.js" => file(static_dir, &path[1..], NO_CACHE),
        _ if path.starts_with("/api/") => refused(status_for(None, 0)),
        _ if path.starts_with("/assets/") => file(static_dir, &path[1..], SHORT),
        _ => file(static_dir, "index.html", NO_CACHE),
    }
}

fn file(static_dir: &Path, name: &str, cache_control: &'static str) -> Answer {
    if name
        .split('/')
        .any(|segment| segment.is_empty() || segment == "..")
    {
        return refused(404);
    }
    let body = match fs::read(static_dir.join(name)) {
        Ok(body) => body,
        Err(_) => return refused(404),
    };
    let content_type = match name.rsplit('.').next() {
        Some("js") => "text/javascript",
        Some("json") => JSON,
        Some("html") => "text/html",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    };
    Answer {
        status: 200,
        content_type,
        cache_control: Some(cache_control),
        body,
    }
}

fn refused(status: u16) -> Answer {
    let (code, message) = match status {
        401 => ("unauthorized", "Unauthenticated."),
        _ => ("not_found", "Not found."),
    };
    json(
        status,
        format!(r#"{{"message":"{message}","error":{{"code":"{code}","message":"{message}"}}}}"#),
    )
}

fn json(status: u16, body: String) -> Answer {
    Answer {
        status,
        content_type: JSON,
        cache_control: None,
        body: body.into_bytes(),
    }
}
