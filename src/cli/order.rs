//! `order`: orders under way.

use super::live::Live;
use super::parse::Command;
use super::term::{columns, end};
use super::{Ended, Exit, Result, Run, failed};
use crate::config::{Cert, Config};
use crate::issue::{Engine, OrderStatus};
use crate::types::{SectionName, Stage, Timestamp};
use serde_json::json;

pub(super) const COMMAND: Command = Command {
    name: "order",
    args: "list|refresh|finalize|download|delete [SECTION…]",
    summary: "shows orders under way, goes on with them or gives them up",
    help: "`renew` does all of this by itself. `list` shows what is noted, with the records that are\n\
           published for it; `refresh` asks the CA how far an order and its names are; `finalize` sends\n\
           the request for one that is ready; `download` fetches the certificate of one that is valid and\n\
           puts it into use; `delete` forgets one and takes back what is presented for it: the CA lets it\n\
           expire, and the next run that needs a certificate makes another.",
    options: &[],
    run,
};

fn run(run: &Run<'_>) -> Result<Exit> {
    let words: Vec<&str> = run.parsed.free.iter().map(String::as_str).collect();
    let (what, names) = match words.split_first() {
        Some((what, names)) if *what == "list" || names.len() == 1 => (*what, names),
        _ => return Err(run.usage()),
    };
    let config = run.config()?;
    let live = Live::new(run);
    let listener =
        |section: &SectionName, stage: Stage, text: &str| live.show(section, stage, text);
    let trace = |line: &str| run.tell(line);
    let engine = run.engine(&config, &listener, run.trace(&config, &trace));
    let text = match what {
        "list" => {
            let sections = names.iter().map(|name| known(run, &config, &engine, name));
            let sections = sections.collect::<Result<Vec<_>>>()?;
            show(run, &engine.orders(&sections));
            return Ok(Exit::Done);
        }
        "delete" => {
            let section = known(run, &config, &engine, names[0])?;
            let _lock = run.lock()?;
            let done = engine.delete_orders(&section, &mut |text| run.tell(text));
            match done.map_err(failed)? {
                0 => format!("'{section}' has no order under way"),
                1 => format!("the order of '{section}' is forgotten"),
                n => format!("{n} orders of '{section}' are forgotten"),
            }
        }
        "refresh" | "finalize" | "download" => {
            let section = run.section(&config, names[0])?;
            let cert = run.able(&config, &section)?;
            let _lock = run.lock()?;
            let done = act(&engine, cert, what);
            live.end();
            match done? {
                Done::Order(order) => {
                    show(run, &[*order]);
                    return Ok(Exit::Done);
                }
                Done::Text(text) => format!("{section}: {text}"),
            }
        }
        _ => return Err(run.usage()),
    };
    match run.parsed.json {
        true => run.say_json(&json!({ "section": names[0], "text": text })),
        false => run.say(&text),
    }
    Ok(Exit::Done)
}

/// What came of it.
enum Done {
    Order(Box<OrderStatus>),
    Text(String),
}

fn act(engine: &Engine<'_>, cert: &Cert, what: &str) -> Result<Done> {
    match what {
        "refresh" => engine.refresh_order(cert).map(|o| Done::Order(Box::new(o))),
        "finalize" => engine
            .finalize_order(cert)
            .map(|o| Done::Order(Box::new(o))),
        _ => engine.download_order(cert).map(Done::Text),
    }
    .map_err(failed)
}

/// A section of the configuration, or one that it no longer has and that left an order.
fn known(run: &Run<'_>, config: &Config, engine: &Engine<'_>, name: &str) -> Result<SectionName> {
    let left = || engine.orders(&[]).iter().any(|o| o.section == name);
    match SectionName::parse(name) {
        Ok(section) if !config.knows(name) && left() => Ok(section),
        Ok(_) => run.section(config, name),
        Err(e) => Err(Ended(Exit::Usage, format!("'{name}': {e}"))),
    }
}

fn show(run: &Run<'_>, orders: &[OrderStatus]) {
    if run.parsed.json {
        run.say_json(&json!({ "orders": orders }));
        return;
    }
    if orders.is_empty() {
        run.say("no order is under way");
    }
    for (index, order) in orders.iter().enumerate() {
        if index > 0 {
            run.say("");
        }
        run.say(&block(run, order));
    }
}

fn block(run: &Run<'_>, order: &OrderStatus) -> String {
    let staging = if order.staging { " (staging)" } else { "" };
    let mut rows = vec![vec![
        format!("{}{staging}", order.section),
        order.status.clone(),
    ]];
    let mut row = |name: &str, value: String| rows.push(vec![format!("  {name}"), value]);
    row("url", order.url.clone());
    row("created", Timestamp(order.created).to_string());
    if let Some(expires) = order.expires.map(Timestamp) {
        row(
            "expires",
            format!("{expires} ({})", end(expires, run.clock.now())),
        );
    }
    row("account", format!("{} ({})", order.account, order.ca));
    for name in &order.names {
        let method = Some(format!(" ({})", name.method)).filter(|_| !name.method.is_empty());
        let status = name.status.as_ref().map(|s| format!(": {s}"));
        let problem = name.problem.as_ref().map(|p| format!(" — {p}"));
        let parts = [method, status, problem].map(Option::unwrap_or_default);
        row("name", format!("{}{}", name.name, parts.concat()));
    }
    for record in &order.records {
        row("record", record.to_string());
    }
    let style = run.out_style;
    let text = columns(&rows, |row, column, cell| match (row, column) {
        (0, 0) => style.bold(cell),
        _ => cell.to_owned(),
    });
    text.trim_end().to_owned()
}
